import { startStates, type StartOn } from "../../lib/shutdown/gate";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [
    // Nobody had been asked until then: an upgrade disarms nobody, and what is armed later is asked.
    { to: 2, up: (stored) => ({ ...stored, rootKnown: stored.rootKnown ?? wasArmed(stored), openKnown: stored.openKnown ?? wasArmed(stored) }) },
];

function wasArmed({ dryRun, enabled }: StoredConfig): boolean {
    return dryRun === false && enabled === true;
}

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
    /** A person knows that Node-RED runs as root, that its editor has no password. */
    rootKnown: boolean;
    openKnown: boolean;
    /** Hosts without a drill that counts are left alone in a real run, instead of tried all the same. */
    onlyDrilled: boolean;
    /** How old the proof of a host may become before it is drilled again while armed, hours; 0: never by itself. */
    checkHours: number;
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
        rootKnown: settings.boolean("rootKnown", false),
        openKnown: settings.boolean("openKnown", false),
        onlyDrilled: settings.boolean("onlyDrilled", false),
        checkHours: settings.number("check", { fallback: 24, min: 0, max: 8760 }),
    };
    if (config.plan === "") settings.problem("no shutdown plan");
    return { config, problems: settings.problems };
}
