import { createHash } from "node:crypto";

/** The identity that a host must prove. */
export interface PinnedKey {
    /** "SHA256:...", as `ssh-keygen -l` prints it. */
    fingerprint: string;
    /** "ssh-ed25519" ...; absent when only a fingerprint was pinned. */
    type?: string;
    /** The whole public key, base64; absent when only a fingerprint was pinned. */
    blob?: string;
}

/** What the signatures of each key type are called on the wire; the types that ssh2 can check. */
const algorithmsByType = {
    "ssh-ed25519": ["ssh-ed25519"],
    "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
    "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
    "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
    "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
} as const;
export type HostKeyAlgorithm = (typeof algorithmsByType)[keyof typeof algorithmsByType][number];

/** SHA256 fingerprint of a public key in wire format (RFC 4253 §6.6). */
export function fingerprintOf(key: Buffer): string {
    return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The type that a public key in wire format names itself; undefined when it is none. */
export function keyTypeOf(key: Buffer): string | undefined {
    if (key.length < 4) return undefined;
    const length = key.readUInt32BE(0);
    if (length === 0 || length > 64 || key.length < 4 + length) return undefined;
    const type = key.subarray(4, 4 + length).toString("latin1");
    return /^[a-z0-9@.-]+$/.test(type) ? type : undefined;
}

/**
 * A pin from what people paste: "ssh-ed25519 AAAA... comment", the same behind a host name as ssh-keyscan prints it, or a
 * fingerprint "SHA256:..." with or without the type before it. Undefined for everything else.
 */
export function parsePinnedKey(text: string): PinnedKey | undefined {
    const words = text.trim().split(/\s+/);
    const type = words.find((word) => Object.hasOwn(algorithmsByType, word));
    const fingerprint = words.find((word) => /^SHA256:[A-Za-z0-9+/]{43}=?$/.test(word));
    if (fingerprint !== undefined) return { fingerprint: fingerprint.replace(/=$/, ""), ...(type !== undefined && { type }) };
    const blob = words[words.indexOf(type ?? "") + 1];
    return type === undefined || blob === undefined ? undefined : publicKey(type, blob);
}

/** A public key of any type, as it stands in a file: its type and its base64. */
export function publicKey(type: string, blob: string): PinnedKey | undefined {
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return undefined;
    const key = Buffer.from(blob, "base64");
    return keyTypeOf(key) === type ? { fingerprint: fingerprintOf(key), type, blob } : undefined;
}

/** The algorithms to offer, so that a host with several keys shows the pinned one. Undefined: any. */
export function hostKeyAlgorithms({ type }: PinnedKey): HostKeyAlgorithm[] | undefined {
    return type !== undefined && Object.hasOwn(algorithmsByType, type) ? [...algorithmsByType[type as keyof typeof algorithmsByType]] : undefined;
}
