import type { TroubleKind } from "../kit/trouble";

/** What follows from a request that the cloud understood and refused. */
export interface Refusal {
    kind: TroubleKind;
    /** What failed, for people. */
    text: string;
    cure?: string;
    /**
     * `login`: the token has ended. `stop`: no further login until a person has done something. `lock`: none until a
     * time. `again`: once more, in some seconds.
     */
    then?: "login" | "stop" | "lock" | "again";
}

export const wantsCode: Refusal = { kind: "config", text: "the login wants a code or a captcha", cure: "log in once with the Anker app, then press \"Log in now\" in the account's dialog", then: "stop" };
const wrongPassword: Refusal = { kind: "config", text: "email or password is wrong", cure: "correct it in the account's dialog", then: "stop" };
const tokenEnded: Refusal = { kind: "auth", text: "the login is no longer valid", then: "login" };
const askedToWait: Refusal = { kind: "busy", text: "too many requests" };
const networkBehind: Refusal = { kind: "busy", text: "the cloud has trouble of its own", then: "again" };

/** By the code in the answer. Facts: thomluther/anker-solix-api (MIT), errors.py at 980d7c2. */
const byCode: Readonly<Record<number, Refusal>> = {
    401: tokenEnded, 403: tokenEnded, 26084: tokenEnded,
    429: askedToWait, 31003: askedToWait,
    502: networkBehind, 504: networkBehind, 997: networkBehind, 998: networkBehind, 999: networkBehind, 21105: networkBehind,
    26050: wantsCode, 26051: wantsCode, 26052: wantsCode, 26053: wantsCode, 26054: wantsCode,
    26055: wrongPassword, 26108: wrongPassword, 26156: wrongPassword,
    26070: { kind: "failed", text: "the cloud does not accept our key", cure: "its key may have changed: look for a new version of this package", then: "stop" },
    100053: { kind: "busy", text: "the account is locked after too many logins", then: "lock" },
    160003: { kind: "auth", text: "this account may not do that", cure: "use the account that owns the device" },
};

/** @param said the cloud's own words, for a code that we do not know */
export function refusalOf(code: number, said: string): Refusal {
    return byCode[code] ?? { kind: "failed", text: `code ${code}${said === "" ? "" : ` "${said.slice(0, 80)}"`}` };
}

/** The longest lock that is believed, in ms. */
export const longestLockMs = 72 * 3_600_000;

/** The cloud's "try again in N hours", in ms. A day when it does not say. */
export function lockMs(said: string): number {
    const hours = Number(/(\d+)\s*hour/i.exec(said)?.[1] ?? 24);
    return Math.min(longestLockMs, Math.max(1, hours) * 3_600_000);
}
