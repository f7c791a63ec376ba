import { homedir } from "node:os";
import { join } from "node:path";
import { Trouble } from "../kit/trouble";
import { fingerprintOf, hostKeyAlgorithms, type HostKeyAlgorithm, type PinnedKey } from "./host-key";
import { knownKeys } from "./known-hosts";

/** How a host proves that it is the one we mean. There is no way to trust whoever answers. */
export type HostTrust =
    | { pin: PinnedKey }
    /** A known_hosts file; "" is the one of the account that we run as. It is read at each login and never written. */
    | { knownHosts: string };

/** Decides about the key that a host shows. */
export interface HostJudge {
    /** The algorithms to offer, so that a host with several keys shows one that is known. Undefined: any. */
    algorithms: HostKeyAlgorithm[] | undefined;
    /** Why a key is refused; undefined when it proves the host. */
    refusal(key: Buffer): Trouble | undefined;
    /** The host has no key of a type that is known. */
    otherType(): Trouble;
}

interface Judged {
    /** As messages name it. */
    name: string;
    host: string;
    port: number;
}

const learnAgain = "if the machine was set up anew, learn its key again in the dialog";
const between = "if not, somebody may be in between";

/** @throws Trouble when nothing that a host could show would prove it */
export async function judgeOf(trust: HostTrust, judged: Judged): Promise<HostJudge> {
    const subject = `host ${judged.name}`;
    if ("pin" in trust) {
        const { pin } = trust;
        return {
            algorithms: hostKeyAlgorithms(pin),
            refusal: (key) => (fingerprintOf(key) === pin.fingerprint ? undefined : new Trouble("auth", `${subject}: refused, its host key is not the pinned one (it shows ${fingerprintOf(key)})`, `${learnAgain}; ${between}`)),
            otherType: () => new Trouble("auth", `${subject}: refused, it has no host key of the pinned type`, learnAgain),
        };
    }
    return knownHostsJudge(expandHome(trust.knownHosts) || accountKnownHosts(), judged, subject);
}

async function knownHostsJudge(path: string, { host, port }: Judged, subject: string): Promise<HostJudge> {
    const { keys, revoked, authority, bad } = await knownKeys(path, host, port, subject);
    const entry = port === 22 ? host : `[${host}]:${port}`;
    const refused = (why: string, cure: string): Trouble => new Trouble("auth", `${subject}: refused, ${why}`, cure);
    const usable = keys.filter(({ fingerprint }) => !revoked.some((other) => other.fingerprint === fingerprint));
    const algorithms = usable.flatMap((key) => hostKeyAlgorithms(key) ?? []);
    const logIn = "log in there once with ssh, as the account that runs Node-RED, and compare the key";
    if (algorithms.length === 0) {
        if (authority) throw refused(`${path} knows ${entry} only through a certificate authority, which only the system's ssh can check`, "choose it for this host, or pin the host's own key");
        if (usable.length > 0) throw refused(`${path} knows ${entry} only by a key of type ${usable[0]?.type}, which cannot be checked`, "pin another key of it");
        if (revoked.length > 0 && keys.length > 0) throw refused(`its only key in ${path} is REVOKED there`, "learn from whoever revoked it what has happened, and give the host a new key");
        throw refused(`${entry} is not in ${path}${bad.length > 0 ? `, of which line ${bad.slice(0, 3).join(", ")} cannot be read` : ""}`, logIn);
    }
    const anew = `if the machine was set up anew, remove its old key (ssh-keygen -R '${entry}' -f '${path}') and ${logIn}`;
    return {
        algorithms: [...new Set(algorithms)],
        refusal(key) {
            const shown = fingerprintOf(key);
            if (revoked.some(({ fingerprint }) => fingerprint === shown)) return refused(`the host key that it shows (${shown}) is REVOKED in ${path}: somebody else may hold it`, "do not log in; give the host a new key");
            return usable.some(({ fingerprint }) => fingerprint === shown) ? undefined : refused(`its host key is not the one in ${path} (it shows ${shown})`, `${anew}; ${between}`);
        },
        otherType: () => refused(`it has no host key of the type in ${path}`, anew),
    };
}

/** The file that ssh itself uses for this account. */
export function accountKnownHosts(): string {
    return join(homedir(), ".ssh", "known_hosts");
}

/** "~/x" as the shell reads it. */
export function expandHome(path: string): string {
    return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}
