import { access, constants, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { toTrouble, Trouble } from "../kit/trouble";
import { CommandWatch } from "./command-watch";
import { programPath, remoteCommand } from "./commands";
import { execOverMaster } from "./control-socket";
import { accountKnownHosts, expandHome } from "./host-trust";
import type { SshTarget } from "./ssh";
import { sshArguments, type SshArguments } from "./ssh-arguments";
import { controlPath, removeFolder, SshMaster } from "./ssh-master";
import type { CommandEnd, OutputTap, Transport } from "./transport";

export interface SshProgramOptions {
    /** Longest time from the start of ssh to the login, ms. */
    timeoutMs?: number;
    program?: string;
    /** Instead of ~/.ssh/config. */
    configFile?: string;
}

/** How long we wait for what a connection that is gone was lost by, ms. */
const reasonMs = 150;

/**
 * SSH by the system's own `ssh`: one process and one connection for all commands. It honours ~/.ssh/config, and so knows jump
 * hosts, hardware keys, certificates and Kerberos, which ssh2 does not. It is slower to log in than ssh2.
 */
export class SshProgram implements Transport {
    #master: SshMaster | undefined;
    #connecting: Promise<void> | undefined;
    #closed = false;
    readonly #stop = new AbortController();

    constructor(readonly target: SshTarget, readonly options: SshProgramOptions = {}) {}

    get #subject(): string {
        return `host ${this.target.name}`;
    }

    connect(): Promise<void> {
        if (this.#master !== undefined && this.#master.ended === undefined) return Promise.resolve();
        return this.#connecting ??= this.#connect().finally(() => { this.#connecting = undefined; });
    }

    async #connect(): Promise<void> {
        if (this.#closed) throw this.#stopped();
        if (process.platform === "win32") throw new Trouble("config", `${this.#subject}: the system's ssh cannot share a connection on Windows`, "choose the built-in SSH");
        const timeoutMs = this.options.timeoutMs ?? 10_000;
        const folder = await mkdtemp(join(tmpdir(), "ridethrough-ssh-"));
        let master: SshMaster | undefined;
        try {
            await withDeadline({ ms: timeoutMs, subject: this.#subject, signal: this.#stop.signal }, async (signal) => {
                const words = sshArguments(await this.#arguments(folder, timeoutMs));
                if (signal.aborted) return;
                master = new SshMaster(this.target.name, folder, this.options.program ?? "ssh", words, this.#environment());
                await master.listens(signal);
            });
            this.#master = master;
        } catch (error) {
            if (master === undefined) void removeFolder(folder);
            else master.end();
            throw error;
        } finally {
            // Needed for the login only.
            await rm(join(folder, "key"), { force: true });
        }
    }

    /** Writes down what ssh reads only from files. */
    async #arguments(folder: string, connectTimeoutMs: number): Promise<SshArguments> {
        const { host, port, user, auth } = this.target;
        const { configFile } = this.options;
        const identity = auth.kind === "agent" ? undefined : auth.kind === "key" ? await writePrivate(join(folder, "key"), auth.privateKey) : await this.#readable(auth.path, "key file");
        if (identity !== undefined && await isLocked(identity)) throw new Trouble("config", `${this.#subject}: the private key has a passphrase, which the system's ssh cannot be told`, "use a key without one, an agent, or the built-in SSH");
        return { host, port, user, control: controlPath(folder), connectTimeoutMs, ...(identity !== undefined && { identity }), ...await this.#known(folder), ...(configFile !== undefined && { configFile }) };
    }

    async #known(folder: string): Promise<Pick<SshArguments, "known">> {
        if ("pin" in this.target) {
            const { type, blob } = this.target.pin;
            if (type === undefined || blob === undefined) throw new Trouble("config", `${this.#subject}: the system's ssh needs the whole host key, not only its fingerprint`, "learn it in the dialog");
            return { known: { path: await writePrivate(join(folder, "known_hosts"), `ridethrough ${type} ${blob}\n`), alias: "ridethrough" } };
        }
        // ssh knows the account's own files, and others that its configuration names.
        const { knownHosts } = this.target;
        if (knownHosts === "" || expandHome(knownHosts) === accountKnownHosts()) return {};
        return { known: { path: await this.#readable(knownHosts, "known_hosts file") } };
    }

    async #readable(path: string, what: string): Promise<string> {
        const full = expandHome(path);
        await access(full, constants.R_OK).catch((error: unknown) => {
            throw new Trouble("config", toTrouble(error, `${this.#subject}: ${what}`).message, "the account that runs Node-RED must be able to read it");
        });
        return full;
    }

    /** No secret of ours is among it; the agent and Kerberos' ticket only where they are to log in. */
    #environment(): NodeJS.ProcessEnv {
        const { PATH = programPath, HOME, USER, LOGNAME, SSH_AUTH_SOCK, KRB5CCNAME } = process.env;
        const { auth } = this.target;
        const tickets = auth.kind === "agent" ? { SSH_AUTH_SOCK: auth.socket ?? SSH_AUTH_SOCK, KRB5CCNAME } : {};
        return Object.fromEntries(Object.entries({ PATH, HOME, USER, LOGNAME, ...tickets, LC_ALL: "C" }).filter(([, value]) => value !== undefined && value !== ""));
    }

    async run(argv: readonly string[], deadlineMs: number, tap?: OutputTap): Promise<CommandEnd> {
        const master = this.#master;
        if (this.#closed) throw this.#stopped();
        if (master === undefined || master.ended !== undefined) throw new Trouble("closed", `${this.#subject}: not connected`);
        return withDeadline({ ms: deadlineMs, subject: this.#subject, signal: this.#stop.signal }, (signal) => new Promise<CommandEnd>((resolve, reject) => {
            let [accepted, exited] = [false, false];
            const watch = new CommandWatch({
                subject: this.#subject, resolve, reject,
                letGo: () => {
                    forget();
                    letGo();
                },
            }, tap);
            const lost = (): void => {
                const why = master.ended?.message.replace(`${this.#subject}: `, "");
                if (accepted) return watch.closed(why);
                reject(new Trouble("closed", `${this.#subject}: ${why ?? "the connection was lost"}`));
                watch.drop();
            };
            const forget = master.onEnd(lost);
            signal.addEventListener("abort", () => watch.drop(), { once: true });
            const letGo = execOverMaster(master.control, remoteCommand(argv), this.#subject, {
                accepted: () => { accepted = true; },
                stdout: (chunk) => watch.stdout(chunk),
                stderr: (chunk) => watch.stderr(chunk),
                exited: (code, signalName) => {
                    exited = true;
                    watch.exited(code, signalName);
                },
                refused: (trouble) => {
                    reject(trouble);
                    watch.drop();
                },
                // Where ssh itself is ending, it says why.
                closed: () => void (exited ? lost() : Promise.race([master.gone, sleep(reasonMs)]).then(lost)),
            });
        }));
    }

    close(): void {
        this.#closed = true;
        this.#stop.abort();
        this.#master?.end();
        this.#master = undefined;
    }

    #stopped(): Trouble {
        return new Trouble("stopped", `${this.#subject}: stopped`);
    }
}

/** Whether a key needs a passphrase. ssh itself says nothing about that when there is nobody to ask. */
async function isLocked(path: string): Promise<boolean> {
    const text = await readFile(path, "utf8");
    if (/ENCRYPTED/.test(text)) return true;
    // "openssh-key-v1", then the name of the cipher (PROTOCOL.key of OpenSSH).
    const bytes = Buffer.from(/BEGIN OPENSSH PRIVATE KEY-+([A-Za-z0-9+/=\s]+)/.exec(text)?.[1] ?? "", "base64");
    return bytes.length > 23 && bytes.toString("latin1", 19, 23) !== "none";
}

async function writePrivate(path: string, text: string): Promise<string> {
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
    return path;
}
