import { isIP } from "node:net";
import { hostNameProblem } from "../../lib/shutdown/commands";
import { parsePinnedKey } from "../../lib/shutdown/host-key";
import type { HostTrust } from "../../lib/shutdown/host-trust";
import type { SshAuth, SshTarget } from "../../lib/shutdown/ssh";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [
    // Until then each host was reached by ssh2, with a pinned key.
    { to: 2, up: (stored) => ({ transport: "ssh2", trust: "pinned", knownHosts: "", ...stored }) },
];

/** How we log in: by ssh2 within this process, or by the system's own ssh. */
export type PowerHostTransport = "ssh2" | "ssh";

export interface PowerHostCredentials {
    privateKey?: string;
    passphrase?: string;
}

export interface PowerHostConfig {
    /** As plans and messages name it. */
    name: string;
    /** The machine that Node-RED runs on. */
    local: boolean;
    transport: PowerHostTransport;
    /** The host lets our key run the plan's commands and nothing else; a drill makes sure. */
    confined: boolean;
    /** Undefined for this machine, and for a host that cannot be reached as it is configured. */
    target: SshTarget | undefined;
}

/** `problems` says why the host cannot be reached; it can take part in a rehearsal all the same. */
export function parseConfig(stored: StoredConfig, credentials: PowerHostCredentials = {}): { config: PowerHostConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const local = settings.choice("kind", ["ssh", "local"], "ssh") === "local";
    const transport = settings.choice("transport", ["ssh2", "ssh"], "ssh2");
    const confined = settings.boolean("confined", false);
    const host = settings.text("host");
    const name = settings.text("name") || (local ? "this-machine" : host.replaceAll(":", "-"));
    const wrongName = name === "" ? "the host has no name" : hostNameProblem(name);
    if (wrongName !== undefined) settings.problem(wrongName);
    if (local) return { config: { name, local, transport, confined: false, target: undefined }, problems: settings.problems };

    const port = settings.number("port", { fallback: 22, min: 1, max: 65_535, integer: true });
    const user = settings.text("user");
    const auth = parseAuth(settings, credentials);
    const trust = parseTrust(settings, transport);
    if (host === "") settings.problem("no address");
    else if (!isAddress(host)) settings.problem(`${JSON.stringify(host)} is not an address`);
    if (user === "") settings.problem("no user");
    else if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/.test(user)) settings.problem(`${JSON.stringify(user)} is not a user name`);
    if (transport === "ssh" && auth !== undefined && "passphrase" in auth) settings.problem("the system's ssh cannot be told a passphrase, use a key without one, an agent, or the built-in SSH");
    const target = settings.problems.length === 0 && auth !== undefined && trust !== undefined ? { name, host, port, user, auth, ...trust } : undefined;
    return { config: { name, local, transport, confined, target }, problems: settings.problems };
}

/** A host name or an IP address, and nothing that a program could take for an option. */
export function isAddress(text: string): boolean {
    return isIP(text.replace(/%[A-Za-z0-9._-]+$/, "")) !== 0 || /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(text);
}

function parseTrust(settings: Settings, transport: PowerHostTransport): HostTrust | undefined {
    if (settings.choice("trust", ["pinned", "knownHosts"], "pinned") === "knownHosts") {
        const knownHosts = settings.text("knownHosts");
        if (/["\\\p{Cc}]|\$\{/u.test(knownHosts)) settings.problem(`${JSON.stringify(knownHosts)} is not the path of a known_hosts file`);
        return { knownHosts };
    }
    const text = settings.text("hostKey");
    const pin = parsePinnedKey(text);
    if (text === "") settings.problem("no pinned host key, learn it in the dialog");
    else if (pin === undefined) settings.problem("the pinned host key is neither a public key nor a SHA256 fingerprint");
    else if (transport === "ssh" && pin.blob === undefined) settings.problem("the system's ssh needs the whole host key, not only its fingerprint: learn it in the dialog");
    return pin && { pin };
}

function parseAuth(settings: Settings, { privateKey, passphrase }: PowerHostCredentials): SshAuth | undefined {
    const kind = settings.choice("auth", ["key", "keyFile", "agent"], "key");
    const phrase = passphrase === undefined || passphrase === "" ? {} : { passphrase };
    if (kind === "agent") return { kind: "agent" };
    if (kind === "keyFile") {
        const path = settings.text("keyFile");
        if (path === "") settings.problem("no key file");
        return { kind: "key-file", path, ...phrase };
    }
    if (privateKey === undefined || privateKey.trim() === "") {
        settings.problem("no private key");
        return undefined;
    }
    // A text field may have lost the last line break, which OpenSSH's format wants.
    return { kind: "key", privateKey: `${privateKey.trim()}\n`, ...phrase };
}
