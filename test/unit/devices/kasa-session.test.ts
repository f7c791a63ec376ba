import assert from "node:assert/strict";
import { KasaSession } from "../../../lib/devices/kasa-session";
import { systemClock, type Clock } from "../../../lib/kit/clock";
import { startFaultyServer, type Behaviour, type FaultyServer } from "../../simulators/faulty-server";
import { startKasaPlug, type KasaPlug } from "../../simulators/kasa-plug";
import { eventually } from "../../support/eventually";
import { VirtualClock } from "../../support/virtual-clock";

const never = new AbortController().signal;
const request = '{"emeter":{"get_realtime":{}}}';

describe("a session with a Kasa plug", () => {
    let plug: KasaPlug;
    let server: FaultyServer;
    before(async () => { plug = await startKasaPlug({ watts: 63.5 }); });
    after(() => plug.stop());
    afterEach(() => server.stop());

    const session = async (behaviour: Behaviour, clock: Clock = systemClock): Promise<KasaSession> => {
        server = await startFaultyServer(behaviour, { upstream: plug.port, oversizedStart: Buffer.from([0, 0xa0, 0, 0]) });
        return new KasaSession("127.0.0.1", server.port, "plug rack", clock);
    };

    for (const behaviour of ["well", "slow", "half-closed"] as const) {
        it(`has its answer from a plug that answers ${behaviour === "half-closed" ? "and then keeps the connection open" : behaviour}`, async () => {
            const one = await session(behaviour);
            assert.match(await one.ask(request, never), /"power_mw":63500/);
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
            await assert.rejects(one.ask(request, never), (error: { kind: string; message: string }) => error.kind === kind && error.message.startsWith(says));
            await eventually(() => server.open === 0);
        });
    }

    it("stops reading an answer of 10 MB at its beginning", async () => {
        const one = await session("oversized");
        await assert.rejects(one.ask(request, never));
        await eventually(() => server.open === 0);
        assert.ok(server.sent < 10 * 1024 * 1024, `${server.sent} bytes were taken`);
    });

    it("lets go of a silent plug when it is told to", async () => {
        const stop = new AbortController();
        const one = await session("black-hole");
        const answer = one.ask(request, stop.signal);
        await eventually(() => server.open === 1);
        stop.abort();
        await assert.rejects(answer, { kind: "closed" });
        await eventually(() => server.open === 0);
    });

    it("asks again on the same connection, and gives it up when nobody asks for 5 s", async () => {
        const clock = new VirtualClock();
        const one = await session("well", clock);
        for (let poll = 0; poll < 3; poll += 1) {
            await one.ask(request, never);
            one.rest();
            await clock.pass(4900);
        }
        assert.deepEqual([server.connections, server.open], [1, 1]);
        await clock.pass(100);
        await eventually(() => server.open === 0);
        await one.ask(request, never);
        assert.equal(server.connections, 2);
        one.close();
        assert.equal(clock.pending, 0);
    });

    it("takes a new connection at once when the plug has ended or lost the kept one", async () => {
        const one = await session("well");
        await one.ask(request, never);
        await server.behave("refused");
        await server.behave("well");
        assert.match(await one.ask(request, never), /"power_mw":63500/);
        assert.equal(server.connections, 2);
        one.close();
    });

    it("asks anew when the plug hangs up on the kept connection instead of answering", async () => {
        await plug.setFault("closing");
        const one = await session("well");
        await one.ask(request, never);
        assert.match(await one.ask(request, never), /"power_mw":63500/);
        await plug.setFault("none");
        one.close();
    });
});
