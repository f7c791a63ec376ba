import type { ActionParameters } from "../catalogue";
import { guestAction } from "./guests";
import { listOf, plainPath, textOf } from "./parameters";

const stuck = ["lazy", "force", "nothing"] as const;
const option = { lazy: ["-l"], force: ["-f"], nothing: [] };
const forced = (params: ActionParameters): readonly string[] => option[textOf(params, "stuck", "lazy") as (typeof stuck)[number]];

// The kernel's table tells what is mounted without touching it. A umount that hangs holds up nobody; one that finds its
// mount busy is tried again, until we are done.
const tool = `
stuck=$1 lazy=$2 mounts=$3; shift 3
running() {
    ask "$patience" cat /proc/self/mounts || return 1
    case $answer in *" / "*) ;; *) why="/proc/self/mounts does not say what is mounted"; return 1;; esac
    IFS=$nl; set -- $answer; unset IFS
    for line in "$@"; do
        set -- $line
        if [ $# -ge 4 ] && listed "$2" "$mounts" && ! listed "$2" "$ids"; then guest "$2" || return 1; fi
    done
}
order() {
    for each; do
        if listed "$each" "$lazy"; then as_root umount -l -- "$each" &
        else until as_root umount -- "$each"; do sleep 1; kill -0 $$ || exit; done & fi
    done
}
force() {
    [ -n "$stuck" ] || return
    for each; do as_root umount "$stuck" -- "$each" & done
}
start() { as_root mount -- "$1"; }
`;

/** Unmounts file systems. A dead one is let go of lazily, since nothing else ends it. */
export const unmount = guestAction({
    verb: "unmount",
    parameters: [
        { name: "mounts", kind: "paths", required: true },
        { name: "stuck", kind: "choice", choices: stuck, fallback: "lazy" },
        { name: "lazy", kind: "paths" },
    ],
    whole: true,
    graceS: 10,
    label: (params) => `unmount ${listOf(params, "mounts").join(", ")}`,
    problems: (params) => listOf(params, "lazy").filter((path) => plainPath.test(path) && !listOf(params, "mounts").includes(path)).map((path) => `unmount: lazy: ${path} is not among the mounts`),
    tool,
    toolArgs: (params) => [forced(params)[0] ?? "", listOf(params, "lazy").join(" "), listOf(params, "mounts").join(" ")],
    rules: (params) => listOf(params, "mounts").flatMap((path) => {
        const once = listOf(params, "lazy").includes(path);
        const ways = once ? [["-l"], ...(forced(params)[0] === "-f" ? [["-f"]] : [])] : [[], ...(forced(params).length > 0 ? [forced(params)] : [])];
        return [...ways.map((way) => ["umount", ...way, "--", path]), ["mount", "--", path]];
    }),
    programs: () => ["umount", "mount"],
});
