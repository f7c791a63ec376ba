import { errorText } from "../kit/trouble";
import type { HostLink, StepOutcome } from "./host-link";
import type { PlanHost, ShutdownPlan } from "./plan";
import type { StepState } from "./progress";
import type { Others, ProofOutcome } from "./proof";
import type { PlannedStep } from "./steps";

/** Looks whether a host is down. @param others to tell a lost network by */
export type Prove = (host: PlanHost, withinMs: number, others: () => Others, signal: AbortSignal) => Promise<ProofOutcome>;

/** What a lookout needs of its run. */
export interface LookoutIo {
    plan(): ShutdownPlan;
    /** Of a host's final command; undefined when it has none. */
    final(host: string): StepState | undefined;
    link(host: string): HostLink | undefined;
    /** Absent: nobody can see. */
    prove?: Prove;
}

/** Looks whether the hosts of a run go down. */
export class Lookout {
    readonly #looks = new Map<string, AbortController>();

    constructor(readonly io: LookoutIo) {}

    /** Not told to go down, it is not looked for. @returns undefined when it was called off meanwhile */
    async look({ view: { host }, timeoutMs }: PlannedStep): Promise<StepOutcome | undefined> {
        if (this.io.final(host) !== "done") return { state: "skipped", error: "it was not told to go down" };
        const known = this.io.plan().hosts.find(({ name }) => name === host);
        if (this.io.prove === undefined || known === undefined) return { state: "done", proof: "sent", note: "took its final command; nobody could see whether it went down" };
        const called = new AbortController();
        this.#looks.set(host, called);
        const { proof, note } = await this.#prove(this.io.prove, known, timeoutMs, called.signal);
        if (called.signal.aborted) return undefined;
        return proof === "failed" ? { state: "failed", proof, error: note } : { state: "done", proof, note };
    }

    async #prove(prove: Prove, host: PlanHost, withinMs: number, signal: AbortSignal): Promise<ProofOutcome> {
        try {
            return await prove(host, withinMs, () => this.#others(), signal);
        } catch (error) {
            return { proof: "sent", note: `nobody could see whether it went down: ${errorText(error)}` };
        }
    }

    /** Looks no further: at these hosts, or at any. */
    callOff(hosts: Iterable<string> = this.#looks.keys()): void {
        for (const host of hosts) this.#looks.get(host)?.abort();
    }

    /** Who goes down, or is about to, says nothing about our own way. The likeliest to answer come first. */
    #others(): Others {
        const staying = this.io.plan().hosts.filter(({ name, local }) => !local && !["running", "done"].includes(this.io.final(name) ?? "none"));
        const answers = ({ name }: PlanHost): boolean | undefined => this.io.link(name)?.answers;
        const inTurn = [true, undefined, false].flatMap((wanted) => staying.filter((host) => answers(host) === wanted));
        return { hosts: inTurn.map(({ name }) => name), met: staying.some((host) => answers(host) !== undefined) };
    }
}
