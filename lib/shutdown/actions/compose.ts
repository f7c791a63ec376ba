import type { ActionParameters, CatalogueAction } from "../catalogue";
import { containersPart, listWords, type ContainerEngine } from "./engines";
import { graceOf, guestAction, sudoFlag } from "./guests";
import { ownWord } from "./own-container";
import { textOf } from "./parameters";

const programs = ["docker compose", "docker-compose", "podman-compose"] as const;
const graceS = 20;
const programOf = (params: ActionParameters): string => textOf(params, "program", programs[0]);
const engineOf = (params: ActionParameters): ContainerEngine => (programOf(params) === "podman-compose" ? "podman" : "docker");
const down = (params: ActionParameters): boolean => textOf(params, "how", "stop") === "down";

// Some versions list stopped containers as well, and some list short ids: what runs is what the engine has, too. It is asked
// in any case, since podman-compose ends with 0 whatever podman said; up to 1.0 it tells that, and what it does, among the
// ids. A stack without containers left has nothing to start, so that "down" is undone as a whole.
const tool = `${containersPart}
compose=$1 engine=$2 file=$3 how=$4 own=\${5#own:}; shift 5
running() {
    containers as_root || return 1
    ask "$patience" as_root $compose -f "$file" ps -q || return 1
    IFS=$nl; set -- $answer; unset IFS
    stack=
    for line; do
        case $engine:$line in
            podman:"['podman'"*|podman:"using podman version: "*|podman:"podman ps "*|podman:"exit code: 0") continue;;
            *:*[!0-9a-f]*) why="$compose ps says: $line"; return 1;;
        esac
        case $own in "$line"*) fail "Node-RED itself runs in this stack: stop it with the machine, last of all";; esac
        stack="$stack $line"
    done
    for each in $running; do
        each=\${each%%/*}
        for part in $stack; do
            case $each in "$part"*) guest "$each" || return 1; break;; esac
        done
    done
}
order() { as_root $compose -f "$file" "$how" -t "$grace"; }
force() { printf '%s\\n' "$@" | as_root xargs "$engine" kill --; }
start() {
    if [ "$how" != down ]; then printf '%s\\n' "$1" | as_root xargs "$engine" start --; return; fi
    as_root $compose -f "$file" up -d || return
    ids=
    running && [ -n "$ids" ] || { echo "\${why:-nothing of it runs}"; return 1; }
}
`;

const stack = guestAction({
    verb: "stop-compose",
    parameters: [
        { name: "file", kind: "path", required: true },
        { name: "program", kind: "choice", choices: programs, fallback: programs[0] },
        { name: "how", kind: "choice", choices: ["stop", "down"], fallback: "stop" },
        sudoFlag,
    ],
    whole: true,
    graceS,
    label: (params) => `${down(params) ? "take down" : "stop"} ${textOf(params, "file")}`,
    tool,
    toolArgs: (params) => [programOf(params), engineOf(params), textOf(params, "file"), textOf(params, "how", "stop"), ownWord()],
    rules(params) {
        const compose = [...programOf(params).split(" "), "-f", textOf(params, "file")];
        const back = down(params) ? [...compose, "up", "-d"] : ["xargs", engineOf(params), "start", "--"];
        return [[...compose, "ps", "-q"], listWords[engineOf(params)], [...compose, textOf(params, "how", "stop"), "-t", String(graceOf(params, { graceS }))], ["xargs", engineOf(params), "kill", "--"], back];
    },
    programs: (params) => [programOf(params).split(" ")[0] ?? "", engineOf(params), "xargs"],
});

/** The containers of one compose file. A stack that was taken down is brought up at once, whatever it consisted of. */
export const stopCompose: CatalogueAction = {
    ...stack,
    undo: (params, done, place) => stack.undo?.(params, down(params) ? { ...done, did: done.did.slice(0, 1) } : done, place),
};
