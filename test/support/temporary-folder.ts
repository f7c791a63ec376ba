import { appendFileSync, cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { diskAtRest } from "./disk-at-rest";

/** Every folder that this process has made, with the place in the tests that did. */
const made = new Map<string, string>();

export interface TemporaryFolder {
    path: string;
    /** Removes it as soon as nothing is being written any more. */
    remove(): Promise<void>;
}

/** A folder of its own, removed with `remove`, and at the latest when the process ends: then it is said whose it was. */
export function temporaryFolder(): TemporaryFolder {
    if (made.size === 0) watchTheEnd();
    const path = mkdtempSync(join(tmpdir(), "ridethrough-"));
    made.set(path, caller());
    return { path, remove: () => diskAtRest().then(() => removeFolder(path)) };
}

/** Copies what a process leaves behind that is killed now, but for files that it has only begun: those go while we look. */
export function copyAsKilled(from: string, to: string): void {
    cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith(".tmp") });
}

/** The end of a test that failed, that was stopped, or that let something write into its folder after the removal. */
function watchTheEnd(): void {
    process.on("exit", () => {
        for (const [path, by] of made) {
            if (!existsSync(path)) continue;
            removeFolder(path);
            console.error(`left behind: a folder of ${by}`);
            if (process.env.RIDETHROUGH_LEFTOVERS) appendFileSync(process.env.RIDETHROUGH_LEFTOVERS, `${by}\n`);
        }
    });
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
}

function removeFolder(path: string): void {
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/** The nearest place outside of the helpers in test/support: "test/nodes/wire.test.ts:25". */
function caller(): string {
    const lines = (new Error().stack ?? "").split("\n").slice(3);
    const line = lines.find((text) => text.includes(".test.ts")) ?? lines[0] ?? "";
    const [, file = line, at = ""] = /\(?([^\s()]+\.[cm]?[jt]s):(\d+)(?::\d+)?\)?$/.exec(line) ?? [];
    return `${relative(process.cwd(), file)}:${at}`;
}
