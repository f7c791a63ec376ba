import type { Final, PlanDraft } from "../../lib/shutdown/plan";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

/** A host of the plan as it is stored: its config node, and what the plan does to it. */
export interface PlanRow extends Pick<Required<PlanDraft["hosts"][number]>, "services" | "after" | "stopTimeoutS"> {
    /** Id of a power-host. */
    host: string;
}

export interface ShutdownPlanConfig {
    rows: PlanRow[];
    final: Final;
}

/**
 * The ids of the hosts are kept in a list of their own, `hosts`, which the editor knows to be config nodes: it exports them
 * with the plan and renames them on import. `steps` has the rest of each row in the same order.
 */
export function parseConfig(stored: StoredConfig): { config: ShutdownPlanConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const steps = settings.list("steps");
    const rows = settings.list("hosts").flatMap((id, index): PlanRow[] => {
        if (typeof id !== "string" || id === "") {
            settings.problem(`row ${index + 1} has no host`);
            return [];
        }
        const step = steps[index];
        const row = new Settings(typeof step === "object" && step !== null ? (step as StoredConfig) : {});
        const parsed = { host: id, services: names(row, "services"), after: names(row, "after"), stopTimeoutS: row.number("stopTimeout", { fallback: 30, min: 1, max: 3600 }) };
        row.problems.forEach((problem) => settings.problem(`row ${index + 1}: ${problem}`));
        return [parsed];
    });
    const verb = settings.choice("final", ["shutdown", "poweroff", "none"], "shutdown");
    const delayMinutes = settings.number("delay", { fallback: 2, min: 0, max: 60, integer: true });
    return { config: { rows, final: verb === "shutdown" ? { verb, delayMinutes } : { verb } }, problems: settings.problems };
}

/** Names in a list, or in a text with commas, blanks or lines between them. */
function names(row: Settings, key: string): string[] {
    const raw = row.stored[key];
    const list = Array.isArray(raw) ? row.list(key) : row.text(key).split(/[\s,]+/);
    if (list.some((name) => typeof name !== "string")) row.problem(`${key} has something that is no name`);
    return list.filter((name): name is string => typeof name === "string" && name !== "");
}
