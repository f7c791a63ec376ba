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
}

/** The picture of a run that its messages show. Every message holds its own snapshot. */
export class RunView {
    #steps: readonly StepView[];
    readonly #index: ReadonlyMap<string, number>;

    constructor(readonly head: RunHead, steps: readonly StepView[]) {
        this.#steps = steps;
        this.#index = new Map(steps.map((step, index) => [step.id, index]));
    }

    get steps(): readonly StepView[] {
        return this.#steps;
    }

    stateOf(id: string): StepState | undefined {
        return this.#steps[this.#index.get(id) ?? -1]?.state;
    }

    change(id: string, change: Partial<StepView>): StepView {
        const index = this.#index.get(id);
        const before = index === undefined ? undefined : this.#steps[index];
        if (index === undefined || before === undefined) throw new Error(`no step ${id}`);
        const after = { ...before, ...change };
        this.#steps = this.#steps.with(index, after);
        return after;
    }

    progress(text: string, changed?: StepView): RunProgress {
        const { run, reason, mode, startedAt, simulated } = this.head;
        return { run, reason, mode, ...(simulated && { simulated }), startedAt, ...(changed && { changed }), text, steps: [...this.#steps] };
    }

    result(outcome: RunOutcome, text: string, endedAt: number): RunResult {
        const { run, reason, mode, startedAt, simulated } = this.head;
        return { run, outcome, reason, mode, ...(simulated && { simulated }), startedAt, endedAt, text, steps: [...this.#steps] };
    }
}

/** A run under way. */
export interface Run {
    readonly head: RunHead;
    /** The final commands have begun: there is no way back. */
    readonly committed: boolean;
    /** Never rejects. Undefined when the run was suspended: it has not ended, the next start goes on with it. */
    readonly finished: Promise<RunResult | undefined>;
    /** Ends it, unless it is committed. @returns whether it did */
    cancel(why: string): boolean;
    /** Stops taking steps and lets go of everything, within half a second. */
    suspend(): Promise<void>;
}
