import type { Program } from "../catalogue";

/*
 * What a drill runs: finds each program in the PATH that the real step has, and asks sudo about each exact command. Nothing
 * is carried out. The text depends on how many words there are, never on the words. It has no line breaks of its own and no
 * exclamation mark: firewalls have csh for a login shell (OPNsense, pfSense, FreeBSD), which takes neither within quotes.
 */
const checks = [
    "missing=",
    'has() { command -v "$1" >/dev/null 2>&1 || missing="$missing; there is no program $1"; }',
    'allowed() { count=$1; shift; for word; do shift; if [ "$count" -gt 0 ]; then set -- "$@" "$word"; count=$((count - 1)); fi; done; said=$(sudo -n -l "$@" 2>&1 </dev/null) || missing="$missing; sudo does not allow: $*"; }',
];

/** What a probe says when all is well: a login shell that runs nothing, or only prints what it is told, may end with 0 too. */
export const looked = "ridethrough looked 42";
export const sayLooked = 'echo "ridethrough looked $((6 * 7))"';

export interface Probe {
    /** A script to begin with, and its arguments, all of which it takes. */
    begin?: string;
    args?: readonly string[];
    programs: readonly string[];
    /** Commands as they stand behind `sudo -n`. */
    rules: readonly (readonly string[])[];
    /** One more, asked about only where there is such a program. */
    spare?: readonly string[];
    /** The account is root: nobody asks sudo. */
    root: boolean;
}

export function probeOf({ begin = "", args = [], programs, rules, spare = [], root }: Probe): Program {
    const [asked, last] = root ? [[], []] : [rules, spare];
    const lines = [...checks, ...programs.map(() => 'has "$1"; shift'), ...asked.map((rule) => `allowed ${rule.length} "$@"; shift ${rule.length}`), ...(last.length === 0 ? [] : ['if command -v "$1" >/dev/null 2>&1; then allowed $# "$@"; fi']), '[ -z "$missing" ] || { echo "${missing#; }" >&2; exit 1; }', sayLooked];
    return { script: `${begin}${lines.join("; ")}`, args: [...args, ...programs, ...asked.flat(), ...last] };
}
