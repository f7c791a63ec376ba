import assert from "node:assert/strict";
import type { TimelineSeries } from "../../lib/stores/timeline-store";
import { example, nodeOf } from "../support/example-flow";
import { startNodeRed, type FlowNode } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

describe("example 08, in a real Node-RED", function () {
    this.timeout(60_000);
    const folder = temporaryFolder();
    after(() => folder.remove());
    const name = "08 Timeline (embedded, PostgreSQL)";
    const values = (msg: Record<string, unknown> | undefined): unknown[] => (msg?.payload as { y: number }[]).map(({ y }) => y);

    const second = ["inject", "timeline-writer", "debug"].map((type) => nodeOf(example(name), type, { inject: "last hour, from PostgreSQL", "timeline-writer": "Timeline in PostgreSQL", debug: "history from PostgreSQL" }[type]).id);

    it("writes readings and changes of state, and shows them again after a kill and a restart", async () => {
        const flow: FlowNode[] = example(name);
        const chart = nodeOf(flow, "debug", "history for a chart").id;
        const happened = nodeOf(flow, "debug", "what happened").id;
        let red = await startNodeRed({ userDir: folder.path });
        try {
            await red.deploy(flow);
            const press = (button: string): Promise<void> => red.inject(nodeOf(flow, "inject", button).id);
            const changes = async (): Promise<unknown[]> => {
                const asked = red.received(happened).length;
                await press("power states");
                return ((await red.until(happened, asked + 1)).at(-1)?.payload as TimelineSeries[]).map(({ event_type, points }) => [event_type, points.map(({ metadata }) => metadata?.to)]);
            };
            await press("420 W");
            await press("25 W");
            // The change comes last, and what the store answers with is on the disk.
            for (let found: unknown[] = []; found.length === 0;) found = await changes();
            assert.deepEqual(red.errors(), []);
            assert.deepEqual(second.flatMap((id) => red.statuses(id)), [], "the half for PostgreSQL is quiet where there is no server");
            assert.deepEqual(red.log.filter(({ level, text }) => level <= 30 && /postgres|database/i.test(text)), []);
            await red.kill();

            red = await startNodeRed({ userDir: folder.path });
            const [history] = await red.until(chart, 1, 10_000);
            assert.deepEqual([history?.topic, history?.action], ["fake (simulated)", "replace"]);
            // Two measurements within five seconds may be one point of an hour's chart.
            assert.ok(["420,25", "222.5"].includes(values(history).join()), values(history).join());
            assert.deepEqual(await changes(), [["power_state", ["CRITICAL"]]]);
            assert.deepEqual(red.errors(), []);
        } finally {
            await red.stop();
        }
    });

    it("says what is missing when the half for PostgreSQL is enabled without a server", async () => {
        const red = await startNodeRed();
        try {
            await red.deploy(example(name).map(({ d: _, ...node }) => node as FlowNode));
            const writer = nodeOf(example(name), "timeline-writer", "Timeline in PostgreSQL").id;
            await red.eventually(() => red.status(writer)?.text === "no user; the environment variable TIMEL…", 10_000, () => JSON.stringify(red.status(writer)));
            assert.deepEqual([red.status(writer)?.fill, red.status(writer)?.shape], ["red", "ring"]);
        } finally {
            await red.stop();
        }
    });
});
