import type { ActionParameters, CatalogueAction, Place, Program } from "../catalogue";
import { listOf, numberOf, parameterProblems, type CheckedParameter } from "./parameters";
import { probeOf } from "./probe";
import { limitWord, rootWord, scriptHead } from "./shell";

/*
 * Things that run on a host and are stopped one and all: virtual machines, containers, mounts. A tool's part of the script
 * takes its own arguments, and defines
 *   running        calls `guest ID [OTHER NAME...]` for each that runs; fails, with $why, when that cannot be found out
 *   order ID...    asks them to stop, all at once
 *   force ID...    makes them
 *   start ID       brings one back
 * and may set $late: s beyond their time before they are forced, where the tool forces them by itself when that is over.
 */

const head = `${scriptHead}
# A clock of whole seconds may be about to tick.
grace=$1 only=$2 except=$3 late=1; shift 3
guest() {
    plain "$1" || { why="cannot handle the name $1"; return 1; }
    [ -n "$only" ] && chosen=no || chosen=yes
    for word; do
        # In a list names have blanks between them: one with a blank of its own would be two of others.
        case $word in ""|*[[:space:]]*) continue;; esac
        ! listed "$word" "$except" || return 0
        ! listed "$word" "$only" || chosen=yes
    done
    [ $chosen = no ] || ids="$ids $1"
}
`;

/** Orders whatever runs to stop, looks every second, forces the rest, and ends well only when nothing is known to run. */
const stopLoop = `
force_at=$((began + limit - patience))
end=$((began + limit - 1))
most=$patience least=3 due=$force_at
[ "$least" -le "$most" ] || least=$most
known= last= forced=no misses=0
while :; do
    clock
    # No look outlasts the time for force by much.
    patience=$((due - now))
    [ "$patience" -le "$most" ] || patience=$most
    [ "$patience" -ge "$least" ] || patience=$least
    ids=
    if running; then
        misses=0 last=$ids
        [ -n "$ids" ] || exit 0
        new=
        for id in $ids; do
            listed "$id" "$known" || { new="$new $id"; echo "did $id"; }
        done
        if [ -n "$new" ]; then
            order $new </dev/null >/dev/null 2>&1 &
            clock
            # Their time begins with the order, however long it took to see them.
            if [ -z "$known" ] && [ $((now + grace + late)) -lt "$force_at" ]; then force_at=$((now + grace + late)) due=$force_at; fi
            known="$known$new"
        fi
    else
        misses=$((misses + 1))
        [ -n "$known" ] || [ "$misses" -lt 3 ] || fail "not known what runs here: $why"
    fi
    clock
    if [ "$now" -ge "$force_at" ] && [ "$forced" = no ] && [ -n "$last" ]; then
        forced=yes due=$end
        force $last </dev/null >/dev/null 2>&1 &
    elif [ "$now" -ge "$end" ]; then
        [ "$misses" -eq 0 ] || fail "not known to have stopped:\${last:- anything}: $why"
        fail "still running:$ids"
    fi
    sleep 1
done
`;

/** Starts what is named and does not run, one after the other. One that hangs leaves half of the time to those behind it. */
const startAgain = `
ids=
running || ids=
failed= behind=$#
for id; do
    behind=$((behind - 1))
    plain "$id" || fail "not a name: $id"
    listed "$id" "$ids" && continue
    clock
    left=$((began + limit - 1 - now))
    [ "$behind" -eq 0 ] || left=$(((left + 1) / 2))
    [ "$left" -ge 1 ] || fail "no time left to start $id"
    collect yes "$left" start "$id" && continue
    last_words
    [ "$code" != late ] || why="no answer in time"
    failed="$failed $id: $why;"
done
[ -z "$failed" ] || fail "not started:$failed"
`;

const look = `
ids=
running || fail "$why"
`;

/** What is asked of one kind of guests. */
export interface GuestKind {
    verb: string;
    /** Besides which ones, and how long they get. */
    parameters: readonly CheckedParameter[];
    /** Without `only` and `except`, where there is nothing to choose. */
    whole?: true;
    /** s that they get to stop by themselves, unless a plan says something else. */
    graceS: number;
    label(params: ActionParameters): string;
    /** The tool's part of the script. */
    tool: string;
    /** The arguments that this part takes. */
    toolArgs(params: ActionParameters): readonly string[];
    /** More than the form of the parameters. */
    problems?(params: ActionParameters): string[];
    /** The commands that need root, as they stand behind `sudo -n`. */
    rules(params: ActionParameters): readonly (readonly string[])[];
    /** Programs that must be there. */
    programs(params: ActionParameters): readonly string[];
}

/** s on top of the time that they get: for force, and to see that it worked. */
export const forceS = 15;

/** s before nobody waits any more: a last look may take that long, and what it found is to be told by the host itself. */
const lastWordsS = 3;

/** s, of which a look may take a third: a drill does not wait long. */
const probeS = 24;

const which: readonly CheckedParameter[] = [{ name: "only", kind: "names" }, { name: "except", kind: "names" }];

/** s that guests get to stop by themselves. */
export const graceOf = (params: ActionParameters, { graceS }: Pick<GuestKind, "graceS">): number => numberOf(params, "graceS", graceS);

/** An action that stops guests. */
export function guestAction(kind: GuestKind): CatalogueAction {
    const parameters: readonly CheckedParameter[] = [...kind.parameters, ...(kind.whole ? [] : which), { name: "graceS", kind: "seconds", fallback: kind.graceS, most: 3000 }];
    const common = (params: ActionParameters, { root, timeoutS }: Place): string[] =>
        [rootWord(root || params.sudo === false), limitWord(timeoutS - lastWordsS), String(graceOf(params, kind)), listOf(params, "only").join(" "), listOf(params, "except").join(" "), ...kind.toolArgs(params)];
    const rules = (params: ActionParameters): readonly (readonly string[])[] => (params.sudo === false ? [] : kind.rules(params));
    return {
        verb: kind.verb,
        parameters,
        problems: (params) => [...parameterProblems(kind.verb, parameters, params), ...(kind.problems?.(params) ?? [])],
        label(params) {
            const [only, except] = [listOf(params, "only"), listOf(params, "except")];
            return `${kind.label(params)}${only.length > 0 ? ` ${only.join(", ")}` : ""}${except.length > 0 ? ` except ${except.join(", ")}` : ""}`;
        },
        leastS: (params) => graceOf(params, kind) + forceS,
        program: (params, place): Program => ({ script: head + kind.tool + stopLoop, args: common(params, place) }),
        undo: (params, { did }, place): Program => ({ script: head + kind.tool + startAgain, args: [...common(params, place), ...did] }),
        repeatable: true,
        privileged: rules,
        probe: (params, place) => probeOf({ begin: head + kind.tool + look, args: common(params, { ...place, timeoutS: probeS }), programs: kind.programs(params), rules: rules(params), root: place.root }),
    };
}

/** Off for an account that may do it by itself, as one in the group "docker" or "libvirt" may. */
export const sudoFlag: CheckedParameter = { name: "sudo", kind: "flag", fallback: true };
