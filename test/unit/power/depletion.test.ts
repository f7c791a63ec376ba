import assert from "node:assert/strict";
import * as fc from "fast-check";
import { estimateDepletion, type Depletion, type DepletionConfig } from "../../../lib/power/depletion";
import { parseDepletionState, type DepletionState } from "../../../lib/power/depletion-state";
import type { Reading } from "../../../lib/power/reading";

const defaults: DepletionConfig = { source: "auto", windowMs: 300_000, graceMs: 90_000, thresholdPercent: 20, startCharge: 100, efficiency: 100 };

function run(config: Partial<DepletionConfig>, readings: Reading[], state?: DepletionState): { depletions: Depletion[]; last: Depletion; state: DepletionState } {
    const depletions = readings.map((reading) => {
        const step = estimateDepletion({ ...defaults, ...config }, state, reading);
        state = step.state;
        return step.depletion;
    });
    return { depletions, last: depletions.at(-1)!, state: state! };
}

type Shape = Partial<Reading> | ((second: number) => Partial<Reading>);

/** Readings from second `from` to `to`, one every `every` seconds. */
function readings(from: number, to: number, every: number, shape: Shape): Reading[] {
    return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, place) => {
        const second = from + place * every;
        return { device: "ups", source: "nut", quality: "good" as const, at: second * 1000, ...(typeof shape === "function" ? shape(second) : shape) };
    });
}

/** A battery on mains until second `outage`, then falling by `perMinute` from `start` %; whole percents, as devices report. */
const draining = (perMinute: number, { outage = 0, start = 99.4 } = {}): Shape => (second) =>
    ({ charge: Math.max(0, Math.round(start - (Math.max(0, second - outage) * perMinute) / 60)), mains: second < outage ? "present" : "absent" });

function near(actual: number | undefined, expected: number, tolerance: number): void {
    assert.ok(actual !== undefined && Math.abs(actual - expected) <= tolerance, `${actual}, expected ${expected} ± ${tolerance}`);
}

describe("depletion from charge", () => {
    it("gives the rate, and the time to the threshold and to empty", () => {
        const { last } = run({}, readings(0, 900, 10, draining(2)));
        near(last.perMinute, 2, 0.05);
        near(last.secondsToEmpty, (69.4 / 2) * 60, 40);
        near(last.secondsToThreshold, (49.4 / 2) * 60, 40);
        assert.deepEqual([last.method, last.charge, last.thresholdPercent, last.at, last.note], ["charge", 69, 20, 900_000, undefined]);
        assert.ok(last.samples >= 6 && last.spanSeconds > 100 && last.spanSeconds <= 300, JSON.stringify(last));
    });

    it("gives none during the grace period after the transfer, and says so", () => {
        const { depletions } = run({}, readings(0, 400, 1, draining(15, { outage: 100 })));
        const first = depletions.findIndex((depletion) => (depletion.perMinute ?? 0) > 0);
        assert.equal(first, 190);
        assert.equal(depletions[180]?.note, "grace period, 10 s to go");
        assert.equal(depletions[180]?.perMinute, undefined);
    });

    it("where the source knows nothing of mains, the grace period begins with the first step down", () => {
        const { depletions } = run({}, readings(0, 400, 1, (second) => ({ charge: Math.round(99 - Math.max(0, second - 100) / 10) })));
        const first = depletions.findIndex((depletion) => (depletion.perMinute ?? 0) > 0);
        assert.ok(first >= 195 && first <= 210, String(first));
    });

    it("on mains with a steady charge it is 0, without times", () => {
        const { last } = run({}, readings(0, 600, 10, { charge: 100, mains: "present" }));
        assert.deepEqual(last, { perMinute: 0, method: "charge", charge: 100, samples: 0, spanSeconds: 0, thresholdPercent: 20, at: 600_000 });
    });

    it("while charging it is below 0, without times", () => {
        const { last } = run({}, readings(0, 900, 10, (second) => ({ charge: Math.round(40 + second / 60), mains: "present" })));
        near(last.perMinute, -1, 0.05);
        assert.deepEqual([last.secondsToEmpty, last.secondsToThreshold], [undefined, undefined]);
    });

    it("a transfer ends the trend: nothing of the charging before it is in the rate", () => {
        const { last } = run({}, [...readings(0, 900, 10, (second) => ({ charge: Math.round(40 + second / 60), mains: "present" })), ...readings(910, 1300, 10, (second) => ({ charge: Math.round(55 - (second - 910) / 20), mains: "absent" }))]);
        near(last.perMinute, 3, 0.15);
    });

    it("a slow drain is neither 0 nor a spike between two steps of the gauge", () => {
        const { depletions } = run({}, readings(0, 7200, 5, draining(0.2)));
        const rates = depletions.flatMap((depletion) => depletion.perMinute ?? []);
        assert.ok(rates.length > 1000);
        for (const rate of rates) near(rate, 0.2, 0.01);
    });

    it("at the threshold the time to it is 0", () => {
        assert.equal(run({ thresholdPercent: 80 }, readings(0, 900, 10, draining(2))).last.secondsToThreshold, 0);
    });

    const waiting: [rule: string, config: Partial<DepletionConfig>, readings: Reading[], note: string][] = [
        ["the first reading", {}, readings(0, 0, 1, { charge: 90 }), "more readings are needed"],
        ["a charge that has not moved", {}, readings(0, 100, 10, { charge: 90 }), "the charge has not moved enough yet"],
        ["no charge, and no battery given", {}, readings(0, 100, 10, { watts: 400 }), "to reckon from watts, the battery's capacity is needed in the node's settings"],
        ["neither charge nor watts", { batteryWh: 1000 }, readings(0, 100, 10, { volts: 230 }), "the reading carries neither charge nor watts"],
        ["charge wanted, none there", { source: "charge", batteryWh: 1000 }, readings(0, 100, 10, { watts: 400 }), "the reading carries no charge"],
        ["watts wanted, none there", { source: "watts", batteryWh: 1000 }, readings(0, 100, 10, { charge: 90 }), "the reading carries no watts"],
        ["a source that can't be read", {}, readings(0, 0, 1, { quality: "missing", error: "ups: not reachable" }), "no data: ups: not reachable"],
    ];
    for (const [what, config, series, note] of waiting) {
        it(`says why there is no rate: ${what}`, () => {
            const { last } = run(config, series);
            assert.deepEqual([last.perMinute, last.note], [undefined, note]);
        });
    }

    it("a missing reading repeats the last estimate with its own time, and says so", () => {
        const before = run({}, readings(0, 600, 10, draining(2)));
        const { last } = run({}, readings(610, 610, 1, { quality: "missing", error: "ups: not reachable" }), before.state);
        assert.deepEqual(last, { ...before.last, note: "no data: ups: not reachable" });
    });

    it("a rate beyond 100 %/min is clamped", () => {
        assert.equal(run({ graceMs: 0 }, readings(0, 20, 1, (second) => ({ charge: 100 - second * 4, mains: "absent" }))).last.perMinute, 100);
    });

    it("carries the taint", () => {
        assert.equal(run({}, readings(0, 600, 10, { charge: 90, simulated: true })).last.simulated, true);
        assert.equal(run({}, readings(0, 0, 10, { quality: "missing", simulated: true })).last.simulated, true);
        assert.equal("simulated" in run({}, readings(0, 600, 10, draining(2))).last, false);
    });
});

describe("depletion from watts", () => {
    const battery = { source: "watts", batteryWh: 1000, efficiency: 80, startCharge: 90 } as const;

    it("integrates what is drawn over the battery's capacity and losses", () => {
        // 480 W out of a battery that loses 20 % are 600 W out of 1000 Wh: 1 %/min.
        const { last } = run(battery, readings(0, 1200, 10, { watts: 480, mains: "absent" }));
        near(last.perMinute, 1, 0.001);
        near(last.charge, 70, 0.5);
        near(last.secondsToEmpty, 4200, 15);
        near(last.secondsToThreshold, 3000, 15);
        assert.equal(last.method, "watts");
    });

    it("auto takes the charge where the reading has one, and watts where it has none", () => {
        const both = readings(0, 900, 10, (second) => ({ watts: 480, charge: Math.round(99.4 - second / 20), mains: "absent" }));
        assert.equal(run({ ...battery, source: "auto" }, both).last.method, "charge");
        assert.equal(run({ ...battery, source: "auto" }, both.map(({ charge: _none, ...reading }) => reading)).last.method, "watts");
    });

    it("auto falls back to watts while the charge has not moved enough", () => {
        const { last } = run({ ...battery, source: "auto" }, readings(0, 300, 10, { watts: 480, charge: 57, mains: "absent" }));
        assert.deepEqual([last.method, last.charge], ["watts", 57]);
        near(last.perMinute, 1, 0.001);
        near(last.secondsToEmpty, 57 * 60, 15);
    });

    it("auto goes on from the gauge's last charge when it falls silent", () => {
        const { last } = run({ ...battery, source: "auto" }, [...readings(0, 300, 10, { watts: 480, charge: 57, mains: "absent" }), ...readings(310, 900, 10, { watts: 480, mains: "absent" })]);
        near(last.charge, 47, 0.5);
    });

    it("auto does not drain a battery that may not be in use: the rate is only what it would be", () => {
        const { last } = run({ ...battery, source: "auto" }, readings(0, 36_000, 10, { watts: 480 }));
        near(last.perMinute, 1, 0.001);
        near(last.secondsToEmpty, 5400, 1);
        assert.equal(last.note, "mains unknown: as if the battery, at 90 %, carried this load");
    });

    it("what was drawn in a gap is unknown, and is said to be", () => {
        const { depletions, last } = run(battery, [...readings(0, 600, 10, { watts: 480, mains: "absent" }), ...readings(4200, 4800, 10, { watts: 480, mains: "absent" })]);
        near(last.charge, 70, 0.7);
        near(last.perMinute, 1, 0.001);
        assert.equal(last.note, "3600 s without readings: what was drawn then is not counted");
        assert.equal(depletions[62]?.perMinute, undefined);
    });

    it("on mains it is 0, without times", () => {
        const { last } = run(battery, readings(0, 600, 10, { watts: 480, mains: "present" }));
        assert.deepEqual([last.perMinute, last.secondsToEmpty], [0, undefined]);
    });

    it("has a grace period too", () => {
        const { depletions } = run(battery, readings(0, 300, 10, { watts: 480 }));
        assert.deepEqual([depletions[8]?.perMinute, depletions[9]?.perMinute !== undefined], [undefined, true]);
    });
});

describe("depletion, order and restarts", () => {
    const series = readings(0, 900, 10, draining(2));
    const clean = run({}, series).last;

    it("a double delivery changes nothing", () => {
        assert.deepEqual(run({}, series.flatMap((reading) => [reading, reading])).last, clean);
    });
    it("a late reading changes nothing", () => {
        assert.deepEqual(run({}, series.flatMap((reading, place) => (place === 40 ? [reading, { ...series[20]!, charge: 3 }] : [reading]))).last, clean);
    });
    it("a restart in the middle of an outage keeps the trend and the grace period", () => {
        const before = run({}, series.slice(0, 60));
        const state = parseDepletionState(JSON.parse(JSON.stringify(before.state)));
        assert.deepEqual(run({}, series.slice(60), state).last, clean);
    });
    for (const [what, battery] of [["charge", {}], ["watts", { source: "watts", batteryWh: 1000 }]] as const) {
        it(`the first reading after an hour without any promises nothing, by ${what}: power may have been back meanwhile`, () => {
            const drain = (second: number): Partial<Reading> => ({ charge: Math.round(60 - second / 30), watts: 480, mains: "absent" });
            const { depletions } = run(battery, [...readings(0, 900, 10, drain), ...readings(4500, 5400, 10, (second) => drain(second - 4000))]);
            assert.deepEqual([depletions[91]?.perMinute, depletions[91]?.secondsToEmpty, depletions[91]?.secondsToThreshold], [undefined, undefined, undefined]);
            assert.match(depletions[91]?.note ?? "", /^36\d0 s without readings: more are needed$/);
            assert.ok((depletions.at(-1)?.secondsToEmpty ?? 0) > 60, "and soon there is a rate again");
        });
    }
    it("a clock that was set back during the restart starts anew rather than going deaf", () => {
        const state = parseDepletionState(JSON.parse(JSON.stringify(run({}, series.map((reading) => ({ ...reading, at: reading.at + 1e9 }))).state)));
        assert.deepEqual(run({}, series, state).last, clean);
    });
    it("comes back from the disk whole, with watts", () => {
        const { state } = run({ source: "watts", batteryWh: 1000 }, readings(0, 900, 10, { watts: 480, mains: "absent" }));
        const back = parseDepletionState(JSON.parse(JSON.stringify(state)));
        assert.deepEqual({ ...back, order: state.order }, state);
    });
    const { state } = run({}, series);
    for (const bad of [null, 3, {}, { ...state, order: {} }, { ...state, smoother: [1] }, { ...state, mains: "maybe" }, { ...state, trend: { heading: 2 } }, { ...state, drain: {} }, { ...state, last: 1 }]) {
        it(`does not believe ${JSON.stringify(bad).slice(0, 60)}`, () => assert.equal(parseDepletionState(bad), undefined));
    }
});

describe("depletion, properties", () => {
    const interval = fc.integer({ min: 1, max: 60 });
    const rate = fc.double({ min: 0.2, max: 20, noNaN: true });
    const start = fc.double({ min: 90, max: 99.4, noNaN: true });

    /** What whole percents and the polls between them can hide: about one step, or one poll, out of the span. */
    const doubt = (perMinute: number, every: number, { spanSeconds }: Depletion): number =>
        1.5 * perMinute * (0.02 + Math.max(every, 60 / perMinute) / Math.max(1, spanSeconds));

    it("recovers a linear drain at any poll interval, in whole percents", () => {
        fc.assert(fc.property(interval, rate, start, (every, perMinute, from) => {
            const { depletions } = run({}, readings(0, Math.min(400 * every, ((from - 2) / perMinute) * 60), every, draining(perMinute, { start: from })));
            for (const depletion of depletions) if (depletion.perMinute !== undefined) near(depletion.perMinute, perMinute, doubt(perMinute, every, depletion));
        }), { numRuns: 100 });
    });

    it("has a rate in time: after the grace period, and three steps of the gauge or four polls", () => {
        fc.assert(fc.property(interval, rate, start, (every, perMinute, from) => {
            const seconds = Math.max(90, 4 * (60 / perMinute) + 3 * every, 6 * every);
            fc.pre(perMinute * seconds / 60 < 85);
            const { last } = run({}, readings(0, Math.ceil(seconds / every) * every, every, draining(perMinute, { start: from })));
            assert.notEqual(last.perMinute, undefined, JSON.stringify(last));
        }), { numRuns: 100 });
    });

    it("recovers a steady draw of watts at any poll interval", () => {
        fc.assert(fc.property(interval, fc.double({ min: 50, max: 2000, noNaN: true }), (every, watts) => {
            const { last } = run({ source: "watts", batteryWh: 2000 }, readings(0, 900, every, { watts, mains: "absent" }));
            near(last.perMinute, (watts / 2000) * 100 / 60, 0.001);
        }));
    });

    it("one wild reading does not move the estimate", () => {
        fc.assert(fc.property(interval, rate, fc.nat(), fc.double({ min: 0, max: 100, noNaN: true }), (every, perMinute, where, wild) => {
            const clean = readings(0, Math.min(400 * every, (97 / perMinute) * 60), every, draining(perMinute));
            const place = where % clean.length;
            const { depletions } = run({}, clean.map((reading, index) => (index === place ? { ...reading, charge: wild } : reading)));
            for (const depletion of depletions) if (depletion.perMinute !== undefined) near(depletion.perMinute, perMinute, 2 * doubt(perMinute, every, depletion));
        }), { numRuns: 100 });
    });

    it("doubled and late deliveries never matter", () => {
        fc.assert(fc.property(interval, rate, fc.array(fc.nat(), { maxLength: 20 }), (every, perMinute, again) => {
            const series = readings(0, 1200, every, draining(perMinute));
            const noisy = series.flatMap((reading, index) => [reading, ...again.filter((place) => place % series.length === index).map((place) => series[Math.floor((place % series.length) / 2)]!)]);
            assert.deepEqual(run({}, noisy).last, run({}, series).last);
        }));
    });

    it("times are never negative, and the threshold never comes after empty", () => {
        fc.assert(fc.property(fc.array(fc.record({ charge: fc.integer({ min: 0, max: 100 }), watts: fc.double({ min: -100, max: 3000, noNaN: true }), step: fc.integer({ min: 1, max: 900 }) }), { maxLength: 80 }), (steps) => {
            let at = 0;
            const { depletions } = run({ batteryWh: 1500 }, steps.map(({ step, ...values }) => ({ device: "ups", source: "nut", quality: "good" as const, at: (at += step * 1000), ...values })));
            for (const { perMinute = 0, secondsToEmpty, secondsToThreshold } of depletions) {
                assert.ok(Math.abs(perMinute) <= 100 && Number.isFinite(perMinute));
                assert.equal(secondsToEmpty !== undefined, perMinute > 0);
                if (secondsToEmpty !== undefined && secondsToThreshold !== undefined) assert.ok(secondsToThreshold >= 0 && secondsToThreshold <= secondsToEmpty);
            }
        }));
    });

    it("a simulated reading that begins its stream anew finds nothing known: the second play gives what the first one gave", () => {
        const play = (start: number): Reading[] => readings(start, start + 400, 5, (second) => ({ ...(draining(6, { outage: 10 }) as (second: number) => Partial<Reading>)(second - start), simulated: true, ...(second === start && { begins: true }) }));
        const { depletions } = run({}, [...play(0), ...play(1000)]);
        const relative = (from: number): Depletion[] => depletions.slice(from, from + 81).map((depletion, place) => ({ ...depletion, at: place * 5000 }));
        assert.ok(depletions[80]?.perMinute);
        assert.deepEqual(relative(81), relative(0));
    });
});
