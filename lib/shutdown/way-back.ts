import type { HostLink } from "./host-link";
import type { StepResult } from "./journal-records";
import type { RunRecord } from "./run-record";
import { isOver } from "./run-view";
import type { PlannedStep } from "./steps";
import { undoStepsOf, type UndoStep } from "./undo-steps";

/** What the way back needs of the run that it is a part of. */
export interface WayBackIo {
    record: RunRecord;
    /** When the run began, event time in ms. */
    startedAt: number;
    link(host: string): HostLink | undefined;
    /** Steps and steps back that are being taken, by id. */
    underWay: Map<string, Promise<void>>;
    /** The run takes no further step of any kind. */
    stopped(): boolean;
    /** Nor hears what becomes of those under way. */
    ended(): boolean;
}

/**
 * Undoes what has a way back, newest first: each step when it is over and everything that came after it is undone. A step that
 * hangs holds up only the way back of those before it.
 */
export class WayBack {
    /** By the id of the step back. */
    readonly #ways = new Map<string, { step: UndoStep; over: Promise<void> }>();
    /** Why the rest is not put back any more. */
    #haste: string | undefined;

    constructor(readonly io: WayBackIo) {}

    /**
     * Puts back what these steps have done, but for what is put back already.
     * @param known steps back that an earlier process has taken
     * @returns how many steps that takes
     */
    begin(steps: readonly PlannedStep[], known: ReadonlyMap<string, Pick<StepResult, "state">> = new Map()): number {
        const { view } = this.io.record;
        const back = undoStepsOf(steps, view.steps).filter((step) => !this.#ways.has(step.view.id));
        view.append(back.filter((step) => view.stepOf(step.view.id) === undefined).map((step) => ({ ...step.view, ...(known.has(step.view.id) && { state: known.get(step.view.id)?.state ?? "done" }) })));
        for (const step of back) this.#ways.set(step.view.id, { step, over: Promise.all(step.needs.map((need) => this.#ways.get(need)?.over ?? Promise.resolve())).then(() => this.#undo(step)) });
        return back.length;
    }

    /** Resolves when nothing is put back any more. */
    async over(): Promise<void> {
        await Promise.all([...this.#ways.values()].map((way) => way.over));
    }

    /** See Run.giveWay. */
    giveWay(why: string): void {
        this.#haste = why;
    }

    /** These hosts are shut down after all: what is not put back yet stays as it is. Resolves when no step back is under way there. */
    async forget(hosts: readonly string[]): Promise<void> {
        const { view } = this.io.record;
        const mine = [...this.#ways].filter(([, { step }]) => hosts.includes(step.view.host));
        const ahead = mine.map(([id]) => id).filter((id) => view.stateOf(id) === "planned");
        ahead.forEach((id) => this.#ways.delete(id));
        view.drop(ahead);
        await Promise.all(mine.map(([, { over }]) => over));
        mine.forEach(([id, way]) => void (this.#ways.get(id) === way && this.#ways.delete(id)));
    }

    async #undo(step: UndoStep): Promise<void> {
        const { view, of, action, timeoutMs } = step;
        const { record, underWay, link, startedAt: runAt } = this.io;
        await underWay.get(of);
        if (this.io.stopped() || this.#ways.get(view.id)?.step !== step || isOver(record.view.stateOf(view.id))) return;
        // It has come to nothing since: there is nothing to put back.
        if (record.view.stateOf(of) === "skipped") return record.view.drop([view.id]);
        const startedAt = record.ears.clock.now();
        if (this.#haste !== undefined) return void (await record.came({ view }, { state: "skipped", error: this.#haste }, startedAt));
        await record.begins(view.id, startedAt);
        const began = record.view.stepOf(of)?.startedAt ?? runAt;
        const taking = link(view.host)?.undo({ action, timeoutMs }, { did: record.reported.of(of), sinceS: Math.max(0, startedAt - began) / 1000 }).then((outcome) => (this.io.ended() ? undefined : record.came({ view }, outcome, startedAt, of)));
        underWay.set(view.id, Promise.resolve(taking).then(() => void underWay.delete(view.id)));
        await taking;
    }
}
