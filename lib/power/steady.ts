/** A value that changes only once the new one has lasted. Times are event times in ms. */
export interface Steady<T> {
    value: T;
    /** When it was first seen. */
    since: number;
    /** What was seen since then but has not lasted yet. */
    next?: { value: T; since: number };
}

/** The value after `seen` at `at`. It is taken over when it has been seen, and nothing else, for `needMs`; with 0 at once. */
export function settle<T>(held: Steady<T>, seen: T, at: number, needMs: number): Steady<T> {
    if (seen === held.value) return still(held);
    const since = held.next?.value === seen ? Math.min(held.next.since, at) : at;
    if (at - since >= needMs) return { value: seen, since };
    return { ...still(held), next: { value: seen, since } };
}

/** The value after a moment at which nothing could be seen of it: what had not lasted yet begins anew. */
export function still<T>({ value, since }: Steady<T>): Steady<T> {
    return { value, since };
}
