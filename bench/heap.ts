import { atMost, type Figure } from "./figure";
import { plugMessage, steadyWatts } from "./readings";
import { startRuntime, type Runtime } from "./runtime";

const devices = 20;
const warmUp = 5000;

/** Heap after more and more readings of the same devices, an outage every now and then among them. */
export async function measureHeap(): Promise<Figure[]> {
    const runtime = await startRuntime();
    await runtime.deploy([
        { id: "depletion", type: "depletion-rate", source: "auto", batteryWh: "3840", startCharge: "100", efficiency: "90", window: "300", grace: "90", threshold: "20", version: 1, wires: [["classifier"]] },
        { id: "classifier", type: "power-classifier", warning: "150", alert: "80", critical: "30", dead: "5", hysteresis: "5", confirmations: "1", missedPolls: "5", loadIsConstant: true, version: 1, wires: [["sink"], ["sink"]] },
        { id: "sink", type: "bench-sink", wires: [] },
    ]);
    const feed = feeder(runtime);
    await feed(warmUp);
    const [early, late] = [await feed(10_000), await feed(100_000)];
    await runtime.stop();
    const mebibytes = (value: number): string => `${value.toFixed(2)} MiB`;
    return [atMost("heap: growth from 10,000 to 100,000 readings", late - early, 1, mebibytes, ` (${mebibytes(early)}, then ${mebibytes(late)})`)];
}

/** Sends readings until there have been `total`, and resolves with the heap after a garbage collection, MiB. */
function feeder(runtime: Runtime): (total: number) => Promise<number> {
    let sent = 0;
    let arrived = 0;
    let wanted = 0;
    let full: () => void = () => undefined;
    runtime.listen("sink", ({ transition }) => {
        if (transition !== undefined) return;
        arrived += 1;
        if (arrived === wanted) full();
    });
    return async (total) => {
        while (sent < total) {
            wanted = Math.min(total, sent + 100);
            const batch = new Promise<void>((resolve) => { full = resolve; });
            for (; sent < wanted; sent += 1) {
                const second = Math.floor(sent / devices);
                runtime.send("depletion", plugMessage(`plug_${sent % devices}`, second, second % 500 > 480 ? 20 : steadyWatts(second)));
            }
            await batch;
        }
        for (let round = 0; round < 3; round += 1) {
            global.gc?.();
            await new Promise((resolve) => setTimeout(resolve, 200));
        }
        return process.memoryUsage().heapUsed / 2 ** 20;
    };
}
