import { readingFrom, streamOf, type ParsedReading } from "./reading";

/** Where a stream stands in event time. */
export interface Order {
    /** The newest event time seen, in ms. */
    at: number;
    /** How many readings in a row were older than that, each newer than the one before, and the last of them. */
    back?: { count: number; at: number };
}

/**
 * How a reading joins its stream: `newer` goes on; `same` is measured at the very moment of the newest one (a double
 * delivery, or a correction); `late` is older and to be ignored; `restarted`: the source's clock was set back, go on
 * from here.
 */
export type Arrival = "newer" | "same" | "late" | "restarted";

/** So many older readings in a row are no late deliveries: the clock of the source was set back. */
const backAtOnce = 3;

/** Puts a reading of event time `at` into its stream; `order` is undefined for the first one. */
export function arrive(order: Order | undefined, at: number): { arrival: Arrival; order: Order } {
    if (order === undefined || at > order.at) return { arrival: "newer", order: { at } };
    if (at === order.at) return { arrival: "same", order };
    const inARow = order.back !== undefined && at > order.back.at;
    const count = (inARow ? (order.back?.count ?? 0) : 0) + 1;
    if (count >= backAtOnce) return { arrival: "restarted", order: { at } };
    return { arrival: "late", order: { at: order.at, back: { count, at } } };
}

/**
 * The same place after a restart of this process. The wall clock may have stood anywhere in between, so the first
 * reading that comes may be older than the saved one without being late.
 */
export function afterRestart(order: Order): Order {
    return { at: order.at, back: { count: backAtOnce - 1, at: -Infinity } };
}

/**
 * readingFrom, for a decider that keeps streams: a reading that brings no time of its own (a bare number) is measured
 * now, and never before the newest of its stream, which may run ahead of the clock after a simulated outage.
 * @param now event time in ms
 * @param newestOf the newest event time of a stream
 */
export function readingInOrder(msg: { topic?: unknown; payload?: unknown; reading?: unknown }, now: number, newestOf: (stream: string) => number | undefined): ParsedReading {
    const parsed = readingFrom(msg, now);
    if ("error" in parsed || parsed.reading.at !== now) return parsed;
    const newest = newestOf(streamOf(parsed.reading));
    if (newest === undefined || newest < now) return parsed;
    return { reading: { ...parsed.reading, at: newest + 1 } };
}

/** A saved Order, or undefined for anything else. */
export function parseOrder(value: unknown): Order | undefined {
    const at = (value as { at?: unknown } | null | undefined)?.at;
    return typeof at === "number" && Number.isFinite(at) ? { at } : undefined;
}
