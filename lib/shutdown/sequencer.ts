import { randomBytes } from "node:crypto";
import { errorText } from "../kit/trouble";
import { fakeMark, type ShutdownCommand } from "../power/command";
import { decideRun, handStream, manualStream, type Decision } from "./gate";
import { alone, alsoOut, partOf, spared, taken } from "./domains";
import { emptyMemory, remember, spentBefore, type JournalMemory, type JournalRecord, type OpenRun } from "./journal-records";
import { agoMs, heldForMs, hereOf, keepAlive, obstacleTo, rereadMsFor, setupFor, strangeSteps, type Here } from "./interrupted";
import { startLiveRun } from "./live-run";
import { Patience } from "./patience";
import type { ShutdownPlan } from "./plan";
import type { RunProgress } from "./progress";
import { givenUp, type Earlier } from "./recall";
import { startRehearsal } from "./rehearsal";
import { fedText } from "./run-texts";
import { RunView, type Run, type RunHead } from "./run-view";
import type { SequencerOptions, SequencerSetup } from "./sequencer-options";
import { Sources } from "./sources";
import { previewPlan } from "./steps";

export type { SequencerOptions, SequencerSetup, SequencerVoice } from "./sequencer-options";

/** One plan and the runs of it: at most one at a time, at most one real one in an outage. */
export class Sequencer<Origin> {
    #memory: JournalMemory = emptyMemory();
    #run: Run | undefined;
    /** With it the run by hand that an outage did not wait for. */
    readonly #runs = new Set<Run>();
    #closed = false;
    /** Resolves when the journal has been read, and a run found in it goes on. Never rejects. */
    readonly ready: Promise<void>;
    readonly #here: Here;
    readonly #sources: Sources;
    readonly #patience: Patience<Origin>;

    constructor(readonly options: SequencerOptions<Origin>) {
        this.#here = hereOf(options);
        this.#sources = new Sources(options.clock);
        this.#patience = new Patience(options, {
            again: (command, origin) => void this.#decide(command, origin, false),
            spared: (stream) => this.#sparedBy(stream),
            returns: (stream, on) => void this.#note({ kind: "return", stream, on, at: options.clock.now() }),
            next: ({ head: { run } }, stream, reason) => void this.#note({ kind: "next", run, stream, ...(reason !== undefined && { reason }), at: options.clock.now() }),
            holds: ({ head: { run } }, ms) => void this.#note({ kind: "hold", run, on: ms !== undefined, ...(ms !== undefined && { ms }), at: options.clock.now() }),
        });
        this.ready = this.#start();
    }

    get run(): Run | undefined {
        return this.#run;
    }

    /** The streams whose outage has had its real shutdown: until their power is healthy, they start no other. */
    get spent(): string[] {
        return [...this.#memory.ran].filter(([, mode]) => mode === "live").map(([stream]) => stream);
    }

    /**
     * Decides about a command and begins what follows from it. Says why nothing does.
     * @param level the command is a state that holds, not the news of a change; see decideRun
     * @param only the one host that it is about, as a person asks
     */
    async handle(command: ShutdownCommand, origin?: Origin, level = false, only?: string): Promise<Decision> {
        await this.ready;
        if (this.#sources.isOld(command, level)) return { act: "ignore", why: "nothing new", quiet: true };
        return this.#decide(command, origin, level, only);
    }

    /** A stream has a say about its power, and decides nothing. */
    speaks(stream: string): void {
        this.#sources.speaks(stream);
    }

    #decide(command: ShutdownCommand, origin: Origin | undefined, level: boolean, only?: string): Decision {
        const run = this.#run;
        const waits = run === undefined ? undefined : this.#patience.wait(run, command, origin, this.#streamsOf(run));
        if (waits !== undefined) {
            this.#sources.hear(command, true);
            // What another source has left to this one since.
            if (waits.act === "join" && !this.#closed) this.#join(this.options.setup(), command);
            return waits;
        }
        const setup = this.options.setup();
        if (only !== undefined && setup.plan?.hosts.every(({ name }) => name !== only)) return { act: "ignore", why: "it is not in the plan" };
        const decision = decideRun(command, setup.switches, {
            ran: this.#memory.ran,
            ...(run !== undefined && { running: { mode: run.head.mode, streams: this.#streamsOf(run), simulated: run.head.simulated === true, committed: run.committed, undoing: run.undoing, byHand: this.#memory.open?.run === run.head.run && this.#memory.open.only !== undefined, feeds: this.#feeds(run, command) } }),
        }, level, only !== undefined);
        if (command.action !== "cancel") this.#sources.hear(command, decision.act !== "ignore", decision.act === "ignore" && decision.open);
        if (!this.#closed) this.#follow(decision, command, setup, origin, only);
        return decision;
    }

    /**
     * A person holds the run under way, or lets it go on. A hold ends by itself.
     * @param token of the run; see RunControl
     * @returns why not; undefined when it was done
     */
    hold(on: boolean, simulated: boolean, token: unknown): string | undefined {
        return this.#run === undefined ? "nothing is under way" : this.#patience.hold(this.#run, on, simulated, token);
    }

    /** Why a token does not let its sender hold or cancel the run under way; undefined when it does. */
    tokenProblem(token: unknown): string | undefined {
        return this.#patience.tokenProblem(token);
    }

    /** The streams whose outage a run answers; others may join a real one. */
    #streamsOf({ head }: Run): ReadonlySet<string> {
        const { open } = this.#memory;
        return open?.run === head.run ? open.streams : new Set([head.stream]);
    }

    #follow(decision: Decision, command: ShutdownCommand, setup: SequencerSetup, origin: Origin | undefined, only?: string): void {
        const { stream, at } = command;
        switch (decision.act) {
            case "run":
                if (decision.preempts) this.#run?.cancel("a real outage takes precedence");
                this.#beginFor(setup, command, decision, origin, only);
                break;
            case "tell":
                if (decision.outcome === "not-enabled") void this.#note({ kind: "dealt", stream, mode: "rehearsal", at });
                this.#tell(command, decision, setup.plan, origin, only);
                break;
            case "cancel":
                this.#haveBack(this.#patience.believe());
                if (decision.rearm) void this.#note({ kind: "restored", stream, at });
                this.#run?.cancel(decision.why);
                break;
            case "rearm":
                if (decision.spares) this.#run?.spare(this.#sparedBy(stream), `power is back (${command.reason})`);
                void this.#note({ kind: "restored", stream, at });
                break;
            case "join":
                this.#join(setup, command);
                break;
            case "ignore":
                break;
        }
    }

    /** Whether hosts of a run stay since a stream, whose outage it does not answer, has power. */
    #feeds(run: Run, { action, stream }: ShutdownCommand): boolean {
        return action === "restored" && !run.committed && !run.undoing && !this.#patience.isReturning(stream) && this.#sparedBy(stream).length > 0;
    }

    /** The hosts of the run under way that have power again with a stream, while it goes on for others. */
    #sparedBy(stream: string): string[] {
        const { plan } = this.options.setup();
        return plan === undefined ? [] : spared(plan, stream, this.#sources, this.#memory);
    }

    /** The run under way answers another outage, too, and takes in the hosts that had stayed for it. */
    #join({ plan }: SequencerSetup, command: ShutdownCommand): void {
        const { stream, at, reason } = command;
        const { open } = this.#memory;
        const out = plan === undefined ? [] : taken(plan, command, "live", this.#sources, this.#memory.ran).out;
        const stayed = open?.without ?? [];
        const without = stayed.filter((host) => !out.includes(host));
        const more = without.length < stayed.length || open?.only !== undefined;
        const again = open?.spared?.hosts.filter((host) => out.includes(host)) ?? [];
        void this.#note({ kind: "dealt", stream, mode: "live", ...(more && { without }), at });
        if (this.#run === undefined) return;
        this.#patience.joined(this.#run, reason);
        if ((more || again.length > 0) && plan !== undefined) this.#run.extend(partOf(plan, (host) => !without.includes(host)), reason, again);
    }

    /** It is to be seen no more whether power stays back there: failing again, it is another outage. */
    #haveBack(streams: readonly string[]): void {
        for (const stream of streams) void this.#note({ kind: "restored", stream, at: this.options.clock.now() });
    }

    /** Lets go within a second. A real run goes on at the next start, unless the node is `removed`: then it ends here. */
    async close(removed: boolean): Promise<void> {
        await this.ready;
        const run = this.#run;
        if (removed && run?.head.mode === "live") {
            run.breakOff("the shutdown-sequencer was removed in the middle of the run");
            await run.finished;
        }
        this.#closed = true;
        this.#patience.letGo();
        this.#runs.forEach(({ head }) => this.#alive(head));
        await Promise.all([...this.#runs].map((each) => each.suspend()));
        await (removed ? this.options.journal.remove() : this.options.journal.close());
    }

    async #start(): Promise<void> {
        const { memory, warnings, lost } = await this.options.journal.load();
        this.#memory = memory;
        warnings.forEach((text) => (lost && this.options.voice.lost ? this.options.voice.lost(text) : this.options.voice.warn(text)));
        for (const record of spentBefore(this.#here.boot, memory, this.options.clock.now())) void this.#note(record);
        if (memory.open === undefined) return;
        const setup = setupFor(memory.open, this.options.setup());
        const obstacle = obstacleTo(memory.open, setup, this.#here);
        if (obstacle === undefined) this.#resume(memory.open, setup);
        else this.#giveUp(memory.open, setup.plan, obstacle);
    }

    #resume(open: OpenRun, setup: SequencerSetup): void {
        const { run, stream, reason, startedAt, only } = open;
        const heldMs = heldForMs(open, this.#here);
        this.options.voice.warn(`run ${run} was interrupted (${reason}): continuing it`);
        const strange = strangeSteps(open, setup);
        if (strange !== undefined) this.options.voice.warn(strange);
        const head: RunHead = { run, stream, reason, mode: "live", startedAt, ...(only !== undefined && { only }) };
        this.#begin(setup, head, "", undefined, { ...open, waitMs: rereadMsFor(open, this.#here), agoMs: (moment) => agoMs(moment, this.#here) });
        if (heldMs > 0 && this.#run !== undefined) this.#patience.holdOn(this.#run, heldMs);
        // Nobody may say again what it had stopped for: power that was back, or the outage after that.
        for (const [next, why] of open.next) this.#decide({ action: "shutdown", reason: why, at: this.options.clock.now(), stream: next, conclusive: true }, undefined, false);
        for (const back of open.returning) this.#decide({ action: "restored", reason: back, at: this.options.clock.now(), stream: back, conclusive: true }, undefined, false);
    }

    #giveUp(open: OpenRun, plan: ShutdownPlan | undefined, obstacle: NonNullable<ReturnType<typeof obstacleTo>>): void {
        const at = this.options.clock.now();
        const result = givenUp(open, plan, obstacle, at, this.options.usualMs);
        void this.#note({ kind: "end", run: open.run, outcome: result.outcome, at });
        if (obstacle.over) for (const stream of open.streams) void this.#note({ kind: "restored", stream, at });
        this.#say(() => this.options.voice.result(result, undefined));
    }

    #begin({ plan, access }: SequencerSetup, head: RunHead, why: string, origin: Origin | undefined, earlier?: Earlier): void {
        const { clock, voice, paceMs, prove, measured, usualMs } = this.options;
        if (plan === undefined) return;
        let begun: Run | undefined = undefined as Run | undefined;
        const progress = (next: RunProgress): void => this.#say(() => {
            const { waits } = this.#patience;
            // Nothing can hold or end it any more, and it waits for nobody.
            const control = begun?.committed ? undefined : this.#patience.tellControl();
            voice.progress({ ...next, at: clock.now(), ...(control && { control }), ...(control && waits && { waits }) }, origin);
        });
        const mark = this.#patience.begin(earlier?.marks);
        if (head.mode === "rehearsal") void this.#note({ kind: "dealt", stream: head.stream, mode: "rehearsal", at: head.startedAt });
        const run = head.mode === "live"
            ? startLiveRun(head, plan, { clock, boot: this.#here.boot, access, progress, note: (record) => this.#note(record), ...(prove && { prove }), ...(measured && { measured }), ...(usualMs && { usualMs }) }, earlier)
            : startRehearsal(head, plan, why, { clock, progress, ...(paceMs !== undefined && { paceMs }), ...(usualMs && { usualMs }) });
        begun = this.#run = run;
        if (head.mode === "live") void this.#note({ kind: "token", run: head.run, mark, at: clock.now() });
        keepAlive(run.finished, clock, () => this.#alive(head));
        this.#runs.add(run);
        void run.finished.then((result) => {
            this.#runs.delete(run);
            if (this.#run === run) {
                this.#run = undefined;
                const back = this.#patience.letGo();
                if (result !== undefined) this.#haveBack(back);
            }
            if (result !== undefined) this.#say(() => voice.result(result, origin));
            if (!this.#closed) this.#patience.next();
        });
    }

    /** Begins with the hosts that the outage takes, or with the one that a person asks for. */
    #beginFor(setup: SequencerSetup, command: ShutdownCommand, { mode, why }: Extract<Decision, { act: "run" }>, origin: Origin | undefined, only?: string): void {
        if (setup.plan === undefined) return;
        const { out, fed, stay } = only === undefined ? taken(setup.plan, command, mode, this.#sources, this.#memory.ran) : alone(setup.plan, only);
        if (out.length > 0) {
            this.#begin({ ...setup, plan: partOf(setup.plan, (host) => out.includes(host)) }, { ...this.#headOf(command, mode, only), ...(stay.length > 0 && { without: stay, fed }) }, why, origin);
            const also = mode === "live" && only === undefined ? alsoOut(setup.plan, command, out, this.#sources, this.#memory) : [];
            for (const stream of also) void this.#note({ kind: "dealt", stream, mode, at: command.at });
            return;
        }
        void this.#note({ kind: "dealt", stream: command.stream, mode, at: command.at });
        this.#tell(command, { act: "tell", mode: "rehearsal", outcome: "not-enabled", why: `no host loses its power by it${fed.length === 0 ? "" : ` (${fedText(fed)})`}` }, undefined, origin);
    }

    #tell(command: ShutdownCommand, { outcome, why }: Extract<Decision, { act: "tell" }>, plan: ShutdownPlan | undefined, origin: Origin | undefined, only?: string): void {
        const { clock, voice } = this.options;
        const view = new RunView(this.#headOf(command, "rehearsal", only), plan === undefined ? [] : previewPlan(plan, this.options.usualMs));
        const text = `${command.reason}, and nothing is shut down: ${outcome === "invalid" ? `not armed, ${why}` : why}.`;
        this.#say(() => voice.result(view.result(outcome, text, clock.now()), origin));
    }

    #headOf({ stream, reason, simulated }: ShutdownCommand, mode: RunHead["mode"], only?: string): RunHead {
        const { clock } = this.options;
        const run = `${new Date(clock.wall()).toISOString().replace(/\..*/, "").replace(/[-:]/g, "")}-${randomBytes(2).toString("hex")}`;
        return { run, stream, reason, mode, startedAt: clock.now(), ...(only !== undefined && { only }), ...(simulated && { simulated }) };
    }

    /** Remembers at once, writes down what is real. */
    #note(record: JournalRecord): Promise<void> {
        // What a person does by hand is no outage.
        if ("stream" in record && (record.stream === manualStream || (record.stream === handStream && record.kind !== "run"))) return Promise.resolve();
        this.#memory = remember(this.#memory, record);
        return "stream" in record && record.stream.endsWith(fakeMark) ? Promise.resolve() : this.options.journal.note({ ...record, ...(record.kind === "dealt" && { boot: this.#here.boot }), up: this.#here.uptimeMs() });
    }

    #alive({ run, mode }: RunHead): void {
        if (mode === "live") void this.#note({ kind: "alive", run, at: this.options.clock.now() });
    }

    /** What goes wrong while telling must not stop a shutdown. */
    #say(tell: () => void): void {
        try {
            tell();
        } catch (error) {
            this.options.voice.warn(`could not say what happened: ${errorText(error)}`);
        }
    }
}
