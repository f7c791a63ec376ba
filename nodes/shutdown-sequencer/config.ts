import { startStates, type StartOn } from "../../lib/shutdown/gate";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

export interface SequencerConfig {
    /** Id of a shutdown-plan. */
    plan: string;
    dryRun: boolean;
    enabled: boolean;
    startOn: StartOn;
}

/** A switch that is neither true nor false is a problem, and with a problem nothing is armed. */
export function parseConfig(stored: StoredConfig): { config: SequencerConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const config = {
        plan: settings.text("plan"),
        dryRun: settings.boolean("dryRun", true),
        enabled: settings.boolean("enabled", false),
        startOn: settings.choice("startOn", startStates, "critical"),
    };
    if (config.plan === "") settings.problem("no shutdown plan");
    return { config, problems: settings.problems };
}
