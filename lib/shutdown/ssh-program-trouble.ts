import { Trouble, type TroubleKind } from "../kit/trouble";

/** What ssh itself says, in our words; the first that fits counts. It ends with 255 whatever went wrong. */
const sayings: readonly (readonly [RegExp, TroubleKind, string | ((said: string) => string), string?])[] = [
    [/REVOKED HOST KEY|marked as revoked|host key is revoked/i, "auth", (said) => `refused, the host key that it shows${shown(said)} is REVOKED: somebody else may hold it`, "do not log in; give the host a new key"],
    [/HOST IDENTIFICATION HAS CHANGED|differs from the key/, "auth", (said) => `refused, its host key is not the known one${shown(said)}`, "if the machine was set up anew, learn its key again; if not, somebody may be in between"],
    [/Host key verification failed|host key is known for/, "auth", "refused, its host key is not known", "compare it and pin it in the dialog, or add it to the known_hosts file"],
    [/no matching host key type/, "auth", "refused, it has no host key of a type that is known or allowed"],
    [/UNPROTECTED PRIVATE KEY|bad permissions/, "config", "the key file can be read by others, and ssh does not use it then", "chmod 600"],
    [/Load key .*(?:passphrase|libcrypto|invalid format)|Identity file .* not accessible|no such identity|Load key .*(?:Permission denied|No such file)/, "config", "the private key cannot be used", "ssh needs a whole key without a passphrase that the account of Node-RED may read; or put it into the agent"],
    [/Bad (?:configuration )?option|terminating, \d+ bad|Bad owner or permissions on|missing argument|unsupported option|garbage at end of line/i, "config", (said) => `ssh does not take its options (${lastLine(said)})`, "check ~/.ssh/config; OpenSSH 8.5 or later is needed"],
    [/unix_listener|ControlPath too long|too long for Unix domain socket/i, "config", (said) => `ssh cannot share its connection (${lastLine(said)})`, "set TMPDIR to a short path where Node-RED runs"],
    [/Permission denied \(|Too many authentication failures|No more authentication methods/i, "auth", "does not accept our key", "check the user, and add the public key to its ~/.ssh/authorized_keys there"],
    [/Could not resolve hostname/, "unreachable", (said) => `its name has no address (${/resolve hostname ([^\s:]+)/.exec(said)?.[1] ?? "unknown"})`, "use an IP address: in an outage the name server may be gone"],
    [/Connection refused/, "refused", "connection refused"],
    [/No route to host|Network is unreachable|Host is down/, "unreachable", "not reachable"],
    [/not responding/, "timeout", "does not answer any more"],
    [/timed out/i, "timeout", "no answer in time"],
    [/invalid characters|Bad packet length|banner|Protocol major versions|no matching (?:cipher|key exchange|MAC)|message authentication code|incorrect signature|invalid format|padding error/i, "garbage", "the answer is not SSH that we speak", "check address and port"],
    [/closed by|reset by peer|Broken pipe|Connection closed|lost connection/i, "closed", "hung up"],
];

/**
 * Why the system's ssh ended.
 * @param said the last of what it wrote to its standard error
 */
export function sshProgramTrouble(said: string, name: string): Trouble {
    for (const [pattern, kind, what, cure] of sayings) {
        if (pattern.test(said)) return new Trouble(kind, `host ${name}: ${typeof what === "string" ? what : what(said)}`, cure);
    }
    return new Trouble("failed", `host ${name}: the system's ssh gave up (${lastLine(said) || "it said nothing"})`);
}

function shown(said: string): string {
    const fingerprint = /SHA256:[A-Za-z0-9+/]{43}/.exec(said)?.[0];
    return fingerprint === undefined ? "" : ` (it shows ${fingerprint})`;
}

function lastLine(said: string): string {
    return said.replace(/[^\P{C}\n]/gu, "").trim().split("\n").at(-1)?.slice(0, 150) ?? "";
}
