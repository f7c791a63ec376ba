import type { Reading } from "../power/reading";
import type { HostPoll } from "./gpu-host";

/** What all GPUs draw together, and how much of the cluster that is. */
export interface ClusterTotal {
    /** Sum of what was measured, W. Absent when nothing was. */
    total_watts?: number;
    /** Hosts with at least one GPU in the sum. */
    nodes_reporting: number;
    nodes_expected: number;
    gpus_reporting: number;
    /** GPUs that have told their power since the start: all hosts' that were ever reached. */
    gpus_expected: number;
    hosts: { host: string; watts?: number; gpus_reporting: number; gpus_expected: number; error?: string }[];
}

/** The total over one poll of each host. A host that is down is missing from it, never 0. */
export function clusterTotal(polls: readonly HostPoll[]): ClusterTotal {
    const hosts = polls.map(({ host, gpus, metered }) => {
        const measured = gpus.flatMap(({ reading }) => (reading.quality === "good" && reading.watts !== undefined ? [reading.watts] : []));
        const error = gpus.find(({ reading }) => reading.quality !== "good")?.reading.error;
        return { host, ...(measured.length > 0 && { watts: sum(measured) }), gpus_reporting: measured.length, gpus_expected: metered, ...(error !== undefined && { error }) };
    });
    const reporting = hosts.flatMap(({ watts }) => (watts === undefined ? [] : [watts]));
    return {
        ...(reporting.length > 0 && { total_watts: sum(reporting) }),
        nodes_reporting: reporting.length,
        nodes_expected: hosts.length,
        gpus_reporting: hosts.reduce((count, { gpus_reporting }) => count + gpus_reporting, 0),
        gpus_expected: hosts.reduce((count, { gpus_expected }) => count + gpus_expected, 0),
        hosts,
    };
}

/**
 * The total as a reading. A total with gaps is `missing`: taken for the whole, it would look like a load that went away.
 */
export function clusterReading(device: string, total: ClusterTotal, at: number): Reading {
    const { total_watts: watts, nodes_reporting, nodes_expected, gpus_reporting, gpus_expected, hosts } = total;
    if (watts !== undefined && nodes_reporting === nodes_expected && gpus_reporting === gpus_expected) return { device, source: "cluster", at, quality: "good", watts };
    const why = hosts.flatMap(({ error }) => (error === undefined ? [] : [error])).join("; ");
    return { device, source: "cluster", at, quality: "missing", error: `${nodes_reporting} of ${nodes_expected} hosts and ${gpus_reporting} of ${gpus_expected} GPUs report${why === "" ? "" : `: ${why}`}` };
}

function sum(watts: readonly number[]): number {
    return Math.round(watts.reduce((total, each) => total + each, 0) * 100) / 100;
}
