import assert from "node:assert/strict";
import type { Node } from "node-red";
import timelineStore from "../../nodes/timeline-store/timeline-store";
import timelineWriter from "../../nodes/timeline-writer/timeline-writer";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../simulators/faulty-server";
import { waitsForDisk } from "../support/disk-at-rest";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";
import { postgresPrograms, TestPostgres } from "../support/postgres";

const faults: Behaviour[] = ["refused", "black-hole", "slow", "garbage", "truncated", "oversized", "half-closed", "vanish"];
/** Late, or without an end of the connection: no fault for us. */
const harmless: readonly Behaviour[] = ["slow", "half-closed"];
/** An authentication request that claims to be 10 MB long. */
const oversizedStart = Buffer.from([0x52, 0x00, 0xa0, 0x00, 0x00, 0, 0, 0, 0]);

/** What a flow sees of a network that fails between it and its database: no row is lost, none is doubled, and Catch hears once. */
describe("a timeline in PostgreSQL: faults", function () {
    this.timeout(300_000);
    let postgres: TestPostgres;
    let server: FaultyServer;
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    let table = 0;
    let sent = 0;
    before(async function () {
        if (postgresPrograms() === undefined) this.skip();
        postgres = await new TestPostgres([], "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256").create();
    });
    after(() => postgres?.remove());
    beforeEach(() => {
        folder = temporaryFolder();
        table += 1;
        sent = 0;
    });
    afterEach(async () => {
        await flow.unload();
        await server.stop();
        await folder.remove();
    });

    const load = async (behaviour: Behaviour, login: { user?: string; password?: string } = {}): Promise<void> => {
        server = await startFaultyServer(behaviour, { upstream: postgres.port, oversizedStart, delayMs: 20 });
        flow = await loadFlow([timelineStore, timelineWriter], [
            { id: "n", type: "timeline-writer", name: "", store: "s", simulated: true, startHours: "0", types: "", maxPoints: "720", shape: "series", version: 1, wires: [[]] },
            { id: "s", type: "timeline-store", name: "db", kind: "postgres", host: "127.0.0.1", port: String(server.port), database: "postgres", schema: "public", table: `t${table}`, tls: "off", deadline: "10", spoolMegabytes: "64", version: 1 },
            { id: "catch", type: "catch", scope: null, uncaught: false, wires: [["errors"]] }, { id: "errors", type: "helper" },
        ], { userDir: folder.path, credentials: { s: { user: "postgres", password: "", ...login } } });
    };
    const feed = (): void => {
        sent += 1;
        flow.node<Node>("n").receive({ reading: { device: "rack", source: "kasa", at: Date.now(), quality: "good", watts: sent } } as never);
    };
    const errors = (): string[] => flow.received("errors").map((msg) => (msg.error as { message: string }).message);
    const stored = async (): Promise<void> => {
        const wanted = Array.from({ length: sent }, (_, index) => index + 1);
        let there: number[] = [];
        for (const began = performance.now(); there.length < sent && performance.now() - began < 60_000;) {
            there = (await postgres.rows<{ value: number }>(`SELECT value FROM t${table} WHERE event_type = 'plug_power' ORDER BY value`).catch(() => [])).map(({ value }) => value);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        assert.deepEqual(there, wanted, errors().join("\n"));
    };
    const status = (wanted: RegExp): Promise<void> => eventually(() => wanted.test(flow.status("n")?.text ?? ""), 60_000, () => JSON.stringify([flow.status("n"), errors()]));
    const closes = async (): Promise<void> => {
        const warnings: string[] = [];
        for (const id of ["n", "s"]) flow.node<Node>(id).warn = (text: unknown) => void (waitsForDisk() || warnings.push(String(text)));
        await flow.unload();
        assert.deepEqual(warnings, [], "nothing held the deploy up");
        await eventually(() => server.open === 0, 60_000, () => `no connection left, ${server.open} are open`);
    };

    for (const fault of faults) {
        it(`${fault}: ${harmless.includes(fault) ? "no fault for us" : "rows wait, told once; stored by itself when it is over"}`, async () => {
            await load("well");
            feed();
            await stored();
            await server.behave(fault);
            feed();
            if (!harmless.includes(fault)) {
                await eventually(() => errors().length > 0, 60_000);
                await status(/waiting/);
                feed();
                await server.behave("well");
            }
            await stored();
            await eventually(() => flow.status("n")?.fill === "green", 60_000, () => JSON.stringify(flow.status("n")));
            assert.equal(errors().length, harmless.includes(fault) ? 0 : 1, errors().join("\n"));
            await closes();
        });
    }

    it("a wrong password: told once, without it; stored when it is right", async () => {
        await postgres.rows("CREATE ROLE writer LOGIN PASSWORD 'right'");
        await postgres.rows("GRANT ALL ON SCHEMA public TO writer");
        await load("well", { user: "writer", password: "wrong-SECRET" });
        feed();
        await eventually(() => errors().length > 0, 60_000);
        await status(/waiting/);
        feed();
        await postgres.rows("ALTER ROLE writer PASSWORD 'wrong-SECRET'");
        await stored();
        assert.equal(errors().length, 1, errors().join("\n"));
        assert.match(errors()[0] ?? "", /password/);
        assert.doesNotMatch(errors().join("\n"), /SECRET/);
        await closes();
    });

    it("redeployed during a call: closes at once, leaves no connection, and the row is stored after it", async () => {
        await load("black-hole");
        feed();
        await eventually(() => server.open > 0, 60_000);
        await closes();
        assert.deepEqual(errors(), []);
        await server.behave("well");
        await flow.redeploy();
        await stored();
    });
});
