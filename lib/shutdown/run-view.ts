import type { StepResult } from "./journal-records";
import type { ShutdownPlan } from "./plan";
import type { RunMode, RunOutcome, RunProgress, RunResult, StepState, StepView } from "./progress";

/** What stays the same about a run. */
export interface RunHead {
    run: string;
    /** The stream that it answers. */
    stream: string;
    reason: string;
    mode: RunMode;
    /** Event time in ms. */
    startedAt: number;
    simulated?: true;
    /** The host that a person shuts down by hand; absent in an outage. */
    only?: string;
    /** Hosts of the plan that it leaves alone. Absent: none. */
    without?: readonly string[];
    /** Those of them that something else feeds, and what. */
    fed?: readonly { host: string; by: string }[];
}

/** Whether nothing more happens to a step. */
export function isOver(state: StepState | undefined): boolean {
    return state === "done" || state === "failed" || state === "skipped";
}

/** What the journal knows of a step that was taken, for its view. */
export function viewOf({ state, startedAt, at, error, note, proof }: Partial<StepResult>): Partial<StepView> {
    return { ...(state !== undefined && { state }), ...(startedAt !== undefined && { startedAt }), ...(at !== undefined && { endedAt: at }), ...(error !== undefined && { error }), ...(note !== undefined && { note }), ...(proof !== undefined && { proof }) };
}

function plannedAnew({ id, host, kind, label, layer, planned }: StepView): StepView {
    return { id, host, kind, label, state: "planned", ...(layer !== undefined && { layer }), ...(planned && { planned }) };
}

/** The picture of a run that its messages show. Every message holds its own snapshot. */
export class RunView {
    #steps: readonly StepView[];
    #index: ReadonlyMap<string, number>;
    readonly #interrupted = new Set<string>();

    constructor(public head: RunHead, steps: readonly StepView[]) {
        this.#steps = steps;
        this.#index = new Map(steps.map((step, index) => [step.id, index]));
    }

    #put(steps: readonly StepView[]): void {
        this.#steps = steps;
        this.#index = new Map(steps.map((step, index) => [step.id, index]));
    }

    get steps(): readonly StepView[] {
        return this.#steps;
    }

    /** Whether everything was done. What was left out on purpose has no error. */
    get complete(): boolean {
        return this.#steps.every(({ state, error }) => state === "done" || (state === "skipped" && error === undefined));
    }

    stepOf(id: string): StepView | undefined {
        return this.#steps[this.#index.get(id) ?? -1];
    }

    stateOf(id: string): StepState | undefined {
        return this.stepOf(id)?.state;
    }

    /** The steps of a larger plan: those that are known stay as they are, the others are planned from now on. @param sinceMs since the run began */
    replan(steps: readonly StepView[], sinceMs: number): void {
        const later = ({ planned, ...step }: StepView): StepView => ({ ...step, ...(planned && { planned: { ...planned, startMs: planned.startMs + sinceMs, endMs: planned.endMs + sinceMs } }) });
        const back = this.#steps.filter(({ kind }) => kind === "undo");
        this.#put([...steps.map((step) => {
            const known = this.stepOf(step.id);
            return known === undefined ? later(step) : { ...known, ...(step.layer !== undefined && { layer: step.layer }) };
        }), ...back]);
    }

    drop(ids: readonly string[]): void {
        this.#put(this.#steps.filter(({ id }) => !ids.includes(id)));
    }

    /** The steps of these hosts are planned anew, and what was put back there is forgotten. */
    renew(hosts: readonly string[]): void {
        this.#steps.forEach(({ id, host }) => hosts.includes(host) && this.#interrupted.delete(id));
        this.#put(this.#steps.filter(({ host, kind }) => !(kind === "undo" && hosts.includes(host))).map((step) => {
            return hosts.includes(step.host) ? plannedAnew(step) : step;
        }));
    }

    /** An earlier process has begun these, and nobody knows their end. */
    interrupt(ids: Iterable<string>): void {
        for (const id of ids) this.#interrupted.add(id);
    }

    /** Whether a step that is planned may be done already. */
    isInterrupted(id: string): boolean {
        return this.stateOf(id) === "planned" && this.#interrupted.has(id);
    }

    /** A step is not taken, or not again: then it may have been done, and is put back like one that failed. */
    leaveOut(id: string, why: Pick<StepView, "error" | "note">): void {
        this.change(id, this.isInterrupted(id) ? { state: "failed", error: "interrupted in the middle" } : { state: "skipped", ...why });
    }

    /** A step is planned as if it had not begun. */
    putOff(id: string): StepView {
        return this.#replace(id, plannedAnew);
    }

    /** An outage has joined: the run is that of a single host no more. */
    answers(why: string): void {
        const { only, ...head } = this.head;
        if (only !== undefined) this.head = { ...head, reason: `${head.reason}, then ${why}` };
    }

    append(steps: readonly StepView[]): void {
        this.#put([...this.#steps, ...steps]);
    }

    change(id: string, change: Partial<StepView>): StepView {
        return this.#replace(id, (before) => ({ ...before, ...change }));
    }

    #replace(id: string, by: (before: StepView) => StepView): StepView {
        const index = this.#index.get(id);
        const before = index === undefined ? undefined : this.#steps[index];
        if (index === undefined || before === undefined) throw new Error(`no step ${id}`);
        const after = by(before);
        this.#steps = this.#steps.with(index, after);
        return after;
    }

    /** What is not over is so from here on. @param at event time in ms */
    breakOff(at: number): void {
        for (const { id, state } of this.#steps) {
            if (state === "planned") this.leaveOut(id, { error: "cancelled" });
            if (state === "running") this.change(id, { state: "failed", error: "cancelled while under way", endedAt: at });
        }
    }

    progress(text: string, changed?: StepView): RunProgress {
        const { run, reason, mode, startedAt, simulated, only } = this.head;
        return { run, reason, mode, ...(only !== undefined && { only }), ...(simulated && { simulated }), startedAt, ...(changed && { changed }), text, steps: [...this.#steps] };
    }

    result(outcome: RunOutcome, text: string, endedAt: number): RunResult {
        const { run, reason, mode, startedAt, simulated, only } = this.head;
        return { run, outcome, reason, mode, ...(only !== undefined && { only }), ...(simulated && { simulated }), startedAt, endedAt, text, steps: [...this.#steps] };
    }
}

/** A run under way. */
export interface Run {
    readonly head: RunHead;
    /** A host goes down at once, or counts down to its last seconds: there is no way back. */
    readonly committed: boolean;
    /** Never rejects. Undefined when the run was suspended: it has not ended, the next start goes on with it. */
    readonly finished: Promise<RunResult | undefined>;
    /** It has been cancelled, and what it has done is being put back. */
    readonly undoing: boolean;
    /** Ends it, unless it is committed, when what can be put back is put back. @returns whether it does */
    cancel(why: string): boolean;
    /** Ends it here and now, wherever it is: nobody goes on with it. */
    breakOff(why: string): void;
    /** Takes no further step until it is released. Who holds it may change meanwhile. @returns whether it can be held */
    hold(on: boolean, text: string): boolean;
    /** Takes no further step on these hosts, until others are named; the rest of the run goes on. */
    pause(hosts: readonly string[], text?: string): void;
    /** These hosts have power again, the others not: unless it is committed they stay, and what was done there is put back. */
    spare(hosts: readonly string[], why: string): void;
    /** Another source has failed: takes in the hosts that had stayed for it. @param plan the same with those hosts @param again those of them that were spared */
    extend(plan: ShutdownPlan, why: string, again: readonly string[]): void;
    /** A new outage: what is still to be put back stays as it is. */
    giveWay(why: string): void;
    /** Stops taking steps and lets go of everything, within half a second. */
    suspend(): Promise<void>;
}
