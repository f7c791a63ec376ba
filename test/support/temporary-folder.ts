import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** Every folder that this process has made, with the place in the tests that did. */
const made = new Map<string, string>();

/** A folder of its own, removed with `remove`, and at the latest when the process ends: then it is said whose it was. */
export function temporaryFolder(): { path: string; remove(): void } {
    if (made.size === 0) watchTheEnd();
    const path = mkdtempSync(join(tmpdir(), "ridethrough-"));
    made.set(path, caller());
    return { path, remove: () => removeFolder(path) };
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
