import type { Moment, OpenRun, StepResult } from "./journal-records";
import type { RunRecord } from "./run-record";
import type { ShutdownPlan } from "./plan";
import type { RunResult, StepView } from "./progress";
import { backText, endText } from "./run-texts";
import { RunView, viewOf } from "./run-view";
import type { UsualMs } from "./schedule";
import { isRepeatable, previewPlan, stepsOf, type PlannedStep } from "./steps";
import { undoStepsOf } from "./undo-steps";

/** What an earlier process has done of a run. `undoing`: why it was being put back. */
export interface Earlier extends Pick<OpenRun, "intents" | "results" | "undoing">, Partial<Pick<OpenRun, "did" | "spared" | "marks">> {
    /** How long to wait for a word that power is back before anything is done, ms. Not once there is no way back. */
    waitMs?: number;
    /** How long ago something was written, ms. Absent: nobody knows. */
    agoMs?(moment: Moment): number;
}

/** What is said of a step that an earlier process began, that does harm when taken twice, and whose end nobody has seen. */
const neverKnown = "interrupted in the middle: whether it was done is not known, and it is not done again";

/**
 * Marks what an earlier process has done. A host with nothing left to do needs no login either.
 * @returns the final commands that may have been sent, and how many ms ago; the hosts that stay up with the step that failed
 */
export function recall(steps: readonly PlannedStep[], { intents, results, did: stopped, spared, agoMs = () => Infinity }: Earlier, { view, reported }: RunRecord): { told: [PlannedStep, number][]; keptUp: Map<string, string> } {
    const stays = (host: string): boolean => spared?.hosts.includes(host) === true;
    const keptUp = new Map<string, string>();
    const open = new Set(steps.filter(({ view: { id, host, kind } }) => kind !== "connect" && kind !== "prove" && !results.has(id) && !stays(host)).map((step) => step.view.host));
    for (const { view: { id, host, kind, label }, action, onFailure } of steps) {
        const lost = intents.has(id) && (stays(host) || !isRepeatable(action));
        const result = results.get(id) ?? (lost ? { state: "failed" as const, error: stays(host) ? "interrupted in the middle" : neverKnown } : undefined);
        reported.add(id, [...(stopped?.get(id) ?? []), ...(results.get(id)?.did ?? [])]);
        if (kind === "connect" ? open.has(host) : result === undefined) continue;
        const { state = "done" }: Partial<StepResult> = result ?? {};
        if (state === "failed" && onFailure === "keep-up") keptUp.set(host, label);
        view.change(id, { ...viewOf(result ?? {}), state });
    }
    const told = steps.flatMap((step): [PlannedStep, number][] => {
        const { id, kind, host } = step.view;
        const intent = intents.get(id);
        return kind === "power-off" && intent !== undefined && results.get(id)?.state !== "skipped" && !stays(host) ? [[step, agoMs(intent)]] : [];
    });
    view.interrupt([...intents.keys()].filter((id) => !results.has(id)));
    return { told, keptUp };
}

/** The report of a run that nobody goes on with, and `why`. @param over its outage may be over */
export function givenUp(open: OpenRun, plan: ShutdownPlan | undefined, { why, over }: { why: string; over: boolean }, at: number, usualMs?: UsualMs): RunResult {
    const { run, stream, reason, startedAt, undoing } = open;
    const steps = plan === undefined ? [] : leftBehind(plan, open, usualMs);
    const told = steps.length === 0 ? "" : `\n${undoing === undefined ? endText(steps) : backText(steps)}`;
    return new RunView({ run, stream, reason, mode: "live", startedAt }, steps).result(over && undoing === undefined ? "incomplete" : "cancelled", `the run was interrupted and is not continued: ${why}${told}`, at);
}

/** Its steps, and where it was being put back, the steps back: what the journal does not tell of was interrupted. */
function leftBehind(plan: ShutdownPlan, { results, undoing, spared }: OpenRun, usualMs?: UsualMs): StepView[] {
    const known = (view: StepView): StepView => ({ ...view, ...viewOf(results.get(view.id) ?? { state: "skipped", error: "interrupted" }) });
    const steps = previewPlan(plan, usualMs).map(known);
    const back = undoStepsOf(stepsOf(plan), steps).filter(({ view: { host } }) => undoing !== undefined || spared?.hosts.includes(host) === true);
    return [...steps, ...back.map(({ view }) => known(view))];
}
