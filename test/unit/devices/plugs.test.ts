import assert from "node:assert/strict";
import { openPlug } from "../../../lib/devices/plugs";
import { startFaultyServer } from "../../simulators/faulty-server";
import { startKasaPlug } from "../../simulators/kasa-plug";
import { startShelly } from "../../simulators/shelly";
import { eventually } from "../../support/eventually";
import { plugAt, readOnce } from "../../support/plug-options";

describe("opening a plug", () => {
    for (const type of ["kasa", "shelly", "auto"] as const) {
        it(`${type}: a silent plug costs its deadline and no more, and leaves no connection`, async () => {
            const server = await startFaultyServer("black-hole");
            const started = performance.now();
            await assert.rejects(readOnce(openPlug(type, plugAt(server.port, { deadlineMs: 150 }))), { kind: "timeout", message: "plug rack at 127.0.0.1: no answer within 0.15 s" });
            assert.ok(performance.now() - started < 5000);
            await eventually(() => server.open === 0);
            await server.stop();
        });
    }

    it("two that share an address wait for each other", async () => {
        const plug = await startKasaPlug({ watts: 20 });
        const server = await startFaultyServer("slow", { upstream: plug.port, delayMs: 40 });
        let most = 0;
        const watch = setInterval(() => { most = Math.max(most, server.open); }, 2);
        await Promise.all([1, 2, 3].map(() => readOnce(openPlug("kasa", plugAt(server.port)))));
        clearInterval(watch);
        assert.equal(most, 1);
        await server.stop();
        await plug.stop();
    });

    it("auto finds a Kasa plug, and a Shelly that has taken its address", async () => {
        const kasa = await startKasaPlug({ watts: 20 });
        const plug = openPlug("auto", plugAt(kasa.port));
        assert.equal((await readOnce(plug))[0]?.source, "kasa");
        await kasa.stop();
        await assert.rejects(readOnce(plug), { kind: "refused" });
        const shelly = await startShelly({ watts: 30, port: kasa.port });
        const [reading] = await readOnce(plug);
        await shelly.stop();
        assert.deepEqual([reading?.source, reading?.watts], ["shelly", 30]);
    });
});
