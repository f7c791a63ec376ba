import { systemClock, type Clock } from "./clock";
import { errorText, Trouble } from "./trouble";

/** Who waits, for how long, and what may end the wait early. */
export interface Deadline {
    /** Longest wait in ms. */
    ms: number;
    /** What is waited for, as the error names it: "plug 192.0.2.5". */
    subject: string;
    clock?: Clock;
    /** Ends the wait early with a Trouble of kind "stopped". */
    signal?: AbortSignal;
}

/**
 * Runs `work` and settles by the deadline whatever it does: a promise that never settles is left behind, its late
 * rejection is swallowed. `work` gets a signal that aborts at the deadline, so that it can let go of its sockets.
 * @throws Trouble of kind "timeout" or "stopped", or whatever `work` rejects with.
 */
export function withDeadline<T>({ ms, subject, clock = systemClock, signal }: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
        const own = new AbortController();
        const settle = (finish: () => void): void => {
            cancel();
            signal?.removeEventListener("abort", stop);
            finish();
        };
        const giveUp = (trouble: Trouble): void => settle(() => {
            reject(trouble);
            own.abort(trouble);
        });
        const stop = (): void => giveUp(new Trouble("stopped", `${subject}: stopped`));
        const cancel = clock.after(ms, () => giveUp(new Trouble("timeout", `${subject}: no answer within ${ms / 1000} s`)));
        if (signal?.aborted) return stop();
        signal?.addEventListener("abort", stop, { once: true });
        Promise.resolve().then(() => work(own.signal)).then(
            (value) => settle(() => resolve(value)),
            (cause: unknown) => settle(() => reject(cause instanceof Error ? cause : new Error(errorText(cause)))),
        );
    });
}

/**
 * How long each address of a name but the last may take to answer, ms (`autoSelectFamilyAttemptTimeout`): Node's 250 ms are too few for a server far away or a
 * mobile network (nodejs/node#54359).
 */
export function addressMs(deadlineMs: number): number {
    return Math.max(10, Math.min(2000, Math.round(deadlineMs / 4)));
}
