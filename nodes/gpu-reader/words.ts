import type { ClusterTotal } from "../../lib/devices/gpu-cluster";
import type { GpuMetadata, HostPoll } from "../../lib/devices/gpu-host";
import type { Trouble, TroubleKind } from "../../lib/kit/trouble";
import type { Reading } from "../../lib/power/reading";
import type { Mood } from "../shared/status";

const shortly: Partial<Record<TroubleKind, string>> = {
    timeout: "no answer", refused: "refused", unreachable: "not reachable", closed: "hung up", garbage: "answer not understood", auth: "not accepted", config: "check the settings",
};

/** What the status shows after a poll of all hosts: "285.3 W, 3 GPUs", "72.0 W, 1 of 2 hosts". */
export function statusOf(total: ClusterTotal, troubles: readonly Trouble[]): { mood: Mood; text: string } {
    const { total_watts: watts, nodes_reporting, nodes_expected, gpus_reporting, gpus_expected } = total;
    const only = troubles[0];
    if (watts === undefined) return { mood: "error", text: nodes_expected === 1 && only !== undefined ? (shortly[only.kind] ?? "failed") : `0 of ${nodes_expected} hosts` };
    if (nodes_reporting < nodes_expected) return { mood: "stale", text: `${watts.toFixed(1)} W, ${nodes_reporting} of ${nodes_expected} hosts` };
    if (gpus_reporting < gpus_expected) return { mood: "stale", text: `${watts.toFixed(1)} W, ${gpus_reporting} of ${gpus_expected} GPUs` };
    return { mood: only === undefined ? "ok" : "warning", text: `${watts.toFixed(1)} W, ${gpus_reporting} GPU${gpus_reporting === 1 ? "" : "s"}` };
}

/** A poll as the edit dialog's test shows it, a line a GPU: "gpu_rack_0: 69.6 W of 700 W, 41 °C, 0 % busy, NVIDIA H100". */
export function describePoll({ host, gpus, power, troubles }: HostPoll): string[] {
    const lines = gpus.filter(({ reading }) => reading.quality === "good" || troubles.length === 0).map(describeGpu);
    if (power?.watts !== undefined) lines.push(`${power.device}: ${power.watts} W (${power.source})`);
    else if (power?.error !== undefined && troubles.length === 0) lines.push(power.error);
    return [...lines, ...troubles.map(({ message }) => (message.includes(host) ? message : `${host}: ${message}`))];
}

function describeGpu({ reading, gpu }: { reading: Reading; gpu: GpuMetadata }): string {
    const { power_limit_w: limit, gpu_model: model } = gpu;
    const values = [
        reading.watts === undefined ? (reading.error ?? "missing") : `${reading.watts} W${limit === undefined ? "" : ` of ${limit} W`}`,
        ...(reading.temperature === undefined ? [] : [`${reading.temperature} °C`]),
        ...(reading.load === undefined ? [] : [`${reading.load} % busy`]),
        ...(gpu.mig === true ? ["MIG"] : []),
        ...(model === undefined ? [] : [model]),
    ];
    return `${reading.device}: ${values.join(", ")}`;
}
