/**
 * Waits until `holds`; fails with the text of `wanted` when it does not within the time, which is for a machine that does
 * much else: an event that comes ends the wait.
 */
export async function eventually(holds: () => boolean, withinMs = 10_000, wanted: () => string = () => "condition"): Promise<void> {
    const end = performance.now() + withinMs;
    while (!holds()) {
        if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${wanted()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}
