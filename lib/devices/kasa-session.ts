import { connect, type Socket } from "node:net";
import { toTrouble, Trouble } from "../kit/trouble";
import { decipher, frame, longestReply } from "./kasa-xor";

/** The peer was there and hung up before the first byte of an answer. */
class HungUp extends Trouble {}

/**
 * One connection to a Kasa plug for the requests of one poll, one after the other.
 *
 * We use tplink-smarthome-api for what it knows about plugs, but not its sockets: those hand over an answer only when
 * the plug hangs up (a plug that keeps the connection loses every reading), collect any amount of data, queue without
 * bound, and open a connection for each request.
 */
export class KasaSession {
    #socket: Socket | undefined;

    /** @param signal closes the connection when it aborts */
    constructor(readonly host: string, readonly port: number, readonly subject: string, signal: AbortSignal) {
        signal.addEventListener("abort", () => this.close(), { once: true });
    }

    /**
     * The plug's answer, complete by its own length.
     * @throws Trouble: refused, unreachable, closed, garbage. Waits for ever on a silent plug: the caller has the deadline.
     */
    async ask(request: string): Promise<string> {
        const reused = this.#socket !== undefined;
        try {
            return await this.#exchange(request);
        } catch (error) {
            // Some firmware hangs up after every answer: then the next request needs a connection of its own.
            if (reused && error instanceof HungUp) return this.#exchange(request);
            throw error;
        }
    }

    close(): void {
        this.#socket?.destroy();
        this.#socket = undefined;
    }

    #connection(): Socket {
        if (this.#socket?.writable) return this.#socket;
        this.#socket = connect({ host: this.host, port: this.port });
        // A late error of a connection that nobody waits for any more must not reach the process.
        this.#socket.on("error", () => undefined);
        return this.#socket;
    }

    #exchange(request: string): Promise<string> {
        return new Promise((resolve, reject) => {
            const socket = this.#connection();
            const chunks: Buffer[] = [];
            let received = 0;
            let wanted: number | undefined;
            const done = (keep: boolean): void => {
                socket.off("data", onData).off("error", fail).off("close", onClose);
                if (!keep) this.close();
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
