import type { Node, NodeAPI, NodeDef } from "node-red";
import { clusterReading, clusterTotal } from "../../lib/devices/gpu-cluster";
import type { HostPoll } from "../../lib/devices/gpu-host";
import { systemClock } from "../../lib/kit/clock";
import type { Reading } from "../../lib/power/reading";
import { OutageReport } from "../shared/outage-report";
import type { StoredConfig } from "../shared/settings";
import { StatusLight } from "../shared/status";
import { every, onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { addDialogRoutes } from "./dialog-routes";
import { openMachines } from "./machines";
import { statusOf } from "./words";

export = (RED: NodeAPI): void => {
    function GpuReader(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems: wrong } = parseConfig(stored as unknown as StoredConfig);
        const machines = openMachines(RED, config);
        const problems = [...wrong, ...machines.problems];
        const light = new StatusLight(this);
        if (problems.length > 0) return refuseSettings(this, light, "GPUs not read", problems);

        const closing = new AbortController();
        const watched = machines.hosts.map((host) => ({ host, outage: new OutageReport(this) }));
        const asking: { msg: FlowMessage; send: Send }[] = [];

        const fields = (reading: Reading): FlowMessage => ({ topic: reading.device, payload: config.payload === "reading" ? reading : (reading.watts ?? null), reading });
        const messagesOf = ({ gpus, power }: HostPoll): FlowMessage[] => [...gpus.map(({ reading, gpu }) => ({ ...fields(reading), gpu })), ...(power === undefined ? [] : [fields(power)])];

        /** All machines at once. Each one's messages go out when it has answered: one that hangs holds up nothing but the total. */
        const poll = async (): Promise<void> => {
            const asked = asking.splice(0);
            const polls = await Promise.all(watched.map(async ({ host, outage }) => {
                const result = await host.poll(closing.signal);
                const messages = messagesOf(result);
                const [trouble] = result.troubles;
                if (trouble === undefined) outage.over();
                else outage.failed(trouble, { ...asked[0]?.msg, ...messages.find(({ reading }) => (reading as Reading).quality !== "good") });
                if (asked.length === 0) this.send([messages, null]);
                for (const { msg, send } of asked) send([messages.map((message) => Object.assign(RED.util.cloneMessage(msg), message)), null]);
                return result;
            })).catch((error: unknown) => {
                if (!closing.signal.aborted) throw error;
            });
            if (polls === undefined || closing.signal.aborted) return;
            const cluster = clusterTotal(polls);
            const reading = clusterReading(config.cluster, cluster, systemClock.now());
            const total = { topic: reading.device, payload: cluster.total_watts ?? null, reading, cluster };
            const { mood, text } = statusOf(cluster, polls.flatMap(({ troubles }) => troubles));
            light.show(mood, text);
            if (asked.length === 0) this.send([null, total]);
            for (const { msg, send } of asked) send([null, Object.assign(msg, total)]);
        };

        const loop = every(this, config.intervalMs, poll);

        onInput(this, async (msg, send) => {
            const question = { msg, send };
            asking.push(question);
            await loop.now();
            // A round that was under way already does not answer.
            if (asking.includes(question)) await loop.now();
        });

        onClose(this, () => {
            closing.abort();
            machines.close();
        });
    }
    RED.nodes.registerType("gpu-reader", GpuReader);
    addDialogRoutes(RED);
};
