import { backOffMs } from "../kit/back-off";
import { systemClock, type Clock } from "../kit/clock";
import { Trouble } from "../kit/trouble";
import { NutLink, type NutAddress } from "./nut-link";
import { checkLogin, introduce, wantsLogin, type NutCredentials, type NutLogin } from "./nut-login";
import type { NutReply } from "./nut-reply";
import type { NutTls } from "./nut-tls";
import { connectionTrouble, refusal } from "./nut-trouble";

/** The variables of a UPS by name, "battery.charge" to "100", as the server says them. One without a value is absent. */
export type NutVariables = ReadonlyMap<string, string>;

/** A UPS of a server. */
export interface NutUps {
    name: string;
    description: string;
}

/** How to reach a NUT server. */
export interface NutServerOptions {
    host: string;
    port: number;
    tls: NutTls;
    login?: NutLogin;
    clock?: Clock;
    random?: () => number;
    /** Longest wait for a connection and for each answer, ms, default 5000. */
    deadlineMs?: number;
}

/** Between attempts to reach a server that was lost: 1 to 2 s at first, then up to a minute. */
const reconnect = { minMs: 2000, maxMs: 60_000 };
/** Credentials that were accepted are asked for again so often, and others. */
const recheckMs = { accepted: 15 * 60_000, otherwise: 60_000 };

/**
 * One connection to a NUT server (upsd; RFC 9271), shared by all that read from it: opened by the first question, and again by the
 * next one when it was lost. Questions are answered one after the other. Every method rejects with a NutTrouble (see its
 * `state`), or with a Trouble of kind "stopped" when `signal` aborts or `close` is called.
 */
export class NutServer {
    readonly subject: string;
    readonly #address: NutAddress;
    readonly #clock: Clock;
    readonly #stop = new AbortController();
    #link: NutLink | undefined;
    #opening: Promise<NutLink> | undefined;
    /** The connections on which user and password were said, since the server answers nobody without. */
    readonly #introduced = new WeakMap<NutLink, Promise<void>>();
    #readers = 0;
    #failures = 0;
    #trouble: Trouble | undefined;
    #notBefore = -Infinity;
    #credentials: NutCredentials;
    #checkAt = -Infinity;
    readonly #hearers = new Set<(credentials: NutCredentials) => void>();

    constructor(readonly options: NutServerOptions) {
        const { host, port, tls, clock = systemClock, deadlineMs = 5000 } = options;
        this.subject = `NUT server ${host}:${port}`;
        this.#clock = clock;
        this.#address = { host, port, tls, clock, deadlineMs, subject: this.subject };
        this.#credentials = { state: options.login === undefined ? "none" : "unchecked" };
    }

    /** Counts a reader in; the returned function counts it out. The connection is closed when the last one has gone. */
    join(): () => void {
        let inside = true;
        this.#readers += 1;
        return () => {
            if (!inside) return;
            inside = false;
            this.#readers -= 1;
            if (this.#readers === 0) this.#link?.end(this.#stopped());
        };
    }

    /**
     * The variables of a UPS now: always all of them, since one LIST costs both sides less than two GETs. While the server can't be
     * reached and the next attempt is not due, rejects at once with why.
     */
    async read(ups: string, signal: AbortSignal): Promise<NutVariables> {
        const reply = await this.#ask(["LIST", "VAR", ups], signal);
        if (reply.kind === "error") throw refusal(reply.code, ups, this.subject, reply.code === "UNKNOWN-UPS" ? await this.#names(signal) : []);
        this.#checkLogin(ups);
        const variables = new Map<string, string>();
        for (const [name, value] of entriesOf(reply)) if (name !== undefined && value !== undefined && value !== "") variables.set(name, value);
        return variables;
    }

    /** The UPSes of the server. */
    async listUps(signal: AbortSignal): Promise<NutUps[]> {
        const reply = await this.#ask(["LIST", "UPS"], signal);
        if (reply.kind === "error") throw refusal(reply.code, "list", this.subject);
        return entriesOf(reply).flatMap(([name, description = ""]) => (name === undefined ? [] : [{ name, description }]));
    }

    /** What the server says to user and password. Asked after the first reading, and again from time to time. */
    get credentials(): NutCredentials {
        return this.#credentials;
    }

    /** Calls `heard` on each change of `credentials`; the returned function ends that. */
    onCredentials(heard: (credentials: NutCredentials) => void): () => void {
        this.#hearers.add(heard);
        return () => void this.#hearers.delete(heard);
    }

    /** Asks the server what it says to user and password, with a UPS that it has. */
    async checkCredentials(ups: string, signal: AbortSignal): Promise<NutCredentials> {
        const { login } = this.options;
        if (login === undefined) return this.#credentials;
        const said = await withEither(signal, this.#stop.signal, (either) => checkLogin(this.#address, login, ups, either));
        this.#checkAt = this.#clock.monotonic() + (said.state === "accepted" ? recheckMs.accepted : recheckMs.otherwise);
        const changed = said.state !== this.#credentials.state;
        // A server that can't say now has not taken back what it said before.
        if (said.state === "unchecked" || this.#stop.signal.aborted) return said;
        this.#credentials = said;
        if (changed) for (const heard of this.#hearers) heard(said);
        return said;
    }

    /** Ends the connection at once, and whatever waits for it. */
    close(): void {
        this.#stop.abort();
        this.#link?.end(this.#stopped());
        this.#hearers.clear();
    }

    async #ask(words: readonly string[], signal: AbortSignal): Promise<NutReply> {
        for (;;) {
            const link = this.#link ?? await this.#connected(signal);
            try {
                return this.#answered(await this.#request(link, words, signal));
            } catch (error) {
                // The connection had ended unnoticed; not so the server, as far as we know: such a connection has answered somebody before it ended.
                if (this.#trouble !== undefined || signal.aborted || !(error instanceof Trouble) || error.kind !== "closed") throw error;
            }
        }
    }

    async #request(link: NutLink, words: readonly string[], signal: AbortSignal): Promise<NutReply> {
        const { login } = this.options;
        const known = this.#introduced.has(link);
        const reply = await link.request(words, signal);
        if (known || login === undefined || !wantsLogin(reply)) return reply;
        const introduced = this.#introduced.get(link) ?? introduce(link, login, this.#stop.signal);
        this.#introduced.set(link, introduced);
        try {
            await unlessAborted(introduced, signal, () => this.#stopped());
            return await link.request(words, signal);
        } catch (error) {
            // Who hangs up on the wrong password has said what there is to say.
            if (signal.aborted || this.#stop.signal.aborted) throw error;
            return reply;
        }
    }

    #answered(reply: NutReply): NutReply {
        this.#failures = 0;
        return reply;
    }

    async #connected(signal: AbortSignal): Promise<NutLink> {
        if (signal.aborted || this.#stop.signal.aborted) throw this.#stopped();
        if (this.#opening === undefined) {
            if (this.#trouble !== undefined && this.#clock.monotonic() < this.#notBefore) throw this.#trouble;
            this.#opening = this.#open().finally(() => { this.#opening = undefined; });
        }
        return await unlessAborted(this.#opening, signal, () => this.#stopped());
    }

    async #open(): Promise<NutLink> {
        this.#trouble = undefined;
        this.#link = await NutLink.open(this.#address, this.#stop.signal, (trouble, atRest) => {
            this.#link = undefined;
            if (trouble.kind === "stopped" || atRest) return;
            this.#trouble = trouble;
            this.#notBefore = this.#clock.monotonic() + backOffMs(this.#failures, reconnect, this.options.random);
            this.#failures += 1;
        });
        return this.#link;
    }

    #checkLogin(ups: string): void {
        if (this.options.login === undefined || this.#clock.monotonic() < this.#checkAt) return;
        this.#checkAt = this.#clock.monotonic() + recheckMs.otherwise;
        // Without a connection there is nothing to say about credentials: the readings say that.
        this.checkCredentials(ups, this.#stop.signal).catch(() => undefined);
    }

    async #names(signal: AbortSignal): Promise<string[]> {
        try {
            return (await this.listUps(signal)).map(({ name }) => name);
        } catch (error) {
            throw connectionTrouble(error, this.subject);
        }
    }

    #stopped(): Trouble {
        return new Trouble("stopped", `${this.subject}: stopped`);
    }
}

function entriesOf(reply: NutReply): readonly (readonly string[])[] {
    return reply.kind === "list" ? reply.entries : [];
}

/** Does `work` with a signal that aborts with the first of two. AbortSignal.any's lives for as long as somebody listens to it, and a link listens for good: 6 KB a time. */
async function withEither<T>(one: AbortSignal, other: AbortSignal, work: (either: AbortSignal) => Promise<T>): Promise<T> {
    const either = new AbortController();
    const stop = (): void => either.abort();
    if (one.aborted || other.aborted) stop();
    for (const each of [one, other]) each.addEventListener("abort", stop);
    try {
        return await work(either.signal);
    } finally {
        for (const each of [one, other]) each.removeEventListener("abort", stop);
    }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, reason: () => Trouble): Promise<T> {
    return new Promise((resolve, reject) => {
        const stop = (): void => reject(reason());
        signal.addEventListener("abort", stop, { once: true });
        work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
    });
}
