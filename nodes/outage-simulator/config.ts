import type { Battery } from "../../lib/power/battery-model";
import { outageNames, type OutageName } from "../../lib/power/outages";
import { slug } from "../../lib/power/reading";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export interface SimulatorConfig {
    device: string;
    battery: Omit<Battery, "derateBelow">;
    /** % */
    startCharge: number;
    outage: OutageName;
    /** Simulated seconds to a real one. */
    speed: number;
    /** Real time between two ticks in ms. */
    intervalMs: number;
}

export const slowest = 1;
export const fastest = 1000;

export const migrations: readonly Migration[] = [];

/** The simulator's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: SimulatorConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const config: SimulatorConfig = {
        device: slug(settings.text("device", "simulator")),
        battery: {
            capacityWh: settings.number("capacityWh", { fallback: 3840, min: 1, max: 1_000_000 }),
            efficiency: settings.number("efficiency", { fallback: 90, min: 1, max: 100 }),
            loadWatts: settings.number("loadWatts", { fallback: 420, min: 1, max: 1_000_000 }),
        },
        startCharge: settings.number("startCharge", { fallback: 100, min: 1, max: 100 }),
        outage: settings.choice("outage", outageNames, "slow drain"),
        speed: settings.number("speed", { fallback: 60, min: slowest, max: fastest }),
        intervalMs: settings.number("interval", { fallback: 1, min: 0.01, max: 3600 }) * 1000,
    };
    return { config, problems: settings.problems };
}
