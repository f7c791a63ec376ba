import { connect, type Socket } from "node:net";
import type { Cancel, Clock } from "../kit/clock";
import { toTrouble, Trouble } from "../kit/trouble";
import { decipher, frame, longestReply } from "./kasa-xor";

/** The peer was there and hung up before the first byte of an answer. */
class HungUp extends Trouble {}

/** How long a connection is kept for the next poll, in ms: long enough for fast polling, short enough to leave the plug to its app. */
const idleMs = 5000;

/**
 * The connection to a Kasa plug: one request after the other, kept for a short while between polls.
 *
 * We use tplink-smarthome-api for what it knows about plugs, but not its sockets: those hand over an answer only when
 * the plug hangs up (a plug that keeps the connection loses every reading), collect any amount of data, queue without
 * bound, and open a connection for each request.
 */
export class KasaSession {
    #socket: Socket | undefined;
    #stopIdling: Cancel = () => undefined;

    constructor(readonly host: string, readonly port: number, readonly subject: string, readonly clock: Clock) {}

    /**
     * The plug's answer, complete by its own length. The connection is closed when `signal` aborts.
     * @throws Trouble: refused, unreachable, closed, garbage. Waits for ever on a silent plug: the caller has the deadline.
     */
    async ask(request: string, signal: AbortSignal): Promise<string> {
        this.#stopIdling();
        const reused = this.#socket !== undefined;
        const stop = (): void => this.close();
        signal.addEventListener("abort", stop, { once: true });
        try {
            return await this.#exchange(request);
        } catch (error) {
            // The plug may have ended the connection meanwhile; some firmware does so after every answer.
            if (reused && error instanceof HungUp && !signal.aborted) return await this.#exchange(request);
            throw error;
        } finally {
            signal.removeEventListener("abort", stop);
        }
    }

    /** The poll is over: keeps the connection for the next one, if that comes soon. */
    rest(): void {
        this.#stopIdling();
        if (this.#socket !== undefined) this.#stopIdling = this.clock.after(idleMs, () => this.close());
    }

    close(): void {
        this.#stopIdling();
        this.#socket?.destroy();
        this.#socket = undefined;
    }

    #connection(): Socket {
        if (this.#socket?.writable) return this.#socket;
        const socket = connect({ host: this.host, port: this.port });
        this.#socket = socket;
        // Also the end of a connection that nobody waits for must not reach the process.
        socket.on("error", () => undefined).on("close", () => {
            if (this.#socket === socket) this.close();
        });
        return socket;
    }

    #exchange(request: string): Promise<string> {
        return new Promise((resolve, reject) => {
            const socket = this.#connection();
            const chunks: Buffer[] = [];
            let received = 0;
            let wanted: number | undefined;
            const done = (keep: boolean): void => {
                socket.off("data", onData).off("error", fail).off("close", onClose);
                if (!keep) socket.destroy();
            };
            const fail = (error: unknown): void => {
                done(false);
                const trouble = toTrouble(error, this.subject);
                reject(trouble.kind === "closed" && received === 0 ? new HungUp("closed", trouble.message) : trouble);
            };
            const onClose = (): void => fail(new Trouble("closed", received === 0 ? `${this.subject}: hung up without an answer` : `${this.subject}: hung up in the middle of its answer`));
            const onData = (chunk: Buffer): void => {
                chunks.push(chunk);
                received += chunk.length;
                if (wanted === undefined && received >= 4) wanted = Buffer.concat(chunks).readUInt32BE(0);
                if (wanted === undefined) return;
                if (wanted > longestReply) return fail(new Trouble("garbage", `${this.subject}: the answer is not Kasa's protocol (it claims ${wanted} bytes)`));
                if (received < 4 + wanted) return;
                done(received === 4 + wanted);
                resolve(decipher(Buffer.concat(chunks).subarray(4, 4 + wanted)));
            };
            socket.on("data", onData).on("error", fail).on("close", onClose);
            socket.write(frame(request));
        });
    }
}
