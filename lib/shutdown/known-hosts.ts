import { createHmac } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { errorCode, toTrouble, Trouble } from "../kit/trouble";
import { publicKey, type PinnedKey } from "./host-key";

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHostLine {
    /** From 1. */
    line: number;
    marker?: "revoked" | "cert-authority";
    /** Patterns with commas between them, or one hashed name. */
    hosts: string;
    key: PinnedKey;
}

export interface KnownHosts {
    lines: KnownHostLine[];
    /** Numbers of the lines that say nothing that we or OpenSSH understand. */
    bad: number[];
}

/** What a file says of one host. */
export interface KnownKeys {
    /** Any of these proves it. */
    keys: PinnedKey[];
    /** None of these does, whatever else the file says. */
    revoked: PinnedKey[];
    /** A certificate authority is trusted to vouch for it. */
    authority: boolean;
}

export function parseKnownHosts(text: string): KnownHosts {
    const known: KnownHosts = { lines: [], bad: [] };
    for (const [index, raw] of text.split("\n").entries()) {
        const words = raw.trim().split(/[ \t]+/);
        if (words[0] === "" || words[0]?.startsWith("#")) continue;
        const marker = words[0]?.startsWith("@") ? words.shift()?.slice(1) : undefined;
        const [hosts = "", type = "", blob = ""] = words;
        const key = publicKey(type, blob);
        if (key === undefined || (marker !== undefined && marker !== "revoked" && marker !== "cert-authority")) known.bad.push(index + 1);
        else known.lines.push({ line: index + 1, hosts, key, ...(marker !== undefined && { marker }) });
    }
    return known;
}

/**
 * What is known of a host. As with OpenSSH a port other than 22 is part of the name, "[nas]:2222"; only when nothing is said of
 * that does the name without its port count. A key that is revoked under either name is refused.
 */
export function keysOf({ lines }: Pick<KnownHosts, "lines">, host: string, port: number): KnownKeys {
    const name = host.toLowerCase();
    const find = (lookedUp: string): KnownKeys => {
        const found = lines.filter(({ hosts }) => matchesHost(hosts, lookedUp));
        const keys = (marker: KnownHostLine["marker"]): PinnedKey[] => found.filter((line) => line.marker === marker).map(({ key }) => key);
        return { keys: keys(undefined), revoked: keys("revoked"), authority: found.some(({ marker }) => marker === "cert-authority") };
    };
    const plain = find(name);
    if (port === 22) return plain;
    const exact = find(`[${name}]:${port}`);
    const { keys, authority } = exact.keys.length > 0 || exact.authority ? exact : plain;
    return { keys, authority, revoked: [...exact.revoked, ...plain.revoked] };
}

/** @param name as it is looked up: lower case, "[nas]:2222" where the port is not 22 */
export function matchesHost(hosts: string, name: string): boolean {
    if (hosts.startsWith("|")) return matchesHashed(hosts, name);
    let found = false;
    for (const pattern of hosts.toLowerCase().split(",")) {
        const negated = pattern.startsWith("!");
        if (!matchesPattern(pattern.slice(negated ? 1 : 0), name)) continue;
        // However many others match.
        if (negated) return false;
        found = true;
    }
    return found;
}

/** "|1|salt|hash": HMAC-SHA1 of the name, its key the salt; both base64 (`ssh-keygen -H`). */
function matchesHashed(hosts: string, name: string): boolean {
    const [, version, salt = "", hash = ""] = hosts.split("|");
    return version === "1" && hash !== "" && createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/** "*": any characters, "?": one. Takes time in proportion to both lengths, whatever the pattern. */
function matchesPattern(pattern: string, name: string): boolean {
    let [at, place, star, resume] = [0, 0, -1, 0];
    while (place < name.length) {
        if (pattern[at] === "*") [star, resume, at] = [at, place, at + 1];
        else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === name[place])) [at, place] = [at + 1, place + 1];
        else if (star >= 0) [at, resume, place] = [star + 1, resume + 1, resume + 1];
        else return false;
    }
    return /^\**$/.test(pattern.slice(at));
}

/** Far above any known_hosts file, bytes. */
const longestFile = 16 << 20;
interface CachedFile {
    stamp: string;
    known: KnownHosts;
    /** By host and port: a long file of hashed names takes milliseconds to search. */
    found: Map<string, KnownKeys>;
}
const files = new Map<string, CachedFile>();

/**
 * What a file says of a host now. The file is read again when it has changed, and never written.
 * @param subject as errors name it
 * @throws Trouble of kind "config": there is no such file, it may not be read, it is none
 */
export async function knownKeys(path: string, host: string, port: number, subject: string): Promise<KnownKeys & Pick<KnownHosts, "bad">> {
    const file = await readCached(path, subject);
    const key = `${host} ${port}`;
    const found = file.found.get(key) ?? keysOf(file.known, host, port);
    file.found.set(key, found);
    return { ...found, bad: file.known.bad };
}

async function readCached(path: string, subject: string): Promise<CachedFile> {
    try {
        const about = await stat(path);
        const { mtimeMs, size, ino } = about;
        if (!about.isFile() || size > longestFile) throw new Trouble("config", `${subject}: ${path} is not a known_hosts file`);
        const stamp = `${mtimeMs} ${size} ${ino}`;
        const before = files.get(path);
        if (before?.stamp === stamp) return before;
        const file: CachedFile = { stamp, known: parseKnownHosts(await readFile(path, "utf8")), found: new Map() };
        files.set(path, file);
        return file;
    } catch (error) {
        if (error instanceof Trouble) throw error;
        if (errorCode(error) === "ENOENT") throw new Trouble("config", `${subject}: there is no known_hosts file ${path}`, "log in there once with ssh, as the account that runs Node-RED, or pin the host's key in the dialog");
        throw new Trouble("config", toTrouble(error, `${subject}: ${path}`).message, "the account that runs Node-RED must be able to read it");
    }
}
