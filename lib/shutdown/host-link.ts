import { toTrouble, type Trouble } from "../kit/trouble";
import { programOf } from "./actions";
import { wordsOf } from "./commands";
import type { StepView } from "./progress";
import type { PlannedStep } from "./steps";
import type { CommandEnd, HostAccess, Transport } from "./transport";

/** How a step came out. */
export type StepOutcome = Pick<StepView, "state" | "error" | "note"> & { state: "done" | "failed" | "skipped" };

/** One host for the length of a run: its connection, and what went wrong with it. */
export class HostLink {
    #access: HostAccess | undefined;
    #transport: Transport | undefined;
    #connecting: Promise<Transport> | undefined;
    /** Why the last attempt to log in failed. */
    #unreached: Trouble | undefined;

    /** @param login runs a login, when there is a free slot for one */
    constructor(readonly host: string, readonly access: () => HostAccess, readonly login: (work: () => Promise<void>) => Promise<void>) {}

    /** Takes a step. Never rejects, and is over within the step's time plus that of a login. */
    async take({ action, timeoutMs }: PlannedStep): Promise<StepOutcome> {
        const before = this.#unreached;
        // A host that could not be reached gets one more chance, for the one step that matters most.
        const ends = action.verb === "act" && action.action.ends === true;
        const final = ends && before?.kind !== "auth" && before?.kind !== "config";
        if (before !== undefined && !final) return { state: "skipped", error: `not reached (${this.#words(before)})` };
        try {
            const transport = await this.#connect();
            if (action.verb === "connect") return { state: "done" };
            const program = programOf(action.action, action.params, { root: this.#access?.root ?? false, timeoutS: timeoutMs / 1000 });
            const end = await transport.run(wordsOf(program), timeoutMs);
            return ends ? powerOffOutcome(end) : stopOutcome(end);
        } catch (error) {
            return { state: "failed", error: this.#words(toTrouble(error, `host ${this.host}`)) };
        }
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

function stopOutcome(end: CommandEnd): StepOutcome {
    if (end.end === "lost") return { state: "failed", error: "the connection was lost before the service had stopped" };
    return end.end === "exit" && end.code === 0 ? { state: "done" } : { state: "failed", error: failureText(end) };
}

/** A machine that goes down takes the connection and the program with it: that is no failure, but no proof either. */
function powerOffOutcome(end: CommandEnd): StepOutcome {
    if (end.end !== "exit") return { state: "done", note: "sent; the connection ended before the answer, as when a machine goes down" };
    return end.code === 0 ? { state: "done" } : { state: "failed", error: failureText(end) };
}

function failureText(end: Exclude<CommandEnd, { end: "lost" }>): string {
    const what = end.end === "exit" ? `exit status ${end.code}` : `ended by signal ${end.signal}`;
    const cure = /password is required|not allowed to execute|not in the sudoers|terminal is required/.test(end.output) ? ": allow this command without a password in sudoers there" : "";
    return `${what}${end.output === "" ? "" : ` (${end.output})`}${cure}`;
}
