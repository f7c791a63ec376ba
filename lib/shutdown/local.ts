import { spawn, type ChildProcess } from "node:child_process";
import { systemClock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { errorCode, toTrouble, Trouble } from "../kit/trouble";
import { programPath } from "./commands";
import { commandEnd, lastWordsMs, OutputTail, wholeOutputMs, type CommandEnd, type OutputTap, type Transport } from "./transport";

/**
 * This machine. Programs are started without a shell and without our environment, each in a process group of its own that
 * is killed at the deadline.
 */
export class LocalTransport implements Transport {
    #running = new Set<ChildProcess>();
    #closed = false;

    /** @param path where programs are looked for */
    constructor(readonly name: string, readonly path = programPath) {}

    async connect(): Promise<void> {
        // Nothing to open.
    }

    run(argv: readonly string[], deadlineMs: number, tap?: OutputTap): Promise<CommandEnd> {
        const subject = `host ${this.name}`;
        if (this.#closed) return Promise.reject(new Trouble("stopped", `${subject}: stopped`));
        return withDeadline({ ms: deadlineMs, subject }, (signal) => new Promise<CommandEnd>((resolve, reject) => {
            const output = new OutputTail();
            const [program = "", ...rest] = argv;
            // The program is looked for in this PATH, not in ours.
            const child = spawn(program, rest, { shell: false, detached: true, stdio: ["ignore", "pipe", "pipe"], env: { PATH: this.path, LANG: "C" } });
            this.#running.add(child);
            signal.addEventListener("abort", () => killGroup(child), { once: true });
            child.stdout.on("data", output.take);
            child.stderr.on("data", output.take);
            const feed = (take: (chunk: Buffer) => boolean) => (chunk: Buffer): void => {
                if (take(chunk)) return;
                reject(new Trouble("garbage", `${subject}: wrote more than is wanted`));
                killGroup(child);
            };
            if (tap) {
                child.stdout.on("data", feed(tap.stdout));
                child.stderr.on("data", feed(tap.stderr));
            }
            child.on("error", (error) => {
                this.#running.delete(child);
                reject(errorCode(error) === "ENOENT" ? new Trouble("failed", `${subject}: there is no program ${program} in ${this.path}`) : toTrouble(error, subject));
            });
            child.on("exit", (code, signalName) => {
                this.#running.delete(child);
                const over = (): void => {
                    child.stdout.destroy();
                    child.stderr.destroy();
                    if (this.#closed) reject(new Trouble("stopped", `${subject}: stopped`));
                    else resolve(commandEnd({ code, signal: signalName ?? "unknown" }, output.text()));
                };
                // Only "close" says that all output is there, but a grandchild that lives on holds it off for ever.
                child.once("close", over);
                systemClock.after(tap ? wholeOutputMs : lastWordsMs, over);
            });
        }));
    }

    close(): void {
        this.#closed = true;
        this.#running.forEach(killGroup);
    }
}

/** Fails quietly for a program that became another user's (sudo): it then goes on, and we do not wait for it. */
function killGroup(child: ChildProcess): void {
    try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
        // Gone already, or not ours to kill.
    }
}
