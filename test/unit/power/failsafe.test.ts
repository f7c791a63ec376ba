import assert from "node:assert/strict";
import { blindAllowance, frozenAllowanceMs } from "../../../lib/power/failsafe";
import type { Estimated } from "../../../lib/power/reading";
import { defaultTriggerConfig, type TriggerConfig } from "../../../lib/power/trigger-config";
import type { TriggerState } from "../../../lib/power/trigger-state";

const rulesWithout = (rule: keyof TriggerConfig["rules"]): Partial<TriggerConfig> => ({ rules: { ...defaultTriggerConfig.rules, [rule]: false } });

describe("blindAllowance", () => {
    interface Case {
        known?: Partial<TriggerState["known"]>;
        onBatteryMs?: number;
        blindMs?: number;
        estimated?: Estimated;
        config?: Partial<TriggerConfig>;
    }
    const cases: [rule: string, what: Case, seconds: number][] = [
        ["half of the runtime above its limit", { known: { runtime: 1200 } }, 300],
        ["at least so long", { known: { runtime: 610 } }, 60],
        ["at most so long", { known: { runtime: 50_000 }, config: { ...rulesWithout("time-on-battery") } }, 900],
        ["the whole runtime where no limit is set", { known: { runtime: 1200 }, config: rulesWithout("low-runtime") }, 600],
        ["without a runtime, the charge at the rate that counts as too fast", { known: { charge: 80 } }, 240],
        ["or at twice the rate that was measured", { known: { charge: 80, perMinute: 5 } }, 360],
        ["that, too, where a runtime was claimed long ago, or is hopeful", { known: { runtime: 3000, charge: 25, perMinute: 3 }, config: rulesWithout("time-on-battery") }, 60],
        ["but never longer than the runtime allows", { known: { runtime: 900, charge: 90, perMinute: 3 } }, 150],
        ["without a measured rate a claimed runtime knows better", { known: { runtime: 1200, charge: 22 } }, 300],
        ["also where that was slow", { known: { charge: 22, perMinute: 0.5 } }, 120],
        ["a rate of 0 is none", { known: { charge: 80, perMinute: 0 } }, 240],
        ["a battery that was not drained is no reason to wait", { known: { charge: 80, perMinute: -1 } }, 240],
        ["with nothing known, the least", {}, 60],
        ["never past the time on battery", { known: { runtime: 5000 }, onBatteryMs: 700_000 }, 200],
        ["as it was when the data stopped", { known: { runtime: 5000 }, onBatteryMs: 750_000, blindMs: 50_000 }, 200],
        ["a local model carries on while its lower bound holds", { known: { charge: 21 }, estimated: { low: 40, high: 60, since: 0 } }, 900],
        ["for a day at most", { estimated: { low: 40, high: 60, since: 0 }, config: rulesWithout("time-on-battery") }, 86_400],
        ["at its limit it holds", { known: { charge: 21 }, estimated: { low: 20, high: 60, since: 0 } }, 900],
        ["and no longer", { known: { charge: 80 }, estimated: { low: 19, high: 60, since: 0 } }, 60],
    ];
    for (const [rule, { known, onBatteryMs = 0, blindMs = 0, estimated, config }, seconds] of cases) {
        it(`${rule}: ${seconds} s`, () => {
            const state: TriggerState = { order: { at: 1_000_000 }, known: { source: "nut", on: "battery", ...known }, missed: { count: 3, since: 1_000_000 - blindMs }, battery: { elapsedMs: onBatteryMs, assumedMs: 0, transferAt: 0 } };
            assert.equal(blindAllowance({ ...defaultTriggerConfig, ...config }, state, estimated ? { estimated } : {}).ms, seconds * 1000);
        });
    }
});

describe("why so long", () => {
    const why = (known: Partial<TriggerState["known"]>, estimated?: Estimated): string => blindAllowance(defaultTriggerConfig, { order: { at: 0 }, known: { source: "nut", on: "battery", ...known } }, estimated ? { estimated } : {}).why;
    it("is said with what was last known", () => {
        assert.deepEqual([why({ runtime: 1200.4 }), why({ charge: 61.26 }), why({}), why({}, { low: 40.04, high: 60, since: 0 }), why({}, { low: 12.36, high: 60, since: 0 })], [
            "last known runtime 1200 s", "last known charge 61.3 %", "neither charge nor runtime was ever known", "the charge is at least 40 % by our own reckoning", "the charge may be 12.4 % by now",
        ]);
    });
});

describe("frozenAllowanceMs", () => {
    it("lets the claimed runtime run down to its limit, from when the numbers froze", () => {
        assert.deepEqual([2000, 650, undefined].map((runtime) => frozenAllowanceMs(defaultTriggerConfig, runtime)), [1_400_000, 300_000, undefined]);
        assert.equal(frozenAllowanceMs({ ...defaultTriggerConfig, ...rulesWithout("low-runtime") }, 650), 650_000);
    });
});
