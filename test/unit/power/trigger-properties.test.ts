import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Reading } from "../../../lib/power/reading";
import { Streams } from "../../../lib/power/streams";
import { decide } from "../../../lib/power/trigger";
import { defaultTriggerConfig, type TriggerConfig } from "../../../lib/power/trigger-config";
import type { TriggerInput } from "../../../lib/power/trigger-input";
import { parseTriggerState, type TriggerState } from "../../../lib/power/trigger-state";
import { decideAmong } from "../../../lib/power/trigger-streams";
import { judgeAll } from "../../support/trigger-story";

/** Without the zero below zero: no file keeps its sign. */
const number = fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }).map((value) => value + 0), fc.constantFrom(0, 1, 5, 19, 20, 50, 100, 255, 599, 65535, -1));
const flag = fc.constantFrom("OL", "OB", "LB", "HB", "RB", "CHRG", "DISCHRG", "CAL", "BYPASS", "ALARM", "TRIM", "OVER", "TEST", "", "%%");
const powerState = fc.constantFrom("HEALTHY", "WARNING", "CRITICAL", "DEAD", "UNKNOWN" as const);
const garbage = fc.record({ charge: number, runtime: number, watts: number, load: number, lowCharge: number, lowRuntime: number, volts: number }, { requiredKeys: [] });
const agreement = fc.constantFrom("each" as const, "two-kinds" as const);

const isShutdown = (step: { verdict: { decision: string } }): boolean => step.verdict.decision === "shutdown";

/** An outage as it really is: what the UPS says at any second. */
interface Outage {
    transferAt: number;
    perMinute: number;
    start: number;
    whole: boolean;
    claims: boolean;
    lowBatteryAt: number;
}
const outage: fc.Arbitrary<Outage> = fc.record({
    transferAt: fc.integer({ min: 61, max: 120 }), perMinute: fc.oneof({ weight: 3, arbitrary: fc.double({ noNaN: true, min: 0.5, max: 12 }) }, { weight: 1, arbitrary: fc.double({ noNaN: true, min: 17, max: 30 }) }), start: fc.integer({ min: 15, max: 100 }),
    whole: fc.boolean(), claims: fc.boolean(), lowBatteryAt: fc.integer({ min: 0, max: 70 }),
});

function said(what: Outage, second: number): Reading {
    const drained = Math.max(0, what.start - (Math.max(0, second - what.transferAt) / 60) * what.perMinute);
    const charge = what.whole ? Math.floor(drained) : drained;
    const onBattery = second >= what.transferAt;
    return {
        device: "ups1", source: "nut", at: second * 1000, quality: "good", mains: onBattery ? "absent" : "present", charge,
        flags: [onBattery ? "OB" : "OL", ...(charge <= what.lowBatteryAt ? ["LB"] : [])],
        ...(what.claims && { runtime: Math.round((drained / what.perMinute) * 60) }),
    };
}

/** s of the first reading that leads to a decision. */
function decidedAt(readings: Reading[], config: Partial<TriggerConfig> = {}): number {
    return (judgeAll(readings, config).find(isShutdown)?.verdict.at ?? Infinity) / 1000;
}

/**
 * Whether a rule's threshold is passed by this reading: charge, runtime and time by themselves, LB when it has been said for 3 s and a number
 * bears it out, depletion when it is clearly too fast and was measured for longer than its grace.
 */
function isPast(what: Outage, second: number, onBattery: number[]): boolean {
    const { charge = 100, runtime = Infinity } = said(what, second);
    const [first = 0] = onBattery;
    const flagged = onBattery.find((each) => each - first >= 30 && said(what, each).flags?.includes("LB")) ?? Infinity;
    if (what.perMinute >= 17 && second - first > 120 && charge > 0 && onBattery.indexOf(second) >= 4) return true;
    return (second - first >= 30 && (charge < 20 || (runtime < 600 && runtime > 0))) || second - first > 900 || (second - flagged >= 3 && charge < 50);
}

describe("trigger, by property", () => {
    it("while mains is present, and without FSD and a lasting OFF, nothing is ever shut down", () => {
        const poll = fc.record({
            elapsed: fc.oneof({ weight: 1, arbitrary: fc.integer({ min: -4000, max: 4000 }) }, { weight: 4, arbitrary: fc.integer({ min: 0, max: 30 }) }), quality: fc.constantFrom("good", "good", "stale", "missing" as const),
            numbers: garbage, flags: fc.array(fc.oneof({ weight: 2, arbitrary: flag }, { weight: 1, arbitrary: fc.constant("OFF") }), { maxLength: 3 }), says: fc.boolean(), testing: fc.constantFrom(true, false, false, false), state: powerState, conclusive: fc.boolean(),
        });
        fc.assert(fc.property(fc.array(poll, { maxLength: 60 }), agreement, (all, mode) => {
            let second = 100_000;
            /** s since OFF was said first without a word against it; one that is late, or of the same moment, is none. */
            let offFor: number | undefined;
            /** The same before anything was said of this moment: what is said first then is no word against what is said next. */
            let offBefore: number | undefined;
            let setBack = false;
            const inputs = all.map(({ elapsed, quality, numbers, flags: words, says, testing, state, conclusive }): TriggerInput => {
                second += elapsed;
                setBack ||= elapsed < 0;
                if (offFor !== undefined) offFor += elapsed;
                if (elapsed > 0) offBefore = offFor;
                const good = quality === "good";
                const flags = words.filter((each) => each !== "OFF" || (!setBack && (offFor ?? offBefore ?? 0) < 30));
                if (flags.includes("OFF")) offFor ??= offBefore ?? 0;
                else if (good && elapsed > 0) offFor = undefined;
                // By itself, or as NUT says it: whatever else stands beside an OL without OB.
                const mains = says ? { flags, mains: good ? "present" as const : "absent" as const } : { flags: ["OL", ...flags.filter((each) => each !== "OB")] };
                const reading: Reading = { device: "ups1", source: "nut", at: second * 1000, quality, ...numbers, ...mains, ...(testing && { testing }) };
                return { reading, power: { state, since: (second - 100) * 1000, conclusive } };
            });
            assert.equal(judgeAll(inputs, { agreement: mode }).some(isShutdown), false);
        }), { numRuns: 600 });
    });

    it("data that is gone while mains was there last never shuts down", () => {
        fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 60 }), outage, (gaps, what) => {
            let second = 200;
            const lost = gaps.map((gap): Reading => ({ device: "ups1", source: "nut", at: (second += gap) * 1000, quality: "missing" }));
            assert.equal(decidedAt([{ ...said(what, 0), at: 0 }, ...lost]), Infinity);
        }));
    });

    it("once an outage passes a threshold and stays, the decision comes within two polls", () => {
        fc.assert(fc.property(outage, fc.integer({ min: 1, max: 300 }), (what, every) => {
            const seconds = Array.from({ length: Math.ceil(1400 / every) + 4 }, (_, place) => place * every);
            const onBattery = seconds.filter((second) => second >= what.transferAt);
            const past = onBattery.findIndex((second) => isPast(what, second, onBattery));
            const limit = past === -1 ? Infinity : (onBattery[past + 1] ?? Infinity);
            if (limit < Infinity) assert.ok(decidedAt(seconds.map((second) => said(what, second))) <= limit, `limit ${limit}`);
        }), { numRuns: 400 });
    });

    it("more polls never delay a decision", () => {
        const times = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 15, maxLength: 40 });
        fc.assert(fc.property(outage, times, fc.array(fc.integer({ min: 1, max: 1600 }), { maxLength: 300 }), (what, steps, more) => {
            let second = 0;
            const sparse = [0, ...steps.map((step) => (second += step))];
            const dense = [...new Set([...sparse, ...more.filter((extra) => extra < second)])].sort((a, b) => a - b);
            const at = (seconds: number[]): number => decidedAt(seconds.map((each) => said(what, each)));
            assert.ok(at(dense) <= at(sparse), `dense ${at(dense)}, sparse ${at(sparse)}`);
        }), { numRuns: 400 });
    });

    it("the order of readings of one moment does not matter", () => {
        const reading = fc.record({ device: fc.constantFrom("ups1", "ups2", "plug"), mains: fc.constantFrom("present", "absent", "absent", "unknown" as const), quality: fc.constantFrom("good", "good", "good", "missing" as const), charge: fc.constantFrom(5, 19, 60), flags: fc.constantFrom(["OB"], ["OB", "LB"], ["OB", "CAL"], ["OFF"], ["FSD"], []), state: powerState });
        const moments = fc.array(fc.record({ elapsed: fc.integer({ min: 1, max: 40 }), readings: fc.array(fc.tuple(reading, fc.nat()), { minLength: 1, maxLength: 5 }) }), { maxLength: 25 });
        fc.assert(fc.property(moments, agreement, (all, mode) => {
            const play = (shuffled: boolean): unknown[] => {
                const streams = new Streams<TriggerState>();
                let at = 0;
                return all.map(({ elapsed, readings }) => {
                    at += elapsed * 1000;
                    const order = shuffled ? [...readings].sort(([, a], [, b]) => a - b) : readings;
                    const decisions = order.flatMap(([{ state, flags: tokens, ...more }]) => {
                        const { command } = decideAmong({ ...defaultTriggerConfig, agreement: mode }, streams, { reading: { source: more.device === "plug" ? "kasa" : "nut", at, flags: [...tokens], ...more }, power: { state, since: 0, conclusive: true } });
                        return command?.action === "shutdown" ? [command.stream] : [];
                    });
                    return [decisions.sort(), [...streams.entries()].map(([name, { decided, known, battery }]) => JSON.stringify([name, decided, known, battery])).sort()];
                });
            };
            assert.deepEqual(play(true), play(false));
        }), { numRuns: 400 });
    });

    /** Polls of all kinds in their order, without gaps. */
    const anyPolls = fc.array(fc.record({ elapsed: fc.integer({ min: 0, max: 60 }), mains: fc.constantFrom("present", "absent", "absent", "unknown" as const), quality: fc.constantFrom("good", "good", "good", "stale", "missing" as const), numbers: garbage, flags: fc.array(fc.oneof(flag, fc.constantFrom("FSD", "OFF")), { maxLength: 3 }) }), { maxLength: 60 })
        .map((all) => {
            let at = 0;
            return all.map(({ elapsed, numbers, ...more }): Reading => ({ device: "ups1", source: "nut", at: (at += elapsed * 1000), ...numbers, ...more }));
        });

    it("a restart at any point changes no verdict", () => {
        fc.assert(fc.property(anyPolls, fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }), (readings, restarts) => {
            let state: TriggerState | undefined;
            const verdicts = readings.map((reading, place) => {
                if (restarts[place] && state) state = parseTriggerState(JSON.parse(JSON.stringify(state)));
                const step = decide(defaultTriggerConfig, state, { reading });
                state = step.state;
                return step.verdict;
            });
            assert.deepEqual(verdicts, judgeAll(readings).map(({ verdict }) => verdict));
        }), { numRuns: 400 });
    });

    it("simulated readings never touch the real ones, not even as a witness", () => {
        fc.assert(fc.property(anyPolls, anyPolls, agreement, (real, fake, mode) => {
            const config = { ...defaultTriggerConfig, agreement: mode };
            const play = (readings: Reading[]): unknown[] => {
                const streams = new Streams<TriggerState>();
                return readings.map((reading) => decideAmong(config, streams, { reading })).filter(({ verdict }) => !verdict.simulated).map(({ verdict }) => verdict);
            };
            const mixed = real.flatMap((reading, place) => [...(fake[place] ? [{ ...fake[place], source: "kasa", simulated: true as const }] : []), reading]);
            assert.deepEqual(play(mixed), play(real));
        }));
    });
});
