import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { median } from "./figure";

/** CPU time in ms of a process with one thread so far, to the ns (Linux: the scheduler's own account). */
export function cpuMsOf(pid: number): number {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

/** CPU time in ms of a process's children that have ended, to 10 ms (proc(5): cutime and cstime). */
export function childrenCpuMsOf(pid: number): number {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** Windows of time over which CPU time is counted. */
export const windows = { count: 5, ms: 8000 };

/**
 * CPU time of this process, ms a second: the middle one of several windows. A garbage collection of Node-RED's whole heap, which falls into one of them
 * now and then, is no cost of what is measured.
 */
export async function cpuMsPerSecond(): Promise<number> {
    const spent: number[] = [];
    for (let window = 0; window < windows.count; window += 1) {
        const before = process.cpuUsage();
        await wait(windows.ms);
        const { user, system } = process.cpuUsage(before);
        spent.push((user + system) / windows.ms);
    }
    return median(spent);
}
