import { connect, type Socket } from "node:net";
import type { Cancel, Clock } from "../kit/clock";
import { addressMs } from "../kit/deadline";
import { toTrouble, Trouble } from "../kit/trouble";
import { joinWords, NutLines } from "./nut-line";
import { NutReplyReader, type NutReply } from "./nut-reply";
import { startTls, type NutTls } from "./nut-tls";
import { connectionTrouble, NutTrouble } from "./nut-trouble";

/** Where a link leads. */
export interface NutAddress {
    host: string;
    port: number;
    tls: NutTls;
    subject: string;
    clock: Clock;
    /** Longest wait for the connection, for TLS and for each reply, ms. */
    deadlineMs: number;
}

interface Request {
    line: string;
    reply: NutReplyReader;
    /** Undefined once whoever asked has given up: the reply is still awaited, so that the next one is not taken for it. */
    settle: { resolve(reply: NutReply): void; reject(trouble: Trouble): void } | undefined;
}

/** Hears once why a link has ended, and whether it was at rest: nothing was asked, or nothing had come yet of an answer after earlier ones. */
export type EndOfLink = (trouble: Trouble, atRest: boolean) => void;

/** So shortly after the server was heard, the system holds back its acknowledgement (Linux: 40 ms, others up to 200 ms). */
const delayedMs = 200;
/** A deadline that comes so late itself, ms, means that this process stood still: then what came meanwhile is heard first, within `hear` ms. */
const late = { from: 100, hear: 10 };
/** Enough for a list of 10,000 lines in segments; a server that sends byte by byte is not answered byte by byte. */
const mostNudges = 64;

/**
 * One connection to upsd: requests in a row, one under way at a time, each with a deadline. A request that gets no or a wrong
 * answer ends the connection, since nothing says where the next answer begins.
 */
export class NutLink {
    #socket: Socket;
    readonly #lines = new NutLines();
    readonly #queue: Request[] = [];
    #active: Request | undefined;
    /** By when something must have come, monotonic ms, and what is said when it has not. One timer serves many requests. */
    #due = Infinity;
    #awaited = "";
    #timer: Cancel | undefined;
    #stoodStill = false;
    #ended: Trouble | undefined;
    #heardAt = -Infinity;
    #nudges = 0;
    /** Whether blanks were sent since the last request, which stand in front of the next one; and whether they stood in front of the last one. */
    #blanks = false;
    #behindBlanks = false;
    #takesBlanks = true;
    /** Bytes of the reply that is awaited, or of the last one. */
    #bytes = 0;
    #replies = 0;
    /** From the wish for TLS until it stands. */
    #upgrade: "none" | "asked" | "handshake" = "none";

    private constructor(readonly address: NutAddress, readonly onEnd: EndOfLink) {
        // A callback with a buffer of its own costs a quarter less than a stream of chunks; TLS can't have it.
        const buffer = Buffer.allocUnsafe(16_384);
        const onread = { buffer, callback: (length: number) => this.#heard(buffer.subarray(0, length)) };
        this.#socket = connect({ host: address.host, port: address.port, noDelay: true, autoSelectFamilyAttemptTimeout: addressMs(address.deadlineMs), ...(address.tls.mode === "off" && { onread }) });
        this.#listen(this.#socket);
    }

    /**
     * A link that is ready, with TLS where that is required.
     * @throws NutTrouble; Trouble of kind "stopped" when `signal` aborts
     */
    static async open(address: NutAddress, signal: AbortSignal, onEnd: EndOfLink = () => undefined): Promise<NutLink> {
        const link = new NutLink(address, onEnd);
        const stop = (): void => link.end(stopped(address));
        signal.addEventListener("abort", stop, { once: true });
        try {
            if (signal.aborted) stop();
            await link.#connected();
            if (address.tls.mode === "required") await link.#secure(address.tls);
            return link;
        } finally {
            signal.removeEventListener("abort", stop);
        }
    }

    /** @throws Trouble: NutTrouble of state "connection"; kind "stopped" when `signal` aborts; kind "config" for words that can't be sent */
    request(words: readonly string[], signal?: AbortSignal): Promise<NutReply> {
        return new Promise((resolve, reject) => {
            if (this.#ended !== undefined) return reject(this.#ended);
            const request: Request = { line: joinWords(words), reply: new NutReplyReader(words), settle: undefined };
            if (signal?.aborted) return reject(stopped(this.address));
            const unheed = signal === undefined ? () => undefined : heedAbort(signal, () => {
                request.settle = undefined;
                reject(stopped(this.address));
                if (this.#queue.includes(request)) this.#queue.splice(this.#queue.indexOf(request), 1);
            });
            request.settle = {
                resolve(reply) {
                    unheed();
                    resolve(reply);
                },
                reject(trouble) {
                    unheed();
                    reject(trouble);
                },
            };
            this.#queue.push(request);
            this.#next();
        });
    }

    /** Ends the connection, and every request on it, with `trouble`. */
    end(trouble: Trouble): void {
        if (this.#ended !== undefined) return;
        this.#ended = trouble;
        this.#timer?.();
        this.#socket.destroy();
        const left = this.#active === undefined ? this.#queue.splice(0) : [this.#active, ...this.#queue.splice(0)];
        // upsd ends connections that were idle for a minute, also in the moment in which we ask something.
        const atRest = this.#replies > 0 && trouble.kind === "closed" && (this.#active === undefined || this.#bytes === 0);
        this.#active = undefined;
        this.onEnd(trouble, atRest);
        for (const { settle } of left) settle?.reject(trouble);
    }

    #connected(): Promise<void> {
        return new Promise((resolve, reject) => {
            this.#wait("no connection");
            this.#socket.once("connect", () => {
                this.#due = Infinity;
                resolve();
            });
            this.#socket.once("close", () => reject(this.#ended ?? new Trouble("closed", `${this.address.subject}: closed`)));
        });
    }

    async #secure(tls: Extract<NutTls, { mode: "required" }>): Promise<void> {
        const { subject, host } = this.address;
        const fail = (trouble: Trouble): never => {
            this.end(trouble);
            throw this.#ended ?? trouble;
        };
        this.#upgrade = "asked";
        const reply = await this.request(["STARTTLS"]);
        if (reply.kind !== "words" || reply.words[0] !== "OK") {
            const said = reply.kind === "error" ? reply.code : "something else";
            return fail(new NutTrouble("tls", "auth", `${subject}: no TLS (${said})`, "nothing was sent in the clear; give upsd a certificate (CERTFILE, or CERTPATH and CERTIDENT), or switch TLS off here"));
        }
        if (this.#lines.pending || this.#ended !== undefined) return fail(clearBehindOk(subject));
        this.#upgrade = "handshake";
        this.#wait("no answer in the TLS handshake");
        try {
            this.#socket = await startTls(this.#socket, host, tls, subject);
        } catch (error) {
            return fail(toTrouble(error, subject));
        }
        this.#upgrade = "none";
        this.#due = Infinity;
        // Who has only said OK to TLS has answered no question yet.
        this.#replies = 0;
        this.#listen(this.#socket);
    }

    #listen(socket: Socket): void {
        const { subject } = this.address;
        // A socket that TLS stands on speaks through TLS alone.
        const current = (): boolean => socket === this.#socket && this.#upgrade !== "handshake";
        const over = (): void => {
            if (current()) this.end(new NutTrouble("connection", "closed", `${subject}: hung up${this.#active === undefined ? "" : this.#bytes === 0 ? " without an answer" : " in the middle of its answer"}`));
        };
        socket.on("end", over).on("close", over).on("error", (error) => {
            if (current()) this.end(connectionTrouble(error, subject));
        });
        if (this.address.tls.mode === "required") socket.on("data", (chunk: Buffer) => this.#heard(chunk));
    }

    #next(): void {
        if (this.#active !== undefined || this.#ended !== undefined) return;
        this.#active = this.#queue.shift();
        if (this.#active === undefined) return;
        const held = this.address.clock.monotonic() - this.#heardAt < delayedMs;
        this.#nudges = held && this.#takesBlanks ? mostNudges : 0;
        this.#send(this.#active);
    }

    #send({ line }: Request): void {
        this.#behindBlanks = this.#blanks;
        this.#blanks = false;
        this.#bytes = 0;
        this.#wait("no answer");
        this.#socket.write(line, "utf8");
    }

    #wait(what: string): void {
        const { clock, deadlineMs } = this.address;
        this.#due = clock.monotonic() + deadlineMs;
        this.#awaited = what;
        this.#stoodStill = false;
        this.#timer ??= clock.after(deadlineMs, () => this.#checkDue());
    }

    #checkDue(): void {
        const { clock, deadlineMs, subject } = this.address;
        this.#timer = undefined;
        if (this.#due === Infinity) return;
        const left = this.#due - clock.monotonic();
        const stoodStill = left <= -late.from && !this.#stoodStill;
        if (stoodStill) this.#stoodStill = true;
        if (left > 0 || stoodStill) this.#timer = clock.after(stoodStill ? late.hear : left, () => this.#checkDue());
        else this.end(connectionTrouble(new Trouble("timeout", `${subject}: ${this.#awaited} within ${deadlineMs / 1000} s`), subject));
    }

    #heard(chunk: Buffer): boolean {
        if (this.#ended !== undefined) return false;
        this.#heardAt = this.address.clock.monotonic();
        this.#bytes += chunk.length;
        const request = this.#active;
        try {
            for (const line of this.#lines.take(chunk)) this.#heardLine(line);
        } catch (error) {
            this.end(connectionTrouble(error, this.address.subject));
            return false;
        }
        // upsd writes a list line by line, so its system waits for our acknowledgement of the first before it sends the rest, and ours waits
        // for something to send: 43 ms for each list. A blank, which upsd skips before a word, is something to send.
        if (request !== undefined && this.#active === request && this.#nudges > 0) {
            this.#nudges -= 1;
            this.#blanks = true;
            this.#socket.write(" ");
        }
        return true;
    }

    #heardLine(line: string): void {
        const request = this.#active;
        if (request === undefined) throw this.#upgrade === "asked" ? clearBehindOk(this.address.subject) : new Trouble("garbage", "an answer to nothing that was asked");
        const reply = request.reply.take(line);
        if (reply === undefined) return;
        this.#replies += 1;
        this.#due = Infinity;
        if (reply.kind === "error" && (reply.code === "UNKNOWN-COMMAND" || reply.code === "INVALID-ARGUMENT") && this.#behindBlanks) {
            // Not every server that speaks NUT reads as upsd does: this one minds the blanks.
            this.#takesBlanks = false;
            this.#nudges = 0;
            return this.#send(request);
        }
        this.#active = undefined;
        request.settle?.resolve(reply);
        this.#next();
    }
}

const heeded = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `run` when `signal` aborts; the returned function takes that back. A reader asks with the same signal for as long as it lives, and
 * to listen anew each time costs a tenth of a poll.
 */
function heedAbort(signal: AbortSignal, run: () => void): () => void {
    let runs = heeded.get(signal);
    if (runs === undefined) {
        const all = runs = new Set();
        heeded.set(signal, all);
        signal.addEventListener("abort", () => all.forEach((each) => each()), { once: true });
    }
    const mine = runs.add(run);
    return () => void mine.delete(run);
}

/** Who can put words behind the OK could put an answer to our first question there, too. */
const clearBehindOk = (subject: string): NutTrouble => new NutTrouble("tls", "garbage", `${subject}: sent something in the clear behind its OK to TLS`);
const stopped = ({ subject }: NutAddress): Trouble => new Trouble("stopped", `${subject}: stopped`);
