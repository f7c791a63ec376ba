import assert from "node:assert/strict";
import type { TimelineSeries } from "../../lib/stores/timeline-store";
import { example, nodeOf } from "../support/monitor";
import { startNodeRed, type FlowNode } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

describe("example 08, in a real Node-RED", function () {
    this.timeout(60_000);
    const folder = temporaryFolder();
    after(() => folder.remove());
    const name = "08 Timeline (embedded, PostgreSQL)";
    const values = (msg: Record<string, unknown> | undefined): unknown[] => (msg?.payload as { y: number }[]).map(({ y }) => y);

    it("writes readings and changes of state, and shows them again after a kill and a restart", async () => {
        const flow: FlowNode[] = example(name);
        const chart = nodeOf(flow, "debug", "history for a chart").id;
        const happened = nodeOf(flow, "debug", "what happened").id;
        let red = await startNodeRed({ userDir: folder.path });
        try {
            await red.deploy(flow);
            const press = (button: string): Promise<void> => red.inject(nodeOf(flow, "inject", button).id);
            const writer = nodeOf(flow, "timeline-writer", "Timeline").id;
            await press("420 W");
            await press("25 W");
            await red.eventually(() => red.statuses(writer).some(({ text }) => text?.startsWith("stored")), 10_000, () => "rows stored");
            assert.deepEqual(red.errors(), []);
            await red.kill();

            red = await startNodeRed({ userDir: folder.path });
            const [history] = await red.until(chart, 1, 10_000);
            assert.deepEqual([history?.topic, history?.action], ["fake (simulated)", "replace"]);
            // Two measurements within five seconds may be one point of an hour's chart.
            assert.ok(["420,25", "222.5"].includes(values(history).join()), values(history).join());
            await press("power states");
            const [told] = await red.until(happened, 1);
            assert.deepEqual((told?.payload as TimelineSeries[]).map(({ event_type, points }) => [event_type, points.map(({ metadata }) => metadata?.to)]), [["power_state", ["CRITICAL"]]]);
            assert.deepEqual(red.errors(), []);
        } finally {
            await red.stop();
        }
    });
});
