import assert from "node:assert/strict";
import { eventually } from "../support/eventually";
import { example, nodeOf } from "../support/example-flow";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import { postgresPrograms, TestPostgres } from "../support/postgres";
import { temporaryFolder } from "../support/temporary-folder";

const password = "correct horse battery";

/** Example 08 as a person sets it up who has a server: its address, user and password entered, the group's nodes enabled, nothing else. */
describe("example 08 with a real PostgreSQL", function () {
    this.timeout(300_000);
    const folder = temporaryFolder();
    const flow = example("08 Timeline (embedded, PostgreSQL)");
    const files = nodeOf(flow, "timeline-writer", "Timeline").id;
    const database = nodeOf(flow, "timeline-writer", "Timeline in PostgreSQL").id;
    const store = nodeOf(flow, "timeline-store", "PostgreSQL").id;
    let server: TestPostgres | undefined;
    let red: NodeRed | undefined;
    before(async function () {
        if (postgresPrograms() === undefined) this.skip();
        // The password counts for the user of the documentation only; the test itself comes in without.
        server = await new TestPostgres([], "host all postgres 127.0.0.1/32 trust\nhost all ridethrough 127.0.0.1/32 scram-sha-256").create();
        await server.rows("CREATE DATABASE timeline");
        // As docs/timeline.md says.
        await server.rows(`CREATE ROLE ridethrough LOGIN PASSWORD '${password}'`);
        await server.rowsOf("timeline", "GRANT CREATE, USAGE ON SCHEMA public TO ridethrough");
    });
    after(async () => {
        await red?.stop();
        await server?.remove();
        await folder.remove();
    });
    const enabled = (): FlowNode[] => flow.map(({ d: _, ...node }) => (node.id === store ? { ...node, port: String(server?.port) } : (node as FlowNode)));
    const start = async (): Promise<NodeRed> => (red = await startNodeRed({ userDir: folder.path, env: { TIMELINE_HOST: "127.0.0.1" } }));
    const stored = async (): Promise<string[]> => (await server?.rowsOf<{ row: string }>("timeline", "SELECT concat_ws(' ', event_type, source, value) AS row FROM unified_timeline ORDER BY created_at, event_type") ?? []).map(({ row }) => row);
    const wanted = ["plug_power fake (simulated) 420", "plug_power fake (simulated) 25", "power_state fake (simulated) 3"];

    it("writes readings and changes of state into both, and shows a chart the last hour from both after a kill and a restart", async () => {
        const first = await start();
        await first.deploy(enabled(), { credentials: { [store]: { user: "ridethrough", password } } });
        for (const button of ["420 W", "25 W"]) await first.inject(nodeOf(flow, "inject", button).id);
        for (const writer of [files, database]) await eventually(() => /^stored/.test(first.status(writer)?.text ?? ""), 60_000, () => JSON.stringify(first.status(writer)));
        await eventuallySame(stored, wanted);
        assert.deepEqual(first.errors(), []);
        await first.kill();

        const second = await start();
        for (const name of ["history for a chart", "history from PostgreSQL"]) {
            const [history] = await second.until(nodeOf(flow, "debug", name).id, 1, 60_000);
            assert.deepEqual([history?.topic, history?.action], ["fake (simulated)", "replace"], name);
            const values = (history?.payload as { y: number }[]).map(({ y }) => y).join();
            // Two measurements within five seconds may be one point of an hour's chart.
            assert.ok(["420,25", "222.5"].includes(values), `${name}: ${values}`);
        }
        const before = second.received(nodeOf(flow, "debug", "history from PostgreSQL").id).length;
        await second.inject(nodeOf(flow, "inject", "last hour, from PostgreSQL").id);
        await second.until(nodeOf(flow, "debug", "history from PostgreSQL").id, before + 1);
        assert.deepEqual(second.errors(), []);
    });

    it("goes on writing while the server is away, says so, and brings what waited", async () => {
        const running = red as NodeRed;
        await server?.stop();
        await running.inject(nodeOf(flow, "inject", "420 W").id);
        await eventually(() => /waiting/.test(running.status(database)?.text ?? ""), 60_000, () => JSON.stringify(running.status(database)));
        await eventually(() => /^stored/.test(running.status(files)?.text ?? ""), 60_000, () => JSON.stringify(running.status(files)));
        await server?.start();
        await eventuallySame(stored, [...wanted, "plug_power fake (simulated) 420", "power_state fake (simulated) 0"]);
    });
});

async function eventuallySame(read: () => Promise<string[]>, wanted: string[]): Promise<void> {
    let found: string[] = [];
    for (const end = performance.now() + 60_000; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
        found = await read();
        if (found.length >= wanted.length) break;
    }
    assert.deepEqual(found.sort(), [...wanted].sort());
}
