import { afterRestart, parseOrder, type Order } from "./order";
import { powerStates, type PowerState } from "./power-state";

/** What a classifier remembers of one stream. */
export interface ClassifierState {
    state: PowerState;
    /** When it began, event time in ms. */
    since: number;
    order: Order;
    /** The last measured readings, oldest first: W and event time in ms. As many as confirmations are needed. */
    recent: { at: number; watts: number }[];
    /** Missing readings in a row so far, and the event time in ms of the first. */
    missed?: { failures: number; since: number };
    /** Nothing has been told about this stream yet: that it turns out HEALTHY is no news. */
    unannounced?: true;
}

/** A saved state after a restart, or undefined for anything that is none. */
export function parseClassifierState(value: unknown): ClassifierState | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const raw = value as Record<string, unknown>;
    const state = [...powerStates, "UNKNOWN" as const].find((name) => name === raw.state);
    const order = parseOrder(raw.order);
    if (state === undefined || order === undefined || !isNumber(raw.since) || !Array.isArray(raw.recent)) return undefined;
    const missed = raw.missed as { failures?: unknown; since?: unknown } | undefined;
    return {
        state,
        since: raw.since,
        order: afterRestart(order),
        recent: (raw.recent as { at?: unknown; watts?: unknown }[]).flatMap((sample) => (isNumber(sample?.at) && isNumber(sample.watts) ? [{ at: sample.at, watts: sample.watts }] : [])),
        ...(missed && isNumber(missed.failures) && isNumber(missed.since) && { missed: { failures: missed.failures, since: missed.since } }),
        ...(raw.unannounced === true && { unannounced: true }),
    };
}

function isNumber(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}
