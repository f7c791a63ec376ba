import type { StepView } from "./progress";
import type { PlannedStep, StepAction } from "./steps";

/** The way back of one step. */
export interface UndoStep {
    view: StepView;
    /** Id of the step that it puts back. */
    of: string;
    action: StepAction;
    /** Ids of the undo steps that must be over. */
    needs: string[];
    timeoutMs: number;
}

/**
 * What to undo of the steps that were taken or are being taken, newest first: whatever came after a step is put back before
 * it. A step that failed may have been done in part, and is put back too.
 * @param taken how the steps came out
 */
export function undoStepsOf(steps: readonly PlannedStep[], taken: readonly StepView[]): UndoStep[] {
    const states = new Map(taken.map(({ id, state }) => [id, state]));
    const undoId = (id: string): string => `${id}/undo`;
    const undone = new Map<string, UndoStep>();
    /** The undo steps nearest behind a step, over steps that have none. */
    const behind = new Map<string, Set<string>>();
    for (const step of [...steps].reverse()) {
        const { id, host, label } = step.view;
        const later = behind.get(id) ?? new Set<string>();
        const state = states.get(id);
        const reversible = step.action.verb === "act" && step.action.action.undo !== undefined && (state === "done" || state === "failed" || state === "running");
        if (reversible) undone.set(id, { view: { id: undoId(id), host, kind: "undo", label: `undo "${label}"`, state: "planned" }, of: id, action: step.action, needs: [...later], timeoutMs: step.timeoutMs });
        for (const need of step.needs) {
            const known = behind.get(need) ?? new Set<string>();
            for (const each of reversible ? [undoId(id)] : later) known.add(each);
            behind.set(need, known);
        }
    }
    return [...undone.values()];
}
