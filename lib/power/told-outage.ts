import { testOf } from "./evidence";
import type { PowerState } from "./power-state";
import type { Reading } from "./reading";

/** A CRITICAL or DEAD that a classifier has told, until the state is better again. */
export interface ToldOutage {
    /**
     * This machine was started again since. `lasts`: low watts may be what that outage has left behind, since machines that are off, or
     * boot, draw little. `over`: power was seen since, or is seen to fail: what is low from here on is another outage.
     */
    booted?: "lasts" | "over";
    /** After that start: since when the state has been better, event time in ms. */
    betterSince?: number;
}

/** Machines that boot draw little: a state that is better, but not HEALTHY, must have stood for so long, ms. As the trigger's powerGraceMs. */
const bootingMs = 300_000;

/** Whether machines are shut down in this state. */
export function isLow(state: PowerState | undefined): boolean {
    return state === "CRITICAL" || state === "DEAD";
}

/** Whether a reading says by itself that mains has failed. A battery test takes the device from mains, too. */
export function showsOutage(reading: Reading): boolean {
    return reading.mains === "absent" && testOf(reading) === undefined;
}

/**
 * The outage as a reading leaves it, before it confirms any state. One HEALTHY reading is enough for `over`: it shows that the whole load ran.
 * @param healthy whether the reading by itself is HEALTHY
 */
export function heedReading(outage: ToldOutage, reading: Reading, healthy: boolean): ToldOutage {
    if (outage.booted !== "lasts") return outage;
    const stood = outage.betterSince !== undefined && reading.at - outage.betterSince >= bootingMs;
    return healthy || stood || showsOutage(reading) ? { booted: "over" } : outage;
}

/**
 * The outage as it goes on in `state`.
 * @param confirmed whether that was confirmed just now
 * @returns undefined when there is none (any more)
 */
export function followOutage(outage: ToldOutage | undefined, state: PowerState, confirmed: boolean, at: number): ToldOutage | undefined {
    if (isLow(state)) return outage === undefined || (confirmed && outage.booted === "over") ? {} : withoutBetter(outage);
    if (state === "UNKNOWN") return outage && withoutBetter(outage);
    return outage?.booted === "lasts" ? { booted: "lasts", betterSince: Math.min(outage.betterSince ?? at, at) } : undefined;
}

function withoutBetter(outage: ToldOutage): ToldOutage {
    return outage.betterSince === undefined || outage.booted === undefined ? outage : { booted: outage.booted };
}

/** A saved outage, or undefined for anything that is none. */
export function parseToldOutage(value: unknown): ToldOutage | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { booted, betterSince } = value as Record<string, unknown>;
    if (booted !== "lasts" && booted !== "over") return {};
    return { booted, ...(typeof betterSince === "number" && Number.isFinite(betterSince) && { betterSince }) };
}
