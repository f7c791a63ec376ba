import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import type { FlowNode } from "../test/support/node-red";
import { startPlugs } from "./devices";
import { atMost, type Figure } from "./figure";
import { startRuntime } from "./runtime";

const plugs = 200;
const idleMs = 8000;
const settleMs = 6000;
const measuredMs = 20_000;

/** What it costs to read many plugs once a second and to judge each reading, beside the same runtime with nothing to do. */
export async function measurePlugs(): Promise<Figure[]> {
    const { devices, stop } = await startPlugs(plugs);
    const runtime = await startRuntime();
    await wait(2000);
    const idle = await load(idleMs);

    const readers = devices.map((port, index): FlowNode => ({
        id: `plug${index}`, type: "plug-reader", device: `plug ${index}`, plugType: "kasa", host: "127.0.0.1", port: String(port), channels: "", interval: "1", deadline: "5", payload: "watts", version: 1,
        wires: [["classifier"]],
    }));
    const classifier: FlowNode = { id: "classifier", type: "power-classifier", warning: "150", alert: "80", critical: "30", dead: "5", hysteresis: "5", confirmations: "1", missedPolls: "5", loadIsConstant: false, version: 1, wires: [["sink"], []] };
    await runtime.deploy([...readers, classifier, { id: "sink", type: "bench-sink", wires: [] }]);
    await wait(settleMs);
    let good = 0;
    let bad = 0;
    runtime.listen("sink", ({ power }) => {
        if ((power as { state?: string } | undefined)?.state === "HEALTHY") good += 1;
        else bad += 1;
    });
    const busy = await load(measuredMs);
    await runtime.stop();
    await stop();

    const rate = good / (measuredMs / 1000);
    const percent = (value: number): string => `${value.toFixed(1)} %`;
    const ms = (value: number): string => `${value.toFixed(1)} ms`;
    return [
        atMost(`${plugs} plugs at 1 Hz: CPU, of one core`, busy.cpuPercent, 10, percent, ` (idle runtime ${percent(idle.cpuPercent)}, ${(busy.cpuPercent * 10_000 / rate).toFixed(0)} us a reading)`),
        { name: `${plugs} plugs at 1 Hz: event loop delay, p99`, value: `${ms(busy.delayMs)} (idle runtime ${ms(idle.delayMs)})` },
        atMost(`${plugs} plugs at 1 Hz: readings lost`, Math.max(0, 100 - (rate / plugs) * 100), 2, percent, ` (${rate.toFixed(0)} readings a second, ${bad} failed)`),
    ];
}

interface Load {
    /** CPU time of this process, % of one core. */
    cpuPercent: number;
    /** How late a timer comes, in 99 of 100 times at most, ms. */
    delayMs: number;
}

async function load(ms: number): Promise<Load> {
    const resolutionMs = 5;
    const delay = monitorEventLoopDelay({ resolution: resolutionMs });
    delay.enable();
    const before = process.cpuUsage();
    const began = performance.now();
    await wait(ms);
    const { user, system } = process.cpuUsage(before);
    delay.disable();
    return { cpuPercent: (user + system) / 1000 / (performance.now() - began) * 100, delayMs: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs) };
}
