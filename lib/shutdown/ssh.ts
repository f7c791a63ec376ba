import { readFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import type { Client, ClientChannel, ConnectConfig, NoAuthMethod, PublicKeyAuthMethod } from "ssh2";
import { withDeadline } from "../kit/deadline";
import { toTrouble, Trouble } from "../kit/trouble";
import { CommandWatch } from "./command-watch";
import { remoteCommand } from "./commands";
import { hostLookup } from "./host-address";
import { fingerprintOf, keyTypeOf } from "./host-key";
import { expandHome, judgeOf, type HostJudge, type HostTrust } from "./host-trust";
import { sshTrouble } from "./ssh-trouble";
import type { CommandEnd, OutputTap, Transport } from "./transport";
import { ssh2, userKey } from "./user-key";

/** How we prove who we are. */
export type SshAuth =
    | { kind: "key"; privateKey: string; passphrase?: string }
    | { kind: "key-file"; path: string; passphrase?: string }
    /** An agent's socket; without it the one that SSH_AUTH_SOCK names. */
    | { kind: "agent"; socket?: string };

export type SshTarget = HostTrust & {
    /** As messages name it. */
    name: string;
    host: string;
    port: number;
    user: string;
    auth: SshAuth;
};

/** Longest time from the first packet to the login, ms. */
const connectTimeoutMs = 10_000;
/** How long each address of a name may take but the last, ms: Node's 250 are too few for a network that loses packets. */
const addressMs = 2000;
/** A dead connection is noticed after this many ms times keepaliveCountMax. */
const keepaliveMs = 5000;

/**
 * SSH within this process (ssh2), one connection. The host must prove itself by a key that is known before anything of ours
 * is shown to it; there is no way around that.
 */
export class SshTransport implements Transport {
    #socket: Socket | undefined;
    #client: Client | undefined;
    #connecting: Promise<void> | undefined;
    #closed = false;
    /** What became of the last connection, in words; undefined when it simply ended. */
    #loss: string | undefined;

    constructor(readonly target: SshTarget, readonly timeoutMs = connectTimeoutMs) {}

    get #subject(): string {
        return `host ${this.target.name}`;
    }

    connect(): Promise<void> {
        if (this.#client !== undefined) return Promise.resolve();
        return this.#connecting ??= this.#connect().finally(() => { this.#connecting = undefined; });
    }

    async #connect(): Promise<void> {
        if (this.#closed) throw new Trouble("stopped", `${this.#subject}: stopped`);
        try {
            await withDeadline({ ms: this.timeoutMs, subject: this.#subject }, async (signal) => {
                const [auth, open, judge] = await Promise.all([authConfig(this.target), sshClients(), judgeOf(this.target, this.target)]);
                await this.#login(auth, open, judge, signal);
            });
        } catch (error) {
            this.#drop();
            throw this.#closed ? new Trouble("stopped", `${this.#subject}: stopped`) : error;
        }
    }

    #login(auth: Partial<ConnectConfig>, open: OpenClient, judge: HostJudge, signal: AbortSignal): Promise<void> {
        const { host, port, user, name } = this.target;
        return new Promise((resolve, reject) => {
            if (this.#closed || signal.aborted) return reject(new Trouble("stopped", `${this.#subject}: stopped`));
            const { client, socket } = open(host, port);
            this.#socket = socket;
            this.#loss = undefined;
            signal.addEventListener("abort", () => socket.destroy(), { once: true });
            let refused: Trouble | undefined;
            // ssh2 may say several errors; the first one decides, and none may stay without a listener.
            client.on("error", (error) => {
                const trouble = /no matching host key format/.test(error.message) ? judge.otherType() : (refused ?? sshTrouble(error, name));
                this.#loss ??= trouble.message.replace(`${this.#subject}: `, "");
                reject(trouble);
            });
            client.on("close", () => {
                reject(this.#closed ? new Trouble("stopped", `${this.#subject}: stopped`) : new Trouble("closed", `${this.#subject}: hung up during the login`));
                if (this.#client === client) this.#client = undefined;
            });
            client.on("ready", () => {
                this.#client = client;
                resolve();
            });
            try {
                client.connect({
                    ...auth, sock: socket, username: user, readyTimeout: this.timeoutMs, keepaliveInterval: keepaliveMs, keepaliveCountMax: 2,
                    hostVerifier: (key: Buffer) => {
                        refused = judge.refusal(key);
                        return refused === undefined;
                    },
                    ...(judge.algorithms && { algorithms: { serverHostKey: judge.algorithms } }),
                });
            } catch (error) {
                reject(sshTrouble(error, name));
            }
        });
    }

    async run(argv: readonly string[], deadlineMs: number, tap?: OutputTap): Promise<CommandEnd> {
        const client = this.#client;
        if (client === undefined) throw new Trouble(this.#closed ? "stopped" : "closed", `${this.#subject}: not connected`);
        return withDeadline({ ms: deadlineMs, subject: this.#subject }, (signal) => new Promise<CommandEnd>((resolve, reject) => {
            let accepted: ClientChannel | undefined;
            const watch = new CommandWatch({
                subject: this.#subject, resolve, reject,
                letGo: () => {
                    client.off("close", lost);
                    accepted?.removeAllListeners("data").close();
                },
            }, tap);
            const lost = (): void => {
                if (this.#closed) reject(new Trouble("stopped", `${this.#subject}: stopped`));
                else if (accepted === undefined) reject(new Trouble("closed", `${this.#subject}: ${this.#loss ?? "the connection was lost"}`));
                else return watch.closed(this.#loss);
                watch.drop();
            };
            client.once("close", lost);
            signal.addEventListener("abort", () => watch.drop(), { once: true });
            if (this.#client !== client) return lost();
            client.exec(remoteCommand(argv), (error, channel) => {
                if (error) {
                    reject(sshTrouble(error, this.target.name));
                    return watch.drop();
                }
                if (signal.aborted) return channel.close();
                accepted = channel;
                channel.on("error", () => undefined);
                channel.on("data", (chunk: Buffer) => watch.stdout(chunk));
                channel.stderr.on("data", (chunk: Buffer) => watch.stderr(chunk));
                channel.on("exit", (code: number | null, signalName = "unknown") => watch.exited(code, signalName));
                channel.on("close", lost);
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
    const { Client } = await ssh2();
    return (host, port) => ({ client: new Client(), socket: connectTcp({ host, port, noDelay: true, lookup: hostLookup, autoSelectFamilyAttemptTimeout: addressMs }) });
}

async function authConfig({ auth, name, user }: SshTarget): Promise<Partial<ConnectConfig>> {
    const subject = `host ${name}`;
    if (auth.kind === "agent") {
        const agent = auth.socket ?? process.env.SSH_AUTH_SOCK;
        if (agent === undefined || agent === "") throw new Trouble("config", `${subject}: no SSH agent`, "SSH_AUTH_SOCK is not set where Node-RED runs; use a key instead");
        return { agent };
    }
    const privateKey = auth.kind === "key" ? auth.privateKey : await readFile(expandHome(auth.path), "utf8").catch((error: unknown) => {
        throw new Trouble("config", toTrouble(error, `${subject}: key file`).message, "the account that runs Node-RED must be able to read it");
    });
    const key = await userKey(privateKey, auth.passphrase).catch((error: unknown) => {
        throw sshTrouble(error, name);
    });
    const none: NoAuthMethod = { type: "none", username: user };
    const publicKey: PublicKeyAuthMethod = { type: "publickey", username: user, key };
    return { authHandler: [none, publicKey] };
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
            reject(sshTrouble(error, host));
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
