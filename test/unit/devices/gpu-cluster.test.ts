import { deepEqual, equal, match } from "node:assert/strict";
import { clusterReading, clusterTotal } from "../../../lib/devices/gpu-cluster";
import type { HostPoll } from "../../../lib/devices/gpu-host";

/** Watts of each GPU; undefined: it does not answer. */
const poll = (host: string, watts: (number | undefined)[], metered = watts.length): HostPoll => ({
    host, metered, troubles: [],
    gpus: watts.map((each, index) => ({
        reading: each === undefined
            ? { device: `gpu_${host}_${index}`, source: "nvidia", at: 1, quality: "missing", error: `GPU ${index} of host ${host}: lost` }
            : { device: `gpu_${host}_${index}`, source: "nvidia", at: 1, quality: "good", watts: each },
        gpu: { node: host, gpu_index: index },
    })),
});

describe("a cluster's total", () => {
    const cases: { what: string; polls: HostPoll[]; total: number | undefined; nodes: [number, number]; gpus: [number, number]; good: boolean }[] = [
        { what: "adds all GPUs of all hosts", polls: [poll("a", [72.1, 13.2]), poll("b", [100])], total: 185.3, nodes: [2, 2], gpus: [3, 3], good: true },
        { what: "says that a host is down, and does not count it as 0 W", polls: [poll("a", [72]), poll("b", [undefined])], total: 72, nodes: [1, 2], gpus: [1, 2], good: false },
        { what: "says that a host was never reached", polls: [poll("a", [72]), poll("b", [undefined], 0)], total: 72, nodes: [1, 2], gpus: [1, 1], good: false },
        { what: "says that a GPU is gone", polls: [poll("a", [72, undefined])], total: 72, nodes: [1, 1], gpus: [1, 2], good: false },
        { what: "is whole without a GPU that has no meter", polls: [poll("a", [72, undefined], 1)], total: 72, nodes: [1, 1], gpus: [1, 1], good: true },
        { what: "of nothing is no number", polls: [poll("a", [undefined]), poll("b", [undefined])], total: undefined, nodes: [0, 2], gpus: [0, 2], good: false },
        { what: "of idle GPUs is 0", polls: [poll("a", [0])], total: 0, nodes: [1, 1], gpus: [1, 1], good: true },
    ];
    for (const { what, polls, total, nodes, gpus, good } of cases) {
        it(what, () => {
            const cluster = clusterTotal(polls);
            equal(cluster.total_watts, total);
            equal("total_watts" in cluster, total !== undefined);
            deepEqual([cluster.nodes_reporting, cluster.nodes_expected], nodes);
            deepEqual([cluster.gpus_reporting, cluster.gpus_expected], gpus);
            const reading = clusterReading("gpu_cluster", cluster, 5);
            deepEqual([reading.quality, reading.watts], good ? ["good", total] : ["missing", undefined]);
        });
    }

    it("with gaps names them", () => {
        match(clusterReading("gpu_cluster", clusterTotal([poll("a", [72]), poll("b", [undefined])]), 5).error ?? "", /^1 of 2 hosts and 1 of 2 GPUs report: GPU 0 of host b: lost$/);
    });
});
