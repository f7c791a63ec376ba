import { programPath } from "./commands";

/** Where programs lie; all others are in /usr/bin. sudo takes only absolute paths, and of one name the first in its own path. */
const folders = new Map<string, readonly string[]>([
    ...["shutdown", "poweroff", "reboot", "qm", "pct"].map((name): [string, string[]] => [name, ["/usr/sbin"]]),
    // Of the distribution, or beside it: Synology's packages, pip, binaries that people have put there.
    ...["docker", "docker-compose", "podman-compose"].map((name): [string, string[]] => [name, ["/usr/bin", "/usr/local/bin"]]),
]);

/**
 * A file for /etc/sudoers.d: one line for each command, with exactly its words.
 * @param rules commands as they stand behind `sudo -n`, with `-u USER` in front of those of another user
 */
export function sudoersOf(host: string, user: string, rules: readonly (readonly string[])[]): string {
    const lines = rules.flatMap((words) => {
        const [runAs, command] = words[0] === "-u" ? [words[1] ?? "", words.slice(2)] : ["root", words];
        return pathsOf(command[0] ?? "").map((path) => `${escaped(user)} ALL=(${escaped(runAs)}) NOPASSWD: ${commandText(path, command.slice(1))}`);
    });
    const names = [...new Set(rules.map((words) => (words[0] === "-u" ? words[2] : words[0]) ?? "").filter((name) => !name.includes("/")))];
    return `# Ridethrough, host ${host}: /etc/sudoers.d/ridethrough, mode 440, checked with visudo -c.
${names.length === 0 ? "" : `# The paths are the usual ones. Those of this machine: command -v ${names.join(" ")}\n`}# Programs are looked for here and nowhere else, whatever the account says: xargs, too, finds what it starts in these folders.
Defaults:${escaped(user)} secure_path="${programPath}"
${[...new Set(lines)].join("\n")}
`;
}

function pathsOf(name: string): string[] {
    return name.startsWith("/") ? [name] : (folders.get(name) ?? ["/usr/bin"]).map((folder) => `${folder}/${name}`);
}

function commandText(path: string, args: readonly string[]): string {
    // Without words behind it, a rule would let any through.
    return `${escaped(path)} ${args.length === 0 ? '""' : args.map(escaped).join(" ")}`;
}

/**
 * sudoers(5): what would end a word, begin a list, a comment or a pattern, taken as it is. A backslash is taken for an escape
 * twice, as the file is read and as a pattern.
 */
function escaped(word: string): string {
    return word.replace(/[\\,:=#*?[\]!^ ]/g, (sign) => (sign === "\\" ? "\\\\\\\\" : `\\${sign}`));
}
