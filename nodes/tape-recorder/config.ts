import { slug } from "../../lib/power/reading";
import type { VerdictChoice } from "../../lib/stores/tape-line";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export interface RecorderConfig {
    /** Slug that begins the names of the files. */
    tape: string;
    verdicts: VerdictChoice;
    /** Of all tapes of that name together. */
    megabytes: number;
    days: number;
}

export const migrations: readonly Migration[] = [];

/** The recorder's settings as the editor stored them. */
export function parseConfig(stored: StoredConfig): { config: RecorderConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const config: RecorderConfig = {
        tape: slug(settings.text("tape", "tape")).slice(0, 60),
        verdicts: settings.choice("verdicts", ["changes", "all"], "changes"),
        megabytes: settings.number("megabytes", { fallback: 50, min: 1, max: 10_000 }),
        days: settings.number("days", { fallback: 30, min: 1, max: 3650 }),
    };
    return { config, problems: settings.problems };
}
