import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { NutLines, splitWords } from "../../lib/devices/nut-line";
import { freePort } from "../support/free-port";
import { standardVariables, type NutRig, type RigOptions, type RigVariables } from "../support/nut-rig";
import { newAuthority } from "./anker-cloud-certificates";
import { answerTo, type Model, type Session } from "./nut-commands";

/**
 * How the server spoils its replies. slow: after `delayMs` · bytes: byte by byte · halves: cut in two at a random place · garbage: noise · truncated: half the
 * reply, then the end · hang-up: the end instead of a reply · black-hole: no reply · reset: half the reply, then a reset · no-handshake: TLS that says nothing ·
 * half-closed: its end of the connection, then nothing · long-line: 10 MB without a line end · endless: a list that never ends · chatter: lines nobody asked for
 */
export type Spoil = "none" | "slow" | "bytes" | "halves" | "garbage" | "truncated" | "hang-up" | "black-hole" | "reset" | "half-closed" | "long-line" | "endless" | "chatter" | "no-handshake";

export interface NutSimulatorOptions extends RigOptions {
    port?: number;
    address?: string;
    delayMs?: number;
    /** Users by name; default: those of every rig. */
    users?: Model["users"];
}

const dayMs = 86_400_000;

/** An upsd of our own, in this process: speaks the protocol as Debian's does (test/peers/nut-client.test.ts compares), and misbehaves when told to. */
export class NutServerSimulator implements NutRig {
    readonly kind = "mock";
    readonly users = { admin: "adm", mon: "mon", sec: "sec" } as const;
    /** Every request, oldest first, and how many connections there were. */
    readonly requests: string[] = [];
    connections = 0;
    spoil: Spoil = "none";
    /** Called with every request before it is answered. */
    onRequest: (request: string) => void = () => undefined;
    delayMs: number;
    /** PEM of the authority behind the server's certificate. */
    readonly authority = newAuthority("Ridethrough test NUT");
    identity = this.authority.issue("localhost", { from: Date.now() - dayMs, to: Date.now() + 30 * dayMs });
    readonly model: Model;
    #server: Server | undefined;
    #port: number;
    readonly #address: string;
    readonly #open = new Map<Socket, Session>();
    readonly #timers = new Set<NodeJS.Timeout>();

    constructor({ upses = { ups1: {} }, tls = false, port = 0, address = "127.0.0.1", delayMs = 50, users }: NutSimulatorOptions = {}) {
        this.#port = port;
        this.#address = address;
        this.delayMs = delayMs;
        this.model = {
            upses: new Map(Object.entries(upses).map(([name, own]) => [name, { description: `Rack "${name}"`, variables: new Map(Object.entries({ ...standardVariables, ...own })), driver: "up", fsd: false }])),
            users: users ?? new Map([["admin", { password: "adm", set: true }], ["mon", { password: "mon", monitor: "primary" }], ["sec", { password: "sec", monitor: "secondary" }]]),
            sessions: new Set(),
            tls,
        };
    }

    get port(): number {
        return this.#port;
    }
    /** Connections that are open. */
    get open(): number {
        return this.#open.size;
    }
    /** How many clients are logged in to a UPS. */
    logins(ups: string): number {
        return [...this.model.sessions].filter(({ login }) => login === ups).length;
    }

    async start(): Promise<this> {
        // Nobody else may have it while nothing listens.
        if (this.#port === 0) this.#port = await freePort();
        await this.up();
        return this;
    }

    apply(ups: string, values: RigVariables): Promise<void> {
        const { variables } = this.#ups(ups);
        for (const [name, value] of Object.entries(values)) variables.set(name, value);
        return Promise.resolve();
    }
    stale(ups: string): Promise<void> {
        this.#ups(ups).driver = "hangs";
        return Promise.resolve();
    }
    driverDown(ups: string): Promise<void> {
        this.#ups(ups).driver = "gone";
        return Promise.resolve();
    }
    driverUp(ups: string): Promise<void> {
        this.#ups(ups).driver = "up";
        return Promise.resolve();
    }
    fsd(ups: string): Promise<void> {
        this.#ups(ups).fsd = true;
        return Promise.resolve();
    }
    down(): Promise<void> {
        const server = this.#server;
        this.#server = undefined;
        this.hangUp();
        return new Promise((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    }
    async up(): Promise<void> {
        for (const ups of this.model.upses.values()) ups.fsd = false;
        const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
        this.#server = server;
        await new Promise<void>((resolve, reject) => server.once("error", reject).listen(this.#port, this.#address, () => resolve()));
    }
    async restart(): Promise<void> {
        await this.down();
        await this.up();
    }
    async stop(): Promise<void> {
        for (const timer of this.#timers) clearTimeout(timer);
        await this.down();
    }
    /** Ends every connection, as upsd does with idle ones. */
    hangUp(): void {
        for (const socket of this.#open.keys()) socket.destroy();
    }

    #ups(name: string): NonNullable<ReturnType<Model["upses"]["get"]>> {
        const ups = this.model.upses.get(name);
        if (ups === undefined) throw new Error(`the test's server has no UPS ${name}`);
        return ups;
    }

    #accept(socket: Socket): void {
        this.connections += 1;
        const session: Session = { secure: false, address: "127.0.0.1" };
        this.model.sessions.add(session);
        this.#open.set(socket, session);
        socket.on("close", () => {
            this.#open.delete(socket);
            this.model.sessions.delete(session);
        });
        this.#serve(socket, session);
    }

    #serve(socket: Socket, session: Session): void {
        const lines = new NutLines();
        const onData = (chunk: Buffer): void => {
            for (const text of lines.take(chunk)) this.#answer(socket, session, text, () => {
                socket.off("data", onData);
                if (this.spoil !== "none") return this.#spoilHandshake(socket);
                const secure = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ cert: this.identity.certificate, key: this.identity.key }) });
                session.secure = true;
                this.#serve(secure, session);
            });
        };
        socket.on("data", onData).on("error", () => socket.destroy());
        socket.on("end", () => {
            if (this.spoil !== "half-closed") socket.end();
        });
    }

    #answer(socket: Socket, session: Session, text: string, secure: () => void): void {
        this.requests.push(text.trim());
        this.onRequest(text.trim());
        const { lines, then } = answerTo(splitWords(text.trim()) ?? [], session, this.model);
        const reply = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        if (then === "tls" && this.spoil !== "none") socket.write(this.spoil === "chatter" ? `${reply.toString()}VAR ups1 ups.status "OL"\n` : this.spoil === "garbage" ? `${reply.toString()}no TLS` : reply);
        else this.#send(socket, reply);
        if (then === "hang-up") socket.end();
        if (then === "tls") secure();
    }

    /** What comes after the OK to STARTTLS: the end, noise as an answer to the client's hello, or nothing. */
    #spoilHandshake(socket: Socket): void {
        if (this.spoil === "hang-up") socket.end();
        else if (this.spoil === "slow") socket.on("data", () => void socket.write("no TLS at all, whatever you say\n".repeat(20)));
        else socket.resume();
    }

    #send(socket: Socket, reply: Buffer): void {
        const half = reply.subarray(0, reply.length >> 1);
        switch (this.spoil) {
            case "slow": return this.#later(this.delayMs, () => void socket.write(reply));
            case "bytes":
                for (const byte of reply) socket.write(Buffer.of(byte));
                return;
            case "halves": {
                const cut = 1 + Math.floor(Math.random() * (reply.length - 1));
                socket.write(reply.subarray(0, cut));
                return this.#later(2, () => void socket.write(reply.subarray(cut)));
            }
            case "garbage": return void socket.write(Buffer.from("\u0007\u00ff\u0000 HTTP/1.1 400 Bad \"Request\r\n\r\n", "latin1"));
            case "truncated": return void socket.end(half);
            case "reset": return void socket.write(half, () => socket.resetAndDestroy());
            case "hang-up": return void socket.destroy();
            case "half-closed": return void socket.end();
            case "black-hole": return;
            case "long-line": return void flood(socket, "x".repeat(65_536));
            case "endless": return void flood(socket, `${'VAR ups1 ups.alarm "x"\n'.repeat(3000)}`, "BEGIN LIST VAR ups1\n");
            case "chatter": return void socket.write(`${reply.toString()}VAR ups1 ups.status "OL"\n`);
            default: return void socket.write(reply);
        }
    }

    #later(ms: number, run: () => void): void {
        const timer = setTimeout(() => {
            this.#timers.delete(timer);
            run();
        }, ms);
        this.#timers.add(timer);
    }
}

/** 10 MB of `block`, as fast as the client takes it. */
function flood(socket: Socket, block: string, start = ""): void {
    let left = 10 * 1024 * 1024;
    socket.write(start);
    const more = (): void => {
        while (left > 0 && socket.writable) {
            left -= block.length;
            if (!socket.write(block)) return void socket.once("drain", more);
        }
    };
    more();
}
