import { readdirSync, readlinkSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How often this process has `path`, or what lies in it, open, where the system tells (Linux). */
export function timesOpen(path: string): number {
    const folder = "/proc/self/fd";
    return list(folder).filter((fd) => linkOf(`${folder}/${fd}`)?.startsWith(path)).length;
}

function list(folder: string): string[] {
    try {
        return readdirSync(folder);
    } catch {
        return [];
    }
}

function linkOf(path: string): string | undefined {
    try {
        return readlinkSync(path);
    } catch {
        return undefined; // closed meanwhile
    }
}

type Method = "sync" | "writeFile" | "read" | "readFile";

/** Lets the disk take `ms` for each sync while `work` runs, and waits for those that were begun. */
export async function withSlowDisk(ms: number, work: () => Promise<void>): Promise<void> {
    const underWay = new Set<Promise<void>>();
    const slow = (): Promise<void> => {
        const one = sleep(ms).then(() => void underWay.delete(one));
        underWay.add(one);
        return one;
    };
    await withDisk("sync", slow, work);
    await Promise.all(underWay);
}

/** Does something before `method` of every open file, while `work` runs. What `before` throws is what the disk answers. */
export async function withDisk(method: Method, before: (handle: FileHandle, given: unknown) => void | Promise<void>, work: () => Promise<void>): Promise<void> {
    const some = await open(__filename);
    const handles = Object.getPrototypeOf(some) as Record<Method, (...given: unknown[]) => Promise<unknown>>;
    await some.close();
    const real = handles[method];
    handles[method] = async function (this: FileHandle, ...given: unknown[]): Promise<unknown> {
        await before(this, given[0]);
        return real.apply(this, given);
    };
    try {
        await work();
    } finally {
        handles[method] = real;
    }
}
