import type { Passing } from "./passing";

/** Our own clock on battery; what a device counts itself is no evidence. */
export interface BatteryClock {
    /** ms on battery in this outage, from the first reading that said so. It stands still while mains is back for a moment. */
    elapsedMs: number;
    /** ms that it may have lasted before that, where nobody looked. */
    assumedMs: number;
    /** The newest transfer to battery, event time in ms. */
    transferAt: number;
}

/** Starts the clock, or starts it again after mains was back for a moment. */
export function startClock(clock: BatteryClock | undefined, at: number, assumedMs: number): BatteryClock {
    return clock === undefined ? { elapsedMs: 0, assumedMs, transferAt: at } : { ...clock, transferAt: at };
}

/** Lets the clock go on. What a gap does not count settles no transfer either. */
export function runClock(clock: BatteryClock, { countedMs, gap }: Passing): BatteryClock {
    return { ...clock, elapsedMs: clock.elapsedMs + countedMs, transferAt: clock.transferAt + (gap ? gap.ms - countedMs : 0) };
}

/** ms on battery, with what is assumed. */
export function onBatteryMs({ elapsedMs, assumedMs }: BatteryClock): number {
    return elapsedMs + assumedMs;
}

/** ms until the newest transfer counts as settled; 0 when it does. */
export function unsettledMs(clock: BatteryClock, at: number, stabilizationMs: number): number {
    return Math.max(0, clock.transferAt + stabilizationMs - at);
}
