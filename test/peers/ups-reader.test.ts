import assert from "node:assert/strict";
import type { PowerEvent } from "../../lib/power/power-event";
import type { Reading } from "../../lib/power/reading";
import nutServer from "../../nodes/nut-server/nut-server";
import upsReader from "../../nodes/ups-reader/ups-reader";
import serverStored from "../fixtures/configs/nut-server.v1.json";
import stored from "../fixtures/configs/ups-reader.v1.json";
import { NutServerSimulator } from "../simulators/nut-server";
import { loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";
import { nutMissing, RealNut } from "../support/nut";
import type { NutRig } from "../support/nut-rig";

/** An outage as Debian's upsd tells it, and as our stand-in does: the same readings and events of both. */
for (const [what, start] of [["the mock upsd", () => new NutServerSimulator().start()], ["Debian's upsd", () => new RealNut().start()]] as const satisfies readonly (readonly [string, () => Promise<NutRig>])[]) {
    describe(`ups-reader on ${what}`, function () {
        this.timeout(300_000);
        const folder = temporaryFolder();
        let rig: NutRig | undefined;
        let flow: LoadedFlow | undefined;
        before(function () {
            if (what === "Debian's upsd" && nutMissing() !== undefined) this.skip();
        });
        after(async () => {
            await flow?.unload();
            await rig?.stop();
            await folder.remove();
        });

        it("an outage, a driver that hangs and one that dies, a forced shutdown, and a restart of the server", async () => {
            rig = await start();
            flow = await loadFlow([nutServer, upsReader], [
                // By itself a reader polls at whole multiples of its interval: with this one not within the test.
                { ...serverStored, host: "127.0.0.1", port: String(rig.port) }, { ...stored, interval: "86400", batteryInterval: "86400" },
                { id: "readings", type: "helper" }, { id: "events", type: "helper" },
            ], { userDir: folder.path, credentials: { nut: { user: "sec", password: rig.users.sec } } });
            const read = async (): Promise<Reading> => {
                const count = flow!.received("readings").length + 1;
                flow!.node("ups").receive({});
                return (await flow!.until("readings", count, 60_000))[count - 1]?.reading as Reading;
            };
            const told = (): string[] => flow!.received("events").map(({ event }) => (event as PowerEvent).kind);
            await flow.until("readings", 1, 60_000);

            await rig.apply("ups1", { "battery.charge": "64", "ups.status": "OB DISCHRG" });
            const onBattery = await read();
            assert.deepEqual([onBattery.mains, onBattery.charge, onBattery.flags], ["absent", 64, ["OB", "DISCHRG"]]);
            await rig.apply("ups1", { "battery.charge": "NA", "battery.runtime": "", "ups.status": "ALARM OB LB" });
            const low = await read();
            assert.deepEqual([low.charge, low.runtime, low.flags], [undefined, undefined, ["ALARM", "OB", "LB"]]);
            await rig.stale("ups1");
            assert.equal((await read()).quality, "stale");
            await rig.driverUp("ups1");
            assert.equal((await read()).quality, "good");
            await rig.driverDown("ups1");
            assert.equal((await read()).quality, "missing");
            await rig.driverUp("ups1");
            await read();
            await rig.apply("ups1", { "ups.status": "OL CHRG" });
            await rig.fsd("ups1");
            assert.deepEqual((await read()).flags?.filter((flag) => flag !== "CHRG").sort(), ["FSD", "OL"]);
            await rig.restart();
            for (let tries = 0; tries < 100 && (await read()).mains !== "present"; tries += 1) await new Promise((resolve) => setTimeout(resolve, 100));

            assert.deepEqual(told(), [
                "on-battery", "low-battery", "connection-lost", "connection-restored", "connection-lost", "connection-restored",
                "on-mains", "forced-shutdown", "forced-shutdown-ended",
            ]);
        });
    });
}
