import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import type { Client, ClientChannel, ConnectConfig } from "ssh2";
import { systemClock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { toTrouble, Trouble } from "../kit/trouble";
import { remoteCommand } from "./commands";
import { fingerprintOf, hostKeyAlgorithms, keyTypeOf, type PinnedKey } from "./host-key";
import { sshTrouble } from "./ssh-trouble";
import { commandEnd, lastWordsMs, OutputTail, wholeOutputMs, type CommandEnd, type OutputTap, type Transport } from "./transport";

/** How we prove who we are. */
export type SshAuth =
    | { kind: "key"; privateKey: string; passphrase?: string }
    | { kind: "key-file"; path: string; passphrase?: string }
    /** An agent's socket; without it the one that SSH_AUTH_SOCK names. */
    | { kind: "agent"; socket?: string };

export interface SshTarget {
    /** As messages name it. */
    name: string;
    host: string;
    port: number;
    user: string;
    auth: SshAuth;
    /** Without it nobody is trusted. */
    pin: PinnedKey;
}

/** Longest time from the first packet to the login, ms. */
const connectTimeoutMs = 10_000;
/** A dead connection is noticed after this many ms times keepaliveCountMax. */
const keepaliveMs = 5000;

/**
 * SSH within this process (ssh2), one connection. The host must prove the pinned key before anything of ours is shown to
 * it; there is no way around that.
 */
export class SshTransport implements Transport {
    #socket: Socket | undefined;
    #client: Client | undefined;
    #closed = false;

    constructor(readonly target: SshTarget, readonly timeoutMs = connectTimeoutMs) {}

    get #subject(): string {
        return `host ${this.target.name}`;
    }

    async connect(): Promise<void> {
        if (this.#client !== undefined) return;
        if (this.#closed) throw new Trouble("stopped", `${this.#subject}: stopped`);
        const [auth, open] = [await authConfig(this.target.auth, this.#subject), await sshClients()];
        try {
            await withDeadline({ ms: this.timeoutMs, subject: this.#subject }, (signal) => this.#login(auth, open, signal));
        } catch (error) {
            this.#drop();
            throw this.#closed ? new Trouble("stopped", `${this.#subject}: stopped`) : error;
        }
    }

    #login(auth: Partial<ConnectConfig>, open: OpenClient, signal: AbortSignal): Promise<void> {
        const { host, port, user, pin } = this.target;
        return new Promise((resolve, reject) => {
            if (this.#closed) return reject(new Trouble("stopped", `${this.#subject}: stopped`));
            const { client, socket } = open(host, port);
            this.#socket = socket;
            signal.addEventListener("abort", () => socket.destroy(), { once: true });
            let shown: string | undefined;
            // ssh2 may say several errors; the first one decides, and none may stay without a listener.
            client.on("error", (error) => reject(sshTrouble(error, this.target.name, shown)));
            client.on("close", () => {
                reject(this.#closed ? new Trouble("stopped", `${this.#subject}: stopped`) : new Trouble("closed", `${this.#subject}: hung up during the login`));
                if (this.#client === client) this.#client = undefined;
            });
            client.on("ready", () => {
                this.#client = client;
                resolve();
            });
            const algorithms = hostKeyAlgorithms(pin);
            try {
                client.connect({
                    ...auth, sock: socket, username: user, readyTimeout: this.timeoutMs, keepaliveInterval: keepaliveMs, keepaliveCountMax: 2,
                    hostVerifier: (key: Buffer) => {
                        shown = fingerprintOf(key);
                        return shown === pin.fingerprint;
                    },
                    ...(algorithms && { algorithms: { serverHostKey: algorithms } }),
                });
            } catch (error) {
                reject(sshTrouble(error, this.target.name, undefined));
            }
        });
    }

    async run(argv: readonly string[], deadlineMs: number, tap?: OutputTap): Promise<CommandEnd> {
        const client = this.#client;
        if (client === undefined) throw new Trouble(this.#closed ? "stopped" : "closed", `${this.#subject}: not connected`);
        return withDeadline({ ms: deadlineMs, subject: this.#subject }, (signal) => new Promise<CommandEnd>((resolve, reject) => {
            let accepted: ClientChannel | undefined;
            let exit: { code: number | null; signal: string } | undefined;
            const output = new OutputTail();
            const over = (): void => {
                client.off("close", over);
                if (this.#closed) reject(new Trouble("stopped", `${this.#subject}: stopped`));
                else if (accepted === undefined) reject(new Trouble("closed", `${this.#subject}: the connection was lost`));
                else resolve(commandEnd(exit, output.text()));
                accepted?.close();
            };
            client.once("close", over);
            signal.addEventListener("abort", () => {
                client.off("close", over);
                accepted?.close();
            }, { once: true });
            if (this.#client !== client) return over();
            client.exec(remoteCommand(argv), (error, channel) => {
                if (error) return reject(sshTrouble(error, this.target.name, undefined));
                if (signal.aborted) return channel.close();
                accepted = channel;
                channel.on("error", () => undefined);
                channel.on("data", output.take);
                channel.stderr.on("data", output.take);
                const feed = (take: (chunk: Buffer) => boolean) => (chunk: Buffer): void => {
                    if (take(chunk)) return;
                    client.off("close", over);
                    reject(new Trouble("garbage", `${this.#subject}: wrote more than is wanted`));
                    channel.removeAllListeners("data").close();
                };
                if (tap) {
                    channel.on("data", feed(tap.stdout));
                    channel.stderr.on("data", feed(tap.stderr));
                }
                channel.on("exit", (code: number | null, signalName = "unknown") => {
                    exit = { code, signal: signalName };
                    // Output may come behind the status: all of it, or the line that says why.
                    if (tap) systemClock.after(wholeOutputMs, over);
                    else if (code === 0) over();
                    else systemClock.after(lastWordsMs, over);
                });
                channel.on("close", over);
            });
        }));
    }

    close(): void {
        this.#closed = true;
        this.#drop();
    }

    #drop(): void {
        this.#client = undefined;
        this.#socket?.destroy();
        this.#socket = undefined;
    }
}

type OpenClient = (host: string, port: number) => { client: Client; socket: Socket };

/** Clients on a socket of their own, which unlike ssh2's can be cut at any moment. ssh2 is loaded when it is first needed. */
async function sshClients(): Promise<OpenClient> {
    const { Client } = await import("ssh2");
    return (host, port) => ({ client: new Client(), socket: connectTcp({ host, port, noDelay: true }) });
}

async function authConfig(auth: SshAuth, subject: string): Promise<Partial<ConnectConfig>> {
    if (auth.kind === "agent") {
        const agent = auth.socket ?? process.env.SSH_AUTH_SOCK;
        if (agent === undefined || agent === "") throw new Trouble("config", `${subject}: no SSH agent`, "SSH_AUTH_SOCK is not set where Node-RED runs; use a key instead");
        return { agent };
    }
    const privateKey = auth.kind === "key" ? auth.privateKey : await readFile(auth.path, "utf8").catch((error: unknown) => {
        throw new Trouble("config", toTrouble(error, `${subject}: key file`).message, "the account that runs Node-RED must be able to read it");
    });
    return { privateKey, ...(auth.passphrase !== undefined && { passphrase: auth.passphrase }) };
}

/** A host key as the dialog shows it before a person trusts it. */
export interface OfferedKey {
    type: string;
    fingerprint: string;
    /** Public line to pin: "ssh-ed25519 AAAA...". */
    line: string;
}

/** The key that a host shows to whoever calls. Nothing is sent to it but the start of the key exchange. @throws Trouble */
export async function fetchHostKey(host: string, port: number, timeoutMs = connectTimeoutMs): Promise<OfferedKey> {
    const subject = `host ${host}`;
    const open = await sshClients();
    return withDeadline({ ms: timeoutMs, subject }, (signal) => new Promise<OfferedKey>((resolve, reject) => {
        const { client, socket } = open(host, port);
        const finish = (): void => void socket.destroy();
        signal.addEventListener("abort", finish, { once: true });
        client.on("error", (error) => {
            reject(sshTrouble(error, host, undefined));
            finish();
        });
        client.on("close", () => reject(new Trouble("closed", `${subject}: hung up before it showed its key`)));
        client.connect({
            sock: socket, username: "nobody", readyTimeout: timeoutMs,
            hostVerifier: (key: Buffer) => {
                const type = keyTypeOf(key);
                if (type === undefined) reject(new Trouble("garbage", `${subject}: shows something that is no key`));
                else resolve({ type, fingerprint: fingerprintOf(key), line: `${type} ${key.toString("base64")}` });
                return false;
            },
        });
    }));
}
