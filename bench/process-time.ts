import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/** CPU time in ms of a process with one thread so far, to the ns (Linux: the scheduler's own account). */
export function cpuMsOf(pid: number): number {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

/** CPU time in ms of a process's children that have ended, to 10 ms (proc(5): cutime and cstime). */
export function childrenCpuMsOf(pid: number): number {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** CPU time of this process within the next `ms`, ms. */
export async function cpuMsWithin(ms: number): Promise<number> {
    const before = process.cpuUsage();
    await wait(ms);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
}
