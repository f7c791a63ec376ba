import { actionNamed } from "../../lib/shutdown/actions";
import type { Parameter, ParameterValue } from "../../lib/shutdown/catalogue";
import { slug } from "../../lib/power/reading";
import { facilities, failurePolicies, priorities, type Final, type PlanDraft, type StepDraft } from "../../lib/shutdown/plan";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

type HostDraft = PlanDraft["hosts"][number];

/** A host of the plan as it is stored: its config node, and what the plan does to it. */
export interface PlanRow extends Required<Omit<HostDraft, "name" | "local" | "final" | "watch">>, Pick<HostDraft, "final" | "watch"> {
    /** Id of a power-host. */
    host: string;
}

export interface ShutdownPlanConfig {
    rows: PlanRow[];
    final: Final;
    /** s that the batteries carry the load. */
    runtimeS?: number;
    /** How long to look whether hosts go down, s; absent: nobody looks. */
    proofS?: number;
    /** For how many days a drill of a host counts. */
    evidenceDays: number;
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
        const final = finalOf(row);
        const provides = names(row, "provides");
        const parsed: PlanRow = {
            host: id,
            services: names(row, "services"),
            steps: row.list("actions").flatMap((action, place) => stepOf(action, `step ${place + 1}`, row) ?? []),
            after: names(row, "after"),
            needs: names(row, "needs"),
            priority: row.choice("priority", priorities, "normal"),
            provides: facilities.filter((facility) => provides.includes(facility)),
            fedBy: names(row, "fedBy"),
            stopTimeoutS: row.number("stopTimeout", { fallback: 30, min: 1, max: 3600 }),
            ...(final !== undefined && { final }),
            ...(row.text("watch") !== "" && { watch: slug(row.text("watch")) }),
        };
        for (const name of provides) if (!facilities.some((facility) => facility === name)) row.problem(`provides has "${name}", which is none of ${facilities.join(", ")}`);
        row.problems.forEach((problem) => settings.problem(`row ${index + 1}: ${problem}`));
        return [parsed];
    });
    const verb = settings.choice("final", ["shutdown", "poweroff", "none"], "shutdown");
    const delayMinutes = settings.number("delay", { fallback: 2, min: 0, max: 60, integer: true });
    const runtime = settings.number("runtime", { fallback: 0, min: 0, max: 10_080 });
    const evidenceDays = settings.number("evidenceDays", { fallback: 30, min: 1, max: 3650 });
    const proof = settings.number("proof", { fallback: 0, min: 0, max: 3600 });
    return { config: { rows, final: verb === "shutdown" ? { verb, delayMinutes } : { verb }, evidenceDays, ...(runtime > 0 && { runtimeS: runtime * 60 }), ...(proof > 0 && { proofS: proof }) }, problems: settings.problems };
}

/** How a host is switched off: as the plan says (nothing stored), not at all, or in its own way. */
function finalOf(row: Settings): HostDraft["final"] {
    const own = row.stored.end;
    if (own === undefined || own === null || own === "" || own === "plan") return undefined;
    return own === "none" ? "none" : stepOf(own, "its end", row);
}

/** A step as the dialog stores it: its values are texts, which the action's parameters say how to read. */
function stepOf(stored: unknown, what: string, row: Settings): StepDraft | undefined {
    const step = new Settings(typeof stored === "object" && stored !== null ? (stored as StoredConfig) : {});
    const action = step.text("action");
    const values = new Settings(typeof step.stored.params === "object" && step.stored.params !== null ? (step.stored.params as StoredConfig) : {});
    const params = Object.fromEntries((actionNamed(action)?.parameters ?? []).flatMap((parameter): [string, ParameterValue][] => {
        const value = valueOf(parameter, values);
        return value === undefined ? [] : [[parameter.name, value]];
    }));
    const timeoutS = step.number("timeout", { fallback: 0, min: 0, max: 3600 });
    const onFailure = step.choice("onFailure", failurePolicies, "go-on");
    for (const problem of [...step.problems, ...values.problems]) row.problem(`${what}: ${problem}`);
    return { action, params, onFailure, ...(timeoutS > 0 && { timeoutS }) };
}

function valueOf({ name, kind, fallback, required, choices = [] }: Parameter, values: Settings): ParameterValue | undefined {
    const raw = values.stored[name];
    if (raw === undefined || raw === null || raw === "" || (Array.isArray(raw) && raw.length === 0)) {
        if (required) values.problem(`${name} is missing`);
        return fallback;
    }
    switch (kind) {
        case "names":
        case "paths":
        case "words":
            return names(values, name, kind === "names" ? /[\s,]+/ : /[\n,]+|\s+/);
        case "seconds":
        case "minutes":
            return values.number(name, { fallback: typeof fallback === "number" ? fallback : 0, min: 0, integer: true });
        case "flag":
            return values.boolean(name, fallback === true);
        case "choice":
            return values.choice(name, choices, typeof fallback === "string" ? fallback : (choices[0] ?? ""));
        case "name":
        case "path":
            return values.text(name);
    }
}

/** Names in a list, or in a text with commas, blanks or lines between them. */
function names(row: Settings, key: string, between = /[\s,]+/): string[] {
    const raw = row.stored[key];
    const list = Array.isArray(raw) ? row.list(key) : row.text(key).split(between);
    if (list.some((name) => typeof name !== "string")) row.problem(`${key} has something that is no name`);
    return list.filter((name): name is string => typeof name === "string" && name !== "");
}
