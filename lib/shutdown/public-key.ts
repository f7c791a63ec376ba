import { utils } from "ssh2";

/** The public line, "ssh-ed25519 AAAA...", of a private key; undefined where it cannot be read. */
export function publicKeyOf(privateKey: string, passphrase?: string): string | undefined {
    const parsed = utils.parseKey(`${privateKey.trim()}\n`, passphrase);
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    return key === undefined || key instanceof Error ? undefined : `${key.type} ${key.getPublicSSH().toString("base64")}`;
}
