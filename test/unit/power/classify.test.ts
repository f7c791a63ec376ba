import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseClassifierState, type ClassifierState } from "../../../lib/power/classifier-state";
import { classify, type ClassifierConfig, type ClassifierStep } from "../../../lib/power/classify";
import type { Reading } from "../../../lib/power/reading";
import { defaultThresholds, stateAt } from "../../../lib/power/thresholds";

const s0: ClassifierConfig = { thresholds: defaultThresholds, hysteresis: 0, confirmations: 1, missedPolls: 5, loadIsConstant: false };

/** A poll: watts, or null for one that failed. */
type Poll = number | null;

function readingOf(poll: Poll, at: number): Reading {
    return { device: "plug", source: "kasa", at, ...(poll === null ? { quality: "missing", error: "plug: not reachable" } : { quality: "good", watts: poll }) };
}

/** Polls one minute apart, the first at minute 0. */
function run(config: Partial<ClassifierConfig>, polls: (Poll | Reading)[], state?: ClassifierState): ClassifierStep[] {
    return polls.map((poll, minute) => {
        const step = classify({ ...s0, ...config }, state, typeof poll === "object" && poll !== null ? poll : readingOf(poll, minute * 60_000));
        state = step.state;
        return step;
    });
}

/** What was told: "minute: from > to", and "minute: n missed". */
function told(steps: ClassifierStep[]): string[] {
    return steps.flatMap((step, minute) => [
        ...(step.transition ? [`${minute}: ${step.transition.from} > ${step.transition.to}`] : []),
        ...(step.missed ? [`${minute}: ${step.missed.failures} missed`] : []),
    ]);
}

describe("classify", () => {
    const cases: [rule: string, config: Partial<ClassifierConfig>, polls: Poll[], told: string[]][] = [
        ["a first HEALTHY reading is no news", {}, [421], []],
        ["a first reading in trouble is told: a monitor started in an outage acts", {}, [24], ["0: UNKNOWN > CRITICAL"]],
        ["every state on the way down is told once", {}, [421, 150, 149, 80, 30, 29, 5, 0], ["1: HEALTHY > WARNING", "3: WARNING > ALERT", "4: ALERT > CRITICAL", "6: CRITICAL > DEAD"]],
        ["a jump from HEALTHY to DEAD is one transition to DEAD", {}, [421, 0], ["1: HEALTHY > DEAD"]],
        ["recovery is told", {}, [421, 24, 421], ["1: HEALTHY > CRITICAL", "2: CRITICAL > HEALTHY"]],

        ["hysteresis: a better state needs more than the threshold and the margin", { hysteresis: 5 }, [30, 31, 35, 36], ["0: UNKNOWN > CRITICAL", "3: CRITICAL > ALERT"]],
        ["hysteresis: a worse state needs no margin", { hysteresis: 5 }, [151, 150], ["1: HEALTHY > WARNING"]],
        ["hysteresis: a great leap that clears only a lower margin ends there", { hysteresis: 5 }, [24, 153], ["0: UNKNOWN > CRITICAL", "1: CRITICAL > WARNING"]],
        ["hysteresis: watts that swing about a threshold make one transition", { hysteresis: 5 }, [421, 29, 32, 29, 33, 30], ["1: HEALTHY > CRITICAL"]],

        ["confirmations: a single low reading says nothing", { confirmations: 2 }, [421, 421, 3, 421], []],
        ["confirmations: the second reading in a row confirms", { confirmations: 2 }, [421, 421, 24, 24], ["3: HEALTHY > CRITICAL"]],
        ["confirmations: getting worse on the way does not start the count again", { confirmations: 3 }, [421, 421, 421, 70, 24, 3], ["5: HEALTHY > ALERT"]],
        ["confirmations: after that the deeper states follow as soon as they are confirmed", { confirmations: 3 }, [421, 421, 421, 70, 24, 3, 3, 3], ["5: HEALTHY > ALERT", "6: ALERT > CRITICAL", "7: CRITICAL > DEAD"]],
        ["confirmations: a reading back in the old state starts the count again", { confirmations: 3 }, [421, 421, 421, 24, 24, 421, 24, 24, 24], ["8: HEALTHY > CRITICAL"]],
        ["confirmations: recovery needs them too, and stops at the worst of them", { confirmations: 2 }, [24, 24, 421, 100, 421, 421], ["1: UNKNOWN > CRITICAL", "3: CRITICAL > WARNING", "5: WARNING > HEALTHY"]],
        ["confirmations: a failed poll in between does not start the count again", { confirmations: 2 }, [421, 421, 24, null, 24], ["4: HEALTHY > CRITICAL"]],

        ["S0: five failures in a row make UNKNOWN and one report, then one report per five", {}, [421, ...Array<null>(11).fill(null)], ["5: HEALTHY > UNKNOWN", "5: 5 missed", "10: 10 missed"]],
        ["four failures are nothing, and a good poll counts from none again", {}, [421, null, null, null, null, 421, null, null, null, null], []],
        ["coming back HEALTHY from UNKNOWN is told", { missedPolls: 2 }, [421, null, null, 421], ["2: HEALTHY > UNKNOWN", "2: 2 missed", "3: UNKNOWN > HEALTHY"]],
        ["coming back CRITICAL from UNKNOWN is told", { missedPolls: 2 }, [421, null, null, 24], ["2: HEALTHY > UNKNOWN", "2: 2 missed", "3: UNKNOWN > CRITICAL"]],
        ["a source that never answers is reported, and its first HEALTHY reading after that is told", { missedPolls: 2 }, [null, null, null, null, 421], ["1: 2 missed", "3: 4 missed", "4: UNKNOWN > HEALTHY"]],
        ["readings from before UNKNOWN confirm nothing after it", { confirmations: 2, missedPolls: 2 }, [421, 421, 24, null, null, 24, 24], ["4: HEALTHY > UNKNOWN", "4: 2 missed", "6: UNKNOWN > CRITICAL"]],
    ];
    for (const [rule, config, polls, expected] of cases) it(rule, () => assert.deepEqual(told(run(config, polls)), expected));

    it("since is the time of the first reading that confirmed, at that of the last", () => {
        const { transition } = run({ confirmations: 3 }, [421, 421, 421, 24, 24, 24]).at(-1)!;
        assert.deepEqual(transition, { device: "plug", from: "HEALTHY", to: "CRITICAL", since: 180_000, at: 300_000, watts: 24, conclusive: false });
    });

    it("UNKNOWN is since the first failure, has no watts, proves nothing, and names the cause", () => {
        const { transition, missed, classified } = run({ missedPolls: 3, loadIsConstant: true }, [421, null, null, null]).at(-1)!;
        assert.deepEqual(transition, { device: "plug", from: "HEALTHY", to: "UNKNOWN", since: 60_000, at: 180_000, conclusive: false });
        assert.deepEqual(missed, { device: "plug", failures: 3, since: 60_000, at: 180_000, error: "plug: not reachable" });
        assert.equal(classified.state, "UNKNOWN");
    });

    it("says how far a confirmation is", () => {
        const steps = run({ confirmations: 3 }, [421, 421, 421, 70, 24]);
        assert.deepEqual(steps.map((step) => step.classified.confirming), [
            { state: "HEALTHY", seen: 1, needed: 3 }, { state: "HEALTHY", seen: 2, needed: 3 }, undefined,
            { state: "ALERT", seen: 1, needed: 3 }, { state: "ALERT", seen: 2, needed: 3 },
        ]);
    });

    it("a reading that shows a better state proves nothing of the one before, though that is not confirmed yet; one that shows a worse one does", () => {
        const proven = run({ confirmations: 2, loadIsConstant: true }, [421, 421, 24, 24, 421, 24, 3]).map(({ classified: { state, conclusive } }) => `${state} ${conclusive}`);
        assert.deepEqual(proven.slice(3), ["CRITICAL true", "CRITICAL false", "CRITICAL true", "CRITICAL true"]);
    });

    it("a change to CRITICAL that is confirmed by watts on their way up proves nothing", () => {
        const [, , , , , up] = run({ confirmations: 2, loadIsConstant: true }, [421, 421, 3, 3, 24, 421]);
        assert.deepEqual([up?.transition?.from, up?.transition?.to, up?.transition?.conclusive], ["DEAD", "CRITICAL", false]);
    });

    it("watts that swing between DEAD and CRITICAL prove with each reading that they are low", () => {
        const proven = run({ confirmations: 2, loadIsConstant: true }, [421, 421, 3, 3, 24, 3, 24, 421]).map(({ classified: { state, conclusive } }) => `${state} ${conclusive}`);
        assert.deepEqual(proven.slice(3), ["DEAD true", "DEAD true", "DEAD true", "DEAD true", "CRITICAL false"]);
        const [, , , , , , , up] = run({ confirmations: 3, loadIsConstant: true }, [421, 421, 421, 3, 3, 3, 24, 421]);
        assert.deepEqual([up?.classified.state, up?.classified.conclusive], ["DEAD", false], "but not with one that is not low");
    });

    describe("a missing field is not 0 W", () => {
        const partial: [what: string, reading: Reading, error: string][] = [
            ["without watts", { device: "plug", source: "kasa", at: 60_000, quality: "good", volts: 230 }, "plug: the reading carries no watts"],
            ["stale", { device: "plug", source: "kasa", at: 60_000, quality: "stale", watts: 3 }, "plug: the reading is stale"],
        ];
        for (const [what, reading, error] of partial) {
            it(`a reading ${what} is a missed poll`, () => {
                const [, step] = run({ missedPolls: 1 }, [421, reading]);
                assert.equal(step?.transition?.to, "UNKNOWN");
                assert.equal(step?.missed?.error, error);
            });
        }
    });

    describe("conclusive", () => {
        const low: Reading = { device: "plug", source: "nut", at: 60_000, quality: "good", watts: 3 };
        const evidence: [rule: string, config: Partial<ClassifierConfig>, reading: Reading, conclusive: boolean][] = [
            ["low watts alone are not: the load may have been switched off", {}, low, false],
            ["the user says that the load is constant", { loadIsConstant: true }, low, true],
            ["the source itself says that mains is absent", {}, { ...low, mains: "absent" }, true],
            ["watts that a UPS did not measure, from its load in percent, are none", {}, { ...low, mains: "absent", derived: ["watts"] }, false],
            ["unless the user says that the load is constant", { loadIsConstant: true }, { ...low, mains: "absent", derived: ["watts"] }, true],
            ["what else was computed does not matter", {}, { ...low, mains: "absent", derived: ["load"] }, true],
            ["a UPS that tests its battery is on battery on purpose", {}, { ...low, mains: "absent", testing: true }, false],
            ["so is one that calibrates", {}, { ...low, mains: "absent", flags: ["OB", "CAL"] }, false],
            ["the source does not know about mains", {}, { ...low, mains: "unknown" }, false],
        ];
        for (const [rule, config, reading, conclusive] of evidence) {
            it(rule, () => assert.equal(run(config, [421, reading])[1]?.transition?.conclusive, conclusive));
        }
    });

    it("the taint of a reading is on its transition and its report", () => {
        const fake = (at: number, quality: "good" | "missing", watts = 3): Reading => ({ device: "plug", source: "message", at, quality, simulated: true, ...(quality === "good" && { watts }) });
        const [low, gone] = run({ missedPolls: 1 }, [fake(0, "good"), fake(60_000, "missing")]);
        assert.equal(low?.transition?.simulated, true);
        assert.deepEqual([gone?.transition?.simulated, gone?.missed?.simulated], [true, true]);
        assert.equal("simulated" in run({}, [24])[0]!.transition!, false);
    });

    describe("order", () => {
        it("a late reading changes nothing", () => {
            const steps = run({}, [readingOf(421, 60_000), readingOf(3, 30_000), readingOf(421, 90_000)]);
            assert.deepEqual(told(steps), []);
            assert.equal(steps[1]?.classified.state, "HEALTHY");
        });
        it("a double delivery is no second confirmation", () => {
            assert.deepEqual(told(run({ confirmations: 2 }, [readingOf(421, 1), readingOf(421, 2), readingOf(24, 3), readingOf(24, 3)])), []);
        });
        it("a double delivery is no second failure", () => {
            assert.deepEqual(told(run({ missedPolls: 2 }, [readingOf(421, 1), readingOf(null, 2), readingOf(null, 2)])), []);
        });
        it("a second value of the same moment replaces the first", () => {
            assert.deepEqual(told(run({}, [readingOf(421, 1), readingOf(24, 1)])), ["1: HEALTHY > CRITICAL"]);
        });
        it("goes on when the source's clock was set back, with the state kept", () => {
            const steps = run({}, [readingOf(24, 1e6), readingOf(24, 10), readingOf(24, 11), readingOf(24, 12), readingOf(421, 13)]);
            assert.deepEqual(told(steps), ["0: UNKNOWN > CRITICAL", "4: CRITICAL > HEALTHY"]);
            assert.equal(steps[3]?.classified.since, 12);
        });
    });

    describe("after a restart", () => {
        const saved = (steps: ClassifierStep[]): ClassifierState => parseClassifierState(JSON.parse(JSON.stringify(steps.at(-1)?.state)))!;
        it("the same outage is not told again, and since is kept", () => {
            const [step] = run({}, [readingOf(20, 600_000)], saved(run({}, [421, 24])));
            assert.deepEqual(told([step!]), []);
            assert.equal(step?.classified.since, 60_000);
        });
        it("the recovery of an outage from before is told", () => {
            assert.deepEqual(told(run({}, [readingOf(421, 600_000)], saved(run({}, [421, 24])))), ["0: CRITICAL > HEALTHY"]);
        });
        it("failures are counted on", () => {
            const before = saved(run({ missedPolls: 3 }, [421, null, null]));
            assert.deepEqual(told(run({ missedPolls: 3 }, [readingOf(null, 600_000)], before)), ["0: HEALTHY > UNKNOWN", "0: 3 missed"]);
        });
        it("a wall clock that was set back in between does not make the monitor deaf", () => {
            const [step] = run({}, [readingOf(3, 10)], saved(run({}, [421, 421])));
            assert.deepEqual(told([step!]), ["0: HEALTHY > DEAD"]);
        });
        for (const bad of [null, 1, {}, { state: "FINE", since: 1, order: { at: 1 }, recent: [] }, { state: "DEAD", since: "x", order: { at: 1 }, recent: [] }, { state: "DEAD", since: 1, recent: [] }]) {
            it(`does not believe ${JSON.stringify(bad)}`, () => assert.equal(parseClassifierState(bad), undefined));
        }
    });

    describe("properties", () => {
        const poll = fc.oneof({ weight: 4, arbitrary: fc.double({ min: 0, max: 500, noNaN: true }) }, { weight: 1, arbitrary: fc.constant(null) });
        const polls = fc.array(poll, { maxLength: 60 });
        const config = fc.record({ hysteresis: fc.integer({ min: 0, max: 30 }), confirmations: fc.integer({ min: 1, max: 5 }), missedPolls: fc.integer({ min: 1, max: 6 }) });

        it("transitions are a chain: each begins where the last one ended, and none leads nowhere", () => {
            fc.assert(fc.property(config, polls, (settings, series) => {
                let present: string | undefined;
                for (const { transition, classified } of run(settings, series)) {
                    if (transition) {
                        assert.notEqual(transition.from, transition.to);
                        if (present !== undefined) assert.equal(transition.from, present);
                        assert.ok(transition.since <= transition.at);
                    }
                    present = classified.state;
                }
            }));
        });

        it("without hysteresis and with one confirmation it is S0's table", () => {
            fc.assert(fc.property(fc.array(fc.double({ min: -10, max: 500, noNaN: true }), { minLength: 1 }), (series) => {
                assert.deepEqual(run({}, series).map((step) => step.classified.state), series.map((watts) => stateAt(watts, defaultThresholds)));
            }));
        });

        it("N readings in a row at or below a threshold leave no better state than that threshold's", () => {
            const order = ["HEALTHY", "WARNING", "ALERT", "CRITICAL", "DEAD"];
            fc.assert(fc.property(config, polls, fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { minLength: 5, maxLength: 5 }), (settings, before, low) => {
                const { classified } = run(settings, [...before, ...low]).at(-1)!;
                assert.ok(order.indexOf(classified.state) >= order.indexOf("CRITICAL"), classified.state);
            }));
        });

        it("fewer readings than confirmations never change a known state", () => {
            fc.assert(fc.property(fc.integer({ min: 2, max: 5 }), fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 4 }), (confirmations, odd) => {
                const calm = Array<number>(confirmations).fill(400);
                const steps = run({ confirmations }, [...calm, ...odd.slice(0, confirmations - 1), 400]);
                assert.deepEqual(told(steps), []);
            }));
        });

        it("a restart at any moment changes nothing", () => {
            fc.assert(fc.property(config, polls, fc.nat(60), (settings, series, cut) => {
                const whole = told(run(settings, series));
                let state: ClassifierState | undefined;
                const parts = series.map((item, minute) => {
                    if (minute === cut && state) state = parseClassifierState(JSON.parse(JSON.stringify(state)));
                    const step = classify({ ...s0, ...settings }, state, readingOf(item, minute * 60_000));
                    state = step.state;
                    return step;
                });
                assert.deepEqual(told(parts), whole);
            }));
        });
    });

    describe("a simulated reading that begins its stream anew", () => {
        const faked = (watts: number, minute: number, begins?: true): Reading => ({ ...readingOf(watts, minute * 60_000), simulated: true, ...(begins && { begins }) });
        const replays: [rule: string, first: number[], second: number[], told: string[]][] = [
            ["finds nothing known: the second play tells what the first one told", [421, 24], [421, 24], ["1: HEALTHY > CRITICAL", "2: UNKNOWN > HEALTHY", "3: HEALTHY > CRITICAL"]],
            ["tells no HEALTHY after a HEALTHY", [421], [421, 24], ["2: HEALTHY > CRITICAL"]],
        ];
        for (const [rule, first, second, wanted] of replays) {
            it(rule, () => assert.deepEqual(told(run({ confirmations: 1 }, [...first.map((watts, minute) => faked(watts, minute, minute === 0 || undefined)), ...second.map((watts, minute) => faked(watts, first.length + minute, minute === 0 || undefined))])), wanted));
        }
        it("may be older than the play before", () => assert.deepEqual(told(run({}, [faked(421, 60, true), faked(421, 0, true), faked(24, 1)])), ["2: HEALTHY > CRITICAL"]));
        it("means nothing on a real reading", () => assert.deepEqual(told(run({}, [421, { ...readingOf(24, 60_000), begins: true }])), ["1: HEALTHY > CRITICAL"]));
    });
});
