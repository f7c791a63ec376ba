import { backOffMs } from "../kit/back-off";

/** What a channel's failure asks of the outbox. */
export type Advice =
    /** It may heal by itself: back off. */
    | { next: "retry" }
    /** The service said when to come back: exactly then, in ms, not earlier; after a day at the latest. */
    | { next: "wait"; ms: number }
    /**
     * A person has to change a setting first (token, chat): keep everything, ask now and then. With `ms`, not earlier
     * than that: a login that is tried too often is locked. Infinity: these settings will never work again.
     */
    | { next: "settings"; ms?: number }
    /** This very message can never be delivered: report it and go on with the next. */
    | { next: "discard" };

/** When to try next. Times are monotonic ms. */
export interface Pace {
    readonly failures: number;
    readonly lastAttempt: number;
    /** Not before this. */
    readonly notBefore: number;
    /** `notBefore` is the service's own wish: nothing hurries it. */
    readonly firm: boolean;
}

export const readyPace: Pace = { failures: 0, lastAttempt: -Infinity, notBefore: -Infinity, firm: false };

const networkBackOff = { minMs: 5000, maxMs: 300_000 };
const settingsBackOff = { minMs: 300_000, maxMs: 300_000 };

/** Longest wait in ms that a service may ask for: with a wrong number it would silence us for good. */
const longestWaitMs = 86_400_000;

/** An urgent alert tries at once, but a stream of them does not try more often than this, in ms. */
const shortestGapMs = 250;

/** The pace after an attempt that failed at `now`. */
export function afterFailure(pace: Pace, advice: Advice, now: number, random: () => number = Math.random): Pace {
    if (advice.next === "discard") return readyPace; // the service is well
    const firmMs = advice.next === "retry" ? undefined : advice.next === "wait" ? Math.min(advice.ms, longestWaitMs) : advice.ms;
    const waitMs = firmMs ?? backOffMs(pace.failures, advice.next === "settings" ? settingsBackOff : networkBackOff, random);
    return { failures: pace.failures + 1, lastAttempt: now, notBefore: now + waitMs, firm: firmMs !== undefined };
}

/** The pace when something critical has come in: the oldest is tried at once, because the order is kept. */
export function hurry(pace: Pace, now: number): Pace {
    if (pace.firm) return pace;
    return { ...pace, notBefore: Math.min(pace.notBefore, Math.max(now, pace.lastAttempt + shortestGapMs)) };
}
