import type { TriggerState } from "./trigger-state";

/** How much time lies between two readings of a stream. */
export interface Passing {
    /** ms that count as time on battery, should the battery have been in use. */
    countedMs: number;
    /** A long time without any reading, ms. `away`: this process was started anew in between. */
    gap?: { ms: number; away: boolean };
}

const unusual = 3;

/**
 * How time has passed until a reading of event time `at`. A gap is longer than `longMs` and than 3 times the interval before
 * it, so two in a row are a slow source. In a gap the source or the monitor stood still, or a clock jumped: nobody knows. A
 * usual interval is counted for it, so that a clock that jumps by an hour changes nothing; all of it only where this
 * process was away, since outages go on without it.
 */
export function passUntil(at: number, before: TriggerState | undefined, longMs: number): Passing {
    if (before === undefined) return { countedMs: 0 };
    const elapsedMs = Math.max(0, at - before.order.at);
    const paceMs = before.paceMs ?? 0;
    if (elapsedMs <= Math.max(longMs, unusual * Math.max(paceMs, before.gapMs ?? 0))) return { countedMs: elapsedMs };
    const away = before.resumed === true;
    return { countedMs: away ? elapsedMs : paceMs, gap: { ms: elapsedMs, away } };
}
