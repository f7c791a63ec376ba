import { nutMissing, RealNut } from "../test/support/nut";
import type { Figure } from "./figure";
import { startRuntime } from "./runtime";
import { measureUpsCpu } from "./ups-cpu";
import { measureBesideUpsmon, measureDecisions } from "./ups-latency";

/** UPSes of the second server. */
const many = 50;

/** What it takes to read UPSes of a real upsd and to decide, beside NUT's own programs on the same server. */
export async function measureUps(): Promise<Figure[]> {
    const missing = nutMissing();
    if (missing !== undefined) return [{ name: "UPSes beside upsmon and upsc", value: `not measured: ${missing}` }];
    const runtime = await startRuntime();
    const small = await new RealNut().start();
    const latencies = [...(await measureDecisions(runtime, small)), ...(await measureBesideUpsmon(runtime, small))];
    await small.stop();
    const upses = Array.from({ length: many }, (_, index) => `ups${index + 1}`);
    const large = await new RealNut({ upses: Object.fromEntries(upses.map((name) => [name, {}])) }).start();
    const costs = await measureUpsCpu(runtime, large, upses);
    await large.stop();
    await runtime.stop();
    return [...latencies, ...costs];
}
