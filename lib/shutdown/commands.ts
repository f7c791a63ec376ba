import type { Action, PowerOff } from "./plan";

/** What no name of ours may contain: everything a shell could act on, blanks and control characters. */
const metacharacters = /[\s;|&$`<>(){}[\]*?!#~'"^%,=\\]|[^\x20-\x7e]/u;

/**
 * A systemd unit name (systemd.unit(5)): letters, digits and ":-_.@", or a byte as \xNN. Neither a path, nor a glob, nor
 * something that systemctl could take for an option.
 */
const unitName = /^[A-Za-z0-9_](?:[A-Za-z0-9:_.@-]|\\x[0-9a-f]{2}){0,254}$/;
const hostName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9_])?$/;

/** Why `name` cannot be a service to stop; undefined when it can. */
export function serviceNameProblem(name: string): string | undefined {
    return unitName.test(name) ? undefined : nameProblem(name.replace(/\\x[0-9a-f]{2}/g, ""), "service");
}

/** Why `name` cannot be the name of a host; undefined when it can. */
export function hostNameProblem(name: string): string | undefined {
    return hostName.test(name) ? undefined : nameProblem(name, "host");
}

function nameProblem(name: string, what: string): string {
    const shown = JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
    const found = metacharacters.exec(name)?.[0];
    return found === undefined ? `${shown} is not a ${what} name` : `${shown} is not a ${what} name: ${JSON.stringify(found)} is not allowed`;
}

/**
 * Where the programs are looked for, whatever the account's own PATH says: a NAS was left running in a real outage because
 * its shutdown program lies in a vendor's directory.
 */
export const programPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/syno/sbin:/usr/syno/bin";

/**
 * The program and arguments that carry out a declared action. This list is the only place commands come from: a plan names
 * services and verbs, a message neither.
 * @param root the account is root already: without sudo, which small systems do not have
 * @throws Error when a name is not one; parsePlan has refused it before
 */
export function argvOf(action: Action, { root }: { root: boolean }): string[] {
    const sudo = root ? [] : ["sudo", "-n"];
    switch (action.verb) {
        case "connect":
            return ["true"];
        case "stop-service": {
            const problem = serviceNameProblem(action.service);
            if (problem !== undefined) throw new Error(problem);
            return [...sudo, "systemctl", "stop", "--", action.service];
        }
        case "power-off":
            return [...sudo, ...finalArgv(action.final)];
    }
}

/** `shutdown -h +2` (`now` without a delay), or `poweroff`. */
export function finalArgv(final: PowerOff): string[] {
    if (final.verb === "poweroff") return ["poweroff"];
    if (!Number.isInteger(final.delayMinutes) || final.delayMinutes < 0) throw new Error("the delay is not a number of minutes");
    return ["shutdown", "-h", final.delayMinutes === 0 ? "now" : `+${final.delayMinutes}`];
}

/** The text for a remote login shell: dash, ash, bash, fish or csh alike, since it is only words. */
export function remoteCommand(argv: readonly string[]): string {
    return ["env", `PATH=${programPath}`, ...argv].map(quote).join(" ");
}

/**
 * One argument as one word of a POSIX shell: single quotes unless it is plainly safe.
 * @throws Error on NUL and line breaks, which no argument of ours needs
 */
export function quote(word: string): string {
    if (/[\0\r\n]/.test(word)) throw new Error("an argument contains a line break or NUL");
    return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
