import type { Evidence } from "./evidence";
import type { TriggerConfig } from "./trigger-config";

/** What is watched of a battery while it is not in use, so that somebody hears before an outage that it would not carry one. */
export interface Readiness {
    /** Readings in a row with a charge below the one that is wanted. */
    below: number;
    /** The lowest charge on mains, %, since it last rose, and since when it has not risen from there: event time in ms. */
    floor?: number;
    since?: number;
    /** Why it is not ready: its charge is low, or it should charge and does not. */
    unready?: "charge" | "charging";
}

/** A single reading may be wild: the next one has to say the same. */
const samples = 2;
/** %: a charge that is so far above the wanted one is ready again. */
const hysteresis = 5;
/** %: gauges waver by less. */
const rise = 2;
/** %: above it a battery may rest, as many do on purpose. */
const fullEnough = 75;

/**
 * What is known of a battery's readiness after a reading. One without a charge says nothing; in an outage and in a test a battery
 * falls, as it should, and what was last known stays.
 * @param gap nobody knows what it did since the reading before
 */
export function followReadiness({ readyCharge, chargeStillMs }: TriggerConfig, before: Readiness | undefined, { standing, charge }: Evidence, { at, gap }: { at: number; gap: boolean }): Readiness | undefined {
    const told = before?.unready;
    if (standing === "battery" || standing === "excused") return told && { below: 0, unready: told };
    if (charge === undefined) return before;
    const next: Readiness = { below: charge < readyCharge ? (before?.below ?? 0) + 1 : 0 };
    if (standing === "mains") {
        const known = gap ? undefined : before;
        const risen = known?.floor === undefined || charge >= known.floor + rise;
        next.floor = risen ? charge : Math.min(known.floor ?? charge, charge);
        next.since = risen ? at : (known.since ?? at);
    }
    const low = told === "charge" ? charge < Math.min(100, readyCharge + hysteresis) : next.below >= samples;
    const idle = chargeStillMs > 0 && charge < fullEnough && next.since !== undefined && at - next.since >= chargeStillMs;
    if (low) next.unready = "charge";
    else if (idle) next.unready = "charging";
    return next;
}

/** Why a battery is not ready, for people; undefined when it is. */
export function whyUnready({ readyCharge }: TriggerConfig, { unready, since = 0 }: Readiness, { charge = 0, at }: { charge: number | undefined; at: number }): string | undefined {
    switch (unready) {
        case "charge":
            return `charge ${round(charge)} % is below ${round(readyCharge)} %`;
        case "charging":
            return `charge ${round(charge)} % has not risen for ${round((at - since) / 3_600_000)} h on mains: does the battery charge?`;
        default:
            return undefined;
    }
}

/** Whether a saved value is what followReadiness made. */
export function isReadiness(value: unknown): value is Readiness {
    if (typeof value !== "object" || value === null) return false;
    const { below, floor, since, unready } = value as Partial<Record<keyof Readiness, unknown>>;
    return Number.isFinite(below) && [floor, since].every((number) => number === undefined || Number.isFinite(number)) && [undefined, "charge", "charging"].includes(unready as undefined);
}

function round(value: number): number {
    return Math.round(value * 10) / 10;
}
