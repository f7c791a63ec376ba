import { programPath } from "./commands";

/** Where programs of administrators lie; everything else is in /usr/bin. sudo takes only absolute paths. */
const adminPrograms = new Set(["shutdown", "poweroff", "reboot", "halt", "qm", "pct", "sendmail"]);

/**
 * A file for /etc/sudoers.d: one line for each command, with exactly its words.
 * @param rules commands as they stand behind `sudo -n`, with `-u USER` in front of those of another user
 */
export function sudoersOf(host: string, user: string, rules: readonly (readonly string[])[]): string {
    const lines = rules.map((words) => {
        const [runAs, command] = words[0] === "-u" ? [words[1] ?? "", words.slice(2)] : ["root", words];
        return `${escaped(user)} ALL=(${escaped(runAs)}) NOPASSWD: ${commandText(command)}`;
    });
    const names = [...new Set(rules.map((words) => (words[0] === "-u" ? words[2] : words[0]) ?? "").filter((name) => !name.includes("/")))];
    return `# Ridethrough, host ${host}: /etc/sudoers.d/ridethrough, mode 440, checked with visudo -c.
${names.length === 0 ? "" : `# The paths are the usual ones. Those of this machine: command -v ${names.join(" ")}\n`}# Programs are looked for here and nowhere else, whatever the account says: xargs, too, finds what it starts in these folders.
Defaults:${escaped(user)} secure_path="${programPath}"
${[...new Set(lines)].join("\n")}
`;
}

function commandText([name = "", ...args]: readonly string[]): string {
    const path = name.startsWith("/") ? name : `/usr/${adminPrograms.has(name) ? "sbin" : "bin"}/${name}`;
    // Without words behind it, a rule would let any through.
    return `${escaped(path)} ${args.length === 0 ? '""' : args.map(escaped).join(" ")}`;
}

/** sudoers(5): what would end a word, begin a list, a comment or a pattern, taken as it is. */
function escaped(word: string): string {
    return word.replace(/[\\,:=#*?[\]!^ ]/g, "\\$&");
}
