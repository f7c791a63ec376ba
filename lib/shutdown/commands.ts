import type { Program } from "./catalogue";

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

/** The words that a host is to run for a program of the catalogue. A script gets its values as arguments, never as text. */
export function wordsOf(program: Program): string[] {
    return "argv" in program ? [...program.argv] : ["sh", "-c", program.script, "ridethrough", ...program.args];
}

/**
 * The text for a remote login shell. Plain words are the same to dash, ash, bash, fish and csh; a script of several lines,
 * behind `sh -c`, needs a login shell that keeps line breaks within quotes, as all but csh do. So what firewalls are told, and
 * asked in a drill, has one line.
 */
export function remoteCommand(argv: readonly string[]): string {
    const script = argv[0] === "sh" && argv[1] === "-c" ? 2 : -1;
    return [`env PATH=${programPath}`, ...argv.map((word, place) => (place === script ? quoted(word) : quote(word)))].join(" ");
}

/**
 * One argument as one word of a shell: single quotes unless it is plainly safe. Backslashes and exclamation marks stand outside
 * of the quotes, within which fish and csh would act on them.
 * @throws Error on NUL and line breaks, which no argument of ours needs
 */
export function quote(word: string): string {
    if (/[\0\r\n]/.test(word)) throw new Error("an argument contains a line break or NUL");
    return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/['\\!]/g, (sign) => `'\\${sign}'`)}'`;
}

/** Any text as one word of a POSIX shell, lines and all. */
export function quoted(text: string): string {
    return `'${text.replaceAll("'", `'\\''`)}'`;
}
