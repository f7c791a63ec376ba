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
    const none = Object.fromEntries(shutdownRules.map((rule) => [rule, false])) as TriggerConfig["rules"];
    const wrong: [change: Partial<TriggerConfig>, problem: RegExp][] = [
        [{ rules: none }, /every rule is off/],
        [{ blindLeastMs: 100, blindMostMs: 10 }, /at most shorter than at least/],
        [{ hardFloor: 30 }, /hard floor \(30 %\)/],
    ];
    for (const [change, problem] of wrong) it(`says so: ${String(problem)}`, () => assert.match(triggerProblems({ ...defaultTriggerConfig, ...change }).join(), problem));
});
