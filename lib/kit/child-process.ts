import { spawn, type ChildProcess } from "node:child_process";
import { sleep, systemClock, type Clock } from "./clock";
import { withDeadline } from "./deadline";
import { errorCode, toTrouble, Trouble } from "./trouble";

/** What a program said and how it ended. */
export interface ProgramOutput {
    /** Exit status; null when a signal ended it. 127: there is no such program, 126: it may not be started. */
    code: number | null;
    stdout: string;
    stderr: string;
}

export interface ProgramOptions {
    /** Longest time in ms; then the program and its whole process group are killed. */
    deadlineMs: number;
    /** As the errors name it: "nvidia-smi on this machine". */
    subject: string;
    signal?: AbortSignal;
    /** Where the program is looked for; without it the PATH of this process. */
    path?: string;
    /** Longest output in bytes, stdout and stderr each. Default 1 MiB. */
    maxBytes?: number;
    clock?: Clock;
    /** How a process group is ended; a test's own. */
    kill?: (child: ChildProcess) => void;
}

/** How long the pipes are read after the program has ended, ms: a grandchild that holds them would hold us for ever. */
const lastWordsMs = 200;
/** How long a killed program may take to be gone before it counts as stuck, ms. */
const dyingMs = 500;

/** Programs that were killed and are still there: they hang in the kernel, where no signal reaches them. */
const dying = new Map<string, { exited: Promise<void>; since: number }>();

/** What the programs get to see of our environment: no secret is among it. */
const passedOn = ["HOME", "LD_LIBRARY_PATH", "ROCM_PATH", "SystemRoot", "SystemDrive", "windir", "TEMP", "TMP", "ProgramFiles", "PATHEXT"];

/**
 * Runs a program without a shell and collects what it says. Settles by the deadline whatever the program does: acts on its
 * exit, not on its pipes. A program that survived being killed is not started again while it is there, so that polls of
 * a sick device don't pile up.
 * @throws Trouble: timeout, stopped, garbage (more output than `maxBytes`), busy (the last one hangs in the kernel)
 */
export async function runProgram(argv: readonly string[], { deadlineMs, subject, signal, path = process.env.PATH ?? "", maxBytes = 1 << 20, clock = systemClock, kill = killGroup }: ProgramOptions): Promise<ProgramOutput> {
    const [program = "", ...rest] = argv;
    const left = dying.get(program);
    if (left !== undefined) await Promise.race([left.exited, sleep(dyingMs, clock)]);
    if (dying.has(program)) {
        const since = Math.round((clock.monotonic() - (left?.since ?? 0)) / 1000);
        throw new Trouble("busy", `${subject}: the last ${program} was killed ${since} s ago and still hangs in the kernel`, "the device or its driver is stuck; look into dmesg, a reboot helps");
    }
    return withDeadline({ ms: deadlineMs, subject, clock, ...(signal && { signal }) }, (abort) => new Promise<ProgramOutput>((resolve, reject) => {
        const child = spawn(program, rest, {
            shell: false, windowsHide: true, stdio: ["ignore", "pipe", "pipe"],
            // A process group of its own, so that nothing it starts outlives it. On Windows that would open a console.
            detached: process.platform !== "win32",
            env: { ...Object.fromEntries(passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))), PATH: path, LC_ALL: "C" },
        });
        const exited = new Promise<void>((gone) => child.once("exit", () => gone()).once("error", () => gone()));
        const end = (): void => {
            const death = { exited, since: clock.monotonic() };
            if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
                dying.set(program, death);
                void exited.then(() => dying.get(program) === death && dying.delete(program));
            }
            kill(child);
            child.stdout.destroy();
            child.stderr.destroy();
            child.unref();
        };
        const collect = (stream: NodeJS.ReadableStream): (() => string) => {
            const chunks: Buffer[] = [];
            let bytes = 0;
            stream.on("data", (chunk: Buffer) => {
                bytes += chunk.length;
                if (bytes <= maxBytes) return void chunks.push(chunk);
                reject(new Trouble("garbage", `${subject}: more than ${maxBytes} bytes of output`));
                end();
            });
            return () => Buffer.concat(chunks).toString("utf8");
        };
        const stdout = collect(child.stdout);
        const stderr = collect(child.stderr);
        abort.addEventListener("abort", end, { once: true });
        child.on("error", (error) => {
            const code = errorCode(error);
            if (code === "ENOENT") resolve({ code: 127, stdout: "", stderr: `${program}: not found` });
            else if (code === "EACCES") resolve({ code: 126, stdout: "", stderr: `${program}: may not be started` });
            else reject(toTrouble(error, subject));
        });
        child.on("exit", (code) => {
            const over = (): void => {
                cancel();
                resolve({ code, stdout: stdout(), stderr: stderr() });
            };
            // Only "close" says that all output is there; what keeps it open is left of the group.
            const cancel = clock.after(lastWordsMs, () => {
                over();
                end();
            });
            child.once("close", over);
        });
    }));
}

/** Fails quietly for a process that is gone or became another user's. */
function killGroup(child: ChildProcess): void {
    try {
        if (child.pid === undefined) return;
        if (process.platform === "win32") child.kill("SIGKILL");
        else process.kill(-child.pid, "SIGKILL");
    } catch {
        // Gone already, or not ours to kill.
    }
}
