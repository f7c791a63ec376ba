import assert from "node:assert/strict";
import { Device } from "tplink-smarthome-simulator";
import { KasaPlug } from "../../../lib/devices/kasa";
import { startKasaPlug, type KasaFault, type KasaModel, type KasaPlug as Simulator, type KasaPlugOptions } from "../../simulators/kasa-plug";
import { plugAt, readOnce } from "../../support/plug-options";
import { VirtualClock } from "../../support/virtual-clock";

describe("a Kasa plug", () => {
    let plug: Simulator | undefined;
    const start = async (options: KasaPlugOptions): Promise<Simulator> => (plug = await startKasaPlug(options));
    afterEach(async () => {
        await plug?.stop();
        plug = undefined;
    });

    for (const model of ["KP115", "KP125", "EP25", "HS110v1", "HS110v2"] as KasaModel[]) {
        it(`${model} is read with all that it measures, in our units`, async () => {
            const { port } = await start({ model, watts: 63.5 });
            const clock = new VirtualClock();
            const [reading, ...others] = await readOnce(new KasaPlug(plugAt(port, { clock })));
            assert.deepEqual(others, []);
            assert.deepEqual({ ...reading, amps: undefined, energyWh: undefined }, { device: "rack", source: "kasa", at: clock.now(), quality: "good", watts: 63.5, volts: 230.5, flags: ["relay_on"], amps: undefined, energyWh: undefined });
            // It has counted since it was plugged in.
            assert.ok(Math.abs((reading?.energyWh ?? 0) - 1200) < 1, `${reading?.energyWh} Wh`);
            assert.ok(Math.abs((reading?.amps ?? 0) - 0.275) < 0.001, `${reading?.amps} A`);
        });
    }

    it("that is switched off draws a measured 0 W, and says why", async () => {
        const { port, setRelay } = await start({ watts: 63.5 });
        setRelay(false);
        const [reading] = await readOnce(new KasaPlug(plugAt(port)));
        assert.equal(reading?.watts, 0);
        assert.deepEqual(reading?.flags, ["relay_off"]);
    });

    it("HS300: each outlet is a reading, named by its alias, or by its number where the alias is empty or not unique", async () => {
        const { port, setWatts } = await start({ model: "HS300", outlets: ["NAS", "Lamp", "", "Lamp", "Küche", "⚡"] });
        [40, 5, 0, 7.25, 1, 2].forEach((watts, outlet) => setWatts(watts, outlet));
        const readings = await readOnce(new KasaPlug(plugAt(port)));
        assert.deepEqual(readings.map(({ device, watts }) => [device, watts]), [["rack_nas", 40], ["rack_2", 5], ["rack_3", 0], ["rack_4", 7.25], ["rack_kuche", 1], ["rack_6", 2]]);
    });

    it("HS300: the whole poll takes one connection", async () => {
        const strip = await start({ model: "HS300" });
        await readOnce(new KasaPlug(plugAt(strip.port)));
        assert.equal(strip.connections, 1);
        assert.equal(strip.requests, 7);
    });

    it("a plug with one outlet takes one request a poll once it is known, over a connection that is kept", async () => {
        const simulated = await start({ watts: 12 });
        const source = new KasaPlug(plugAt(simulated.port));
        const signal = new AbortController().signal;
        for (const watts of [12, 13, 14]) {
            simulated.setWatts(watts);
            assert.equal((await source.read(signal))[0]?.watts, watts);
        }
        assert.deepEqual([simulated.requests, simulated.connections], [4, 1]);
        await simulated.setFault("error");
        await assert.rejects(source.read(signal), { kind: "failed" });
        await simulated.setFault("none");
        assert.equal((await source.read(signal))[0]?.watts, 14);
        await source.close();
    });

    it("that hangs up after each answer is read all the same", async () => {
        const strip = await start({ model: "HS300", watts: 12 });
        await strip.setFault("closing");
        assert.equal((await readOnce(new KasaPlug(plugAt(strip.port))))[0]?.watts, 12);
    });

    for (const { fault, model, kind, says } of [
        { fault: "none", model: "HS103", kind: "config", says: /the model HS103\(US\) does not measure power: use a metering plug/ },
        { fault: "error", model: "KP115", kind: "failed", says: /plug rack at 127.0.0.1: refused the request \(err_code -3, invalid argument\)/ },
        { fault: "gone", model: "KP115", kind: "refused", says: /plug rack at 127.0.0.1: connection refused/ },
    ] as { fault: KasaFault; model: KasaModel; kind: string; says: RegExp }[]) {
        it(`${model} with fault ${fault} is trouble of kind ${kind}`, async () => {
            const { port, setFault } = await start({ model });
            await setFault(fault);
            await assert.rejects(readOnce(new KasaPlug(plugAt(port))), (error: { kind: string; message: string }) => error.kind === kind && says.test(error.message));
        });
    }

    it("that leaves its power out of the answer is missing, not at 0 W", async () => {
        const { port, setFault } = await start({});
        await setFault("bare");
        const [reading] = await readOnce(new KasaPlug(plugAt(port)));
        assert.equal(reading?.quality, "missing");
        assert.equal(reading?.watts, undefined);
        assert.equal(reading?.volts, 230.5);
    });

    it("is asked for the chosen outlets only in what is sent on", async () => {
        const { port } = await start({ model: "HS300", outlets: ["NAS", "Switch"] });
        const readings = await readOnce(new KasaPlug(plugAt(port, { channels: ["switch"] })));
        assert.deepEqual(readings.map(({ device }) => device), ["rack_switch"]);
    });

    /** It takes a free UDP port and then the TCP port of that number, which may be somebody else's. */
    async function theirs(model: string, tries = 10): Promise<Device> {
        const device = new Device({ model, port: 0, address: "127.0.0.1", alias: "theirs" });
        try {
            await device.start();
            return device;
        } catch (error) {
            await device.stop().catch(() => undefined);
            if (tries <= 1 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
            return theirs(model, tries - 1);
        }
    }

    // Not only our own simulator: one written by the library's author agrees.
    for (const { model, watts } of [{ model: "hs110", watts: 61.7 }, { model: "hs110v2", watts: 61.7 }]) {
        it(`${model} of tplink-smarthome-simulator is read alike`, async () => {
            const device = await theirs(model);
            (device.data as unknown as { emeter: { realtime: { power: number } } }).emeter.realtime.power = watts;
            const [reading] = await readOnce(new KasaPlug(plugAt(device.port)));
            await device.stop();
            assert.equal(reading?.watts, watts);
            assert.ok((reading?.volts ?? 0) > 100 && (reading?.volts ?? 0) < 260, `${reading?.volts} V`);
        });
    }
    it("hs300 of tplink-smarthome-simulator is read alike", async () => {
        const device = await theirs("hs300");
        const readings = await readOnce(new KasaPlug(plugAt(device.port)));
        await device.stop();
        assert.equal(readings.length, 6);
        assert.ok(readings.every(({ quality }) => quality === "good"));
    });
});
