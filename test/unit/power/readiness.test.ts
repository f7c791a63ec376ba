import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import { isReadiness } from "../../../lib/power/readiness";
import { parseTriggerState } from "../../../lib/power/trigger-state";
import { judgeAll, onBattery, online, poll, polls, told } from "../../support/trigger-story";

const hour = 3600;
const at = (charge: number): Partial<Reading> => ({ ...online, charge });
/** Polls once a minute. */
const minutes = (from: number, to: number, says: Parameters<typeof polls>[2]): Reading[] => polls(from, to, says, 60);

describe("readiness: a battery that an outage would find empty is told before", () => {
    const stories: [story: string, readings: Reading[], expected: string[]][] = [
        ["full: nothing to tell", minutes(0, 24 * hour, online), []],
        ["a low charge on mains, once, and once that it is over; not at the very limit", minutes(0, 30 * 60, (second) => at(second < 600 ? 25 : second < 1200 ? 33 : 36)), ["60 not-ready", "1200 ready"]],
        ["a single wild reading is none", [...polls(0, 10, online), poll(10, at(3)), ...polls(11, 20, online)], []],
        ["a source that knows nothing of mains, as a power station by itself", minutes(0, 600, { mains: "unknown", charge: 22 }), ["60 not-ready"]],
        ["in an outage the charge falls, as it should: that is told by the outage", [...polls(0, 10, online), ...polls(10, 300, { ...onBattery, charge: 24, runtime: 2000 })], ["10 on-battery"]],
        ["after an outage, until it has charged", [...polls(0, 10, online), ...polls(10, 300, { ...onBattery, charge: 24, runtime: 2000 }), ...polls(300, 400, at(24)), ...polls(400, 410, at(40))],
            ["10 on-battery", "300 on-mains", "301 not-ready", "330 cancelled", "400 ready"]],
        ["a calibration empties it on purpose", [...polls(0, 10, online), ...polls(10, 300, { mains: "absent", flags: ["OB", "CAL"], charge: 15 }), ...polls(300, 310, at(80))], []],
        ["one that should charge and does not, for six hours", minutes(0, 8 * hour, at(60)), [`${6 * hour} not-ready`]],
        ["not even by a percent that comes and goes", minutes(0, 8 * hour, (second) => at(60 + (second / 60) % 2)), [`${6 * hour} not-ready`]],
        ["one that charges slowly", minutes(0, 24 * hour, (second) => at(40 + second / hour)), []],
        ["one that charges at last", minutes(0, 9 * hour, (second) => at(second < 7 * hour ? 60 : 63)), [`${6 * hour} not-ready`, `${7 * hour} ready`]],
        ["one that rests where it is full enough", minutes(0, 24 * hour, at(80)), []],
        ["six hours of which nobody knows are none", [...minutes(0, 5 * hour, at(60)), ...minutes(11 * hour, 12 * hour, at(60))], []],
        ["a charge that is none says nothing", minutes(0, 600, at(255)), []],
    ];
    for (const [story, readings, expected] of stories) it(story, () => assert.deepEqual(told(judgeAll(readings)), expected));

    it("never shuts anything down, nor changes how a quorum counts the source", () => {
        const steps = judgeAll(minutes(0, 600, at(2)));
        assert.deepEqual([...new Set(steps.map(({ verdict: { decision, health } }) => `${decision} ${health}`))], ["none healthy"]);
        assert.ok(steps.every(({ command }) => command === undefined));
    });
    it("says why with every verdict, as long as it lasts", () => {
        const text = (readings: Reading[]): string => judgeAll(readings).at(-1)?.verdict.text ?? "";
        assert.equal(text(minutes(0, 300, at(22))), "ups1: on mains, 22 %, 3000 s left, not ready for an outage: charge 22 % is below 30 %");
        assert.equal(text(minutes(0, 7 * hour, at(60))), "ups1: on mains, 60 %, 3000 s left, not ready for an outage: charge 60 % has not risen for 7 h on mains: does the battery charge?");
        const decided = judgeAll([...polls(0, 10, online), ...polls(10, 60, { ...onBattery, charge: 12 }), ...polls(60, 64, at(12))]);
        assert.equal(decided.find(({ verdict }) => verdict.change === "not-ready")?.verdict.text, "ups1: not ready for an outage: charge 12 % is below 30 %", "also behind a decision that stands");
        assert.equal(judgeAll(minutes(0, 600, (second) => at(second < 300 ? 22 : 40))).find(({ verdict }) => verdict.change === "ready")?.verdict.text, "ups1: charge 40 %: ready for an outage again");
    });
    it("is told once over a restart", () => {
        const before = judgeAll(minutes(0, 300, at(22)));
        const restarted = parseTriggerState(JSON.parse(JSON.stringify(before.at(-1)?.state)));
        assert.ok(restarted);
        assert.deepEqual(told(judgeAll(minutes(300, 600, at(22)), {}, restarted)), []);
        assert.deepEqual(told(judgeAll(minutes(300, 600, at(50)), {}, restarted)), ["300 ready"]);
    });
    it("is not asked where 0 is set", () => assert.deepEqual(told(judgeAll(minutes(0, 12 * hour, at(10)), { readyCharge: 0, chargeStillMs: 0 })), []));
    for (const wrong of [null, 3, {}, { below: "1" }, { below: 1, floor: "x" }, { below: 1, unready: "tired" }]) it(`does not believe ${JSON.stringify(wrong)}`, () => assert.equal(isReadiness(wrong), false));
});
