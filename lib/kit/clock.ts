import { performance } from "node:perf_hooks";

/** Stops a pending callback; calling it twice, or after the callback ran, is harmless. */
export type Cancel = () => void;

/** Every part of Ridethrough that needs the time gets it from a Clock, so that tests and replay can bring their own. */
export interface Clock {
    /** Event time in ms since the epoch: wall time at process start plus monotonic time since. Never jumps. */
    now(): number;
    /** Monotonic ms from an arbitrary start: for deadlines and ages. */
    monotonic(): number;
    /** Wall time in ms since the epoch: only for people and file names. May jump. */
    wall(): number;
    /** Calls `run` once after `ms`. The callback must not throw. */
    after(ms: number, run: () => void): Cancel;
}

const wallAtStart = Date.now();
const monotonicAtStart = performance.now();

/** The longest delay that Node's timers keep (24.8 days); above it they fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
    now: () => wallAtStart + (performance.now() - monotonicAtStart),
    monotonic: () => performance.now(),
    wall: () => Date.now(),
    after(ms, run) {
        const due = performance.now() + Math.max(0, ms);
        let timer: NodeJS.Timeout;
        const wait = (left: number): void => {
            timer = left > longestTimerMs ? setTimeout(() => wait(due - performance.now()), longestTimerMs) : setTimeout(run, left);
        };
        wait(Math.max(0, ms));
        return () => clearTimeout(timer);
    },
};

/** Resolves after `ms`, or early (without an error) when `signal` aborts. */
export function sleep(ms: number, clock: Clock = systemClock, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const finish = (): void => {
            cancel();
            signal?.removeEventListener("abort", finish);
            resolve();
        };
        const cancel = clock.after(ms, finish);
        signal?.addEventListener("abort", finish, { once: true });
    });
}
