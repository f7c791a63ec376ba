import type { FlowMsg, FlowNode } from "../test/support/node-red";
import { generateKeyPair } from "../test/simulators/ssh-host";
import type { RunResult } from "../lib/shutdown/progress";
import { hostServices, serviceStopMs, startHosts } from "./devices";
import { atMost, type Figure } from "./figure";
import { startRuntime, type Runtime } from "./runtime";

const sizes = [1, 10, 100];
const target = 1.5;

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
        const { ms, result } = await shutDown(runtime, sequencer.id);
        if (result.outcome !== "completed") throw new Error(`${size} hosts: ${result.outcome}: ${result.text}`);
        figures.push(atMost(`shutdown of ${size} host${size === 1 ? "" : "s"}`, ms / ownMs, target, (ratio) => `${ratio.toFixed(2)} x the slowest host`, ` (${(ms / 1000).toFixed(2)} s, the slowest host by itself ${(ownMs / 1000).toFixed(2)} s)`));
    }
    await runtime.stop();
    await stop();
    return figures;
}

/** From the reading that starts the run to the last host's answer to its final command. */
async function shutDown(runtime: Runtime, sequencer: string): Promise<{ ms: number; result: RunResult }> {
    const began = performance.now();
    const msg = await new Promise<FlowMsg>((resolve) => {
        runtime.listen("result", resolve);
        runtime.send(sequencer, { transition: { device: "solix_output", from: "HEALTHY", to: "DEAD", since: Date.now(), at: Date.now(), watts: 0, conclusive: true } });
    });
    return { ms: performance.now() - began, result: msg.result as RunResult };
}
