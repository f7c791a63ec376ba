import type { ClassifierConfig } from "../../lib/power/classify";
import { defaultThresholds, thresholdNames, thresholdProblems, type Thresholds } from "../../lib/power/thresholds";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

/** The classifier's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: ClassifierConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const thresholds = Object.fromEntries(thresholdNames.map((name) => [name, settings.number(name, { fallback: defaultThresholds[name] })])) as unknown as Thresholds;
    const config = {
        thresholds,
        hysteresis: settings.number("hysteresis", { fallback: 5, min: 0 }),
        confirmations: settings.number("confirmations", { fallback: 1, min: 1, max: 100, integer: true }),
        missedPolls: settings.number("missedPolls", { fallback: 5, min: 1, max: 10_000, integer: true }),
        loadIsConstant: settings.boolean("loadIsConstant", false),
    };
    return { config, problems: [...settings.problems, ...thresholdProblems(thresholds)] };
}
