import type { Clock } from "./clock";
import { withDeadline } from "./deadline";

/** What is still being written, or removed, by path. */
const writers = new Map<string, Set<Promise<unknown>>>();

/**
 * Says that `work` writes the file `path`, or files beside it: whoever asks for `settled` from now on waits for its end. No
 * deploy waits for a slow disk, so the node that comes after one begins while that one may still be writing: what it reads
 * before that, it would take for all there is.
 * @returns what `work` returns
 */
export function writes<T>(path: string, work: Promise<T>): Promise<T> {
    const all = writers.get(path) ?? new Set();
    writers.set(path, all.add(work));
    const over = (): void => {
        all.delete(work);
        if (all.size === 0) writers.delete(path);
    };
    work.then(over, over);
    return work;
}

/** Resolves when all who write `path` now have ended, well or not. Never rejects. */
export async function settled(path: string): Promise<void> {
    await Promise.allSettled([...(writers.get(path) ?? [])]);
}

/** Who hangs for longer is not waited for, ms: what is there is better than nothing. */
const patienceMs = 4000;

/** The same, but on a disk that hangs it resolves all the same, early enough for a reader that has 5 s. */
export async function settledInTime(path: string, clock: Clock): Promise<void> {
    if (writers.has(path)) await withDeadline({ ms: patienceMs, subject: path, clock }, () => settled(path)).catch(() => undefined);
}
