import assert from "node:assert/strict";
import type { PowerEvent } from "../../lib/power/power-event";
import type { Reading } from "../../lib/power/reading";
import nutServer from "../../nodes/nut-server/nut-server";
import upsReader from "../../nodes/ups-reader/ups-reader";
import serverStored from "../fixtures/configs/nut-server.v1.json";
import stored from "../fixtures/configs/ups-reader.v1.json";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../simulators/faulty-server";
import { NutServerSimulator } from "../simulators/nut-server";
import { closeMs, eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

/** What the status says of a fault; nothing where it is none. `half-closed`: a whole answer, and no end after it, is how NUT works. */
const table: { fault: Behaviour; says?: string }[] = [
    { fault: "refused", says: "refused" },
    { fault: "black-hole", says: "no answer" },
    { fault: "slow" },
    { fault: "garbage", says: "answer not understood" },
    { fault: "truncated", says: "hung up" },
    { fault: "oversized", says: "answer not understood" },
    { fault: "half-closed" },
    { fault: "vanish", says: "hung up" },
];
/** By itself a reader polls at whole multiples of its interval: with this one not within a test. */
const day = "86400";
/** The server's deadline is 5 s, and after several failures it is asked again within some seconds. */
const patienceMs = 20_000;

describe("ups-reader: faults", function () {
    this.timeout(60_000);
    let folder: ReturnType<typeof temporaryFolder>;
    let ups: NutServerSimulator;
    let server: FaultyServer;
    let flow: LoadedFlow;

    const load = async (behaviour: Behaviour): Promise<void> => {
        server = await startFaultyServer(behaviour, { upstream: ups.port, oversizedStart: "BEGIN LIST VAR ups1\n", delayMs: 60 });
        flow = await loadFlow([nutServer, upsReader], [
            { ...serverStored, host: "127.0.0.1", port: String(server.port) },
            { ...stored, interval: day, batteryInterval: day },
            { id: "readings", type: "helper" }, { id: "events", type: "helper" },
            { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
        ], { userDir: folder.path });
    };
    /** Polls once more and returns the reading of it. */
    const poll = async (): Promise<Reading> => {
        const count = flow.received("readings").length + 1;
        flow.node("ups").receive({});
        return (await flow.until("readings", count, patienceMs))[count - 1]?.reading as Reading;
    };
    const recovers = async (): Promise<void> => {
        await eventually(() => {
            flow.node("ups").receive({});
            return flow.received("readings").at(-1)?.payload === 100;
        }, patienceMs, () => `a good reading, got ${JSON.stringify(flow.received("readings").at(-1))}`);
        assert.deepEqual(flow.status("ups"), { fill: "green", shape: "dot", text: "on mains, 100 %, 1 h" });
    };
    const closesInTime = async (): Promise<void> => {
        const started = performance.now();
        await flow.unload();
        assert.ok(performance.now() - started < closeMs, `closing took ${performance.now() - started} ms`);
        await eventually(() => server.open === 0, 10_000, () => `no connection left, ${server.open} are open`);
    };

    beforeEach(async () => {
        folder = temporaryFolder();
        ups = await new NutServerSimulator().start();
    });
    afterEach(async () => {
        await flow.unload();
        await server.stop();
        await ups.stop();
        await folder.remove();
    });

    for (const { fault, says } of table) {
        it(`${fault}: ${says === undefined ? "no fault for us" : `${says}, told once; recovers by itself`}`, async () => {
            await load("well");
            await flow.until("readings", 1);
            await server.behave(fault);
            for (let count = 1; count <= 3; count += 1) {
                const { quality, charge, error } = await poll();
                assert.deepEqual([quality, charge], says === undefined ? ["good", 100] : ["missing", undefined]);
                if (says === undefined) continue;
                assert.match(error ?? "", /^NUT server 127\.0\.0\.1:\d+: /);
                const { text = "", fill } = flow.status("ups") ?? {};
                assert.match(text, new RegExp(`^on mains \\d+ s ago, ${says}$`));
                assert.equal(fill, count < 3 ? "yellow" : "red");
            }
            assert.equal(flow.received("errors").length, says === undefined ? 0 : 1);
            await server.behave("well");
            await recovers();
            assert.deepEqual(flow.received("events"), []);
            await closesInTime();
        });

        if (fault === "refused" || fault === "black-hole" || fault === "truncated") {
            it(`${fault} from the start: red at once, told once; works when the server does`, async () => {
                await load(fault);
                await flow.until("readings", 1, patienceMs);
                await poll();
                assert.equal(flow.status("ups")?.fill, "red");
                assert.equal(flow.received("errors").length, 1);
                await server.behave("well");
                await recovers();
                await closesInTime();
            });
        }
    }

    it("redeployed during a call: closes at once, leaves no connection, reports nothing, reads on", async () => {
        await load("well");
        await flow.until("readings", 1);
        await server.behave("black-hole");
        flow.node("ups").receive({});
        await eventually(() => server.open > 0);
        await closesInTime();
        assert.deepEqual([flow.received("readings").length, flow.received("errors").length], [1, 0]);
        await server.behave("well");
        await flow.redeploy();
        assert.equal((await flow.until("readings", 1))[0]?.payload, 100);
    });

    it("takes no more of an answer of 10 MB than it needs to refuse it", async () => {
        await load("oversized");
        await flow.until("readings", 1);
        await closesInTime();
        assert.ok(server.sent < 8 * 1024 * 1024, `${server.sent} bytes were taken`);
    });

    it("a server that goes away in an outage: lost at once, and what happened meanwhile is told when it is back", async () => {
        await load("well");
        await flow.until("readings", 1);
        await ups.apply("ups1", { "ups.status": "OB DISCHRG" });
        await poll();
        await server.behave("refused");
        await poll();
        await poll();
        assert.match(flow.status("ups")?.text ?? "", /^on battery .* ago, refused$/);
        assert.equal(flow.status("ups")?.fill, "red");
        await ups.apply("ups1", { "ups.status": "OL CHRG" });
        await server.behave("well");
        await recovers();
        assert.deepEqual(flow.received("events").map(({ event }) => (event as PowerEvent).kind), ["on-battery", "connection-lost", "connection-restored", "on-mains"]);
    });
});

describe("ups-reader: a wrong password", function () {
    const folder = temporaryFolder();
    after(() => folder.remove());

    it("is told once without the password, asks the server seldom, and readings go on", async () => {
        const ups = await new NutServerSimulator().start();
        const flow = await loadFlow([nutServer, upsReader], [
            { ...serverStored, host: "127.0.0.1", port: String(ups.port) },
            { ...stored, interval: day, batteryInterval: day },
            { id: "readings", type: "helper" }, { id: "events", type: "helper" },
            { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
        ], { userDir: folder.path, credentials: { nut: { user: "mon", password: "wrongone" } } });
        for (let poll = 2; poll <= 20; poll += 1) {
            await flow.until("readings", poll - 1);
            flow.node("ups").receive({});
        }
        await flow.until("readings", 20);
        await flow.until("events", 1);
        assert.deepEqual(flow.received("events").map(({ payload }) => payload), ["credentials-refused"]);
        assert.deepEqual(flow.status("ups"), { fill: "yellow", shape: "dot", text: "on mains, 100 %, 1 h, password refused" });
        assert.equal(flow.received("errors").length, 1);
        assert.ok(flow.received("readings").every(({ payload }) => payload === 100));
        assert.doesNotMatch(JSON.stringify([flow.received("readings"), flow.received("events"), flow.received("errors")]), /wrongone/);
        assert.equal(ups.requests.filter((request) => request.startsWith("PASSWORD")).length, 1);
        await flow.unload();
        await ups.stop();
    });
});
