const dayMs = 24 * 3_600_000;

/** How often something broke and healed again before anybody was told. */
export interface Flaps {
    /** Event times in ms, oldest first. */
    recoveries: readonly number[];
    /** When it was told last. */
    toldAt?: number;
}

/**
 * Counts a recovery. It is to be told at the `threshold`th within 24 h, and then again at most every 24 h for as long as
 * it goes on. A threshold of 0 tells nothing.
 */
export function countRecovery(flaps: Flaps, at: number, threshold: number): { flaps: Flaps; told: boolean } {
    const withinADay = (time: number): boolean => time <= at && at - time < dayMs;
    const recoveries = [...flaps.recoveries.filter(withinADay), at].slice(-Math.max(1, threshold));
    const muted = flaps.toldAt !== undefined && withinADay(flaps.toldAt);
    if (threshold > 0 && recoveries.length >= threshold && !muted) return { flaps: { recoveries: [], toldAt: at }, told: true };
    return { flaps: { ...flaps, recoveries }, told: false };
}
