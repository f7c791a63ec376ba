import type { DepletionConfig } from "../../lib/power/depletion";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

/** The estimate's settings as the editor stored them. An empty capacity means: none is known. */
export function parseConfig(stored: StoredConfig): { config: DepletionConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const batteryWh = settings.number("batteryWh", { fallback: 0, min: 0 });
    const config: DepletionConfig = {
        source: settings.choice("source", ["auto", "charge", "watts"], "auto"),
        windowMs: settings.number("window", { fallback: 300, min: 10, max: 86_400 }) * 1000,
        graceMs: settings.number("grace", { fallback: 90, min: 0, max: 86_400 }) * 1000,
        thresholdPercent: settings.number("threshold", { fallback: 20, min: 0, max: 100 }),
        startCharge: settings.number("startCharge", { fallback: 100, min: 0, max: 100 }),
        efficiency: settings.number("efficiency", { fallback: 90, min: 1, max: 100 }),
        ...(batteryWh > 0 && { batteryWh }),
    };
    if (config.source === "watts" && config.batteryWh === undefined) settings.problem("batteryWh is needed to reckon from watts");
    return { config, problems: settings.problems };
}
