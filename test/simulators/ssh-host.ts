import { createHash } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { Server, utils, type AuthContext, type ServerChannel } from "ssh2";
import { looked, sayLooked } from "../../lib/shutdown/actions/probe";

/** What a simulated host does with those who call. Every field may be changed while it runs. */
export interface SshBehaviour {
    /** `hang`: accepts the TCP connection and never finishes the login. */
    auth?: "accept" | "refuse" | "hang";
    /**
     * `answer`: exit status after `delayMs`. `hang`: accepted, then `output` and nothing more. `vanish`: the connection breaks in the middle.
     * `keep-open`: sends the exit status and never closes the channel. `silent`: closes the channel without an exit status.
     */
    command?: "answer" | "hang" | "vanish" | "keep-open" | "silent";
    /** Time that a command takes, ms. */
    delayMs?: number;
    /** It takes until this has come, too. */
    until?: Promise<unknown>;
    exitCode?: number;
    /** Written to standard error before the exit status. */
    errorText?: string;
    /** Bytes written to standard output before the exit status. */
    outputBytes?: number;
    /** Written to standard output. */
    output?: string;
    /** The output comes behind the exit status, as it may from OpenSSH. */
    outputLate?: boolean;
}

/** A command as the host was told it. */
export interface ToldCommand {
    /** Wall time in ms. */
    at: number;
    /** When it was answered; absent while it was not. */
    endedAt?: number;
    /** The whole text. */
    command: string;
    /** The same without the `env PATH=...` in front: "sudo -n systemctl stop -- web". */
    short: string;
}

export interface SshHostOptions {
    /** Default 0: a free port. */
    port?: number;
    name: string;
    /** Private host key; a fresh Ed25519 key without it. */
    hostKey?: string;
    /** The only public key (line or `KeyPair.public`) that may log in; without it any key may. */
    authorizedKey?: string;
    onCommand?: (told: ToldCommand) => void;
    behaviour?: SshBehaviour;
}

/** An SSH host on loopback that writes down what it is told and does nothing of it. */
export interface SshHost {
    name: string;
    port: number;
    /** Public line: "ssh-ed25519 AAAA...". */
    hostKey: string;
    /** "SHA256:...", as ssh-keygen -l prints it. */
    fingerprint: string;
    commands: ToldCommand[];
    /** TCP connections since the start. */
    connections: number;
    /** How many of them have not ended. */
    readonly open: number;
    /** Logins that succeeded since the start. */
    logins: number;
    /** Replaces the behaviour for commands that contain `only`, or (without it) for everything. */
    setBehaviour(behaviour: SshBehaviour, only?: string): void;
    /** Breaks every open connection. */
    dropConnections(): void;
    stop(): Promise<void>;
}

export interface KeyPair {
    /** OpenSSH private key, PEM. */
    private: string;
    /** Public line. */
    public: string;
}

/** A fresh key pair, for a host or a user. */
export function generateKeyPair(passphrase?: string): KeyPair {
    for (;;) {
        const pair = utils.generateKeyPairSync("ed25519", passphrase === undefined ? {} : { passphrase, cipher: "aes256-cbc", rounds: 2 });
        // One in 250 of the keys that ssh2 1.17 makes is malformed.
        if (!(utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
    }
}

/** @returns a host that listens on 127.0.0.1 */
export async function startSshHost({ port = 0, name, hostKey = generateKeyPair().private, authorizedKey, onCommand, behaviour = {} }: SshHostOptions): Promise<SshHost> {
    const key = parsedKey(hostKey);
    const allowed = authorizedKey === undefined ? undefined : parsedKey(authorizedKey);
    const open = new Set<Socket>();
    const timers = new Set<NodeJS.Timeout>();
    let general = behaviour;
    const special = new Map<string, SshBehaviour>();

    const ssh = new Server({ hostKeys: [hostKey] }, (client, { port: from }) => {
        const breakOff = (): void => open.forEach((socket) => { if (socket.remotePort === from) socket.destroy(); });
        client.on("error", () => undefined);
        client.on("authentication", (context) => {
            if (general.auth === "hang") return;
            if (general.auth !== "refuse" && accepts(context, allowed)) return context.accept();
            context.reject(["publickey"]);
        });
        client.on("ready", () => { host.logins += 1; });
        client.on("session", (acceptSession) => {
            acceptSession().on("exec", (acceptExec, _reject, info) => {
                const told: ToldCommand = { at: Date.now(), command: info.command, short: info.command.replace(/^env PATH=\S+ /, "") };
                host.commands.push(told);
                onCommand?.(told);
                const how = [...special].find(([part]) => info.command.includes(part))?.[1] ?? general;
                const channel = acceptExec();
                channel.on("error", () => undefined);
                channel.resume();
                if (how.command === "hang") return void (how.output === undefined || channel.write(how.output));
                const timer = setTimeout(() => {
                    timers.delete(timer);
                    void Promise.resolve(how.until).then(() => {
                        told.endedAt = Date.now();
                        if (how.command === "vanish") breakOff();
                        else answer(channel, info.command.includes(sayLooked) ? { output: `${looked}\n`, ...how } : how);
                    });
                }, how.delayMs ?? 0);
                timers.add(timer);
            });
        });
    });
    ssh.on("error", () => undefined);
    // Our own server in front of ssh2's, so that a test can break a connection at any moment.
    // Else each packet would wait for the acknowledgement of the one before, up to 40 ms, and that be taken for our time.
    const server = createServer({ noDelay: true }, (socket) => {
        open.add(socket);
        host.connections += 1;
        socket.on("error", () => undefined);
        socket.on("close", () => open.delete(socket));
        ssh.injectSocket(socket);
    });
    await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => resolve());
    });

    const host: SshHost = {
        name,
        port: (server.address() as AddressInfo).port,
        hostKey: `${key.type} ${key.getPublicSSH().toString("base64")}`,
        fingerprint: `SHA256:${createHash("sha256").update(key.getPublicSSH()).digest("base64").replace(/=+$/, "")}`,
        commands: [],
        connections: 0,
        get open() { return open.size; },
        logins: 0,
        setBehaviour(next, only) {
            if (only === undefined) general = next;
            else special.set(only, next);
        },
        dropConnections: () => open.forEach((socket) => socket.destroy()),
        stop: () => new Promise((resolve) => {
            timers.forEach(clearTimeout);
            server.close(() => resolve());
            host.dropConnections();
        }),
    };
    return host;
}

function answer(channel: ServerChannel, { command = "answer", exitCode = 0, errorText, outputBytes = 0, output = "", outputLate = false }: SshBehaviour): void {
    if (command === "silent") return channel.close();
    const finish = (): void => {
        if (errorText !== undefined) channel.stderr.write(`${errorText}\n`);
        channel.exit(exitCode);
        if (outputLate) channel.write(output);
        if (command !== "keep-open") channel.end();
    };
    if (output !== "" && !outputLate) channel.write(output);
    if (outputBytes > 0) channel.write(Buffer.alloc(outputBytes, "x"), finish);
    else finish();
}

function accepts(context: AuthContext, allowed: ReturnType<typeof parsedKey> | undefined): boolean {
    if (context.method !== "publickey") return false;
    if (allowed === undefined) return true;
    if (context.key.algo !== allowed.type || !context.key.data.equals(allowed.getPublicSSH())) return false;
    return context.signature === undefined || allowed.verify(context.blob ?? Buffer.alloc(0), context.signature, context.hashAlgo) === true;
}

function parsedKey(text: string): Exclude<ReturnType<typeof utils.parseKey>, Error> {
    const key = utils.parseKey(text);
    if (key instanceof Error) throw key;
    return key;
}
