import { aftermathOf, parseAftermath, type Aftermath } from "./aftermath";
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
    /** This machine was started again, and what its outage has left behind may be all that is seen. */
    aftermath?: Aftermath;
    /** In which boot of this machine it was read; only of real streams. */
    boot?: string;
}

/**
 * A saved state as this machine finds it in its present `boot`: an outage that was told in an earlier one has led to what it could. Nothing that was
 * read before confirms anything.
 */
export function afterBoot(state: ClassifierState, boot: string): ClassifierState {
    if (state.boot === undefined || state.boot === boot) return state;
    const after: ClassifierState = { ...state, recent: [], boot };
    delete after.missed;
    const aftermath = aftermathOf(state.state, state.aftermath);
    if (aftermath) after.aftermath = aftermath;
    return after;
}

/** A saved state after a restart, or undefined for anything that is none. */
export function parseClassifierState(value: unknown): ClassifierState | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const raw = value as Record<string, unknown>;
    const state = [...powerStates, "UNKNOWN" as const].find((name) => name === raw.state);
    const order = parseOrder(raw.order);
    if (state === undefined || order === undefined || !isNumber(raw.since) || !Array.isArray(raw.recent)) return undefined;
    const missed = raw.missed as { failures?: unknown; since?: unknown } | null | undefined;
    const aftermath = parseAftermath(raw.aftermath);
    return {
        state,
        since: raw.since,
        order: afterRestart(order),
        recent: (raw.recent as { at?: unknown; watts?: unknown }[]).flatMap((sample) => (isNumber(sample?.at) && isNumber(sample.watts) ? [{ at: sample.at, watts: sample.watts }] : [])),
        ...(missed && isNumber(missed.failures) && isNumber(missed.since) && { missed: { failures: missed.failures, since: missed.since } }),
        ...(raw.unannounced === true && { unannounced: true }),
        ...(aftermath && { aftermath }),
        ...(typeof raw.boot === "string" && { boot: raw.boot }),
    };
}

function isNumber(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}
