import { Trouble } from "../kit/trouble";

/** What the system's ssh is told besides what its own configuration says. */
export interface SshArguments {
    host: string;
    port: number;
    user: string;
    /** Where the master is to listen. */
    control: string;
    connectTimeoutMs: number;
    /** Only this key logs in; without it the agent, and what ~/.ssh/config names. */
    identity?: string;
    /** A known_hosts file and the name to look for in it; without it the files of ssh's own configuration. */
    known?: { path: string; alias?: string };
    /** Instead of ~/.ssh/config. */
    configFile?: string;
}

/**
 * The words behind `ssh` for a master that runs no command itself. Options on the command line win over ~/.ssh/config, which
 * is read for the rest: ProxyJump, HostName, ciphers. Nothing in it can make ssh trust an unknown host, add a key to a file,
 * ask somebody, or forward anything.
 * @throws Trouble when a path cannot be said to ssh
 */
export function sshArguments({ host, port, user, control, connectTimeoutMs, identity, known, configFile }: SshArguments): string[] {
    const options: Record<string, string | number> = {
        BatchMode: "yes", StrictHostKeyChecking: "yes", UpdateHostKeys: "no", VerifyHostKeyDNS: "no", NoHostAuthenticationForLocalhost: "no",
        PasswordAuthentication: "no", KbdInteractiveAuthentication: "no", AddKeysToAgent: "no",
        ForwardAgent: "no", ForwardX11: "no", ClearAllForwardings: "yes", Tunnel: "no", PermitLocalCommand: "no", RemoteCommand: "none", RequestTTY: "no", EscapeChar: "none",
        ServerAliveInterval: 5, ServerAliveCountMax: 2, ConnectTimeout: Math.ceil(connectTimeoutMs / 1000), ConnectionAttempts: 1, LogLevel: "INFO",
        ControlMaster: "yes", ControlPersist: "no", ControlPath: pathWord(control),
        ...(identity !== undefined && { IdentityFile: pathWord(identity), IdentitiesOnly: "yes" }),
        ...(known !== undefined && { UserKnownHostsFile: pathWord(known.path), GlobalKnownHostsFile: "/dev/null", KnownHostsCommand: "none", ...(known.alias !== undefined && { HostKeyAlias: known.alias }) }),
    };
    return [...(configFile === undefined ? [] : ["-F", configFile]), "-N", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]), "-p", String(port), "-l", user, "--", host];
}

/** A path within an option: ssh takes words apart at blanks, and replaces %x and ${X} in it. */
function pathWord(path: string): string {
    if (/["\\\p{Cc}]|\$\{/u.test(path)) throw new Trouble("config", `the path ${JSON.stringify(path)} cannot be handed to ssh`, "use one without quotes, backslashes and variables");
    return `"${path.replaceAll("%", "%%")}"`;
}
