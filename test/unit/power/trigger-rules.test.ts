import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import { defaultTriggerConfig, type TriggerConfig } from "../../../lib/power/trigger-config";
import type { Finding, ShutdownRule } from "../../../lib/power/verdict";
import { draining, judgeAll, missed, onBattery, online, poll, polls, told } from "../../support/trigger-story";

const before = polls(0, 20, online, 5);
const flags = (...names: string[]): Partial<Reading> => ({ ...onBattery, flags: names });
/** On battery until the transfer has settled, then this. */
const settled = (...readings: Reading[]): Reading[] => [...before, ...polls(20, 60, onBattery), ...readings];

describe("what a rule found: outcome, value, limit, age, and why", () => {
    const fresh = { ageSeconds: 0 };
    const cases: Partial<Record<ShutdownRule, [readings: Reading[], found: Omit<Finding, "rule">][]>> = {
        "forced-shutdown": [
            [before, { outcome: "no", why: "no FSD" }],
            [[...before, poll(20, { ...online, flags: ["OL", "FSD"] })], { outcome: "holds", why: "FSD: the primary has declared a forced shutdown" }],
        ],
        failsafe: [
            [before, { outcome: "no", why: "the data is fresh" }],
            [[poll(0, missed)], { outcome: "no", why: "1 poll missed; never known on battery" }],
            [[...before, poll(20, missed), poll(27.5, missed)], { outcome: "no", ageSeconds: 12.5, why: "2 polls missed; last known on mains" }],
            [[...before, poll(20, flags("OB", "CAL")), poll(25, missed)], { outcome: "no", ageSeconds: 5, why: "1 poll missed; last known on battery for a test or in bypass" }],
            [settled(poll(65, missed), poll(80, missed)), { outcome: "waits", value: 21, limit: 861, ageSeconds: 21, why: "2 polls missed, last known on battery; needs 3 polls and 15 s" }],
            [settled(...polls(60, 64, missed)), { outcome: "waits", value: 4, limit: 861, ageSeconds: 4, why: "4 polls missed, last known on battery; needs 3 polls and 15 s" }],
            [settled(poll(60, { ...onBattery, runtime: 620 }), poll(65, missed), poll(70, missed), poll(75, missed)), { outcome: "waits", value: 15, limit: 60, ageSeconds: 15, why: "no data for 15 s, last known on battery, last known runtime 620 s: 45 s to go" }],
            [settled(poll(60, { ...onBattery, runtime: 620 }), ...polls(90, 121, missed, 15)), { outcome: "holds", value: 60, limit: 60, ageSeconds: 60, why: "no data for 60 s (3 polls missed), last known on battery, last known runtime 620 s" }],
            [[...before, ...polls(20, 320, { ...onBattery, load: 12 })], { outcome: "no", why: "the data is fresh" }],
            [[...before, ...polls(20, 321, { ...onBattery, load: 12 })], { outcome: "waits", value: 300, limit: 1800, ageSeconds: 300, why: "no number has moved for 300 s on battery: frozen, 1500 s until the runtime that they claim is used up" }],
            [[poll(0, { mains: "present" }), ...polls(20, 321, { mains: "absent", charge: 80, load: 12, watts: 100 })], { outcome: "no", value: 300, why: "no number has moved for 300 s on battery: frozen" }],
        ],
        "low-charge": [
            [before, { outcome: "no", why: "mains is present" }],
            [[...before, poll(20, missed)], { outcome: "no", why: "no data" }],
            [[...before, poll(20, { flags: ["WAIT"] })], { outcome: "no", why: "the reading does not say whether mains is present" }],
            [[...before, poll(20, onBattery)], { outcome: "no", value: 90, limit: 20, ...fresh, why: "charge 90 % is not below 20 %" }],
            [[...before, poll(20, { mains: "absent" })], { outcome: "no", why: "no charge is measured" }],
            [[...before, poll(20, { ...onBattery, charge: 255 })], { outcome: "no", why: "charge 255 % is no charge: ignored" }],
            [[...before, poll(20, { ...onBattery, charge: 3.25 })], { outcome: "waits", value: 3.25, limit: 20, ...fresh, why: "charge 3.3 % jumped from 100 %: the next reading must confirm it" }],
            [[poll(20, { ...onBattery, charge: 3 })], { outcome: "waits", value: 3, limit: 20, ...fresh, why: "charge 3 % jumped from nothing: the next reading must confirm it" }],
            [[...before, ...polls(20, 31, { ...onBattery, charge: 15 })], { outcome: "waits", value: 15, limit: 20, ...fresh, why: "charge 15 % is below 20 %; stabilization, 20 s to go" }],
            [[...before, ...polls(20, 22, { ...flags("OB", "CAL"), charge: 10 })], { outcome: "suspended", value: 10, limit: 10, ...fresh, why: "calibration: charge 10 % is not below the hard floor of 10 %" }],
            [[...before, poll(20, { ...flags("OB", "CAL"), charge: 9 })], { outcome: "waits", value: 9, limit: 10, ...fresh, why: "charge 9 % is below the hard floor of 10 %, calibration or not" }],
            [[...before, ...polls(20, 22, { ...flags("OB", "CAL"), charge: 9 })], { outcome: "holds", value: 9, limit: 10, ...fresh, why: "charge 9 % is below the hard floor of 10 %, calibration or not" }],
            [[...before, poll(20, { mains: "absent", flags: ["OB", "CAL"] })], { outcome: "suspended", why: "calibration" }],
        ],
        "low-runtime": [
            [[...before, poll(20, onBattery)], { outcome: "no", value: 2400, limit: 600, ...fresh, why: "runtime 2400 s is not below 600 s" }],
            [[...before, poll(20, { mains: "absent" })], { outcome: "no", why: "no runtime is claimed" }],
            [[...before, poll(20, { ...onBattery, runtime: 0 })], { outcome: "no", value: 0, limit: 600, ...fresh, why: "runtime 0 s is no runtime: ignored" }],
            [settled(poll(60, { ...onBattery, runtime: 12 })), { outcome: "waits", value: 12, limit: 600, ...fresh, why: "runtime 12 s jumped from 2400 s: the next reading must confirm it" }],
            [[poll(20, { ...onBattery, runtime: 500 })], { outcome: "waits", value: 500, limit: 600, ...fresh, why: "runtime 500 s jumped from nothing: the next reading must confirm it" }],
            [[...before, ...polls(20, 51, { ...onBattery, runtime: 500 })], { outcome: "holds", value: 500, limit: 600, ...fresh, why: "runtime 500 s is below 600 s" }],
        ],
        "low-battery-flag": [
            [[...before, poll(20, { ...online, flags: ["OL", "LB"] })], { outcome: "no", why: "LB while mains is present: ignored" }],
            [[...before, poll(20, onBattery)], { outcome: "no", why: "no LB" }],
            [[...before, poll(20, flags("OB", "LB"))], { outcome: "waits", why: "LB; it counts after stabilization only" }],
            [[...before, ...polls(20, 52, flags("OB", "LB"))], { outcome: "waits", value: 1, limit: 60, ...fresh, why: "LB for 1 s, though no number bears it out; it must last 60 s" }],
            [[...before, ...polls(20, 54, { ...flags("OB", "LB"), charge: 45 })], { outcome: "holds", value: 3, limit: 3, ...fresh, why: "LB for 3 s, and the charge is 45 %" }],
        ],
        depletion: [
            [[...before, poll(20, onBattery)], { outcome: "no", why: "more readings are needed" }],
            [[...before, ...polls(20, 130, draining(20, 10, 100, { runtime: 3000 }))], { outcome: "no", value: 10, limit: 15, ...fresh, why: "the charge falls by 10 %/min, not by more than 15 %/min" }],
            [[...before, ...polls(20, 130, draining(20, 30, 100, { runtime: 3000 }))], { outcome: "holds", value: 30, limit: 15, ...fresh, why: "the charge falls by 30 %/min, by more than 15 %/min" }],
        ],
        "time-on-battery": [
            [[...before, ...polls(20, 81, onBattery)], { outcome: "no", value: 60, limit: 900, ...fresh, why: "60 s on battery, not longer than 900 s" }],
            [polls(0, 11, onBattery), { outcome: "no", value: 460, limit: 900, ...fresh, why: "460 s on battery (450 s of it assumed: it began before anybody looked), not longer than 900 s" }],
            [[...before, ...polls(20, 921, onBattery, 5), poll(921, onBattery)], { outcome: "holds", value: 901, limit: 900, ...fresh, why: "901 s on battery, longer than 900 s" }],
        ],
        "output-off": [
            [before, { outcome: "no", why: "the output is not off" }],
            [[...before, poll(20, missed)], { outcome: "no", why: "no data" }],
            [[...before, ...polls(20, 31, { ...online, flags: ["OL", "OFF"] }, 5)], { outcome: "waits", value: 10, limit: 30, ...fresh, why: "OFF for 10 s; it must last 30 s" }],
            [[...before, ...polls(20, 51, { ...online, flags: ["OL", "OFF"] }, 5)], { outcome: "holds", value: 30, limit: 30, ...fresh, why: "the output has been OFF for 30 s" }],
            [[...before, poll(20, { ...flags("OB", "OFF"), testing: true })], { outcome: "suspended", why: "OFF: self-test" }],
        ],
    };
    for (const [rule, found] of Object.entries(cases)) {
        for (const [readings, expected] of found) it(`${rule} ${expected.outcome}: ${expected.why}`, () => assert.deepEqual(judgeAll(readings).at(-1)?.verdict.findings.find((each) => each.rule === rule), { rule, ...expected }));
    }
});

describe("the edges of the rules", () => {
    const onlyTime = { rules: { ...defaultTriggerConfig.rules, failsafe: false } };
    const cases: [edge: string, readings: Reading[], decided: string | undefined, config?: Partial<TriggerConfig>][] = [
        ["a charge that falls by 5 % counts at once", settled(poll(60, { ...onBattery, charge: 24 }), poll(61, { ...onBattery, charge: 19 })), "61 shutdown low-charge"],
        ["by more, with the next reading", settled(poll(60, { ...onBattery, charge: 25 }), ...polls(61, 63, { ...onBattery, charge: 19 })), "62 shutdown low-charge"],
        ["a runtime that falls by 120 s counts at once", settled(poll(60, { ...onBattery, runtime: 719 }), poll(61, { ...onBattery, runtime: 599 })), "61 shutdown low-runtime"],
        ["by more, with the next reading", settled(poll(60, { ...onBattery, runtime: 720 }), ...polls(61, 63, { ...onBattery, runtime: 599 })), "62 shutdown low-runtime"],
        ["a runtime that has stood still for some seconds only is believed", [...polls(10_000, 10_020, online, 5), ...polls(10_020, 10_060, { ...onBattery, runtime: 500 })], "10050 shutdown low-runtime"],
        ["LB of slow polls: the second one is enough", settled(...polls(60, 75, { ...flags("OB", "LB"), charge: 45 }, 5)), "65 shutdown low-battery-flag"],
        ["or the third, where three are wanted", settled(...polls(60, 75, { ...flags("OB", "LB"), charge: 45 }, 5)), "70 shutdown low-battery-flag", { lowBatterySamples: 3 }],
        ["OFF is said twice at least", [...before, poll(20, { ...online, flags: ["OL", "OFF"] }), poll(30, online)], undefined, { offMs: 0 }],
        ["and then suffices", [...before, ...polls(20, 31, { ...online, flags: ["OL", "OFF"] }, 10)], "30 shutdown output-off", { offMs: 0 }],
        ["below the hard floor, a transfer that comes after 30 s on battery is not waited for", [...before, ...polls(20, 50, { ...onBattery, charge: 21 }), poll(50, { ...onBattery, charge: 9 }), poll(51, { ...online, charge: 9 }), ...polls(52, 55, { ...onBattery, charge: 9 })], "52 shutdown low-charge"],
        ["the clock on battery goes on while nothing can be read", settled(...polls(60, 880, missed, 5), ...polls(880, 930, onBattery, 5)), "925 shutdown time-on-battery", onlyTime],
        ["frozen numbers: until the runtime that they claim is used up, and then they decide", [...before, ...polls(20, 330, { ...onBattery, runtime: 900, load: 12 })], "321 shutdown failsafe"],
    ];
    for (const [edge, readings, decided, config] of cases) it(edge, () => assert.equal(told(judgeAll(readings, config)).find((change) => change.includes("shutdown")), decided));
});
