import { createCipheriv, createECDH, createHash, type ECDH } from "node:crypto";
import { Trouble } from "../kit/trouble";
import { valueAt } from "./channels";

export interface Credentials {
    email: string;
    password: string;
    /** Two capital letters. */
    country: string;
}

/** What a login gives: it is sent with every later request. */
export interface Token {
    userId: string;
    authToken: string;
}

/**
 * The body of a login. The password is encrypted (AES-256-CBC) with a secret that only the server can find too (ECDH on P-256
 * with a key of this login alone). Facts: thomluther/anker-solix-api (MIT), session.py at 980d7c2.
 * @param offsetMs of the local time from UTC, east positive
 * @param own the key pair of this login, for tests
 */
export function loginBody({ email, password, country }: Credentials, { serverPublicKey, wallMs, offsetMs, own = newKeys() }: { serverPublicKey: string; wallMs: number; offsetMs: number; own?: ECDH }): Record<string, unknown> {
    const secret = own.computeSecret(Buffer.from(serverPublicKey, "hex"));
    const cipher = createCipheriv("aes-256-cbc", secret, secret.subarray(0, 16));
    return {
        ab: country,
        client_secret_info: { public_key: own.getPublicKey("hex") },
        enc: 0,
        email,
        password: cipher.update(password, "utf8", "base64") + cipher.final("base64"),
        time_zone: offsetMs,
        transaction: String(Math.round(wallMs)),
    };
}

function newKeys(): ECDH {
    const keys = createECDH("prime256v1");
    keys.generateKeys();
    return keys;
}

/** The token in the answer to a login; undefined when the cloud wants something else first (a code, a captcha). */
export function parseToken(data: unknown): Token | undefined {
    const [userId, authToken] = [valueAt(data, "user_id"), valueAt(data, "auth_token")];
    return typeof userId === "string" && userId !== "" && typeof authToken === "string" && authToken !== "" ? { userId, authToken } : undefined;
}

/** Headers of every request. */
export function ankerHeaders(country: string, offsetMs: number, token?: Token): Record<string, string> {
    const minutes = Math.abs(Math.round(offsetMs / 60_000));
    const pair = (value: number): string => String(value).padStart(2, "0");
    return {
        "content-type": "application/json",
        "model-type": "DESKTOP",
        "app-name": "anker_power",
        "os-type": "android",
        country,
        timezone: `GMT${offsetMs < 0 ? "-" : "+"}${pair(Math.floor(minutes / 60))}:${pair(minutes % 60)}`,
        ...(token && { "x-auth-token": headerSafe(token.authToken), gtoken: createHash("md5").update(token.userId).digest("hex") }),
    };
}

function headerSafe(value: string): string {
    if (/^[\x21-\x7e]+$/.test(value)) return value;
    throw new Trouble("garbage", "Anker cloud: its token holds characters that no token has");
}
