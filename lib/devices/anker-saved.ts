import { parseBroker, type Broker } from "./anker-broker";
import { parseToken, type Token } from "./anker-login";
import { valueAt } from "./channels";

/** What is remembered of an account's login. The file that holds it is as secret as the password. */
export interface Saved {
    salt: string;
    /** Of email, password and country, so that a change of one of them is seen. */
    fingerprint: string;
    token?: Token;
    /** Wall times in ms of the logins of the last day, failed ones too. */
    logins: number[];
    /** Why no login is made; with `until` (wall time in ms) not before then. */
    stop?: { text: string; cure?: string; until?: number };
    broker?: Broker;
    /** The devices in the cloud's words. */
    devices?: unknown[];
}

/** Wall times of logins, or undefined for anything that is no list. */
export function parseLogins(value: unknown): number[] | undefined {
    return Array.isArray(value) ? value.filter((at): at is number => typeof at === "number" && Number.isFinite(at)) : undefined;
}

/** A remembered session, or undefined for anything that is not wholly one. */
export function parseSaved(value: unknown): Saved | undefined {
    const [salt, fingerprint] = ["salt", "fingerprint"].map((key) => valueAt(value, key));
    const logins = parseLogins(valueAt(value, "logins"));
    if (typeof salt !== "string" || typeof fingerprint !== "string" || logins === undefined) return undefined;
    const saved: Saved = { salt, fingerprint, logins };
    const token = parseToken({ user_id: valueAt(value, "token", "userId"), auth_token: valueAt(value, "token", "authToken") });
    if (token !== undefined) saved.token = token;
    const [text, cure, until] = ["text", "cure", "until"].map((key) => valueAt(value, "stop", key));
    if (typeof text === "string") saved.stop = { text, ...(typeof cure === "string" && { cure }), ...(typeof until === "number" && { until }) };
    const broker = parseBroker(valueAt(value, "broker"));
    if (broker !== undefined) saved.broker = broker;
    const devices = valueAt(value, "devices");
    if (Array.isArray(devices)) saved.devices = devices;
    return saved;
}
