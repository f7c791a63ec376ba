import assert from "node:assert/strict";
import { KasaSession } from "../../../lib/devices/kasa-session";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../../simulators/faulty-server";
import { startKasaPlug, type KasaPlug } from "../../simulators/kasa-plug";
import { eventually } from "../../support/eventually";

const request = '{"emeter":{"get_realtime":{}}}';

describe("a session with a Kasa plug", () => {
    let plug: KasaPlug;
    let server: FaultyServer;
    before(async () => { plug = await startKasaPlug({ watts: 63.5 }); });
    after(() => plug.stop());
    afterEach(() => server.stop());

    const session = async (behaviour: Behaviour, signal = new AbortController().signal): Promise<KasaSession> => {
        server = await startFaultyServer(behaviour, { upstream: plug.port, oversizedStart: Buffer.from([0, 0xa0, 0, 0]) });
        return new KasaSession("127.0.0.1", server.port, "plug rack", signal);
    };

    for (const behaviour of ["well", "slow", "half-closed"] as const) {
        it(`has its answer from a plug that answers ${behaviour === "half-closed" ? "and then keeps the connection open" : behaviour}`, async () => {
            const one = await session(behaviour);
            assert.match(await one.ask(request), /"power_mw":63500/);
            one.close();
            await eventually(() => server.open === 0);
        });
    }

    for (const { behaviour, kind, says } of [
        { behaviour: "refused", kind: "refused", says: "plug rack: connection refused (ECONNREFUSED)" },
        { behaviour: "garbage", kind: "garbage", says: "plug rack: the answer is not Kasa's protocol (it claims" },
        { behaviour: "oversized", kind: "garbage", says: "plug rack: the answer is not Kasa's protocol (it claims 10485760 bytes)" },
        { behaviour: "truncated", kind: "closed", says: "plug rack: hung up in the middle of its answer" },
        { behaviour: "vanish", kind: "closed", says: "plug rack: connection closed by the other side (ECONNRESET)" },
    ] as const) {
        it(`fails with kind ${kind} when the plug is ${behaviour}, and leaves no connection`, async () => {
            const one = await session(behaviour);
            await assert.rejects(one.ask(request), (error: { kind: string; message: string }) => error.kind === kind && error.message.startsWith(says));
            await eventually(() => server.open === 0);
        });
    }

    it("stops reading an answer of 10 MB at its beginning", async () => {
        const one = await session("oversized");
        await assert.rejects(one.ask(request));
        await eventually(() => server.open === 0);
        assert.ok(server.sent < 10 * 1024 * 1024, `${server.sent} bytes were taken`);
    });

    it("lets go of a silent plug when it is told to", async () => {
        const stop = new AbortController();
        const one = await session("black-hole", stop.signal);
        const answer = one.ask(request);
        await eventually(() => server.open === 1);
        stop.abort();
        await assert.rejects(answer, { kind: "closed" });
        await eventually(() => server.open === 0);
    });

    it("asks a second time on the same connection", async () => {
        const one = await session("well");
        await one.ask(request);
        await one.ask(request);
        one.close();
        assert.equal(server.connections, 1);
    });
});
