import type { Clock } from "../kit/clock";
import type { StepOutcome } from "./host-link";
import type { JournalRecord } from "./journal-records";
import type { RunProgress, StepView } from "./progress";
import { Reported } from "./reported";
import { namesText, stepText } from "./run-texts";
import type { RunView } from "./run-view";
import type { PlannedStep } from "./steps";

/** Who hears of a run. */
export interface RunEars {
    clock: Clock;
    /** Writes a record; resolves when it is safe or not worth waiting for. Never rejects. */
    note(record: JournalRecord): Promise<void>;
    progress(progress: RunProgress): void;
}

/** What is shown, told and written down of a run's steps. */
export class RunRecord {
    readonly reported = new Reported();

    constructor(readonly run: string, readonly view: RunView, readonly ears: RunEars) {}

    say(text: string): void {
        this.ears.progress(this.view.progress(text));
    }

    /**
     * A step begins. @param written as an intent. Logging in and looking change nothing, and are begun again after a restart;
     * a final command is written down when its host is reached
     */
    async begins(id: string, startedAt: number, written = true): Promise<void> {
        this.#show(id, { state: "running", startedAt });
        if (written) await this.intends(id, startedAt);
    }

    intends(id: string, at: number): Promise<void> {
        return this.ears.note({ kind: "intent", run: this.run, step: id, at });
    }

    /** A step that had begun is to be taken later. */
    putsOff(id: string): void {
        const changed = this.view.putOff(id);
        this.ears.progress(this.view.progress(stepText(changed), changed));
    }

    /** What was stopped is to be known also when the end of the step is not, here or by the next process. */
    hears(id: string, names: readonly string[]): void {
        const fresh = this.reported.add(id, names);
        if (fresh.length > 0) void this.ears.note({ kind: "did", run: this.run, step: id, names: fresh, at: this.ears.clock.now() });
    }

    /** A step is over. @param of the step whose reported names it is about: itself, or the one that is put back */
    async came({ view: { id, kind } }: Pick<PlannedStep, "view">, { did: _, ...outcome }: StepOutcome, startedAt: number, of = id): Promise<StepOutcome> {
        const at = this.ears.clock.now();
        const did = this.reported.of(of);
        const named = did.length > 0 && outcome.state === "done" ? { note: namesText(did), ...outcome } : outcome;
        this.#show(id, { ...named, endedAt: at });
        if (kind !== "connect") await this.ears.note({ kind: "result", run: this.run, step: id, startedAt, at, ...named, ...(of === id && did.length > 0 && { did: [...did] }) });
        return named;
    }

    #show(id: string, change: Partial<StepView>): void {
        const changed = this.view.change(id, change);
        this.ears.progress(this.view.progress(stepText(changed), changed));
    }
}
