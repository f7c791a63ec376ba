import { sleep, type Cancel, type Clock } from "../kit/clock";
import { Frontier } from "./frontier";
import { HostLink, type StepOutcome } from "./host-link";
import type { JournalRecord, OpenRun, StepResult } from "./journal-records";
import type { PlanHost, ShutdownPlan } from "./plan";
import type { RunProgress, RunResult, StepView } from "./progress";
import type { Others, ProofOutcome } from "./proof";
import { Reported } from "./reported";
import { backText, count, endText, namesText, planText, servicesText, stepText, stoppedText } from "./run-texts";
import { isOver, RunView, viewOf, type Run, type RunHead } from "./run-view";
import { scheduledViews, type UsualMs } from "./schedule";
import { slots } from "./slots";
import { delayMs, isRepeatable, stepsOf, type PlannedStep } from "./steps";
import type { HostAccess } from "./transport";
import { undoStepsOf, type UndoStep } from "./undo-steps";

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
    /** Looks whether a host is down. Never rejects. Absent: nobody can. @param others to tell a lost network by */
    prove?(host: PlanHost, withinMs: number, others: () => Others, signal: AbortSignal): Promise<ProofOutcome>;
    /** Hears how long a step took; `cut` when it did not come to its end: it would have taken longer. */
    measured?(step: PlannedStep, ms: number, cut: boolean): void;
    usualMs?: UsualMs;
    /** How many logins may be under way at once. Commands only wait, and are not limited. Default 32. */
    logins?: number;
}

/** What is said of a step that an earlier process began, that does harm when taken twice, and whose end nobody has seen. */
const neverKnown = "interrupted in the middle: whether it was done is not known, and it is not done again";
/** So long before the first host goes down nothing is put back any more, ms: to call it off takes a moment, and it may not have got the order at once. */
const callOffMs = 20_000;
/** How long a redeploy waits for the steps under way, ms. */
const lastStepsMs = 400;

/**
 * Executes a plan: every step as soon as those it needs are over, whatever became of them.
 * @param earlier what an earlier process has done of this run
 */
export function startLiveRun(head: RunHead, plan: ShutdownPlan, io: RunIo, earlier?: Earlier): Run {
    return new LiveRun(head, plan, io, earlier);
}

/** What an earlier process has done of a run. `undoing`: why it was being put back. */
export interface Earlier extends Pick<OpenRun, "intents" | "results" | "undoing">, Partial<Pick<OpenRun, "did">> {
    /** How long to wait for a word that power is back before anything is done, ms. Not once the final commands have begun. */
    waitMs?: number;
}

class LiveRun implements Run {
    committed = false;
    get undoing(): boolean {
        return this.#undoing !== undefined;
    }
    readonly finished: Promise<RunResult | undefined>;
    readonly #view: RunView;
    readonly #links = new Map<string, HostLink>();
    readonly #login: ReturnType<typeof slots>;
    /** Undefined while nothing is done yet, since power may be back. */
    #frontier: Frontier | undefined;
    readonly #underWay = new Map<string, Promise<void>>();
    #steps: readonly PlannedStep[];
    readonly #reported = new Reported();
    /** Hosts that stay up because a step failed that they can't do without, and which. */
    readonly #keptUp = new Map<string, string>();
    /** What commits the run when hosts that count down are about to go down. */
    readonly #counting: Cancel[] = [];
    /** Steps whose turn came during a hold. */
    readonly #held: PlannedStep[] = [];
    #onHold = false;
    /** Why the run is being put back; undefined while it goes forward. */
    #undoing: string | undefined;
    /** Why the rest is not put back any more. */
    #haste: string | undefined;
    #suspending = false;
    #ended = false;
    readonly #waiting = new AbortController();
    readonly #looking = new AbortController();
    #finish: (result: RunResult | undefined) => void = () => undefined;

    constructor(readonly head: RunHead, public plan: ShutdownPlan, readonly io: RunIo, earlier?: Earlier) {
        this.#steps = stepsOf(plan);
        this.finished = new Promise((resolve) => { this.#finish = resolve; });
        this.#view = new RunView(head, scheduledViews(this.#steps, io.usualMs));
        this.#login = slots(io.logins ?? 32);
        this.#link(plan);
        void this.#begin(earlier);
    }

    #link({ hosts }: ShutdownPlan): void {
        for (const { name } of hosts) if (!this.#links.has(name)) this.#links.set(name, new HostLink(name, () => this.io.access(name), this.#login));
    }

    async #begin(earlier: Earlier | undefined): Promise<void> {
        const { run, stream, reason, startedAt, only, without } = this.head;
        if (earlier !== undefined) this.#recall(earlier);
        const waitMs = this.committed ? 0 : (earlier?.waitMs ?? 0);
        const again = `continuing the shutdown that was interrupted${waitMs > 0 ? ` in ${waitMs / 1000} s, unless power is back` : ""}: ${reason}`;
        this.io.progress(this.#view.progress(earlier === undefined ? `INITIATING GRACEFUL SHUTDOWN: ${reason} (${planText(this.plan, this.head)})` : again));
        if (earlier === undefined) await this.io.note({ kind: "run", run, stream, reason, boot: this.io.boot, ...(only !== undefined && { only }), ...(without && { without: [...without] }), at: startedAt });
        if (earlier?.undoing !== undefined) return this.#putBack(earlier.undoing, earlier);
        if (waitMs > 0) await sleep(waitMs, this.io.clock, this.#waiting.signal);
        if (!this.#ended && this.#undoing === undefined) this.#startFree();
    }

    /** Starts what may begin, and leaves alone what has begun. */
    #startFree(): void {
        this.#frontier = new Frontier(this.#steps, (id) => isOver(this.#view.stateOf(id)));
        this.#held.splice(0);
        this.#frontier.free.filter(({ view }) => this.#view.stateOf(view.id) === "planned").forEach((step) => this.#start(step));
        if (this.#frontier.left === 0) this.#end();
    }

    extend(plan: ShutdownPlan, why: string): void {
        if (this.#ended || this.#suspending || this.#undoing !== undefined) return;
        const sinceMs = this.io.clock.now() - this.head.startedAt;
        this.plan = plan;
        this.#steps = stepsOf(plan);
        this.#link(plan);
        this.#view.answers(why);
        this.#view.replan(scheduledViews(this.#steps, this.io.usualMs), sinceMs);
        this.io.progress(this.#view.progress(`${why}: the run goes on with ${planText(plan)}`));
        if (this.#frontier !== undefined) this.#startFree();
    }

    /** Marks what an earlier process has done. A host with nothing left to do needs no login either. */
    #recall({ intents, results, did: stopped }: Earlier): void {
        const steps = this.#steps;
        this.committed = steps.some((step) => step.view.kind === "power-off" && intents.has(step.view.id));
        const open = new Set(steps.filter(({ view }) => view.kind !== "connect" && view.kind !== "prove" && !results.has(view.id)).map((step) => step.view.host));
        for (const { view: { id, host, kind, label }, action, onFailure } of steps) {
            const result = results.get(id) ?? (intents.has(id) && !isRepeatable(action) ? { state: "failed" as const, error: neverKnown } : undefined);
            this.#reported.add(id, [...(stopped?.get(id) ?? []), ...(results.get(id)?.did ?? [])]);
            if (kind === "connect" ? open.has(host) : result === undefined) continue;
            const { state = "done" }: Partial<StepResult> = result ?? {};
            if (state === "failed" && onFailure === "keep-up") this.#keptUp.set(host, label);
            this.#view.change(id, { ...viewOf(result ?? {}), state });
        }
    }

    #start(step: PlannedStep): void {
        if (this.#ended || this.#suspending || this.#undoing !== undefined) return;
        if (this.#onHold) return void this.#held.push(step);
        const { id, host, kind } = step.view;
        if (kind === "power-off" && !this.#keptUp.has(host)) this.#goesDown(step);
        this.#underWay.set(id, this.#take(step).then((outcome) => {
            this.#underWay.delete(id);
            if (outcome !== undefined) this.#over(step);
        }));
    }

    /** A host that goes down at once commits the run; one that counts down can be called off until shortly before. */
    #goesDown({ action, view: { id, host } }: PlannedStep): void {
        const delay = action.verb === "act" && action.action.undo !== undefined ? delayMs(action) : 0;
        if (delay <= callOffMs) return void (this.committed = true);
        this.#counting.push(this.io.clock.after(delay - callOffMs, () => {
            if (this.committed || this.#ended || this.#undoing !== undefined || this.#view.stateOf(id) === "failed") return;
            this.committed = true;
            this.#onHold = false;
            this.io.progress(this.#view.progress(`${host} goes down in ${callOffMs / 1000} s: nothing is put back any more`));
            this.#held.splice(0).forEach((step) => this.#start(step));
        }));
    }

    /** @returns undefined when the run ended in the middle of the step */
    async #take(step: PlannedStep): Promise<StepOutcome | undefined> {
        const { id, host, kind, label } = step.view;
        const startedAt = this.io.clock.now();
        const why = this.#keptUp.get(host);
        if (why !== undefined) return this.#came(step, { state: "skipped", error: `the host stays up, since "${why}" failed` }, startedAt);
        this.#show(id, { state: "running", startedAt });
        // Logging in and looking change nothing: they are not written down, and begun again after a restart.
        if (kind !== "connect" && kind !== "prove") await this.io.note({ kind: "intent", run: this.head.run, step: id, at: startedAt });
        const outcome = this.#ended ? undefined : kind === "prove" ? await this.#prove(step) : await this.#links.get(host)?.take(step, (names) => this.#hears(id, names));
        if (this.#ended || outcome === undefined) return undefined;
        if (outcome.state !== "skipped") this.io.measured?.(step, this.io.clock.now() - startedAt, outcome.state === "failed" || outcome.proof === "sent");
        if (outcome.state === "failed" && step.onFailure === "keep-up") this.#keptUp.set(host, label);
        return this.#came(step, outcome, startedAt);
    }

    /** Not told to go down, it is not looked for. @returns undefined when the run ended meanwhile */
    async #prove({ view: { host }, timeoutMs }: PlannedStep): Promise<StepOutcome | undefined> {
        const final = this.#view.stepOf(`${host}/power-off`);
        if (final?.state !== "done") return { state: "skipped", error: "it was not told to go down" };
        const known = this.plan.hosts.find(({ name }) => name === host);
        if (this.io.prove === undefined || known === undefined) return { state: "done", proof: "sent", note: "took its final command; nobody could see whether it went down" };
        const { proof, note } = await this.io.prove(known, timeoutMs, () => this.#others(), this.#looking.signal);
        if (this.#ended || this.#suspending) return undefined;
        if (this.#undoing !== undefined) return { state: "skipped", error: "called off" };
        return proof === "failed" ? { state: "failed", proof, error: note } : { state: "done", proof, note };
    }

    /** Who goes down, or is about to, says nothing about our own way. The likeliest to answer come first. */
    #others(): Others {
        const staying = this.plan.hosts.filter(({ name, local }) => !local && !["running", "done"].includes(this.#view.stateOf(`${name}/power-off`) ?? "none"));
        const answers = ({ name }: PlanHost): boolean | undefined => this.#links.get(name)?.answers;
        const inTurn = [true, undefined, false].flatMap((wanted) => staying.filter((host) => answers(host) === wanted));
        return { hosts: inTurn.map(({ name }) => name), met: staying.some((host) => answers(host) !== undefined) };
    }

    /** What was stopped is to be known also when the end of the step is not, here or by the next process. */
    #hears(id: string, names: readonly string[]): void {
        const fresh = this.#ended ? [] : this.#reported.add(id, names);
        if (fresh.length > 0) void this.io.note({ kind: "did", run: this.head.run, step: id, names: fresh, at: this.io.clock.now() });
    }

    /** @param of the step whose reported names it is about: itself, or the one that is put back */
    async #came({ view: { id, kind } }: Pick<PlannedStep, "view">, { did: _, ...outcome }: StepOutcome, startedAt: number, of = id): Promise<StepOutcome> {
        const at = this.io.clock.now();
        const did = this.#reported.of(of);
        const named = did.length > 0 && outcome.state === "done" ? { note: namesText(did), ...outcome } : outcome;
        this.#show(id, { ...named, endedAt: at });
        if (kind !== "connect") await this.io.note({ kind: "result", run: this.head.run, step: id, startedAt, at, ...named, ...(of === id && did.length > 0 && { did: [...did] }) });
        return named;
    }

    #over(step: PlannedStep): void {
        const services = step.view.kind === "stop-service" ? this.#steps.filter(({ view }) => view.kind === "stop-service") : [];
        if (services.length > 0 && services.every(({ view }) => isOver(this.#view.stateOf(view.id)))) this.io.progress(this.#view.progress(servicesText(this.plan, this.#view.steps)));
        const next = this.#frontier?.over(step) ?? [];
        next.filter(({ view }) => this.#view.stateOf(view.id) === "planned").forEach((dependent) => this.#start(dependent));
        if (this.#frontier?.left === 0 && this.#undoing === undefined) this.#end();
    }

    #end(): void {
        const complete = this.#view.steps.every((step) => step.state === "done");
        this.#settle(this.#view.result(complete ? "completed" : "incomplete", endText(this.#view.steps), this.io.clock.now()));
    }

    hold(on: boolean, text: string): boolean {
        if (this.committed || this.#ended || this.#undoing !== undefined) return false;
        const changes = on !== this.#onHold;
        this.#onHold = on;
        // Who holds it may change while it is held.
        this.io.progress(this.#view.progress(text));
        if (!on) this.#held.splice(0).forEach((step) => this.#start(step));
        return changes;
    }

    cancel(why: string, undo = true): boolean {
        if (this.committed || this.#ended || this.#undoing !== undefined) return false;
        if (undo) void this.#putBack(why);
        else this.#breakOff(why);
        return true;
    }

    /** Ends it here and now. */
    #breakOff(why: string): void {
        const at = this.io.clock.now();
        for (const { id, state } of this.#view.steps) {
            if (state === "planned") this.#view.change(id, { state: "skipped", error: "cancelled" });
            if (state === "running") this.#view.change(id, { state: "failed", error: "cancelled while under way", endedAt: at });
        }
        this.#settle(this.#view.result("cancelled", `${why}. ${stoppedText(this.#view.steps)}`, at));
    }

    /**
     * Takes no further step, and undoes what has a way back: each step when it is over and everything that came after it is
     * undone. A step that hangs holds up only the way back of those before it.
     */
    async #putBack(why: string, { intents, results }: Pick<Earlier, "intents" | "results"> = { intents: new Set(), results: new Map() }): Promise<void> {
        this.#undoing = why;
        this.#waiting.abort();
        this.#looking.abort();
        for (const { id, state } of this.#view.steps) {
            if (state === "planned") this.#view.change(id, intents.has(id) ? { state: "failed", error: "interrupted in the middle" } : { state: "skipped", error: "cancelled" });
        }
        if (results.size + intents.size === 0) await this.io.note({ kind: "undo", run: this.head.run, why, at: this.io.clock.now() });
        if (this.#ended || this.#suspending) return;
        const back = undoStepsOf(this.#steps, this.#view.steps);
        this.#view.append(back.map(({ view }) => ({ ...view, ...(results.has(view.id) && { state: results.get(view.id)?.state ?? "done" }) })));
        this.io.progress(this.#view.progress(`${why}: ${back.length === 0 ? "nothing to put back" : `putting back ${count(back.length, "step")}`}`));
        const over = new Map<string, Promise<void>>();
        for (const step of back) over.set(step.view.id, Promise.all(step.needs.map((need) => over.get(need) ?? Promise.resolve())).then(() => (results.has(step.view.id) ? undefined : this.#undo(step))));
        await Promise.all(over.values());
        await Promise.all(this.#underWay.values());
        if (this.#suspending) return;
        this.#settle(this.#view.result("cancelled", `${why}. ${backText(this.#view.steps)}`, this.io.clock.now()));
    }

    async #undo({ view, of, action, timeoutMs }: UndoStep): Promise<void> {
        await this.#underWay.get(of);
        if (this.#ended || this.#suspending) return;
        const startedAt = this.io.clock.now();
        if (this.#haste !== undefined) return void (await this.#came({ view }, { state: "skipped", error: this.#haste }, startedAt));
        this.#show(view.id, { state: "running", startedAt });
        await this.io.note({ kind: "intent", run: this.head.run, step: view.id, at: startedAt });
        const began = this.#view.stepOf(of)?.startedAt ?? this.head.startedAt;
        const link = this.#links.get(view.host);
        const taking = link?.undo({ action, timeoutMs }, { did: this.#reported.of(of), sinceS: Math.max(0, startedAt - began) / 1000 }).then((outcome) => this.#came({ view }, outcome, startedAt, of));
        this.#underWay.set(view.id, Promise.resolve(taking).then(() => void this.#underWay.delete(view.id)));
        await taking;
    }

    giveWay(why: string): void {
        if (this.#undoing !== undefined) this.#haste = why;
    }

    async suspend(): Promise<void> {
        this.#suspending = true;
        this.#looking.abort();
        await Promise.race([Promise.all(this.#underWay.values()), sleep(lastStepsMs, this.io.clock)]);
        this.#settle(undefined);
    }

    #settle(result: RunResult | undefined): void {
        if (this.#ended) return;
        this.#ended = true;
        this.#waiting.abort();
        this.#looking.abort();
        this.#counting.forEach((cancel) => cancel());
        this.#links.forEach((link) => link.close());
        if (result === undefined) return this.#finish(undefined);
        void this.io.note({ kind: "end", run: this.head.run, outcome: result.outcome, at: result.endedAt }).then(() => this.#finish(result));
    }

    #show(id: string, change: Partial<StepView>): void {
        const changed = this.#view.change(id, change);
        this.io.progress(this.#view.progress(stepText(changed), changed));
    }
}
