import type { Speed } from "../../lib/stores/tape-deck";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export interface PlayerConfig {
    /** Name of a recorded or shipped tape. */
    tape: string;
    speed: Speed;
}

export const slowest = 1;
export const fastest = 1000;

export const migrations: readonly Migration[] = [];

/** The player's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: PlayerConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const config: PlayerConfig = {
        tape: settings.text("tape", "blip"),
        speed: settings.text("speed") === "max" ? "max" : settings.number("speed", { fallback: 60, min: slowest, max: fastest }),
    };
    return { config, problems: settings.problems };
}
