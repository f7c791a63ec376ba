/** No more of the time between two looks counts: while we stand still, what is waited for can't be heard of. */
const mostMs = 250;

/**
 * Waits until `holds`; fails with the text of `wanted` when it does not within the time, which is for a machine that does
 * much else: an event that comes ends the wait.
 */
export async function eventually(holds: () => boolean, withinMs = 10_000, wanted: () => string = () => "condition"): Promise<void> {
    let looked = performance.now();
    for (let waited = 0; !holds();) {
        if (waited > withinMs) throw new Error(`not within ${withinMs} ms: ${wanted()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        const now = performance.now();
        waited += Math.min(mostMs, now - looked);
        looked = now;
    }
}
