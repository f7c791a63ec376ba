import type { TriggerState } from "./trigger-state";

/** How much time lies between two readings of a stream. */
export interface Passing {
    /** ms that count as time on battery, should the battery have been in use. */
    countedMs: number;
    /** A long time without any reading, ms. `away`: this process was started anew in between. */
    gap?: { ms: number; away: boolean };
}

const unusual = 3;
/** So many intervals are looked at: a source may say a few things in a row, and then nothing for minutes. */
const newest = 4;

/** The newest intervals of a stream, gaps among them, ms: after another one. */
export function withInterval(intervals: readonly number[] = [], ms: number): number[] {
    return [...intervals, ms].slice(-newest);
}

/**
 * How time has passed until a reading of event time `at`. A gap is longer than `longMs` and than 3 times the longest of the intervals
 * before it: where long ones come again, the source is slow. In a gap the source or the monitor stood still, or a clock jumped: nobody knows. A
 * usual interval is counted for it, so that a clock that jumps by an hour changes nothing; all of it only where this
 * process was away, since outages go on without it.
 */
export function passUntil(at: number, before: TriggerState | undefined, longMs: number): Passing {
    if (before === undefined) return { countedMs: 0 };
    const elapsedMs = Math.max(0, at - before.order.at);
    if (elapsedMs <= Math.max(longMs, ...(before.intervals ?? []).map((ms) => unusual * ms))) return { countedMs: elapsedMs };
    const away = before.resumed === true;
    return { countedMs: away ? elapsedMs : (before.paceMs ?? 0), gap: { ms: elapsedMs, away } };
}
