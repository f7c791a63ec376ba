import { sleep } from "../kit/clock";
import { CommitPoint } from "./commit-point";
import { Frontier } from "./frontier";
import type { StepOutcome } from "./host-link";
import { HostLinks } from "./host-links";
import { Lookout } from "./lookout";
import type { ShutdownPlan } from "./plan";
import type { RunResult } from "./progress";
import { recall, type Earlier } from "./recall";
import type { RunIo } from "./run-io";
import { RunRecord } from "./run-record";
import { againText, backText, count, endText, planText, servicesText, staysText, stoppedText } from "./run-texts";
import { isOver, RunView, type Run, type RunHead } from "./run-view";
import { scheduledViews } from "./schedule";
import { Standstill } from "./standstill";
import { stepsOf, type PlannedStep } from "./steps";
import { WayBack } from "./way-back";

/** How long a redeploy waits for the steps under way, ms. */
const lastStepsMs = 400;
/** Stands for the outcome of a final command whose host was reached, and was not to be told, or not yet. */
const untold: StepOutcome = { state: "skipped" };

/**
 * Executes a plan: every step as soon as those it needs are over, whatever became of them.
 * @param earlier what an earlier process has done of this run
 */
export function startLiveRun(head: RunHead, plan: ShutdownPlan, io: RunIo, earlier?: Earlier): Run {
    return new LiveRun(head, plan, io, earlier);
}

class LiveRun implements Run {
    get committed(): boolean {
        return this.#commit.passed;
    }
    get undoing(): boolean {
        return this.#undoing !== undefined;
    }
    readonly finished: Promise<RunResult | undefined>;
    readonly #view: RunView;
    readonly #links: HostLinks;
    /** Undefined while nothing is done yet, since power may be back. */
    #frontier: Frontier | undefined;
    readonly #underWay = new Map<string, Promise<void>>();
    #steps: readonly PlannedStep[];
    readonly #record: RunRecord;
    readonly #back: WayBack;
    /** Hosts that have power again and stay. */
    readonly #spared = new Set<string>();
    /** Of what is going on besides the steps: the way back of hosts that are spared, or are so no more. */
    #besides = 0;
    /** Hosts that stay up because a step failed that they can't do without, and which. */
    readonly #keptUp = new Map<string, string>();
    readonly #commit: CommitPoint;
    readonly #standstill = new Standstill();
    /** Why the run is being put back; undefined while it goes forward. */
    #undoing: string | undefined;
    #suspending = false;
    #ended = false;
    readonly #waiting = new AbortController();
    readonly #lookout: Lookout;
    #finish: (result: RunResult | undefined) => void = () => undefined;

    constructor(readonly head: RunHead, public plan: ShutdownPlan, readonly io: RunIo, earlier?: Earlier) {
        this.#steps = stepsOf(plan);
        this.finished = new Promise((resolve) => { this.#finish = resolve; });
        this.#view = new RunView(head, scheduledViews(this.#steps, io.usualMs));
        this.#links = new HostLinks((host) => this.io.access(host), io.logins ?? 32);
        this.#record = new RunRecord(head.run, this.#view, io);
        this.#back = new WayBack({ record: this.#record, startedAt: head.startedAt, link: (host) => this.#links.of(host), underWay: this.#underWay, stopped: () => this.#ended || this.#suspending, ended: () => this.#ended });
        this.#commit = new CommitPoint(io.clock, ({ view: { id, host } }) => !this.#ended && this.#undoing === undefined && !this.#spared.has(host) && (["running", "done"].includes(this.#view.stateOf(id) ?? "none") || this.#view.isInterrupted(id)), (text) => {
            this.#standstill.set({ all: false, hosts: [] });
            if (text !== undefined) this.#record.say(text);
            this.#standstill.release().forEach((step) => this.#start(step));
        });
        this.#lookout = new Lookout({ plan: () => this.plan, final: (host) => this.#view.stateOf(`${host}/power-off`), link: (host) => this.#links.of(host), ...(io.prove && { prove: io.prove }) });
        this.#links.add(plan);
        void this.#begin(earlier);
    }

    async #begin(earlier: Earlier | undefined): Promise<void> {
        const { run, stream, reason, startedAt, only, without } = this.head;
        if (earlier !== undefined) {
            const { told, keptUp } = recall(this.#steps, earlier, this.#record);
            keptUp.forEach((label, host) => this.#keptUp.set(host, label));
            if (earlier.undoing === undefined) told.forEach((each) => this.#commit.sent(...each));
        }
        const waitMs = this.committed ? 0 : (earlier?.waitMs ?? 0);
        this.#record.say(earlier === undefined ? `INITIATING GRACEFUL SHUTDOWN: ${reason} (${planText(this.plan, this.head)})` : againText(reason, waitMs));
        if (earlier === undefined) await this.io.note({ kind: "run", run, stream, reason, boot: this.io.boot, ...(only !== undefined && { only }), ...(without && { without: [...without] }), at: startedAt });
        if (earlier?.undoing !== undefined) return this.#putBack(earlier.undoing, earlier, waitMs);
        if (earlier?.spared !== undefined) this.#leave(earlier.spared.hosts, earlier.spared.why, earlier.results);
        // Whoever goes on with it may have to say at once that it waits.
        await (waitMs > 0 ? sleep(waitMs, this.io.clock, this.#waiting.signal) : undefined);
        if (!this.#ended && this.#undoing === undefined) this.#startFree();
    }

    /** Starts what may begin, and leaves alone what has begun. */
    #startFree(): void {
        this.#frontier = new Frontier(this.#steps, (id) => isOver(this.#view.stateOf(id)));
        this.#standstill.release();
        this.#frontier.free.filter(({ view }) => this.#view.stateOf(view.id) === "planned").forEach((step) => this.#start(step));
        this.#endIfOver();
    }

    hold(on: boolean, text: string): boolean {
        return this.#stands({ all: on }, text);
    }

    pause(hosts: readonly string[], text?: string): void {
        this.#stands({ hosts }, text);
    }

    #stands(still: Parameters<Standstill["set"]>[0], text: string | undefined): boolean {
        if (this.committed || this.#ended || this.#undoing !== undefined) return false;
        this.#standstill.set(still);
        if (text !== undefined) this.#record.say(text);
        this.#standstill.release().forEach((step) => this.#start(step));
        return true;
    }

    spare(hosts: readonly string[], why: string): void {
        if (this.committed || this.#ended || this.#suspending || this.#undoing !== undefined) return;
        const fresh = this.plan.hosts.map(({ name }) => name).filter((name) => hosts.includes(name) && !this.#spared.has(name));
        if (fresh.length === 0) return;
        void this.io.note({ kind: "spare", run: this.head.run, hosts: [...this.#spared, ...fresh], why, at: this.io.clock.now() });
        this.#leave(fresh, why);
    }

    /** Nothing more is done to these hosts, and what was done is put back. @param known what an earlier process did of that */
    #leave(hosts: readonly string[], why: string, known?: Earlier["results"]): void {
        hosts.forEach((host) => this.#spared.add(host));
        const theirs = this.#steps.filter(({ view: { host } }) => hosts.includes(host));
        const left = theirs.filter(({ view: { id } }) => this.#view.stateOf(id) === "planned");
        left.forEach(({ view: { id } }) => this.#view.leaveOut(id, { note: why }));
        this.#lookout.callOff(hosts);
        const steps = this.#back.begin(theirs, known);
        this.#record.say(`${why}: ${staysText(hosts)}${steps === 0 ? "" : `, putting back ${count(steps, "step")} there`}`);
        this.#beside(this.#back.over());
        left.flatMap((step) => this.#frontier?.over(step) ?? []).forEach((step) => this.#start(step));
    }

    /** The run does not end before this is over, too. */
    #beside(work: Promise<void>): void {
        this.#besides += 1;
        void work.then(() => {
            this.#besides -= 1;
            this.#endIfOver();
        });
    }

    /** Takes steps on hosts that were spared. */
    async #takeAnew(hosts: readonly string[], why: string): Promise<void> {
        const note = (anew: readonly string[]): void => void this.io.note({ kind: "spare", run: this.head.run, hosts: [...this.#spared], anew: [...anew], why, at: this.io.clock.now() });
        hosts.forEach((host) => this.#spared.delete(host));
        note(hosts);
        await this.#back.forget(hosts);
        await Promise.all([...this.#underWay].flatMap(([id, over]) => (hosts.includes(this.#view.stepOf(id)?.host ?? "") ? [over] : [])));
        const anew = hosts.filter((host) => !this.#spared.has(host));
        if (this.#ended || this.#suspending || this.#undoing !== undefined) return;
        // Once more, for what was under way and has written its end since.
        note(anew);
        anew.forEach((host) => this.#keptUp.delete(host));
        this.#view.renew(anew);
        if (this.#frontier !== undefined) this.#startFree();
    }

    extend(plan: ShutdownPlan, why: string, again: readonly string[]): void {
        if (this.#ended || this.#suspending || this.#undoing !== undefined) return;
        const sinceMs = this.io.clock.now() - this.head.startedAt;
        this.plan = plan;
        this.#steps = stepsOf(plan);
        this.#links.add(plan);
        this.#view.answers(why);
        this.#view.replan(scheduledViews(this.#steps, this.io.usualMs), sinceMs);
        const anew = again.filter((host) => this.#spared.has(host));
        const taken = plan.hosts.filter(({ name }) => !this.#spared.has(name) || anew.includes(name));
        this.#record.say(`${why}: the run goes on with ${planText({ ...plan, hosts: taken })}`);
        if (this.#frontier !== undefined) this.#startFree();
        if (anew.length > 0) this.#beside(this.#takeAnew(anew, why));
    }

    #start(step: PlannedStep): void {
        const { id } = step.view;
        if (this.#ended || this.#suspending || this.undoing || this.#view.stateOf(id) !== "planned") return;
        if (this.#standstill.stops(step)) return this.#standstill.keep(step);
        this.#underWay.set(id, this.#take(step).then((outcome) => {
            this.#underWay.delete(id);
            if (outcome === undefined) this.#start(step);
            else this.#over(step);
        }));
    }

    /** @returns undefined when the run ended in the middle of the step, or it is to be taken later */
    async #take(step: PlannedStep): Promise<StepOutcome | undefined> {
        const { id, host, kind, label } = step.view;
        const startedAt = this.io.clock.now();
        const why = this.#keptUp.get(host);
        if (why !== undefined) return this.#record.came(step, { state: "skipped", error: `the host stays up, since "${why}" failed` }, startedAt);
        await this.#record.begins(id, startedAt, kind === "stop-service" || kind === "act");
        const hears = (names: readonly string[]): void => (this.#ended ? undefined : this.#record.hears(id, names));
        const outcome = this.#ended ? undefined : kind === "prove" ? await this.#look(step) : await this.#links.of(host)?.take(step, hears, () => this.#tells(step));
        if (this.#ended || outcome === undefined) return undefined;
        if (outcome === untold) return this.#leftUntold(step, startedAt);
        if (outcome.state !== "skipped") this.io.measured?.(step, this.io.clock.now() - startedAt, outcome.state === "failed" || outcome.proof === "sent");
        if (outcome.state === "failed" && step.onFailure === "keep-up") this.#keptUp.set(host, label);
        return this.#record.came(step, outcome, startedAt);
    }

    /** A host is reached and about to be told to go down: from here on nobody knows that it was not. @returns what comes of the step instead */
    async #tells(step: PlannedStep): Promise<StepOutcome | undefined> {
        const isOff = (): boolean => this.#ended || this.#suspending || this.#undoing !== undefined || this.#spared.has(step.view.host) || this.#standstill.stops(step);
        if (isOff()) return untold;
        await this.#record.intends(step.view.id, this.io.clock.now());
        if (isOff()) return untold; // said while the disk took its time
        this.#commit.sent(step);
        return undefined;
    }

    #leftUntold(step: PlannedStep, startedAt: number): Promise<StepOutcome> | undefined {
        const why = this.#undoing !== undefined ? { error: "cancelled" } : this.#spared.has(step.view.host) ? { note: "has power again" } : undefined;
        if (why !== undefined) return this.#record.came(step, { state: "skipped", ...why }, startedAt);
        this.#record.putsOff(step.view.id);
        return undefined;
    }

    async #look(step: PlannedStep): Promise<StepOutcome | undefined> {
        const outcome = await this.#lookout.look(step);
        if (outcome !== undefined || this.#ended || this.#suspending) return outcome;
        return { state: "skipped", ...(this.#undoing === undefined ? { note: "called off" } : { error: "called off" }) };
    }

    #over(step: PlannedStep): void {
        if (this.#ended) return;
        const services = step.view.kind === "stop-service" ? this.#steps.filter(({ view }) => view.kind === "stop-service") : [];
        if (services.length > 0 && services.every(({ view }) => isOver(this.#view.stateOf(view.id)))) this.#record.say(servicesText(this.plan, this.#view.steps));
        const next = this.#frontier?.over(step) ?? [];
        next.filter(({ view }) => this.#view.stateOf(view.id) === "planned").forEach((dependent) => this.#start(dependent));
        this.#endIfOver();
    }

    #endIfOver(): void {
        if (this.#frontier?.left !== 0 || this.#besides > 0 || this.#undoing !== undefined || this.#suspending) return;
        this.#settle(this.#view.result(this.#view.complete ? "completed" : "incomplete", endText(this.#view.steps, [...this.#spared]), this.io.clock.now()));
    }

    cancel(why: string): boolean {
        if (this.committed || this.#ended || this.#undoing !== undefined) return false;
        void this.#putBack(why);
        return true;
    }

    breakOff(why: string): void {
        if (this.#ended) return;
        const at = this.io.clock.now();
        this.#view.breakOff(at);
        const text = this.undoing ? backText(this.#view.steps) : this.committed ? endText(this.#view.steps, [...this.#spared]) : stoppedText(this.#view.steps);
        this.#settle(this.#view.result(this.committed ? "incomplete" : "cancelled", `${why}. ${text}`, at));
    }

    /** Takes no further step, and puts back what can be. @param waitMs it does not end before: an outage that comes next may be over by then */
    async #putBack(why: string, earlier?: Earlier, waitMs = 0): Promise<void> {
        this.#undoing = why;
        if (earlier === undefined) this.#waiting.abort();
        this.#lookout.callOff();
        for (const { id, kind, state } of this.#view.steps) {
            if (state === "planned" && kind !== "undo") this.#view.leaveOut(id, { error: "cancelled" });
        }
        if (earlier === undefined) await this.io.note({ kind: "undo", run: this.head.run, why, at: this.io.clock.now() });
        if (this.#ended || this.#suspending) return;
        const steps = this.#back.begin(this.#steps, earlier?.results);
        this.#record.say(`${why}: ${steps === 0 ? "nothing to put back" : `putting back ${count(steps, "step")}`}`);
        const waited = waitMs > 0 ? sleep(waitMs, this.io.clock, this.#waiting.signal) : undefined;
        await this.#back.over();
        await Promise.all([...this.#underWay.values(), waited]);
        if (this.#suspending || this.#ended) return;
        this.#settle(this.#view.result("cancelled", `${why}. ${backText(this.#view.steps)}`, this.io.clock.now()));
    }

    giveWay(why: string): void {
        if (this.#undoing !== undefined) this.#back.giveWay(why);
    }

    async suspend(): Promise<void> {
        this.#suspending = true;
        this.#lookout.callOff();
        await Promise.race([Promise.all(this.#underWay.values()), sleep(lastStepsMs, this.io.clock)]);
        this.#settle(undefined);
    }

    #settle(result: RunResult | undefined): void {
        if (this.#ended) return;
        this.#ended = true;
        this.#waiting.abort();
        this.#lookout.callOff();
        this.#commit.letGo();
        this.#links.close();
        if (result === undefined) return this.#finish(undefined);
        void this.io.note({ kind: "end", run: this.head.run, outcome: result.outcome, at: result.endedAt }).then(() => this.#finish(result));
    }
}
