import type { StepView } from "./progress";
import type { PlannedStep } from "./steps";

/** When a step is to be expected, in ms since the begin of its run. */
export interface Planned {
    startMs: number;
    endMs: number;
    /** Its length is what 95 of 100 runs have stayed within; absent: it is the step's limit, and it may be over much earlier. */
    measured?: true;
}

/** How long a step usually takes, ms; undefined while nobody knows. */
export type UsualMs = (step: PlannedStep) => number | undefined;

/** When each step of a plan is to be expected, by its id: as soon as those it needs are over, like the run itself. */
export function scheduleOf(steps: readonly PlannedStep[], usualMs: UsualMs = () => undefined): Map<string, Planned> {
    const times = new Map<string, Planned>();
    for (const step of steps) {
        const startMs = Math.max(0, ...step.needs.map((need) => times.get(need)?.endMs ?? 0));
        const usual = usualMs(step);
        times.set(step.view.id, { startMs, endMs: startMs + (usual ?? step.timeoutMs), ...(usual !== undefined && { measured: true }) });
    }
    return times;
}

/** The steps as people see them, each with the time that is planned for it. */
export function scheduledViews(steps: readonly PlannedStep[], usualMs?: UsualMs): StepView[] {
    const times = scheduleOf(steps, usualMs);
    return steps.map(({ view }) => {
        const planned = times.get(view.id);
        return { ...view, ...(planned && { planned }) };
    });
}
