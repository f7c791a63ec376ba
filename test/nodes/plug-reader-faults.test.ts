import assert from "node:assert/strict";
import type { Reading } from "../../lib/power/reading";
import plugReader from "../../nodes/plug-reader/plug-reader";
import stored from "../fixtures/configs/plug-reader.v1.json";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../simulators/faulty-server";
import { startKasaPlug } from "../simulators/kasa-plug";
import { startShelly } from "../simulators/shelly";
import { closeMs, eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

/** What the status says of a fault, by protocol; "63.5 W" where it is none. */
const table: { fault: Behaviour; kasa: string; shelly: string }[] = [
    { fault: "refused", kasa: "refused", shelly: "refused" },
    { fault: "black-hole", kasa: "no answer", shelly: "no answer" },
    { fault: "slow", kasa: "63.5 W", shelly: "63.5 W" },
    { fault: "garbage", kasa: "answer not understood", shelly: "answer not understood" },
    { fault: "truncated", kasa: "hung up", shelly: "hung up" },
    { fault: "oversized", kasa: "answer not understood", shelly: "answer not understood" },
    { fault: "half-closed", kasa: "63.5 W", shelly: "63.5 W" },
    { fault: "vanish", kasa: "hung up", shelly: "hung up" },
];

const longJson = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10485760\r\n\r\n{";
const plugs = [
    { what: "Kasa", protocol: "kasa", start: () => startKasaPlug({ watts: 63.5 }), oversizedStart: Buffer.from([0, 0xa0, 0, 0]) },
    { what: "Shelly of generation 1", protocol: "shelly", start: () => startShelly({ watts: 63.5, model: "plug-s" }), oversizedStart: longJson },
    { what: "Shelly of generation 2", protocol: "shelly", start: () => startShelly({ watts: 63.5, model: "plus-plug" }), oversizedStart: longJson },
] as const;

for (const { what, protocol, start, oversizedStart } of plugs) {
    describe(`plug-reader, ${what}: faults`, () => {
        const folder = temporaryFolder();
        let plug: { port: number; stop(): Promise<void> };
        let server: FaultyServer;
        let flow: LoadedFlow;

        /** @param waitsFor the fault whose deadline is waited for: a busy machine may exceed it by itself, so only what never answers has a short one */
        const load = async (behaviour: Behaviour, waitsFor = behaviour): Promise<void> => {
            server = await startFaultyServer(behaviour, { upstream: plug.port, oversizedStart, delayMs: 60 });
            flow = await loadFlow([plugReader], [
                { ...stored, host: "127.0.0.1", port: String(server.port), plugType: protocol, deadline: waitsFor === "black-hole" ? "0.4" : "10", interval: "86400", wires: [["out"]] },
                { id: "out", type: "helper" },
                { id: "catch", type: "catch", wires: [["errors"]] },
                { id: "errors", type: "helper" },
            ], { userDir: folder.path });
        };
        /** Polls once more and returns the reading of it. */
        const poll = async (): Promise<Reading> => {
            const count = flow.received("out").length + 1;
            flow.node("plug").receive({});
            return (await flow.until("out", count))[count - 1]?.reading as Reading;
        };
        const isGood = async (): Promise<void> => {
            for (let tries = 1; flow.received("out").at(-1)?.payload !== 63.5 && tries < 20; tries += 1) await poll();
            assert.deepEqual(flow.status("plug"), { fill: "green", shape: "dot", text: "63.5 W" });
        };
        const closesInTime = async (): Promise<void> => {
            const started = performance.now();
            await flow.unload();
            assert.ok(performance.now() - started < closeMs, `closing took ${performance.now() - started} ms`);
            await eventually(() => server.open === 0, 10_000, () => `no connection left, ${server.open} are open`);
        };

        before(async () => { plug = await start(); });
        after(async () => {
            await plug.stop();
            await folder.remove();
        });
        afterEach(async () => {
            await flow.unload();
            await server.stop();
        });

        for (const { fault, [protocol]: says } of table) {
            const good = says === "63.5 W";
            it(`${fault}: ${good ? "no fault for us" : `${says}, told once; recovers by itself`}`, async () => {
                await load("well", fault);
                await flow.until("out", 1);
                await isGood();
                const errors = flow.received("errors").length;
                await server.behave(fault);
                for (let count = 1; count <= 3; count += 1) {
                    const { quality, watts, error } = await poll();
                    assert.deepEqual([quality, watts], good ? ["good", 63.5] : ["missing", undefined]);
                    if (!good) assert.match(error ?? "", /^plug solix_output at 127.0.0.1: /);
                    assert.equal(flow.status("plug")?.text, good ? says : `${says} for ${count} poll${count === 1 ? "" : "s"}`);
                }
                assert.equal(flow.received("errors").length - errors, good ? 0 : 1);
                await server.behave("well");
                await isGood();
                await closesInTime();
            });

            if (!good) {
                it(`${fault} from the start: red at once, told once; works when the plug does`, async () => {
                    await load(fault);
                    await flow.until("out", 1);
                    await poll();
                    assert.equal(flow.status("plug")?.fill, "red");
                    assert.equal(flow.received("errors").length, 1);
                    await server.behave("well");
                    await isGood();
                    await closesInTime();
                });
            }
        }

        it("redeployed during a call: closes at once, leaves no connection, reports nothing, reads on", async () => {
            await load("well");
            await flow.until("out", 1);
            await server.behave("black-hole");
            flow.node("plug").receive({});
            await eventually(() => server.open > 0);
            await closesInTime();
            assert.deepEqual([flow.received("out").length, flow.received("errors").length], [1, 0]);
            await server.behave("well");
            await flow.redeploy();
            assert.equal((await flow.until("out", 1))[0]?.payload, 63.5);
        });

        it("takes no more of an answer of 10 MB than it needs to refuse it", async () => {
            await load("oversized");
            await flow.until("out", 1);
            await closesInTime();
            assert.ok(server.sent < 8 * 1024 * 1024, `${server.sent} bytes were taken`);
        });
    });
}

describe("plug-reader, shelly: a wrong password", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());

    for (const model of ["plug-s", "plus-plug"] as const) {
        it(`${model}: red with the cause, told once without the password, few requests, and good again when it is right`, async () => {
            const shelly = await startShelly({ model, password: "right", watts: 63.5 });
            const flow = await loadFlow([plugReader], [
                { ...stored, host: "127.0.0.1", port: String(shelly.port), plugType: "shelly", wires: [["out"]] },
                { id: "out", type: "helper" },
                { id: "catch", type: "catch", wires: [["errors"]] },
                { id: "errors", type: "helper" },
            ], { userDir: folder.path, credentials: { plug: { password: "wrongone" } } });
            await flow.until("out", 1);
            for (let poll = 2; poll <= 20; poll += 1) {
                flow.node("plug").receive({});
                await flow.until("out", poll);
            }
            assert.deepEqual(flow.status("plug"), { fill: "red", shape: "ring", text: "password not accepted" });
            assert.equal(flow.received("errors").length, 1);
            assert.doesNotMatch(JSON.stringify([flow.received("out"), flow.received("errors")]), /wrongone/);
            assert.ok(shelly.answers.length <= 4, `${shelly.answers.length} requests`);
            shelly.setPassword("wrongone");
            await eventually(() => {
                flow.node("plug").receive({});
                return flow.received("out").at(-1)?.payload === 63.5;
            });
            await flow.unload();
            await shelly.stop();
        });
    }
});
