import { sleep, type Clock } from "../kit/clock";
import type { ShutdownPlan } from "./plan";
import type { RunProgress, RunResult } from "./progress";
import { planText, stepText } from "./run-texts";
import { RunView, type Run, type RunHead } from "./run-view";
import type { UsualMs } from "./schedule";
import { previewPlan } from "./steps";

export interface RehearsalIo {
    clock: Clock;
    progress(progress: RunProgress): void;
    /** Pause after each step, ms, so that people can watch. A long plan goes faster. */
    paceMs?: number;
    /** What real runs have measured. */
    usualMs?: UsualMs;
}

/** The longest that a rehearsal takes, ms. */
const longestMs = 10_000;

/**
 * Walks a plan step by step and says what would be done. It is given no way to any host, and so can do nothing.
 * @param why why this is no real run: "Dry run is on"
 */
export function startRehearsal(head: RunHead, plan: ShutdownPlan, why: string, { clock, progress, paceMs = 300, usualMs }: RehearsalIo): Run {
    const steps = previewPlan(plan, usualMs);
    const view = new RunView(head, steps);
    const pause = Math.min(paceMs, longestMs / Math.max(1, steps.length));
    const stop = new AbortController();
    let cancelled: string | undefined;
    const walk = async (): Promise<RunResult | undefined> => {
        progress(view.progress(`DRY RUN: graceful shutdown would execute: ${head.reason} (${planText(plan, head)})`));
        for (const { id } of steps) {
            await sleep(pause, clock, stop.signal);
            if (stop.signal.aborted) break;
            const at = clock.now();
            const changed = view.change(id, { state: "would-do", startedAt: at, endedAt: at });
            progress(view.progress(stepText(changed), changed));
        }
        if (cancelled !== undefined) return view.result("cancelled", `${cancelled}. It was a rehearsal: nothing was sent.`, clock.now());
        return stop.signal.aborted ? undefined : view.result("dry-run", `${head.reason}: would shut down ${planText(plan, head)}. Nothing was sent: ${why}.`, clock.now());
    };
    const finished = walk();
    return {
        head,
        committed: false,
        undoing: false,
        finished,
        hold: () => false,
        pause: () => undefined,
        spare: () => undefined,
        giveWay: () => undefined,
        extend: () => undefined,
        cancel(reason) {
            if (stop.signal.aborted) return false;
            cancelled = reason;
            stop.abort();
            return true;
        },
        breakOff: () => stop.abort(),
        async suspend() {
            stop.abort();
            await finished;
        },
    };
}
