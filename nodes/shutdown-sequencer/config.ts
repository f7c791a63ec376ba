import { startStates, type StartOn } from "../../lib/shutdown/gate";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface SequencerConfig {
    /** Id of a shutdown-plan. */
    plan: string;
    dryRun: boolean;
    enabled: boolean;
    startOn: StartOn;
    /** How long power must be back before a run is put back, s. */
    stableS: number;
    /** The longest that a person can hold a run, minutes. */
    holdMinutes: number;
    /** Holding and cancelling by message need the token of the run. */
    needsToken: boolean;
}

/** A switch that is neither true nor false is a problem, and with a problem nothing is armed. */
export function parseConfig(stored: StoredConfig): { config: SequencerConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const config = {
        plan: settings.text("plan"),
        dryRun: settings.boolean("dryRun", true),
        enabled: settings.boolean("enabled", false),
        startOn: settings.choice("startOn", startStates, "critical"),
        stableS: settings.number("stable", { fallback: 30, min: 0, max: 3600 }),
        holdMinutes: settings.number("hold", { fallback: 10, min: 1, max: 120 }),
        needsToken: settings.boolean("needsToken", false),
    };
    if (config.plan === "") settings.problem("no shutdown plan");
    return { config, problems: settings.problems };
}
