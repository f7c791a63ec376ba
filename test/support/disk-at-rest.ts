import { setTimeout as wait } from "node:timers/promises";

/** A disk that takes longer hangs for good, ms. */
const patienceMs = 30_000;
/** Between two writes that belong together something else may be waited for, ms. */
const quietMs = 50;

/**
 * Resolves when this process, or the one that `isBusy` asks, waits for no file any more. Nobody waits for longer than 0.9 s for a
 * node that closes: what it has to write then on a slow disk would make the removed folder of its test anew, or fail in the
 * middle of the next test.
 */
export async function diskAtRest(isBusy: () => boolean | Promise<boolean> = waitsForDisk): Promise<void> {
    const end = performance.now() + patienceMs;
    for (let busy = performance.now(), quiet = !(await isBusy()); !quiet && performance.now() < end; quiet = performance.now() - busy > quietMs) {
        await wait(5);
        if (await isBusy()) busy = performance.now();
    }
}

/** Whether this process waits for a file. */
export function waitsForDisk(): boolean {
    return process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"));
}

/** What a node says of a disk that keeps it waiting for longer than it wants to wait: right on a slow disk, and no fault of ours. */
export const ofSlowDisk = /\b(?:the disk|the journal|alert queue): no answer within \d+ s/;
