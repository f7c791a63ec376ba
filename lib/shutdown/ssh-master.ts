import { spawn, type ChildProcess } from "node:child_process";
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import { sleep, systemClock } from "../kit/clock";
import { errorCode, toTrouble, Trouble } from "../kit/trouble";
import { greetMaster } from "./control-socket";
import { sshProgramTrouble } from "./ssh-program-trouble";

/** Of ssh's own words, characters. */
const keptWords = 8192;
/** How often we look whether ssh listens yet, ms. */
const lookMs = 25;
/** How long its last words may come behind its exit, ms. */
const wordsMs = 100;
/** How long ssh may take to end when it is asked to, ms. */
const dyingMs = 500;

/** Where a master listens in its folder. */
export function controlPath(folder: string): string {
    return join(folder, "s");
}

/** One `ssh` that holds a connection for others, and the private folder (0700) that it listens in. Both go together. */
export class SshMaster {
    readonly control: string;
    /** Why it has ended; undefined while it runs. */
    ended: Trouble | undefined;
    /** Resolves when it has ended. */
    readonly gone: Promise<void>;
    readonly #child: ChildProcess;
    readonly #guard: ChildProcess;
    readonly #listeners = new Set<() => void>();
    #said = "";

    constructor(readonly name: string, readonly folder: string, program: string, words: readonly string[], env: NodeJS.ProcessEnv) {
        const subject = `host ${name}`;
        this.control = controlPath(folder);
        // In a session of its own it has no terminal to ask on, and is ended together with what it starts.
        const child = this.#child = spawn(program, words, { shell: false, detached: true, stdio: ["ignore", "ignore", "pipe"], env });
        this.#guard = guardOf(child.pid, folder);
        child.stderr.on("data", (chunk: Buffer) => { this.#said = (this.#said + chunk.toString("utf8")).slice(-keptWords); });
        this.gone = new Promise((resolve) => {
            const over = (trouble: Trouble): void => {
                this.ended ??= trouble;
                signalGroup(this.#guard, "SIGKILL");
                void removeFolder(folder);
                for (const tell of this.#listeners) tell();
                resolve();
            };
            child.once("error", (error) => over(errorCode(error) === "ENOENT" ? new Trouble("config", `${subject}: there is no program ${program} here`, "install OpenSSH's client, or choose the built-in SSH") : toTrouble(error, subject)));
            child.once("exit", () => {
                signalGroup(child, "SIGKILL");
                void Promise.race([new Promise((read) => child.stderr.once("close", read)), sleep(wordsMs)]).then(() => over(sshProgramTrouble(this.#said, name)));
            });
        });
    }

    /** Resolves when ssh has logged in: only then does it listen. @throws Trouble why it ended instead */
    async listens(signal: AbortSignal): Promise<void> {
        for (let there = false; !there;) {
            await Promise.race([sleep(lookMs, systemClock, signal), this.gone]);
            if (this.ended !== undefined) throw this.ended;
            if (signal.aborted) return;
            there = await access(this.control).then(() => true, () => false);
        }
        await greetMaster(this.control, `host ${this.name}`, signal);
    }

    /** Calls `tell` when it ends. @returns forgets that */
    onEnd(tell: () => void): () => void {
        this.#listeners.add(tell);
        return () => void this.#listeners.delete(tell);
    }

    /** Ends ssh and what it has started (a jump host's ssh), whatever they do. */
    end(): void {
        signalGroup(this.#child, "SIGTERM");
        const cancel = systemClock.after(dyingMs, () => signalGroup(this.#child, "SIGKILL"));
        void this.gone.then(cancel);
    }
}

/** Ends a process group and removes its folder, with the key in it, when we are killed: what it reads from ends with us. */
function guardOf(group: number | undefined, folder: string): ChildProcess {
    const script = 'read -r _; [ -z "$1" ] || kill -TERM "-$1"; rm -rf "$2"';
    const guard = spawn("/bin/sh", ["-c", script, "guard", String(group ?? ""), folder], { detached: true, stdio: ["pipe", "ignore", "ignore"], env: {} });
    guard.on("error", () => undefined);
    guard.stdin.on("error", () => undefined);
    return guard;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
        // Gone already.
    }
}

export function removeFolder(folder: string): Promise<void> {
    return rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}
