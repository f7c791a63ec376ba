import disk from "node:fs/promises";

/** What happens to a call: it fails with this code, and so do the calls after it where the fault is `lasting`. */
export interface Fault {
    code: "ENOSPC" | "EIO" | "EROFS" | "EACCES" | "ESTALE";
    lasting?: boolean;
    /** A write that fails has written its first half. */
    torn?: boolean;
    /** Default: all calls. */
    only?: readonly Call[];
}

const functions = ["open", "rename", "rm", "mkdir", "link", "copyFile", "readdir"] as const;
const methods = ["write", "writeFile", "sync", "datasync", "truncate", "chmod", "stat", "read", "readFile"] as const;

type Call = (typeof functions)[number] | (typeof methods)[number];

type Calls = Record<string, (...given: unknown[]) => Promise<unknown>>;

/**
 * Runs `work` while call number `at` to the disk fails. To whoever reads the disk afterwards a lasting fault is like a process that
 * was killed before that call: nothing later has reached the disk.
 * @returns the name of the call; undefined when there was none so late
 */
export async function failingAt(at: number, { code, lasting = false, torn = false, only }: Fault, work: () => Promise<unknown>): Promise<string | undefined> {
    const some = await disk.open(__filename);
    const handles = Object.getPrototypeOf(some) as Calls;
    const { write = never } = handles;
    await some.close();
    let calls = 0;
    let failed: string | undefined;
    const restore: (() => void)[] = [];
    const wrap = (owner: Calls, name: Call): void => {
        const real = owner[name] as (...given: unknown[]) => Promise<unknown>;
        restore.push(() => void (owner[name] = real));
        owner[name] = async function (this: unknown, ...given: unknown[]): Promise<unknown> {
            if (only?.includes(name) === false) return real.apply(this, given);
            calls += 1;
            if (calls < at || (calls > at && !lasting)) return real.apply(this, given);
            failed ??= name;
            if (calls === at && torn && name === "writeFile") await write.call(this, String(given[0]).slice(0, String(given[0]).length >> 1));
            throw Object.assign(new Error(`${code}: simulated, ${name}`), { code });
        };
    };
    for (const name of functions) wrap(disk as unknown as Calls, name);
    for (const name of methods) wrap(handles, name);
    try {
        await work();
    } finally {
        restore.forEach((each) => each());
    }
    return failed;
}

function never(): Promise<never> {
    throw new Error("no such call");
}

/** Every fault at every call that `work` makes; `work` is made anew each time. */
export async function everywhere(work: (fault: Fault, failing: (during: () => Promise<unknown>) => Promise<void>, where: () => string) => Promise<void>): Promise<string[]> {
    const seen = new Set<string>();
    for (const fault of [{ code: "ENOSPC" }, { code: "ENOSPC", torn: true }, { code: "EIO", lasting: true }, { code: "EROFS", lasting: true, torn: true }] as const) {
        for (let at = 1; ; at += 1) {
            let failed: string | undefined;
            const where = (): string => `${JSON.stringify(fault)} at call ${at} (${failed})`;
            await work(fault, async (during) => void (failed = await failingAt(at, fault, during)), where);
            if (failed === undefined) break;
            seen.add(failed);
        }
    }
    return [...seen];
}
