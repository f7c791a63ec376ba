import { createHash, randomBytes } from "node:crypto";
import type { Cancel, Clock } from "../kit/clock";
import type { ShutdownCommand } from "../power/command";
import type { Decision } from "./gate";
import type { RunControl, RunWaits } from "./progress";
import type { Run } from "./run-view";

export interface PatienceOptions {
    clock: Clock;
    /** How long power must be back before a run is put back, ms. Default 30 s. */
    stableMs?: number;
    /** The longest that a person can hold a run, ms. Default 10 minutes. */
    holdMs?: number;
    /** Holding and cancelling need the token of the run. */
    needsToken?: boolean;
}

const defaultStableMs = 30_000;
const defaultHoldMs = 10 * 60_000;
/** How long a person may answer with a run's token after they were last told of it, ms. */
const tokenMs = 30 * 60_000;

interface Wait {
    /** Event time in ms. */
    until: number;
    end: Cancel;
}

export interface PatienceIo<Origin> {
    /** Decides about a command whose time has come. */
    again(command: ShutdownCommand, origin: Origin | undefined): void;
    /** The hosts that stay when a stream's power is back, and others' is not. */
    spared(stream: string): readonly string[];
    /** It is to be seen whether a stream's power stays back; or no longer. */
    returns(stream: string, on: boolean): void;
    /** An outage waits for the end of the way back; without a reason it does no longer. */
    next(run: Run, stream: string, reason?: string): void;
    /** A person holds a run for so many ms at most; undefined: no longer. */
    holds(run: Run, ms: number | undefined): void;
}

/** What a run under way waits for: power that must stay back for a while, a person's hold, the end of the way back. */
export class Patience<Origin> {
    /** Streams whose power has come back a moment ago. */
    readonly #returning = new Map<string, Wait>();
    /** Whether the run stands still for them: not when another of its streams has no power. */
    #standsStill = false;
    #held: Wait | undefined;
    /** What begins when the run that is being put back has ended, by stream. */
    readonly #next = new Map<string, { command: ShutdownCommand; origin: Origin | undefined }>();
    #control: RunControl | undefined;
    #marks: readonly string[] = [];

    constructor(readonly options: PatienceOptions, readonly io: PatienceIo<Origin>) {}

    /**
     * A run begins, or goes on after an interruption: then who was told of it before may answer, too.
     * @param marks of the tokens of then
     * @returns that of its own
     */
    begin(marks: readonly string[] = []): string {
        this.#held?.end();
        this.#held = undefined;
        const token = randomBytes(9).toString("base64url");
        const mark = markOf(token);
        this.#control = { token, until: 0 };
        this.#marks = [...marks, mark];
        return mark;
    }

    /** What a person, who is told of the run now, needs to hold or cancel it. As long as a hold lasts, they may end it, too. */
    tellControl(): RunControl | undefined {
        const until = Math.max(this.options.clock.now() + tokenMs, this.#held?.until ?? 0);
        return this.#control &&= { ...this.#control, until };
    }

    /** The run has ended. @returns see believe */
    letGo(): string[] {
        this.#held?.end();
        this.#held = undefined;
        this.#control = undefined;
        return this.believe();
    }

    /** Waits no longer whether power stays back. @returns the streams for which it did */
    believe(): string[] {
        const back = [...this.#returning.keys()];
        this.#returning.forEach(({ end }) => end());
        this.#returning.clear();
        this.#standsStill = false;
        return back;
    }

    /** What the run waits for now; undefined when that is nothing. */
    get waits(): RunWaits | undefined {
        if (this.#held === undefined && !this.#standsStill) return undefined;
        const power = Math.max(...[...this.#returning.values()].map(({ until }) => until));
        return { ...(this.#held !== undefined && { held: this.#held.until }), ...(this.#standsStill && { power }) };
    }

    /** Whether it is still to be seen if a stream's power stays back. */
    isReturning(stream: string): boolean {
        return this.#returning.has(stream);
    }

    /** Begins what had to wait for the end of a run. */
    next(): void {
        const next = [...this.#next.values()];
        this.#next.clear();
        for (const { command, origin } of next) this.io.again(command, origin);
    }

    /**
     * What a real run makes of news of its own streams: power that is back must stay back for a while, and the run waits for
     * that; an outage during the way back puts an end to it, and begins anew. Undefined: there is nothing to wait for.
     * @param streams those whose outage the run answers; another that is back may feed hosts of it, too
     */
    wait(run: Run, command: ShutdownCommand, origin: Origin | undefined, streams: ReadonlySet<string>): Decision | undefined {
        const { stream, action, reason, stableSeconds = 0 } = command;
        if (run.head.mode !== "live" || (command.simulated && !run.head.simulated)) return undefined;
        if (action === "restored" && this.#next.delete(stream)) this.io.next(run, stream);
        if (run.undoing && action === "shutdown") {
            if (!this.#next.has(stream)) this.io.next(run, stream, reason);
            this.#next.set(stream, { command, origin });
            run.giveWay("power has failed again");
            return { act: "ignore", why: "the way back ends first: then this outage's run begins", quiet: true };
        }
        const goes = this.#returning.get(stream);
        if (action === "shutdown" && goes !== undefined) {
            goes.end();
            this.#returning.delete(stream);
            this.io.returns(stream, false);
            const text = `power has failed again (${reason}): going on`;
            if (!streams.has(stream)) return void this.#pause(run, text);
            this.#goOn(run, text);
            return { act: "join", why: "power has failed again: the run goes on" };
        }
        const others = [...streams].filter((other) => other !== stream && !this.#returning.has(other));
        const waitMs = (this.options.stableMs ?? defaultStableMs) - stableSeconds * 1000;
        if (action !== "restored" || run.committed || run.undoing || waitMs <= 0) return undefined;
        const hosts = others.length > 0 || !streams.has(stream) ? this.io.spared(stream) : undefined;
        if (hosts?.length === 0) return undefined;
        if (goes === undefined) this.#mustStay(run, command, origin, waitMs, hosts);
        // Its outage is over at once; only its hosts wait.
        if (!streams.has(stream)) return undefined;
        return { act: "ignore", why: "power must stay back for a while", quiet: true };
    }

    #mustStay(run: Run, command: ShutdownCommand, origin: Origin | undefined, waitMs: number, hosts: readonly string[] | undefined): void {
        const { stream, reason } = command;
        const time = `${Math.ceil(waitMs / 1000)} s to see whether it stays`;
        this.io.returns(stream, true);
        this.#returning.set(stream, this.#wait(waitMs, () => {
            this.#returning.delete(stream);
            this.io.again({ ...command, stableSeconds: Infinity }, origin);
            this.io.returns(stream, false);
            this.#pause(run);
        }));
        if (hosts !== undefined) return this.#pause(run, `power is back (${reason}): ${hosts.join(", ")} waiting ${time}, the others go on`);
        this.#standsStill = true;
        run.hold(true, `power is back (${reason}): waiting ${time}`);
    }

    /** Some hosts wait whether their power stays, and the rest of the run goes on. */
    #pause(run: Run, text?: string): void {
        run.pause([...this.#returning.keys()].flatMap((stream) => this.io.spared(stream)), text);
    }

    /** Another source has failed: the run goes on, while those that are back go on waiting whether they stay. */
    joined(run: Run, reason: string): void {
        if (this.#standsStill) this.#goOn(run, `another source has failed (${reason}): going on`);
    }

    #goOn(run: Run, text: string): void {
        this.#standsStill = false;
        this.#pause(run);
        run.hold(this.#held !== undefined, text);
    }

    /** See Sequencer.hold. */
    hold(run: Run, on: boolean, simulated: boolean, token: unknown): string | undefined {
        if (simulated && !run.head.simulated) return "a simulated hold holds no real run";
        const wrong = this.tokenProblem(token);
        if (wrong !== undefined) return wrong;
        if (run.head.mode !== "live") return "a rehearsal can't be held";
        if (run.committed || run.undoing) return "too late: the final commands are on their way, or the run is being put back";
        if (!on) return this.#release(run, "released") ? undefined : "nothing is held";
        if (this.#held !== undefined) return "it is held already";
        const ms = this.options.holdMs ?? defaultHoldMs;
        this.io.holds(run, ms);
        this.#hold(run, ms, "held by a person");
        return undefined;
    }

    /** It goes on after an interruption, and a person's hold has not ended. @param ms what is left of it */
    holdOn(run: Run, ms: number): void {
        if (!run.committed && !run.undoing) this.#hold(run, Math.min(ms, this.options.holdMs ?? defaultHoldMs), "still held by a person");
    }

    #hold(run: Run, ms: number, text: string): void {
        this.#held = this.#wait(ms, () => void this.#release(run, "the hold is over"));
        run.hold(true, `${text}, for ${Math.round(ms / 1000)} s at most`);
    }

    #release(run: Run, why: string): boolean {
        if (this.#held === undefined) return false;
        this.#held.end();
        this.#held = undefined;
        this.io.holds(run, undefined);
        run.hold(this.#standsStill, `${why}: going on`);
        return true;
    }

    #wait(ms: number, over: () => void): Wait {
        const { clock } = this.options;
        return { until: clock.now() + ms, end: clock.after(ms, over) };
    }

    /** See Sequencer.tokenProblem. */
    tokenProblem(token: unknown): string | undefined {
        if (token === undefined || token === null || token === "") return this.options.needsToken ? "the run's token is needed" : undefined;
        if (this.#control === undefined || typeof token !== "string" || !this.#marks.includes(markOf(token))) return "that token is of another run";
        return this.options.clock.now() > this.#control.until ? "that token has expired" : undefined;
    }
}

/** What a token is known by on the disk, where it would be a secret: nobody can make it from that. */
function markOf(token: string): string {
    return createHash("sha256").update(token).digest("base64url");
}
