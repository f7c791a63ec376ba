import assert from "node:assert/strict";
import { decodeFrame } from "../../../lib/devices/anker-frame";
import { AnkerMonitor, type MonitorConfig, type MonitorEvent } from "../../../lib/devices/anker-monitor";
import type { Listener } from "../../../lib/devices/anker-stream";
import { fieldList } from "../../../lib/devices/anker-telemetry";
import { Trouble } from "../../../lib/kit/trouble";
import type { ChargeModel } from "../../../lib/power/charge-model";
import type { Reading } from "../../../lib/power/reading";
import { askedSeconds, blankFrame, restingStation, stateFrame } from "../../simulators/anker-cloud-station";
import { VirtualClock } from "../../support/virtual-clock";

const second = 1000;
const minute = 60 * second;
const device = { serial: "TESTA1790P000001", name: "Cellar", online: true };

/** A monitor on a fake stream: a station that sends every 5 s while a trigger runs. */
function watched(more: Partial<MonitorConfig> = {}, remembered?: ChargeModel, model = "A1790P") {
    const clock = new VirtualClock();
    const told = { readings: [] as Reading[], events: [] as MonitorEvent[], discovered: 0, doubts: [] as string[], troubles: 0, triggers: [] as number[], models: [] as ChargeModel[], left: false };
    const station = { ...restingStation, silent: false, skewSeconds: 0 };
    let listener: Listener | undefined;
    let until = 0;
    const say = (frame = stateFrame(station, Math.floor(clock.now() / second) + station.skewSeconds)): void => listener?.frame(decodeFrame(frame));
    const beat = (): void => void clock.after(5 * second, () => {
        if (!station.silent && clock.now() <= until) say();
        beat();
    });
    const stream = {
        listen: (ears: Listener) => {
            listener = ears;
            return {
                command: (frame: Buffer) => {
                    told.triggers.push(askedSeconds(frame) ?? 0);
                    until = clock.now() + (askedSeconds(frame) ?? 0) * second;
                    return Promise.resolve();
                },
                leave: () => {
                    told.left = true;
                    listener = undefined;
                },
            };
        },
    };
    const monitor = new AnkerMonitor(stream, { device: "cellar", serial: device.serial, intervalMs: 120 * second, fastIntervalMs: 30 * second, fastBelow: 30, ...more }, clock, {
        reading: (reading) => void told.readings.push(reading),
        event: (event) => void told.events.push(event),
        discovered: () => void (told.discovered += 1),
        trouble: () => void (told.troubles += 1),
        heard: () => undefined,
        doubt: (text) => void told.doubts.push(text),
        model: (model) => void told.models.push(model),
    }, remembered);
    beat();
    return { clock, monitor, told, station, say, up: () => listener?.up({ ...device, model }), trouble: (trouble: Trouble) => listener?.trouble(trouble) };
}

const seen = (readings: Reading[]): string[] => readings.map(({ quality, charge }) => `${quality} ${charge ?? "-"}`);

describe("the monitor of a power station", () => {
    it("tells one reading an interval, of a device that is asked for a minute each time", async () => {
        const { clock, told, up } = watched();
        up();
        await clock.pass(9 * minute);
        assert.deepEqual(seen(told.readings), ["good 82", "good 82", "good 82", "good 82", "good 82"]);
        assert.deepEqual(told.triggers, [60, 60, 60, 60, 60]);
        assert.deepEqual([told.discovered, told.events, told.troubles], [1, [], 0]);
    });

    it("goes to FAST mode at a low charge, and back when it has risen", async () => {
        const { clock, told, station, up } = watched();
        up();
        await clock.pass(minute);
        station.charge = 25;
        await clock.pass(2 * minute);
        assert.deepEqual(told.events.map(({ text }) => text), ["FAST mode: charge 25 %"]);
        told.readings.length = 0;
        await clock.pass(5 * minute);
        assert.ok(told.readings.length >= 9 && told.readings.length <= 11, `${told.readings.length}`);
        station.charge = 60;
        await clock.pass(2 * minute);
        assert.equal(told.events.at(-1)?.text, "normal mode: charge 60 %");
    });

    it("tells at once that mains has come or gone", async () => {
        const { clock, told, station, up } = watched();
        up();
        await clock.pass(20 * second);
        station.acInput = 0;
        await clock.pass(10 * second);
        assert.deepEqual(told.readings.map(({ mains }) => mains), ["present", "unknown"]);
    });

    it("never calls old data good: silent, it is stale, the charge carried on within bounds", async () => {
        const { clock, told, station, monitor, up } = watched();
        up();
        await clock.pass(minute);
        station.silent = true;
        told.readings.length = 0;
        await clock.pass(20 * minute);
        assert.ok(told.readings.length >= 7, `${told.readings.length}`);
        for (const { quality, watts, estimated, at, error } of told.readings) {
            assert.equal(quality, "stale");
            assert.equal(watts, undefined, "watts that nobody measured");
            assert.ok(estimated !== undefined && estimated.low <= estimated.high && estimated.since < at);
            assert.match(error ?? "", /cellar: no data for .*the device sends nothing/);
        }
        const widths = told.readings.map(({ estimated }) => (estimated?.high ?? 0) - (estimated?.low ?? 0));
        assert.deepEqual(widths, [...widths].sort((a, b) => a - b));
        assert.deepEqual(told.events.map(({ kind }) => kind), ["stale"]);
        station.silent = false;
        await clock.pass(15 * minute);
        assert.deepEqual(told.events.map(({ kind }) => kind), ["stale", "fresh"]);
        assert.equal(monitor.reading().quality, "good");
    });

    describe("on a machine that was suspended, when the steady clock stands still", () => {
        /** Two minutes of data, then silence; the last message is less than 5 s old. */
        const silenced = async () => {
            const rig = watched();
            rig.up();
            await rig.clock.pass(2 * minute + 2 * second);
            rig.station.silent = true;
            return rig;
        };
        it("calls its data as old as they are: stale soon after it wakes, each field with its age, the estimate with wider bounds", async () => {
            const { clock, told, monitor } = await silenced();
            const { length } = told.readings;
            clock.jumpWall(60 * minute);
            await clock.pass(11 * second);
            assert.deepEqual(told.events.map(({ kind }) => kind), ["stale"]);
            const [reading] = told.readings.slice(length);
            assert.equal(reading?.quality, "stale");
            assert.match(reading?.error ?? "", /no data for 1 h/);
            assert.ok((reading?.estimated?.low ?? 100) < 80 && (reading?.estimated?.high ?? 0) > 85, JSON.stringify(reading?.estimated));
            assert.ok((fieldList(monitor.telemetry, clock.now()).battery_soc?.ageSeconds ?? 0) >= 3600);
        });
        it("says so to whoever asks at once", async () => {
            const { clock, monitor } = await silenced();
            clock.jumpWall(60 * minute);
            assert.equal(monitor.reading().quality, "stale");
        });
        it("takes a message that had waited since before for what it is, and the next one for new", async () => {
            const { clock, monitor, say, station, told } = await silenced();
            const late = stateFrame(station, Math.floor(clock.now() / second));
            clock.jumpWall(60 * minute);
            station.skewSeconds = 3600;
            say(late);
            assert.equal(monitor.reading().quality, "stale");
            await clock.pass(11 * second);
            say();
            assert.deepEqual([monitor.reading().quality, told.events.map(({ kind }) => kind)], ["good", ["stale", "fresh"]]);
        });
        it("asks anew in FAST mode too, though the last request seems to run on", async () => {
            const { clock, monitor, station, told } = await silenced();
            station.silent = false;
            monitor.load({ watts: 300, at: clock.now(), mains: "absent" });
            await clock.pass(2 * minute);
            const { length } = told.triggers;
            assert.equal(told.triggers.at(-1), 300);
            station.silent = true;
            clock.jumpWall(60 * minute);
            await clock.pass(11 * second);
            assert.deepEqual(told.triggers.slice(length), [300]);
        });
        for (const [what, ms] of [["set back by an hour", -60 * minute], ["set forward by less than it takes to matter", 20 * second]] as const) {
            it(`is not misled by a clock that is ${what}`, async () => {
                const { clock, monitor, told } = await silenced();
                clock.jumpWall(ms);
                await clock.pass(11 * second);
                assert.deepEqual([monitor.reading().quality, told.events], ["good", []]);
            });
        }
        it("is misled by a clock that is set forward until the next messages only", async () => {
            const { clock, monitor, told, station } = await silenced();
            clock.jumpWall(60 * minute);
            await clock.pass(11 * second);
            station.silent = false;
            await clock.pass(4 * minute);
            assert.deepEqual([monitor.reading().quality, told.events.map(({ kind }) => kind)], ["good", ["stale", "fresh"]]);
        });
    });

    it("carries the charge on by the watts of a plug", async () => {
        const run = async (watts: number): Promise<number> => {
            const { clock, station, monitor, up } = watched();
            up();
            await clock.pass(minute);
            station.silent = true;
            for (let minutes = 0; minutes < 60; minutes += 1) {
                await clock.pass(minute);
                monitor.load({ watts, at: clock.now() });
            }
            return monitor.reading().charge ?? NaN;
        };
        const [light, heavy] = [await run(100), await run(1500)];
        assert.ok(light > 77 && light < 80, `${light}`);
        assert.ok(heavy > 30 && heavy < 40, `${heavy}`);
    });

    it("goes to FAST mode when a plug says that mains is gone, and when the estimate is low", async () => {
        const { clock, station, monitor, told, up } = watched();
        up();
        await clock.pass(minute);
        monitor.load({ watts: 300, at: clock.now(), mains: "absent" });
        assert.equal(told.events.at(-1)?.text, "FAST mode: mains is gone");
        monitor.load({ watts: 300, at: clock.now(), mains: "present" });
        assert.equal(monitor.mode, "normal");
        station.silent = true;
        for (let minutes = 0; minutes < 90; minutes += 1) {
            await clock.pass(minute);
            monitor.load({ watts: 1500, at: clock.now() });
        }
        assert.match(told.events.at(-1)?.text ?? "", /FAST mode: charge estimated at/);
    });

    it("is missing as long as nothing was ever measured", async () => {
        const { clock, told, trouble } = watched();
        trouble(new Trouble("auth", "Anker cloud: no"));
        await clock.pass(6 * minute);
        assert.deepEqual(seen(told.readings), ["missing -"]);
        assert.match(told.readings[0]?.error ?? "", /cellar: no data yet: Anker cloud: no/);
        assert.deepEqual(told.triggers, []);
    });

    it("says that it is the cloud which is not understood, not the station that sleeps", async () => {
        const { clock, told, trouble } = watched();
        trouble(new Trouble("garbage", "Anker cloud: the answer is not JSON"));
        await clock.pass(6 * minute);
        assert.deepEqual([told.troubles, told.doubts], [1, []]);
        assert.match(told.readings.at(-1)?.error ?? "", /the answer is not JSON$/);
    });

    it("carries on over a restart what it remembers", async () => {
        const before = watched();
        before.up();
        await before.clock.pass(minute);
        const after = watched({}, before.told.models.at(-1));
        await after.clock.pass(10 * minute);
        assert.deepEqual([after.told.readings[0]?.quality, after.told.readings[0]?.estimated?.since], ["stale", before.told.models.at(-1)?.measured.at]);
    });

    it("estimates nothing when it does not know the capacity", async () => {
        const { clock, station, told, up, trouble } = watched({}, undefined, "A9999");
        up();
        await clock.pass(minute);
        station.silent = true;
        trouble(new Trouble("closed", "Anker broker: connection closed"));
        await clock.pass(10 * minute);
        assert.deepEqual(seen(told.readings)[0], "missing -");
    });

    it("says that it does not know the model", async () => {
        const { clock, told, up } = watched({}, undefined, "A9999");
        up();
        await clock.pass(10 * minute);
        assert.match(told.readings[0]?.error ?? "", /what its model A9999 sends is not known yet/);
    });

    it("knows that nothing flows in any more when a plug says that mains is gone", async () => {
        const { clock, station, monitor, up } = watched();
        up();
        await clock.pass(minute);
        station.silent = true;
        monitor.load({ watts: 500, at: clock.now(), mains: "absent" });
        await clock.pass(60 * minute);
        const { estimated } = monitor.reading();
        assert.ok(estimated !== undefined && estimated.high <= 83, `${estimated?.high}`);
    });

    it("answers a question with the next message, or after a while with what it has", async () => {
        const { clock, monitor, station, told, up } = watched();
        up();
        await clock.pass(100 * second);
        const asked = monitor.readNow(20 * second);
        await clock.pass(6 * second);
        assert.equal((await asked).quality, "good");
        assert.deepEqual(told.triggers, [60, 60]);
        station.silent = true;
        await clock.pass(10 * minute);
        const inVain = monitor.readNow(20 * second);
        await clock.pass(20 * second);
        assert.equal((await inVain).quality, "stale");
    });

    it("tells one reading to all who ask at the same time", async () => {
        const { clock, monitor, told, up } = watched();
        up();
        await clock.pass(100 * second);
        const before = told.readings.length;
        const asked = [monitor.readNow(20 * second), monitor.readNow(20 * second), monitor.readNow(20 * second)];
        await clock.pass(6 * second);
        const answers = await Promise.all(asked);
        assert.deepEqual(answers, Array.from({ length: 3 }, () => told.readings.at(-1)));
        assert.equal(told.readings.length, before + 1);
    });

    it("does not believe zeros, and takes a wrong checksum as a warning", async () => {
        const { clock, told, say, up } = watched();
        up();
        say(blankFrame(clock.now() / second));
        assert.equal(told.readings.length, 0);
        say(stateFrame(restingStation, clock.now() / second, true));
        assert.equal(told.readings[0]?.charge, 82);
        assert.deepEqual(told.doubts, ["a message in which everything is 0: not believed", "a message 0405 fails its checksum: taken all the same"]);
        await clock.pass(0);
    });

    for (const skew of [-86_400, 3600]) {
        it(`takes new data for new when the device's clock is ${skew} s off`, async () => {
            const { clock, told, station, up } = watched();
            station.skewSeconds = skew;
            up();
            await clock.pass(5 * minute);
            assert.deepEqual(seen(told.readings), ["good 82", "good 82", "good 82"]);
        });
    }

    it("warns once of a device that will switch itself off", async () => {
        const { clock, told, station, up } = watched();
        station.timeoutMinutes = 720;
        up();
        await clock.pass(10 * minute);
        assert.deepEqual(told.events.map(({ kind }) => kind), ["auto-off"]);
        assert.match(told.events[0]?.text ?? "", /after 720 min with little load: set its device timeout to "never"/);
    });

    it("asks a silent device less and less", async () => {
        const { clock, told, station, up } = watched();
        station.silent = true;
        up();
        await clock.pass(120 * minute);
        assert.ok(told.triggers.length < 20, `${told.triggers.length}`);
    });

    it("lets go of everything", async () => {
        const { clock, monitor, told, up } = watched();
        up();
        await clock.pass(minute);
        const asked = monitor.readNow(20 * second);
        const before = told.readings.length;
        monitor.close();
        await asked;
        await clock.pass(60 * minute);
        assert.ok(told.left);
        assert.equal(told.readings.length, before);
    });
});
