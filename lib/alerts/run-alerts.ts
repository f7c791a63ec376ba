import type { RunOutcome, RunProgress, RunResult, StepView } from "../shutdown/progress";
import type { Alert, Severity } from "./alert";

/** Which steps of a run are told: of real runs all, of all runs all, or only those that failed. */
export const stepChoices = ["live", "all", "failed"] as const;
export type StepChoice = (typeof stepChoices)[number];

const over: ReadonlySet<string> = new Set(["done", "failed", "skipped", "would-do"]);

/**
 * The alert that a run's progress is worth, if any: the begin of a real run, the moment when all its services are
 * stopped, every failed step, and, as chosen, every other step.
 * @param at event time in ms
 */
export function progressAlert(progress: RunProgress, steps: StepChoice, at: number): Alert | undefined {
    const { run, mode, changed, text, simulated } = progress;
    const live = mode === "live";
    const common = { at, ...(simulated && { simulated }) };
    // Progress without a changed step: S0's two words about the run as a whole.
    if (changed === undefined) {
        if (!live) return undefined;
        return servicesOver(progress.steps) ? servicesStopped(progress, common) : begun(progress, common);
    }
    const key = `run/${run}/${changed.id}`;
    const rehearsed = live ? "" : "[DRY RUN] ";
    if (changed.state === "failed") {
        const title = `${rehearsed}Shutdown step failed`;
        return { ...common, key, severity: live ? "critical" : "warning", symbol: "⚠️", title, detail: `${changed.host}: ${changed.label}`, text: changed.error ?? "" };
    }
    if (!over.has(changed.state) || steps === "failed" || (steps === "live" && !live)) return undefined;
    return { ...common, key, severity: "info", title: "", text: rehearsed + text };
}

interface Common {
    at: number;
    simulated?: true;
}

function begun({ run, reason, text, only }: RunProgress, common: Common): Alert {
    if (only !== undefined) return { ...common, key: `run/${run}`, severity: "warning", symbol: "⚫", title: `Shutting down ${only} by hand`, text: "" };
    const again = /^continuing/i.test(text);
    const title = `POWER CRITICAL — ${again ? "CONTINUING" : "INITIATING"} GRACEFUL SHUTDOWN`;
    const lines = [again ? "It was interrupted by a restart." : "Federation shutting down to protect data. Battery depleted.", reason];
    return { ...common, key: `run/${run}`, severity: "critical", symbol: "🔴", title, text: lines.filter((line) => line !== "").join("\n") };
}

function servicesOver(steps: readonly StepView[]): boolean {
    const services = servicesOf(steps);
    return services.length > 0 && services.every(({ state }) => over.has(state));
}

function servicesStopped({ run, steps }: RunProgress, common: Common): Alert {
    const left = servicesOf(steps).filter(({ state }) => state !== "done").map(({ label, host }) => `${label.replace(/^stop /, "")} on ${host}`);
    const title = left.length === 0 ? "All services stopped." : `Services stopped, except ${left.join(", ")}.`;
    const offs = steps.filter(({ kind, state }) => kind === "power-off" && state !== "failed" && state !== "skipped");
    const detail = offs.length === 0 ? {} : { detail: `Nodes shutting down${delayOf(offs)}.` };
    return { ...common, key: `run/${run}/services`, severity: "critical", symbol: "⚫", title, ...detail, text: "" };
}

function servicesOf(steps: readonly StepView[]): StepView[] {
    return steps.filter(({ kind }) => kind === "stop-service");
}

/** " in 2 minutes" when the final commands agree on it ("shutdown -h +2"); nothing where they say nothing. */
function delayOf(offs: readonly StepView[]): string {
    const delays = new Set(offs.map(({ label }) => /\+(\d+)$/.exec(label)?.[1]));
    const [minutes] = delays;
    return delays.size !== 1 || minutes === undefined || minutes === "0" ? "" : ` in ${minutes} minute${minutes === "1" ? "" : "s"}`;
}

interface Ending {
    severity: Severity;
    symbol: string;
    title: string;
    detail: string;
    good?: true;
}

/** The first three are S0's. */
const endings: Record<RunOutcome, Ending> = {
    "dry-run": { severity: "critical", symbol: "🔴", title: "[DRY RUN] POWER CRITICAL", detail: "Graceful shutdown would execute. DRY_RUN=true prevents actual shutdown." },
    "not-enabled": { severity: "critical", symbol: "🔴", title: "POWER CRITICAL", detail: "Shutdown NOT enabled. Manual intervention required!" },
    "completed": { severity: "critical", symbol: "⚫", title: "Graceful shutdown done.", detail: "" },
    "incomplete": { severity: "critical", symbol: "🔴", title: "SHUTDOWN INCOMPLETE", detail: "Manual intervention required!" },
    "cancelled": { severity: "warning", symbol: "✅", good: true, title: "Shutdown cancelled.", detail: "" },
    "invalid": { severity: "critical", symbol: "🔴", title: "POWER CRITICAL", detail: "Shutdown is DISARMED: its plan or a switch is wrong. Manual intervention required!" },
};

/** Of a host that a person has asked for: no power is critical. */
const byHand: Partial<Record<RunOutcome, Pick<Ending, "title" | "detail">>> = {
    "dry-run": { title: "[DRY RUN] Shutdown by hand", detail: "Graceful shutdown would execute. DRY_RUN=true prevents actual shutdown." },
    "not-enabled": { title: "Not shut down by hand", detail: "Shutdown is NOT enabled." },
    "invalid": { title: "Not shut down by hand", detail: "Shutdown is DISARMED: its plan or a switch is wrong." },
};

/** The alert of a run's end. */
export function resultAlert({ run, outcome, mode, endedAt, text, reason, only, simulated }: RunResult): Alert {
    const { title, detail, ...told } = { ...endings[outcome], ...(only !== undefined && byHand[outcome]) };
    // Of a tainted run the switch may well be off: its input alone made it a rehearsal.
    const first = outcome === "dry-run" && simulated ? "Graceful shutdown would execute. Simulated input never shuts anything down." : detail;
    const rehearsed = mode === "rehearsal" && !title.startsWith("[DRY RUN]") && outcome !== "not-enabled" && outcome !== "invalid" ? "[DRY RUN] " : "";
    return {
        ...told, title: rehearsed + title, ...(first !== "" && { detail: first }), text: text || reason,
        at: endedAt, key: `run/${run}/result`, ...(simulated && { simulated }),
    };
}
