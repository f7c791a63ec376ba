import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Program } from "../../lib/shutdown/catalogue";

/** A shell that hosts have, and its own idea of the small programs. */
export interface Shell {
    name: string;
    argv: readonly string[];
    /** Path of busybox, where the small programs are its own. */
    busybox?: string;
}

const all: readonly Shell[] = [
    { name: "dash", argv: ["/bin/dash"] },
    { name: "bash", argv: ["/bin/bash"] },
    { name: "busybox ash", argv: ["/bin/busybox", "sh"], busybox: "/bin/busybox" },
];

/** The shells that are here. One that is missing is said, and is a failure where nothing may be skipped. */
export function shells(): readonly Shell[] {
    const missing = all.filter(({ argv }) => !existsSync(argv[0] ?? ""));
    const text = missing.map(({ name, argv }) => `${name} is not here (${argv[0]})`).join(", ");
    if (missing.length > 0 && process.env.RIDETHROUGH_NO_SKIP === "1") throw new Error(text);
    if (missing.length > 0) console.log(`      skipped: ${text}`);
    return all.filter((shell) => !missing.includes(shell));
}

export interface ScriptEnd {
    code: number | null;
    /** The names behind "did". */
    did: string[];
    stderr: string;
}

/**
 * Runs a program of the catalogue as a host does, in a process group of its own that is killed at the end.
 * @param deaf the connection is lost at once: nobody reads what it says
 */
export function runIn(shell: Shell, program: Program, path: string, { withinMs = 30_000, deaf = false } = {}): Promise<ScriptEnd> {
    const [file = "", ...args] = "argv" in program ? ["/usr/bin/env", `PATH=${path}`, ...program.argv] : [...shell.argv, "-c", program.script, "ridethrough", ...program.args];
    return new Promise((resolve, reject) => {
        const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { PATH: path }, detached: true });
        const kill = (): void => {
            try {
                if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
            } catch {
                // Nothing left of it.
            }
        };
        const late = setTimeout(() => { kill(); reject(new Error(`${shell.name}: not over within ${withinMs} ms`)); }, withinMs);
        let [stdout, stderr] = ["", ""];
        child.stdout.on("data", (chunk: Buffer) => { stdout += chunk.toString(); });
        child.stderr.on("data", (chunk: Buffer) => { stderr += chunk.toString(); });
        if (deaf) for (const stream of [child.stdout, child.stderr]) stream.destroy();
        child.once("error", reject);
        // Like a connection: what it left behind does not hold up its end.
        child.once("exit", (code) => setTimeout(() => {
            clearTimeout(late);
            kill();
            resolve({ code, did: stdout.split("\n").flatMap((line) => /^did (\S+)$/.exec(line)?.[1] ?? []), stderr: stderr.trim() });
        }, 20));
    });
}
