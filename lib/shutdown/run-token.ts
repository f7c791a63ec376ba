import { createHash, randomBytes } from "node:crypto";

/** See RunControl. */
export function newToken(): string {
    return randomBytes(9).toString("base64url");
}

/** What a token is known by on the disk, where it would be a secret: nobody can make it from that. */
export function markOf(token: string): string {
    return createHash("sha256").update(token).digest("base64url");
}
