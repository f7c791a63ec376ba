import { toTrouble, type Trouble } from "../kit/trouble";
import { programOf } from "./actions";
import { guestName } from "./actions/shell";
import type { Done, Place, Program } from "./catalogue";
import { wordsOf } from "./commands";
import type { StepView } from "./progress";
import type { PlannedStep } from "./steps";
import type { CommandEnd, HostAccess, Transport } from "./transport";

/** How a step came out. `did`: what the host reports to have done, for the way back. */
export type StepOutcome = Pick<StepView, "error" | "note" | "proof"> & { state: "done" | "failed" | "skipped"; did?: string[] };

/** One host for the length of a run: its connection, and what went wrong with it. */
export class HostLink {
    #access: HostAccess | undefined;
    #transport: Transport | undefined;
    #connecting: Promise<Transport> | undefined;
    /** Why the last attempt to log in failed. */
    #unreached: Trouble | undefined;
    #answers: boolean | undefined;

    /** @param login runs a login, when there is a free slot for one */
    constructor(readonly host: string, readonly access: () => HostAccess, readonly login: (work: () => Promise<void>) => Promise<void>) {}

    /** Whether it was there when we last wanted something of it; undefined when it has never been. */
    get answers(): boolean | undefined {
        return this.#answers;
    }

    /**
     * Takes a step. Never rejects, and is over within the step's time plus that of a login, and `insistMs` where a host refuses its end.
     * @param hears what the host reports to have done, as soon as it does: its end may never be known
     * @param tells the host is reached and about to be told to go down; what it resolves with comes instead
     */
    take({ action, timeoutMs }: Pick<PlannedStep, "action" | "timeoutMs">, hears: Hears = () => undefined, tells: () => Promise<StepOutcome | undefined> = () => Promise.resolve(undefined)): Promise<StepOutcome> {
        if (action.verb === "prove") return Promise.resolve({ state: "skipped", error: "nobody looks" });
        if (action.verb === "connect") return this.#reach(false, () => Promise.resolve({ state: "done" as const }));
        const ends = action.action.ends === true;
        return this.#reach(ends, async (transport, place) => {
            const where = { ...place, timeoutS: timeoutMs / 1000 };
            const instead = ends ? await tells() : undefined;
            if (instead !== undefined) return instead;
            const { end, did } = await this.#run(transport, programOf(action.action, action.params, where), timeoutMs, hears);
            if (action.action.insist !== undefined && isHeldUp(end)) return anywayOutcome(end, (await this.#run(transport, action.action.insist(action.params, where), insistMs)).end);
            return { ...(ends ? powerOffOutcome(end) : stopOutcome(end)), ...(did.length > 0 && { did }) };
        });
    }

    /** Puts back what a step has done. Never rejects. */
    undo({ action, timeoutMs }: Pick<PlannedStep, "action" | "timeoutMs">, done: Done): Promise<StepOutcome> {
        if (action.verb !== "act" || action.action.undo === undefined) return Promise.resolve({ state: "skipped", error: "there is no way back" });
        const { action: entry, params } = action;
        return this.#reach(true, async (transport, place) => {
            const program = entry.undo?.(params, done, { ...place, timeoutS: timeoutMs / 1000 });
            return program === undefined ? { state: "skipped" } : stopOutcome((await this.#run(transport, program, timeoutMs)).end);
        });
    }

    /** @param again a host that could not be reached gets one more chance, for what matters most */
    async #reach(again: boolean, work: (transport: Transport, place: Pick<Place, "root">) => Promise<StepOutcome>): Promise<StepOutcome> {
        const before = this.#unreached;
        const hopeless = before?.kind === "auth" || before?.kind === "config";
        if (before !== undefined && (hopeless || !again)) return { state: "skipped", error: `not reached (${this.#words(before)})` };
        try {
            const transport = await this.#connect();
            this.#answers = true;
            return await work(transport, { root: this.#access?.root ?? false });
        } catch (error) {
            this.#fellSilent();
            return { state: "failed", error: this.#words(toTrouble(error, `host ${this.host}`)) };
        }
    }

    async #run(...command: Parameters<typeof runProgram>): ReturnType<typeof runProgram> {
        const ran = await runProgram(...command);
        if (ran.end.end === "lost") this.#fellSilent();
        return ran;
    }

    #fellSilent(): void {
        if (this.#answers) this.#answers = false;
    }

    close(): void {
        this.#transport?.close();
    }

    /** The open connection; callers at the same time share one login. */
    #connect(): Promise<Transport> {
        return this.#connecting ??= this.#login().finally(() => { this.#connecting = undefined; });
    }

    async #login(): Promise<Transport> {
        try {
            this.#access ??= this.access();
            const transport = this.#transport ??= this.#access.open();
            await this.login(() => transport.connect());
            this.#unreached = undefined;
            return transport;
        } catch (error) {
            this.#unreached = toTrouble(error, `host ${this.host}`);
            throw this.#unreached;
        }
    }

    /** The trouble without the host's name, which every text has in front anyway. */
    #words(trouble: Trouble): string {
        return trouble.message.replace(`host ${this.host}: `, "");
    }
}

/** How much of what a program says it did is kept: names, and characters of all of them. */
const mostDid = { names: 1000, characters: 64_000 };

type Hears = (names: readonly string[]) => void;

/** Runs a program, and picks the lines "did NAME" out of what a script says, whole lines only. */
async function runProgram(transport: Transport, program: Program, timeoutMs: number, hears: Hears = () => undefined): Promise<{ end: CommandEnd; did: string[] }> {
    if ("argv" in program) return { end: await transport.run(wordsOf(program), timeoutMs), did: [] };
    const did: string[] = [];
    let [rest, characters] = ["", 0];
    const end = await transport.run(wordsOf(program), timeoutMs, {
        stdout: (chunk) => {
            if (characters >= mostDid.characters) return true;
            characters += chunk.length;
            const lines = `${rest}${chunk.toString("utf8")}`.split("\n");
            rest = lines.pop() ?? "";
            const names = lines.flatMap((line) => (line.startsWith("did ") && guestName.test(line.slice(4)) ? [line.slice(4)] : [])).slice(0, mostDid.names - did.length);
            did.push(...names);
            if (names.length > 0) hears(names);
            return true;
        },
        stderr: () => true,
    });
    return { end, did };
}

function stopOutcome(end: CommandEnd): StepOutcome {
    if (end.end === "lost") return { state: "failed", error: "the connection was lost before the end was known" };
    return end.end === "exit" && end.code === 0 ? { state: "done" } : { state: "failed", error: failureText(end) };
}

/** A machine that goes down takes the connection and the program with it: that is no failure, but no proof either. */
function powerOffOutcome(end: CommandEnd): StepOutcome {
    if (end.end !== "exit") return { state: "done", note: "sent; the connection ended before the answer, as when a machine goes down" };
    return end.code === 0 ? { state: "done" } : { state: "failed", error: failureText(end) };
}

/** How long systemd may take to begin a power-off, ms. */
const insistMs = 10_000;

/** Somebody on the host holds a lock of logind's: "Operation denied due to active block inhibitor", by the version. */
function isHeldUp(end: CommandEnd): end is Exclude<CommandEnd, { end: "lost" }> {
    return end.end === "exit" && end.code !== 0 && /inhibit/i.test(end.output);
}

function anywayOutcome(refused: Exclude<CommandEnd, { end: "lost" }>, end: CommandEnd): StepOutcome {
    const outcome = powerOffOutcome(end);
    return outcome.state === "done" ? { ...outcome, note: `refused at first (${refused.output}), then done at once all the same` } : { ...outcome, error: `${failureText(refused)}; ${outcome.error}` };
}

function failureText(end: Exclude<CommandEnd, { end: "lost" }>): string {
    const what = end.end === "exit" ? `exit status ${end.code}` : `ended by signal ${end.signal}`;
    const cure = /password is required|not allowed to execute|not in the sudoers|terminal is required/.test(end.output) ? ": allow this command without a password in sudoers there" : "";
    return `${what}${end.output === "" ? "" : ` (${end.output})`}${cure}`;
}
