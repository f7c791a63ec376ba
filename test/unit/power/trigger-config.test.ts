import assert from "node:assert/strict";
import { defaultTriggerConfig, triggerProblems, type TriggerConfig } from "../../../lib/power/trigger-config";
import { shutdownRules } from "../../../lib/power/verdict";

describe("trigger config", () => {
    it("by default every rule is on, with Eneru's thresholds", () => {
        const { rules, stabilizationMs, lowCharge, lowRuntime, depletionPerMinute, depletionWindowMs, depletionGraceMs, timeOnBatteryMs, missedPolls } = defaultTriggerConfig;
        assert.ok(shutdownRules.every((rule) => rules[rule]));
        assert.deepEqual([stabilizationMs, lowCharge, lowRuntime, depletionPerMinute, depletionWindowMs, depletionGraceMs, timeOnBatteryMs, missedPolls], [30_000, 20, 600, 15, 300_000, 90_000, 900_000, 3]);
        assert.deepEqual(triggerProblems(defaultTriggerConfig), []);
    });
    // ups.md §8.1, R03, R04, R08 and R08b.
    it("and by default as careful as its users' bug reports ask", () => {
        const { missedPolls, missedMs, offMs, mainsStableMs, hardFloor, lowBatterySamples, lowBatteryMs, lowBatteryCharge, powerGraceMs } = defaultTriggerConfig;
        assert.deepEqual({ missedPolls, missedMs, offMs, mainsStableMs, hardFloor, lowBatterySamples, lowBatteryMs, lowBatteryCharge, powerGraceMs }, {
            missedPolls: 3, missedMs: 15_000, offMs: 30_000, mainsStableMs: 30_000, hardFloor: 10, lowBatterySamples: 2, lowBatteryMs: 3000, lowBatteryCharge: 50, powerGraceMs: 300_000,
        });
    });
    const none = Object.fromEntries(shutdownRules.map((rule) => [rule, false])) as TriggerConfig["rules"];
    const wrong: [change: Partial<TriggerConfig>, problem: RegExp][] = [
        [{ rules: none }, /every rule is off/],
        [{ blindLeastMs: 100, blindMostMs: 10 }, /can't wait at least 0.1 s and at most 0.01 s/],
        [{ hardFloor: 30 }, /hard floor \(30 %\)/],
    ];
    for (const [change, problem] of wrong) it(`says so: ${String(problem)}`, () => assert.match(triggerProblems({ ...defaultTriggerConfig, ...change }).join(), problem));
});
