/** Bounds of a growing wait between attempts, in ms. */
export interface BackOff {
    minMs: number;
    maxMs: number;
}

/**
 * The wait in ms before attempt number `attempt` (0 = the first repeat): doubles up to the bound, then is spread over
 * its upper half so that many waiters do not come back together.
 */
export function backOffMs(attempt: number, { minMs, maxMs }: BackOff, random: () => number = Math.random): number {
    const full = Math.min(maxMs, minMs * 2 ** Math.min(Math.max(0, attempt), 40));
    return Math.round(full / 2 + random() * (full / 2));
}
