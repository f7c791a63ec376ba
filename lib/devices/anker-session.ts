import { randomBytes, scrypt } from "node:crypto";
import { sleep, type Cancel, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { formatDuration } from "../kit/duration";
import { Trouble } from "../kit/trouble";
import { cloudInUse } from "./anker-cloud";
import { loginBody, parseToken, type Credentials, type Token } from "./anker-login";
import { lockMs, longestLockMs, wantsCode, type Refusal } from "./anker-refusals";
import { callAnker, offsetMs, type RestAnswer } from "./anker-rest";
import { parseLogins, parseSaved, type Saved } from "./anker-saved";

/** Where a session is remembered, readable by its owner alone. */
export interface SessionStore {
    /**
     * What was saved. `damaged`: something was, and can't be believed.
     * @throws where that is not known yet: a login that is made then may be one too many
     */
    load(): Promise<{ session?: unknown; logins?: unknown; damaged?: boolean }>;
    /** `logins` is kept apart once more: the budget of logins must outlive a damaged session. */
    save(session: Saved): Promise<void>;
}

export interface SessionOptions extends Credentials {
    store: SessionStore;
    clock: Clock;
}

const dayMs = 86_400_000;
/** So many logins a day at most: Anker locks an account after too many (ioBroker.ankersolix2 issue 60), by the count of all its clients. */
const loginsPerDay = 3;
/** A login to which the cloud gave no answer, or none that tells whether it counts it, is one of the three for so long only, ms. */
const unansweredMs = 7_200_000;
/** So long, in ms, no other login follows when the cloud refuses what it has just given, or nobody knows how many there were. */
const restMs = 3_600_000;
/** So long, in ms, a login that is under way goes on when nobody wants it any more: its token is one of the three. Less than a deploy waits. */
const landingMs = 700;
/** Beyond all deadlines of a login, in ms. */
const longestMs = 120_000;
export const subject = "Anker cloud";

/**
 * The login of one account. A token is used until the cloud itself says that it has ended, whatever our clock says, and
 * over restarts; only then comes another login. What stands against a login is remembered too. Not for concurrent use.
 */
export class AnkerSession {
    #saved: Saved | undefined;
    #landing: Promise<unknown> | undefined;

    constructor(readonly options: SessionOptions) {}

    /**
     * The data that an endpoint gives to whoever is logged in.
     * @throws Trouble; of kind "config" when a person has to do something before the next login
     */
    async call(endpoint: string, body: unknown, signal: AbortSignal): Promise<unknown> {
        const saved = await this.#load();
        // One that its asker has given up may bring the token still.
        await this.#landing;
        const first = await this.#send(endpoint, body, signal, saved.token ?? (await this.#login(signal)));
        if (first.kind === "data") return first.data;
        if (first.refusal.then !== "login") throw troubleOf(first.refusal);
        const { token } = saved;
        delete saved.token;
        const fresh = await this.#login(signal).catch((error: unknown) => {
            // It may be good again before a login is due.
            if (token !== undefined && saved.stop?.until !== undefined) saved.token = token;
            throw error;
        });
        const second = await this.#send(endpoint, body, signal, fresh);
        if (second.kind === "data") return second.data;
        // Not the token's end, then: another login would bring nothing.
        if (second.refusal.then === "login") {
            saved.stop = { text: "the cloud refuses what it has just given", until: this.options.clock.wall() + restMs };
            await this.#save().catch(() => undefined);
        }
        throw troubleOf(second.refusal);
    }

    /** What else is remembered with the login. */
    async remembered(): Promise<Pick<Saved, "broker" | "devices">> {
        return this.#load();
    }

    /** A disk that refuses costs a request after the next start, no more. */
    async remember(news: Pick<Saved, "broker" | "devices">): Promise<void> {
        Object.assign(await this.#load(), news);
        await this.#save().catch(() => undefined);
    }

    /** A person says that the way is free: forgets what stood against a login. */
    async allowLogin(): Promise<void> {
        const saved = await this.#load();
        delete saved.stop;
        saved.logins = [];
        await this.#save();
    }

    /** Resolves when no login is under way; within a second, whatever comes. */
    async landed(): Promise<void> {
        await Promise.race([this.#landing, sleep(landingMs + 100, this.options.clock)]);
    }

    async #load(): Promise<Saved> {
        if (this.#saved !== undefined) return this.#saved;
        const { session, logins: apart, damaged = false } = await this.options.store.load();
        const found = parseSaved(session);
        const counted = parseLogins(apart);
        const salt = found?.salt ?? randomBytes(16).toString("hex");
        const email = this.options.email.toLowerCase();
        const fingerprint = await this.#fingerprint(salt, email);
        // Older versions took the email as it was written.
        const same = found !== undefined && (found.fingerprint === fingerprint || (email !== this.options.email && found.fingerprint === await this.#fingerprint(salt, this.options.email)));
        const logins = [...new Set([...found?.logins ?? [], ...counted ?? []])];
        // Another password or country: a new login, and nothing that was said against the old one.
        this.#saved = { ...(same && found), salt, fingerprint, logins };
        if (found === undefined && counted === undefined && (damaged || session !== undefined)) {
            this.#saved.stop = { text: "its saved login was damaged", cure: "\"Log in now\" in the account's dialog does not wait", until: this.options.clock.wall() + restMs };
            await this.#save(this.#saved).catch(() => undefined);
        }
        return this.#saved;
    }

    async #save(saved = this.#saved): Promise<void> {
        if (saved !== undefined) await this.options.store.save(saved);
    }

    #send(endpoint: string, body: unknown, signal: AbortSignal, token?: Token, onConnected?: () => void): Promise<RestAnswer> {
        const { country, clock } = this.options;
        return callAnker({ cloud: cloudInUse(), country, endpoint, body, subject, clock, signal, ...(token && { token }), ...(onConnected && { onConnected }) });
    }

    #login(signal: AbortSignal): Promise<Token> {
        const login = this.#newToken(signal);
        this.#landing = login.catch(() => undefined);
        // Who asked is let go at once.
        return withDeadline({ ms: longestMs, subject, clock: this.options.clock, signal }, () => login);
    }

    async #newToken(signal: AbortSignal): Promise<Token> {
        const saved = await this.#load();
        const { clock } = this.options;
        if (signal.aborted) throw new Trouble("stopped", `${subject}: stopped`);
        const wall = clock.wall();
        if (saved.stop !== undefined && stands(saved.stop, wall)) throw this.#stopped(saved.stop);
        const recent = saved.logins.filter((at) => Math.abs(wall - at) < dayMs);
        if (recent.length >= loginsPerDay) {
            const freeMs = Math.min(...recent) + dayMs - wall;
            throw new Trouble("busy", `${subject}: logged in, or tried to, ${recent.length} times, next login in ${formatDuration(freeMs)}`, "if another program uses this account, give this one its own");
        }
        // Written down before it is made: however this process ends, no login is made twice.
        saved.logins = [...recent, wall];
        delete saved.stop;
        await this.#save().catch((error: unknown) => {
            throw new Trouble("disk", `${subject}: a login could not be remembered, so none is made`, "free some space in Node-RED's folder", { cause: error });
        });
        const body = loginBody(this.options, { serverPublicKey: cloudInUse().serverPublicKey, wallMs: wall, offsetMs: offsetMs(clock) });
        const unanswered = wall - dayMs + unansweredMs;
        let heard = false;
        const answer = await outlive(signal, landingMs, clock, (longer) => this.#send("passport/login", body, longer, undefined, () => (heard = true))).catch(async (error: unknown) => {
            if (!(error instanceof Trouble && error.kind === "stopped")) {
                // Without a network nobody has counted it.
                saved.logins = heard ? [...recent, unanswered] : recent;
                await this.#save().catch(() => undefined);
            }
            throw error;
        });
        const token = answer.kind === "data" ? parseToken(answer.data) : undefined;
        if (token !== undefined) {
            saved.token = token;
            await this.#save().catch(() => undefined);
            return token;
        }
        const refusal = answer.kind === "refused" ? answer.refusal : wantsCode;
        if (refusal.then === "stop" || refusal.then === "lock") {
            const until = answer.kind === "refused" && refusal.then === "lock" ? wall + lockMs(answer.said) : undefined;
            saved.stop = { text: refusal.text, ...(refusal.cure !== undefined && { cure: refusal.cure }), ...(until !== undefined && { until }) };
            await this.#save().catch(() => undefined);
            throw this.#stopped(saved.stop);
        }
        if (refusal.kind === "busy" || refusal.then === "login") {
            saved.logins = [...recent, unanswered];
            await this.#save().catch(() => undefined);
        }
        throw troubleOf(refusal.then === "login" ? { kind: "busy", text: "it takes no login from here for now" } : refusal);
    }

    #stopped({ text, cure, until }: NonNullable<Saved["stop"]>): Trouble {
        if (until === undefined) return new Trouble("config", `${subject}: ${text}`, cure);
        return new Trouble("busy", `${subject}: ${text}, next login in ${formatDuration(until - this.options.clock.wall())}`, cure);
    }

    #fingerprint(salt: string, email: string): Promise<string> {
        const { password, country } = this.options;
        return new Promise((resolve, reject) => scrypt(password, `${salt} ${country} ${email}`, 16, (error, key) => (error ? reject(error) : resolve(key.toString("hex")))));
    }
}

/** Whether what stands against a login still does. A time further away than any lock comes from a clock that was wrong. */
function stands({ until }: NonNullable<Saved["stop"]>, wallMs: number): boolean {
    return until === undefined || (wallMs < until && until - wallMs <= longestLockMs);
}

/** Runs `work` with a signal that aborts so many ms later than `signal`. */
async function outlive<T>(signal: AbortSignal, ms: number, clock: Clock, work: (longer: AbortSignal) => Promise<T>): Promise<T> {
    const longer = new AbortController();
    let cancel: Cancel | undefined;
    const later = (): void => void (cancel = clock.after(ms, () => longer.abort(signal.reason)));
    signal.addEventListener("abort", later, { once: true });
    if (signal.aborted) later();
    try {
        return await work(longer.signal);
    } finally {
        signal.removeEventListener("abort", later);
        cancel?.();
    }
}

function troubleOf({ kind, text, cure }: Refusal): Trouble {
    return new Trouble(kind, `${subject}: ${text}`, cure);
}
