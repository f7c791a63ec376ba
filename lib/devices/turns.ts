const tails = new Map<string, Promise<void>>();

/**
 * Runs `work` when nobody else is at `place`: small devices serve one client at a time, also when two nodes, or a node
 * and its edit dialog, ask for the same one. Gives up waiting when `signal` aborts.
 */
export async function inTurn<T>(place: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = tails.get(place) ?? Promise.resolve();
    let leave: () => void = () => undefined;
    const mine = new Promise<void>((resolve) => { leave = resolve; });
    const tail = before.then(() => mine);
    tails.set(place, tail);
    // Whoever has given up holds up nobody, even if the work never ends.
    signal.addEventListener("abort", leave, { once: true });
    try {
        await before;
        signal.throwIfAborted();
        return await work();
    } finally {
        leave();
        signal.removeEventListener("abort", leave);
        if (tails.get(place) === tail) tails.delete(place);
    }
}
