import { armingOf, type HostStanding } from "../../lib/shutdown/arming";
import type { SequencerSetup } from "../../lib/shutdown/sequencer";
import type { RunOutcome, RunProgress, RunResult } from "../../lib/shutdown/progress";
import type { Mood } from "../shared/status";

export interface Status {
    mood: Mood;
    text: string;
}

/**
 * Between runs: what would happen.
 * @param hosts what is proven of them
 * @param spent the streams that have had their shutdown
 */
export function idleStatus({ plan, switches }: SequencerSetup, hosts: readonly HostStanding[], spent: readonly string[] = []): Status {
    const { level, text, proven, of, obstacle, caution } = armingOf(switches, plan === undefined ? [] : hosts);
    if (obstacle !== undefined) return { mood: "error", text };
    if (spent[0] !== undefined) return { mood: "warning", text: `waits for HEALTHY of ${spent.join(", ")}` };
    switch (level) {
        case "observe":
            return { mood: "off", text };
        case "armed":
            return { mood: proven === of && caution === undefined ? "ok" : "warning", text };
        case "rehearse":
        case "drilled":
            return { mood: "rehearsal", text };
    }
}

/** During a run: whether a person holds it; how many steps of its hosts, then how many final commands, or steps back, are dealt with. They are counted when the text may be shown. */
export function progressStatus({ mode, changed, steps, waits }: RunProgress): { mood: Mood; text: () => string } {
    const text = (): string => {
        const phase = changed?.kind === "power-off" || changed?.kind === "undo" ? changed.kind : "stop-service";
        const mine = steps.filter(({ kind }) => kind === phase || (phase === "stop-service" && kind === "act"));
        const over = mine.filter((step) => step.state !== "planned" && step.state !== "running").length;
        const what = { "power-off": "power off", "stop-service": "stopping", undo: "putting back" }[phase];
        return `${waits?.held === undefined ? "" : "held, "}${what} ${over}/${mine.length}${changed === undefined ? "" : ` on ${changed.host}`}`;
    };
    return mode === "live" ? { mood: "critical", text } : { mood: "rehearsal", text: () => `dry run: ${text()}` };
}

const endings: Record<RunOutcome, { mood: Mood; text: string }> = {
    "dry-run": { mood: "rehearsal", text: "dry run done" },
    "not-enabled": { mood: "critical", text: "NOT enabled, act by hand" },
    completed: { mood: "critical", text: "completed" },
    incomplete: { mood: "error", text: "incomplete" },
    cancelled: { mood: "off", text: "cancelled" },
    invalid: { mood: "error", text: "not armed" },
};

/** After a run, until something else happens. */
export function resultStatus({ outcome, endedAt }: RunResult): Status {
    const { mood, text } = endings[outcome];
    const time = new Date(endedAt);
    return { mood, text: `${text} ${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}` };
}
