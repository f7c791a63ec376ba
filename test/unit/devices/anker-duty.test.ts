import assert from "node:assert/strict";
import fc from "fast-check";
import { afterTelemetry, afterTrigger, mayAskNow, modeAfter, nextTrigger, noDuty, type Duty, type Mode } from "../../../lib/devices/anker-duty";

const config = { intervalMs: 120_000, fastIntervalMs: 30_000, fastBelow: 30 };
const second = 1000;
const start = 1_000_000;

/** The triggers that a device gets within `ms`, and the seconds asked for. */
function triggersWithin(ms: number, mode: Mode, answers: boolean, settings = config): { at: number; seconds: number }[] {
    const all: { at: number; seconds: number }[] = [];
    let duty: Duty = noDuty;
    for (let now = start; now <= start + ms;) {
        const next = nextTrigger(duty, mode, settings);
        now = Math.max(now, next.at);
        if (now > start + ms) break;
        all.push({ at: now - start, seconds: next.seconds });
        duty = afterTrigger(duty, now, next.seconds);
        if (answers) duty = afterTelemetry(duty);
        now += 1;
    }
    return all;
}

describe("how often a power station is asked", () => {
    it("normally: a minute of telemetry at each interval", () => assert.deepEqual(triggersWithin(360 * second, "normal", true), [0, 120, 240, 360].map((at) => ({ at: at * second, seconds: 60 }))));
    it("FAST: without a pause, renewed just before each five minutes end", () => assert.deepEqual(triggersWithin(900 * second, "fast", true), [0, 295, 590, 885].map((at) => ({ at: at * second, seconds: 300 }))));
    it("without a pause also at intervals of up to a minute", () => assert.deepEqual(triggersWithin(300 * second, "normal", true, { ...config, intervalMs: 10_000 }).map(({ at }) => at), [0, 295 * second]));
    it("less and less often when it does not answer", () => {
        const at = triggersWithin(7200 * second, "fast", false).map((trigger) => trigger.at / second);
        assert.deepEqual(at.slice(0, 4), [0, 30, 60, 120]);
        assert.ok(at.length < 20, `${at.length} in two hours`);
    });
    it("never more than 60 times an hour, whatever is set and whatever comes", () => {
        fc.assert(fc.property(fc.integer({ min: 1, max: 600_000 }), fc.integer({ min: 1, max: 600_000 }), fc.constantFrom<Mode>("normal", "fast"), fc.boolean(), (intervalMs, fastIntervalMs, mode, answers) => {
            const all = triggersWithin(3_600_000 - 1, mode, answers, { ...config, intervalMs, fastIntervalMs });
            assert.ok(all.length <= 60);
            for (const { seconds } of all) assert.ok(seconds >= 30 && seconds <= 600);
        }), { numRuns: 200 });
    });
    it("out of turn only when that does any good", () => {
        assert.ok(mayAskNow(noDuty, start));
        const asked = afterTrigger(noDuty, start, 60);
        assert.ok(!mayAskNow(asked, start + second), "it was just asked");
        assert.ok(mayAskNow(asked, start + 10 * second), "it did not answer");
        assert.ok(!mayAskNow(afterTelemetry(asked), start + 10 * second), "it is sending");
        let often = noDuty;
        for (let count = 0; count < 60; count += 1) often = afterTrigger(often, start + count * 10 * second, 30);
        assert.ok(!mayAskNow(often, start + 700 * second), "60 in this hour");
    });

    const modes: [string, Mode, number | undefined, boolean, Mode][] = [
        ["a low charge is watched closely", "normal", 30, false, "fast"],
        ["a high one is not", "normal", 31, false, "normal"],
        ["FAST holds until the charge has clearly risen", "fast", 35, false, "fast"],
        ["and ends then", "fast", 36, false, "normal"],
        ["an outage is watched closely at any charge", "normal", 100, true, "fast"],
        ["an unknown charge changes nothing", "fast", undefined, false, "fast"],
        ["an unknown charge changes nothing in normal mode either", "normal", undefined, false, "normal"],
    ];
    for (const [what, before, charge, outage, wanted] of modes) it(what, () => assert.equal(modeAfter(before, { charge, outage }, config), wanted));
});
