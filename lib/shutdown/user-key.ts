import { createHash, createPrivateKey, sign } from "node:crypto";
import type { ParsedKey } from "ssh2";

const load = () => import("ssh2");
let loaded: ReturnType<typeof load> | undefined;

/** The ssh2 package, which is loaded when it is first needed. */
export function ssh2(): ReturnType<typeof load> {
    return loaded ??= load();
}

/** As many are remembered. One key is often that of all hosts. */
const mostKeys = 50;
const known = new Map<string, ParsedKey | Error>();

/**
 * A private key, taken apart and unlocked once for all the logins that use it: to unlock it takes a third of a second of the event
 * loop, and many hosts at once would all run out of time.
 * @throws Error when it is no private key, or locked by another passphrase
 */
export async function userKey(text: string, passphrase?: string): Promise<ParsedKey> {
    const { default: { utils } } = await ssh2();
    const name = createHash("sha256").update(JSON.stringify([text, passphrase])).digest("base64");
    const key = known.get(name) ?? ready(utils.parseKey(text, passphrase));
    known.set(name, key);
    const [oldest] = known.keys();
    if (known.size > mostKeys && oldest !== undefined) known.delete(oldest);
    if (key instanceof Error) throw key;
    return key;
}

function ready(key: ParsedKey | Error): ParsedKey | Error {
    if (key instanceof Error) return new Error(`Cannot parse privateKey: ${key.message}`, { cause: key });
    if (!key.isPrivateKey()) return new Error("privateKey value does not contain a (valid) private key");
    return key.type === "ssh-ed25519" ? signsFast(key) : key;
}

/** ssh2 has OpenSSL read the key's PEM for each signature anew, which takes ten times as long as to sign. */
function signsFast(key: ParsedKey): ParsedKey {
    const secret = createPrivateKey(key.getPrivatePEM());
    return Object.assign(key, { sign: (data: Buffer | string) => sign(null, Buffer.from(data), secret) });
}
