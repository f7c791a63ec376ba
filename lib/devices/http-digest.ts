import { createHash, randomBytes } from "node:crypto";

/** The part of a `WWW-Authenticate: Digest` challenge that an answer needs (RFC 7616, section 3.3). */
export interface DigestChallenge {
    realm: string;
    nonce: string;
    opaque?: string;
}

export interface DigestCredentials {
    user: string;
    password: string;
}

/**
 * The SHA-256 challenge with quality of protection "auth" in a `WWW-Authenticate` header (several challenges may stand
 * in one). Undefined when there is none: MD5 is refused, for it would give the password away.
 */
export function parseChallenge(header: string | undefined): DigestChallenge | undefined {
    const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
    // Either name=value, where a quoted value may hold anything (base64 nonces end in "="), or a word: the next scheme.
    for (const [, name, quoted, plain, scheme] of (header ?? "").matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)/g)) {
        if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
        else if (name !== undefined) challenges.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
    }
    for (const { scheme, parameters } of challenges) {
        const realm = parameters.get("realm");
        const nonce = parameters.get("nonce");
        const qualities = parameters.get("qop")?.toLowerCase().split(/\s*,\s*/) ?? [];
        if (scheme !== "digest" || realm === undefined || nonce === undefined) continue;
        if (parameters.get("algorithm")?.toUpperCase() !== "SHA-256" || !qualities.includes("auth")) continue;
        const opaque = parameters.get("opaque");
        return { realm, nonce, ...(opaque !== undefined && { opaque }) };
    }
    return undefined;
}

interface Answer extends DigestCredentials {
    method: string;
    /** Path and query as they stand in the request line. */
    uri: string;
    /** How often this nonce has been used, this time included. */
    count: number;
    /** The client's own nonce. */
    cnonce: string;
}

/** The `Authorization` header that answers a challenge (RFC 7616, section 3.4). */
export function answerChallenge({ realm, nonce, opaque }: DigestChallenge, { user, password, method, uri, count, cnonce }: Answer): string {
    const nc = count.toString(16).padStart(8, "0");
    const response = sha256(`${sha256(`${user}:${realm}:${password}`)}:${nonce}:${nc}:${cnonce}:auth:${sha256(`${method}:${uri}`)}`);
    const quote = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;
    return [
        `Digest username=${quote(user)}`, `realm=${quote(realm)}`, `nonce=${quote(nonce)}`, `uri=${quote(uri)}`, "algorithm=SHA-256",
        "qop=auth", `nc=${nc}`, `cnonce=${quote(cnonce)}`, `response="${response}"`, ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
    ].join(", ");
}

function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

/** The challenge that a device has given last, answered anew for each request. One for each device. */
export class DigestSession {
    #challenge: DigestChallenge | undefined;
    #count = 0;

    constructor(readonly credentials: DigestCredentials) {}

    /** The next `Authorization` header; undefined before the first challenge. */
    authorization(method: string, uri: string): string | undefined {
        if (this.#challenge === undefined) return undefined;
        this.#count += 1;
        return answerChallenge(this.#challenge, { ...this.credentials, method, uri, count: this.#count, cnonce: randomBytes(12).toString("base64") });
    }

    /** Takes the challenge of a 401. False when it holds none that we answer. The count begins anew with each nonce. */
    renew(header: string | undefined): boolean {
        this.#challenge = parseChallenge(header);
        this.#count = 0;
        return this.#challenge !== undefined;
    }

    /** The next request asks for a fresh challenge. */
    forget(): void {
        this.#challenge = undefined;
    }
}
