import { defaultTriggerConfig, triggerProblems, type TriggerConfig } from "../../lib/power/trigger-config";
import { shutdownRules, type ShutdownRule } from "../../lib/power/verdict";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

/** The name of the field that switches each rule on. */
export const ruleFields: Readonly<Record<ShutdownRule, string>> = {
    "forced-shutdown": "onForcedShutdown",
    failsafe: "onFailsafe",
    "low-charge": "onLowCharge",
    "low-runtime": "onLowRuntime",
    "low-battery-flag": "onLowBatteryFlag",
    depletion: "onDepletion",
    "time-on-battery": "onTimeOnBattery",
    "power-state": "onPowerState",
    "output-off": "onOutputOff",
};

const day = 86_400;

/** The trigger's settings as the editor stored them: durations in s, charges in %. Absent fields take the defaults. */
export function parseConfig(stored: StoredConfig): { config: TriggerConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const defaults = defaultTriggerConfig;
    const seconds = (key: string, fallbackMs: number, min = 0): number => settings.number(key, { fallback: fallbackMs / 1000, min, max: 30 * day }) * 1000;
    const count = (key: string, fallback: number): number => settings.number(key, { fallback, min: 1, max: 1000, integer: true });
    const percent = (key: string, fallback: number): number => settings.number(key, { fallback, min: 0, max: 100 });
    const config: TriggerConfig = {
        rules: Object.fromEntries(shutdownRules.map((rule) => [rule, settings.boolean(ruleFields[rule], defaults.rules[rule])])) as Record<ShutdownRule, boolean>,
        stabilizationMs: seconds("stabilization", defaults.stabilizationMs),
        mainsStableMs: seconds("mainsStable", defaults.mainsStableMs),
        lowCharge: percent("lowCharge", defaults.lowCharge),
        lowRuntime: settings.number("lowRuntime", { fallback: defaults.lowRuntime, min: 0, max: 30 * day }),
        measuredRuntime: settings.boolean("measuredRuntime", defaults.measuredRuntime),
        lowBatterySamples: count("lowBatterySamples", defaults.lowBatterySamples),
        lowBatteryMs: seconds("lowBatteryFor", defaults.lowBatteryMs),
        lowBatteryAloneMs: seconds("lowBatteryAlone", defaults.lowBatteryAloneMs),
        lowBatteryCharge: percent("lowBatteryCharge", defaults.lowBatteryCharge),
        depletionPerMinute: settings.number("depletionRate", { fallback: defaults.depletionPerMinute, min: 0.01, max: 100 }),
        depletionWindowMs: seconds("depletionWindow", defaults.depletionWindowMs, 10),
        depletionGraceMs: seconds("depletionGrace", defaults.depletionGraceMs),
        timeOnBatteryMs: seconds("timeOnBattery", defaults.timeOnBatteryMs),
        offMs: seconds("outputOff", defaults.offMs),
        missedPolls: count("missedPolls", defaults.missedPolls),
        missedMs: seconds("missedFor", defaults.missedMs),
        blindLeastMs: seconds("blindLeast", defaults.blindLeastMs),
        blindMostMs: seconds("blindMost", defaults.blindMostMs),
        hardFloor: percent("hardFloor", defaults.hardFloor),
        frozenMs: seconds("frozen", defaults.frozenMs, 10),
        gapMs: seconds("gap", defaults.gapMs, 1),
        readyCharge: percent("readyCharge", defaults.readyCharge),
        chargeStillMs: settings.number("chargeStill", { fallback: defaults.chargeStillMs / 3_600_000, min: 0, max: 30 * 24 }) * 3_600_000,
        powerGraceMs: seconds("powerGrace", defaults.powerGraceMs),
        agreement: settings.choice("agreement", ["each", "two-kinds"], defaults.agreement),
        witnessMs: seconds("witness", defaults.witnessMs, 1),
    };
    return { config, problems: [...settings.problems, ...triggerProblems(config)] };
}
