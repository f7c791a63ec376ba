import { monitorEventLoopDelay } from "node:perf_hooks";
import type { FlowMsg, FlowNode } from "../test/support/node-red";
import { generateKeyPair } from "../test/simulators/ssh-host";
import type { RunResult } from "../lib/shutdown/progress";
import { hostServices, serviceStopMs, startHosts } from "./devices";
import { atMost, type Figure } from "./figure";
import { startRuntime, type Runtime } from "./runtime";

const sizes = [1, 10, 100, 200];
/** 200 hosts play in one process, which is what takes the time then. */
const judged = 100;
const target = 1.3;
const delayTargetMs = 50;

/** Real shutdowns of plans without an order between hosts, by the nodes and over SSH, against what the slowest host takes by itself. */
export async function measureHosts(): Promise<Figure[]> {
    const { devices, stop } = await startHosts(Math.max(...sizes));
    const runtime = await startRuntime();
    const { private: privateKey } = generateKeyPair();
    const ownMs = hostServices.length * serviceStopMs;
    const figures: Figure[] = [];
    for (const size of sizes) {
        const hosts = devices.slice(0, size).map(({ port, hostKey }, index): FlowNode => ({ id: `power-host-${index}`, type: "power-host", name: `host${index}`, kind: "ssh", host: "127.0.0.1", port: String(port), user: "power", auth: "key", keyFile: "", hostKey, version: 1 }));
        const plan: FlowNode = { id: "plan", type: "shutdown-plan", name: `${size} hosts`, hosts: hosts.map(({ id }) => id), steps: hosts.map(() => ({ services: hostServices, after: [], stopTimeout: "30" })), final: "shutdown", delay: "2", version: 1 };
        // Each size has a sequencer of its own, since one outage is one run.
        const sequencer: FlowNode = { id: `sequencer${size}`, type: "shutdown-sequencer", plan: "plan", dryRun: false, enabled: true, startOn: "critical", version: 1, wires: [[], ["result"]] };
        await runtime.deploy([...hosts, plan, sequencer, { id: "result", type: "bench-sink", wires: [] }], Object.fromEntries(hosts.map(({ id }) => [id, { privateKey }])));
        const { ms, delayMs, result } = await shutDown(runtime, sequencer.id);
        if (result.outcome !== "completed") throw new Error(`${size} hosts: ${result.outcome}: ${result.text}`);
        const name = `shutdown of ${size} host${size === 1 ? "" : "s"}`;
        const text = (ratio: number): string => `${ratio.toFixed(2)} x the slowest host`;
        const context = ` (${(ms / 1000).toFixed(2)} s, the slowest host by itself ${(ownMs / 1000).toFixed(2)} s)`;
        figures.push(size <= judged ? atMost(name, ms / ownMs, target, text, context) : { name, value: `${text(ms / ownMs)}${context}` });
        figures.push(atMost(`${name}: event loop delay, p99`, delayMs, delayTargetMs, (value) => `${value.toFixed(1)} ms`));
    }
    await runtime.stop();
    await stop();
    return figures;
}

/** From the reading that starts the run to the last host's answer to its final command, and how late timers come meanwhile. */
async function shutDown(runtime: Runtime, sequencer: string): Promise<{ ms: number; delayMs: number; result: RunResult }> {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const began = performance.now();
    const msg = await new Promise<FlowMsg>((resolve) => {
        runtime.listen("result", resolve);
        runtime.send(sequencer, { transition: { device: "solix_output", from: "HEALTHY", to: "DEAD", since: Date.now(), at: Date.now(), watts: 0, conclusive: true } });
    });
    delay.disable();
    return { ms: performance.now() - began, delayMs: delay.percentile(99) / 1e6, result: msg.result as RunResult };
}
