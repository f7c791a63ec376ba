import { testOf } from "./evidence";
import type { PowerState } from "./power-state";
import type { Reading } from "./reading";

/**
 * What a classifier does not know after a boot of this machine: low watts may be what an outage has left behind, since machines that are off, or
 * boot, draw little. So they prove nothing, until power was seen.
 */
export interface Aftermath {
    /** Power was seen since, or is seen to fail: what is low from here on is an outage, another one than was told before. */
    over?: true;
    /** Since when the state has been better than CRITICAL, event time in ms. */
    betterSince?: number;
}

/** A state that is better, but not HEALTHY, must have stood for so long, ms: as long as a trigger waits for machines that boot. */
const bootingMs = 300_000;

/** Whether machines are shut down in this state. */
export function isLow(state: PowerState | undefined): boolean {
    return state === "CRITICAL" || state === "DEAD";
}

/** Whether a reading says by itself that mains has failed. A battery test takes the device from mains, too. */
export function showsOutage(reading: Reading): boolean {
    return reading.mains === "absent" && testOf(reading) === undefined;
}

/** @returns undefined where a boot leaves nothing open: on the way down an outage goes on */
export function aftermathOf(state: PowerState, earlier: Aftermath | undefined): Aftermath | undefined {
    return earlier === undefined && (state === "WARNING" || state === "ALERT") ? undefined : {};
}

/**
 * As a reading leaves it, before it confirms any state. One HEALTHY reading is enough for `over`: it shows that the whole load ran.
 * @param seen what the reading is by itself
 */
export function heedReading(aftermath: Aftermath, reading: Reading, seen: PowerState | undefined): Aftermath {
    const { over, betterSince } = aftermath;
    if (over) return aftermath;
    const stood = betterSince !== undefined && reading.at - betterSince >= bootingMs;
    return seen === "HEALTHY" || stood || showsOutage(reading) ? { over: true } : aftermath;
}

/**
 * As it goes on in `state`.
 * @param confirmed whether that was confirmed just now
 * @param seen what the reading is by itself; nothing where it could not be had
 * @returns undefined when nothing is open any more
 */
export function followState({ over, betterSince }: Aftermath, state: PowerState, confirmed: boolean, at: number, seen?: PowerState): Aftermath | undefined {
    if (state === "UNKNOWN" || isLow(state)) return over ? (confirmed && state !== "UNKNOWN" ? undefined : { over }) : {};
    if (over) return undefined;
    // The state may be the one from before the boot still.
    const since = betterSince ?? (isLow(seen) ? undefined : at);
    return since === undefined ? {} : { betterSince: Math.min(since, at) };
}

/** A saved one, or undefined for anything that is none. */
export function parseAftermath(value: unknown): Aftermath | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { over, betterSince } = value as Record<string, unknown>;
    return { ...(over === true && { over }), ...(typeof betterSince === "number" && Number.isFinite(betterSince) && { betterSince }) };
}
