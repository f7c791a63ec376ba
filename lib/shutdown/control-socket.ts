import { connect as connectSocket, type Socket } from "node:net";
import { Trouble } from "../kit/trouble";

/*
 * What the master of OpenSSH's connection sharing speaks on its socket (PROTOCOL.mux of OpenSSH 7.4 and later, "proxy mode"):
 * after a greeting the socket carries the SSH connection protocol (RFC 4254), unencrypted, each packet a length, a zero, the
 * type and the body. The master does the rest. So a command needs no process of its own, and its exit status is seen before
 * its channel closes, which `ssh` itself waits for.
 */
const hello = 1;
const askProxy = 0x1000000f;
const proxyGranted = 0x8000000f;
const protocolVersion = 4;

/** Numbers of RFC 4250 §4.1.2. */
const message = { open: 90, opened: 91, notOpened: 92, adjust: 93, data: 94, moreData: 95, eof: 96, close: 97, request: 98, success: 99, failure: 100 } as const;

/** How much may be under way to us, bytes. */
const windowBytes = 2 << 20;
const packetBytes = 32 << 10;
/** Longest packet that can be meant, bytes. */
const longestPacket = 1 << 20;

/** What a command's channel tells. */
export interface ChannelEar {
    /** The host runs the command. */
    accepted(): void;
    stdout(chunk: Buffer): void;
    stderr(chunk: Buffer): void;
    /** @param code none: a signal ended it */
    exited(code: number | null, signal: string): void;
    /** The host, or the master, does not take the command. Nothing follows. */
    refused(trouble: Trouble): void;
    /** The channel or the connection has ended. Nothing follows. */
    closed(): void;
}

/** Whether a master listens there and takes us as a proxy. @throws Trouble */
export function greetMaster(path: string, subject: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
        const socket = openControl(path, (granted) => {
            if (granted) resolve();
            else reject(new Trouble("config", `${subject}: the system's ssh is too old`, "it needs OpenSSH 7.4 or later"));
            socket.destroy();
        }, () => undefined);
        signal.addEventListener("abort", () => socket.destroy(), { once: true });
        socket.on("close", () => reject(new Trouble("closed", `${subject}: the system's ssh does not listen`)));
    });
}

/** Runs a command over the master's connection. @returns lets go of the command, which may go on */
export function execOverMaster(path: string, command: string, subject: string, ear: ChannelEar): () => void {
    let remote: number | undefined;
    let unacknowledged = 0;
    let over = false;
    const end = (tell: () => void): void => {
        if (over) return;
        over = true;
        socket.destroy();
        tell();
    };
    const send = (type: number, ...parts: (number | string | Buffer)[]): void => void socket.write(packet(type, ...parts));
    const taken = (bytes: number): void => {
        unacknowledged += bytes;
        if (unacknowledged < windowBytes / 2 || remote === undefined) return;
        send(message.adjust, remote, unacknowledged);
        unacknowledged = 0;
    };
    const hear = (type: number, body: Body): void => {
        if (over) return;
        body.uint32();
        switch (type) {
            case message.opened:
                remote = body.uint32();
                send(message.request, remote, "exec", yes, command);
                break;
            case message.notOpened:
                body.uint32();
                end(() => ear.refused(new Trouble("failed", `${subject}: does not open a channel (${body.text().slice(0, 100)})`)));
                break;
            case message.success:
                ear.accepted();
                break;
            case message.failure:
                end(() => ear.refused(new Trouble("failed", `${subject}: does not run the command`)));
                break;
            case message.data: {
                const chunk = body.bytes();
                taken(chunk.length);
                ear.stdout(chunk);
                break;
            }
            case message.moreData: {
                body.uint32();
                const chunk = body.bytes();
                taken(chunk.length);
                ear.stderr(chunk);
                break;
            }
            case message.request: {
                const kind = body.text();
                body.skip(1);
                if (kind === "exit-status") ear.exited(body.uint32(), "");
                else if (kind === "exit-signal") ear.exited(null, body.text());
                break;
            }
            case message.close:
                end(() => ear.closed());
        }
    };
    const socket = openControl(path, (granted) => {
        if (granted) send(message.open, "session", 0, windowBytes, packetBytes);
        else end(() => ear.refused(new Trouble("closed", `${subject}: the system's ssh does not take the command`)));
    }, hear);
    socket.on("close", () => end(() => ear.closed()));
    // The master closes the channel when its socket is gone.
    return () => end(() => undefined);
}

/** @param greeted tells once whether the master takes us; then `hear` gets its packets */
function openControl(path: string, greeted: (granted: boolean) => void, hear: (type: number, body: Body) => void): Socket {
    const socket = connectSocket(path);
    let rest = Buffer.alloc(0);
    let state: "greeting" | "proxy" = "greeting";
    const take = (frame: Buffer): void => {
        if (state === "proxy") return hear(frame.readUInt8(1), new Body(frame.subarray(2)));
        const type = frame.readUInt32BE(0);
        if (type === hello) return;
        state = "proxy";
        greeted(type === proxyGranted);
    };
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        try {
            let at = 0;
            while (rest.length >= at + 4 && !socket.destroyed) {
                const length = rest.readUInt32BE(at);
                if (length < 2 || length > longestPacket) throw new RangeError("no packet");
                if (rest.length < at + 4 + length) break;
                take(rest.subarray(at + 4, at + 4 + length));
                at += 4 + length;
            }
            rest = rest.subarray(at);
        } catch {
            // No master speaks like this: as good as gone.
            socket.destroy();
        }
    });
    socket.write(Buffer.concat([frameOf(uint32(hello), uint32(protocolVersion)), frameOf(uint32(askProxy), uint32(0))]));
    return socket;
}

const yes = Buffer.from([1]);

function uint32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
}

function frameOf(...parts: Buffer[]): Buffer {
    return Buffer.concat([uint32(parts.reduce((sum, part) => sum + part.length, 0)), ...parts]);
}

/** Numbers become uint32, texts become strings of RFC 4251 §5, bytes stay as they are. */
function packet(type: number, ...parts: (number | string | Buffer)[]): Buffer {
    return frameOf(Buffer.from([0, type]), ...parts.flatMap((part) => (typeof part === "number" ? [uint32(part)] : typeof part === "string" ? [uint32(Buffer.byteLength(part)), Buffer.from(part)] : [part])));
}

/** A packet's body, read from the front. @throws RangeError where it is shorter than it says */
class Body {
    #at = 0;
    constructor(readonly buffer: Buffer) {}
    uint32(): number {
        const value = this.buffer.readUInt32BE(this.#at);
        this.#at += 4;
        return value;
    }
    bytes(): Buffer {
        const length = this.uint32();
        if (this.#at + length > this.buffer.length) throw new RangeError("cut short");
        this.#at += length;
        return this.buffer.subarray(this.#at - length, this.#at);
    }
    text(): string {
        return this.bytes().toString("utf8");
    }
    skip(bytes: number): void {
        this.#at += bytes;
    }
}
