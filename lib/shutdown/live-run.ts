import { sleep, type Clock } from "../kit/clock";
import { HostLink, type StepOutcome } from "./host-link";
import type { JournalRecord, OpenRun } from "./journal-records";
import type { ShutdownPlan } from "./plan";
import type { RunProgress, RunResult, StepView } from "./progress";
import { endText, planText, servicesText, stepText, stoppedText } from "./run-texts";
import { RunView, type Run, type RunHead } from "./run-view";
import { slots } from "./slots";
import { stepsOf, type PlannedStep } from "./steps";
import type { HostAccess } from "./transport";

/** What a run needs of the world. */
export interface RunIo {
    clock: Clock;
    /** This machine's boot, see bootId. */
    boot: string;
    /** @throws when there is no such host; the plan has been checked before */
    access(host: string): HostAccess;
    /** Writes a record; resolves when it is safe or not worth waiting for. Never rejects. */
    note(record: JournalRecord): Promise<void>;
    progress(progress: RunProgress): void;
    /** How many logins may be under way at once. Commands only wait, and are not limited. Default 32. */
    logins?: number;
}

/** How long a redeploy waits for the steps under way, ms. */
const lastStepsMs = 400;

/**
 * Executes a plan: every step as soon as those it needs are over, whatever became of them.
 * @param earlier what an earlier process has done of this run
 */
export function startLiveRun(head: RunHead, plan: ShutdownPlan, io: RunIo, earlier?: Earlier): Run {
    return new LiveRun(head, plan, io, earlier);
}

/** What an earlier process has done of a run. */
export interface Earlier extends Pick<OpenRun, "intents" | "results"> {
    /** How long to wait for a word that power is back before anything is done, ms. Not once the final commands have begun. */
    waitMs?: number;
}

class LiveRun implements Run {
    committed = false;
    readonly finished: Promise<RunResult | undefined>;
    readonly #view: RunView;
    readonly #links: Map<string, HostLink>;
    readonly #dependents = new Map<string, PlannedStep[]>();
    /** How many needs of a step are not over yet. */
    readonly #unmet = new Map<string, number>();
    readonly #underWay = new Map<string, Promise<void>>();
    #left: number;
    #servicesLeft: number;
    #holding = false;
    #ended = false;
    readonly #waiting = new AbortController();
    #finish: (result: RunResult | undefined) => void = () => undefined;

    constructor(readonly head: RunHead, readonly plan: ShutdownPlan, readonly io: RunIo, earlier?: Earlier) {
        const steps = stepsOf(plan);
        this.finished = new Promise((resolve) => { this.#finish = resolve; });
        this.#view = new RunView(head, steps.map((step) => step.view));
        const login = slots(io.logins ?? 32);
        this.#links = new Map(plan.hosts.map(({ name }) => [name, new HostLink(name, () => io.access(name), login)]));
        for (const step of steps) {
            this.#unmet.set(step.view.id, step.needs.length);
            for (const need of step.needs) this.#dependents.set(need, [...(this.#dependents.get(need) ?? []), step]);
        }
        this.#left = steps.length;
        this.#servicesLeft = steps.filter((step) => step.view.kind === "stop-service").length;
        void this.#begin(steps, earlier);
    }

    async #begin(steps: readonly PlannedStep[], earlier: Earlier | undefined): Promise<void> {
        const { run, stream, reason, startedAt } = this.head;
        const known = earlier === undefined ? [] : this.#recall(steps, earlier);
        const waitMs = this.committed ? 0 : (earlier?.waitMs ?? 0);
        const again = `continuing the shutdown that was interrupted${waitMs > 0 ? ` in ${waitMs / 1000} s, unless power is back` : ""}: ${reason}`;
        this.io.progress(this.#view.progress(earlier === undefined ? `INITIATING GRACEFUL SHUTDOWN: ${reason} (${planText(this.plan)})` : again));
        if (earlier === undefined) await this.io.note({ kind: "run", run, stream, reason, boot: this.io.boot, at: startedAt });
        if (waitMs > 0) await sleep(waitMs, this.io.clock, this.#waiting.signal);
        if (this.#ended) return;
        steps.filter((step) => step.needs.length === 0 && !known.includes(step)).forEach((step) => this.#start(step));
        known.forEach((step) => this.#over(step));
        if (steps.length === 0) this.#end();
    }

    /** Marks what an earlier process has done. A host with nothing left to do needs no login either. */
    #recall(steps: readonly PlannedStep[], { intents, results }: Earlier): PlannedStep[] {
        this.committed = steps.some((step) => step.view.kind === "power-off" && intents.has(step.view.id));
        const open = new Set(steps.filter((step) => step.view.kind !== "connect" && !results.has(step.view.id)).map((step) => step.view.host));
        return steps.filter(({ view: { id, host, kind } }) => {
            const result = results.get(id);
            if (kind === "connect" ? open.has(host) : result === undefined) return false;
            const { state = "done", startedAt, at, error, note } = result ?? {};
            this.#view.change(id, { state, ...(startedAt !== undefined && { startedAt }), ...(at !== undefined && { endedAt: at }), ...(error !== undefined && { error }), ...(note !== undefined && { note }) });
            return true;
        });
    }

    #start(step: PlannedStep): void {
        if (this.#ended || this.#holding) return;
        if (step.view.kind === "power-off") this.committed = true;
        const { id } = step.view;
        this.#underWay.set(id, this.#take(step).then((outcome) => {
            this.#underWay.delete(id);
            if (outcome !== undefined) this.#over(step);
        }));
    }

    /** @returns undefined when the run ended in the middle of the step */
    async #take(step: PlannedStep): Promise<StepOutcome | undefined> {
        const { id, host, kind } = step.view;
        const startedAt = this.io.clock.now();
        this.#show(id, { state: "running", startedAt });
        // Logging in changes nothing: it is not written down, and done again after a restart.
        if (kind !== "connect") await this.io.note({ kind: "intent", run: this.head.run, step: id, at: startedAt });
        const outcome = this.#ended ? undefined : await this.#links.get(host)?.take(step);
        if (this.#ended || outcome === undefined) return undefined;
        const at = this.io.clock.now();
        this.#show(id, { ...outcome, endedAt: at });
        if (kind !== "connect") await this.io.note({ kind: "result", run: this.head.run, step: id, startedAt, at, ...outcome });
        return outcome;
    }

    #over(step: PlannedStep): void {
        this.#left -= 1;
        if (step.view.kind === "stop-service" && --this.#servicesLeft === 0) this.io.progress(this.#view.progress(servicesText(this.plan, this.#view.steps)));
        for (const dependent of this.#dependents.get(step.view.id) ?? []) {
            const unmet = (this.#unmet.get(dependent.view.id) ?? 1) - 1;
            this.#unmet.set(dependent.view.id, unmet);
            if (unmet === 0 && this.#view.stateOf(dependent.view.id) === "planned") this.#start(dependent);
        }
        if (this.#left === 0) this.#end();
    }

    #end(): void {
        const complete = this.#view.steps.every((step) => step.state === "done");
        this.#settle(this.#view.result(complete ? "completed" : "incomplete", endText(this.#view.steps), this.io.clock.now()));
    }

    cancel(why: string): boolean {
        if (this.committed || this.#ended) return false;
        const at = this.io.clock.now();
        for (const { id, state } of this.#view.steps) {
            if (state === "planned") this.#view.change(id, { state: "skipped", error: "cancelled" });
            if (state === "running") this.#view.change(id, { state: "failed", error: "cancelled while under way", endedAt: at });
        }
        this.#settle(this.#view.result("cancelled", `${why}. ${stoppedText(this.#view.steps)}`, at));
        return true;
    }

    async suspend(): Promise<void> {
        this.#holding = true;
        await Promise.race([Promise.all(this.#underWay.values()), sleep(lastStepsMs, this.io.clock)]);
        this.#settle(undefined);
    }

    #settle(result: RunResult | undefined): void {
        if (this.#ended) return;
        this.#ended = true;
        this.#waiting.abort();
        this.#links.forEach((link) => link.close());
        if (result === undefined) return this.#finish(undefined);
        void this.io.note({ kind: "end", run: this.head.run, outcome: result.outcome, at: result.endedAt }).then(() => this.#finish(result));
    }

    #show(id: string, change: Partial<StepView>): void {
        const changed = this.#view.change(id, change);
        this.io.progress(this.#view.progress(stepText(changed), changed));
    }
}
