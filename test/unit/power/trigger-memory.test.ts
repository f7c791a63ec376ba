import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import { rebased } from "../../../lib/power/trigger-memory";
import type { TriggerState } from "../../../lib/power/trigger-state";
import { judgeAll, missed, onBattery, online, poll, polls, told } from "../../support/trigger-story";

const before = polls(0, 20, online, 5);
const flags = (...names: string[]): Partial<Reading> => ({ ...onBattery, flags: names });
const stateOf = (...readings: Reading[]): TriggerState => judgeAll(readings).at(-1)!.state;

describe("what a trigger remembers", () => {
    it("moves every time with a clock that is set back, and nothing else; what rests on the old times goes", () => {
        const times = (by: number): Partial<TriggerState> => ({
            order: { at: 9000 + by }, known: { source: "nut", at: 8000 + by, on: "battery", charge: 50 }, missed: { count: 2, since: 7000 + by }, battery: { elapsedMs: 600, assumedMs: 500, transferAt: 6000 + by },
            mainsSince: 5000 + by, heardSince: 4000 + by, readiness: { below: 1, floor: 40, since: 3000 + by }, testedSince: 2000 + by, off: { since: 1900 + by, samples: 3 }, lowBattery: { since: 1800 + by, samples: 4 },
            still: { since: 1700 + by, values: [1] }, runtimeStillSince: 1600 + by, decided: { rule: "low-charge", at: 1500 + by }, paceMs: 1000, intervals: [1000], forced: true,
        });
        const gone: Partial<TriggerState> = { moment: { inputs: [], changes: [] }, depletion: { order: { at: 1 }, firstAt: 1, mains: undefined, onBatterySince: undefined, smoother: [], trend: undefined, drain: undefined, last: undefined } };
        assert.deepEqual(rebased({ ...times(0), ...gone } as TriggerState, -500), times(-500));
        assert.deepEqual(rebased({ order: { at: 9000 }, known: { source: "nut" }, readiness: { below: 0 } }, -500), { order: { at: 8500 }, known: { source: "nut" }, readiness: { below: 0 } });
    });

    it("OFF and LB count the readings of a row, from its first", () => {
        assert.deepEqual(stateOf(...before, ...polls(20, 35, { ...online, flags: ["OL", "OFF"] }, 5)).off, { since: 20_000, samples: 3 });
        assert.deepEqual(stateOf(...before, ...polls(20, 60, flags("OB", "LB"))).lowBattery, { since: 50_000, samples: 10 });
    });
    it("a reading that can't be had breaks no row: it says neither", () => {
        assert.deepEqual(stateOf(...before, poll(20, { ...online, flags: ["OL", "OFF"] }), poll(25, missed), poll(30, { ...online, flags: ["OL", "OFF"] })).off, { since: 20_000, samples: 2 });
        assert.equal(stateOf(...before, poll(20, missed)).mainsSince, 0);
        assert.equal(stateOf(...polls(0, 20, { ...online, testing: true }, 5), poll(20, missed)).testedSince, 0);
    });
    const rows: [what: string, name: "off" | "lowBattery" | "still" | "runtimeStillSince" | "testedSince" | "mainsSince", says: Partial<Reading>, since: number][] = [
        ["OFF", "off", { ...online, flags: ["OL", "OFF"] }, 4000], ["LB", "lowBattery", flags("OB", "LB"), 4000], ["numbers that stand still", "still", { ...onBattery, load: 3 }, 4000],
        ["a runtime that stands still", "runtimeStillSince", onBattery, 4000], ["a test", "testedSince", { ...online, testing: true }, 4000], ["mains", "mainsSince", online, 4000],
    ];
    for (const [what, name, says, since] of rows) {
        it(`a gap breaks the row of ${what}`, () => {
            const value = stateOf(...before, ...polls(20, 80, says), poll(4000, says))[name];
            assert.equal(typeof value === "object" ? value.since : value, since * 1000);
        });
    }
    it("a charge and a runtime that are told no more stay known; a new outage begins its rate anew", () => {
        const drained = [...before, ...polls(20, 200, (second) => ({ ...onBattery, charge: 90 - Math.floor((second - 20) / 6) }))];
        const { known } = stateOf(...drained, poll(200, { mains: "absent" }));
        assert.deepEqual([known.on, known.shows, known.charge, known.runtime, known.at], ["battery", "absent", 61, 2400, 200_000]);
        assert.deepEqual([stateOf(...drained).known.perMinute, stateOf(...drained, poll(200, online)).known.perMinute], [10, undefined]);
    });
    it("its clock stands still on mains and for a test, and goes on while nothing can be read", () => {
        const elapsed = (...more: Reading[]): number | undefined => stateOf(...before, ...polls(20, 31, onBattery), ...more).battery?.elapsedMs;
        assert.deepEqual([elapsed(), elapsed(...polls(31, 41, missed)), elapsed(...polls(31, 41, online)), elapsed(...polls(31, 41, flags("OB", "CAL")), poll(41, onBattery)), elapsed(...polls(31, 36, online), ...polls(36, 41, onBattery))], [10_000, 20_000, 10_000, 10_000, 14_000]);
    });
});

describe("how a source stands after a reading", () => {
    const cases: [what: string, readings: Reading[], supply: string, health: string][] = [
        ["on mains", before, "mains", "healthy"],
        ["on battery", [...before, poll(20, onBattery)], "battery", "degraded"],
        ["mains back, but not for good", [...before, poll(20, onBattery), poll(25, online)], "mains", "degraded"],
        ["mains back for good", [...before, poll(20, onBattery), ...polls(25, 60, online, 5)], "mains", "healthy"],
        ["calibrating", [...before, poll(20, flags("OB", "CAL"))], "battery", "degraded"],
        ["in bypass, with no word on mains", [...before, poll(20, { flags: ["BYPASS"] })], "unknown", "degraded"],
        ["a test on mains", [...before, poll(20, { ...online, testing: true })], "mains", "degraded"],
        ["its output off", [...before, poll(20, { ...online, flags: ["OL", "OFF"] })], "off", "degraded"],
        ["decided", [...before, poll(20, { ...online, flags: ["OL", "FSD"] })], "mains", "critical"],
        ["two polls missed", [...before, poll(20, missed), poll(25, missed)], "mains", "degraded"],
        ["three", [...before, ...polls(20, 35, missed, 5)], "unknown", "unknown"],
        ["nothing ever read", [poll(0, missed)], "unknown", "unknown"],
        ["nothing said of mains", [poll(0, { watts: 300 })], "unknown", "unknown"],
    ];
    for (const [what, readings, supply, health] of cases) {
        it(`${what}: ${supply}, ${health}`, () => {
            const { verdict } = judgeAll(readings).at(-1)!;
            assert.deepEqual([verdict.supply, verdict.health], [supply, health]);
        });
    }
    it("a reading that is told twice changes none of it: the level holds, and no command follows", () => {
        const low = poll(60, { ...onBattery, charge: 3, simulated: true });
        const steps = judgeAll([...[...before, ...polls(20, 60, { ...onBattery, charge: 3 })].map((reading) => ({ ...reading, simulated: true as const })), low, low]);
        const { verdict, command } = steps.at(-1)!;
        const { supply, health, decision, rule, onBatterySeconds, simulated, change } = verdict;
        assert.deepEqual([supply, health, decision, rule, onBatterySeconds, simulated, change, command], ["battery", "critical", "shutdown", "low-charge", 40, true, undefined, undefined]);
    });
    it("of one moment eight readings are compared, and no more", () => {
        const crowd = (count: number): Reading[] => Array.from({ length: count }, (_, place) => poll(20, { ...online, load: place }));
        const supply = (count: number): string | undefined => judgeAll([...before, ...crowd(count), poll(20, onBattery)]).at(-1)?.verdict.supply;
        assert.deepEqual([supply(7), supply(8)], ["battery", "mains"]);
    });
    it("what is over says for how long mains had to be back", () => {
        const steps = judgeAll([...before, poll(20, onBattery), ...polls(25, 60, online, 5)]);
        assert.deepEqual(steps.flatMap(({ command }) => (command ? [[command.action, command.stableSeconds]] : [])), [["restored", 30]]);
    });
    it("an FSD that was acted upon is that still after data were lost", () => {
        const fsd = { ...online, flags: ["FSD", "OL"] };
        const { decided, moment, ...state } = stateOf(...before, poll(20, fsd));
        assert.ok(decided !== undefined && moment !== undefined);
        assert.deepEqual(told(judgeAll([poll(25, missed), poll(30, fsd)], {}, state)), []);
    });
});
