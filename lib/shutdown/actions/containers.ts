import type { ActionParameters } from "../catalogue";
import { containersPart, listWords, type ContainerEngine } from "./engines";
import { graceOf, guestAction, sudoFlag } from "./guests";
import { ownWord } from "./own-container";
import { textOf } from "./parameters";

const graceS = 20;

// Force is for an engine that forgot. With a user, it is that user's containers.
const tool = `${containersPart}
engine=$1 user=$2 own=\${3#own:}; shift 3
[ -z "$user" ] || unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
as_owner() {
    if [ -z "$user" ]; then as_root "$@"
    elif [ "$root" = yes ]; then su -s /bin/sh -c 'exec "$@"' -- "$user" sh "$@"
    else sudo -n -u "$user" "$@"; fi
}
each_container() { printf '%s\\n' "$@" | as_owner xargs $words; }
running() {
    containers as_owner || return 1
    IFS=$nl; set -- $running; unset IFS
    for line; do
        id=\${line%%/*} name=\${line#*/} name=\${name%%,*}
        case $id in "$own"*) [ -n "$own" ] && continue;; esac
        [ "$name" != "$line" ] && plain "$name" || name=$id
        guest "$name" "$id" || return 1
    done
}
order() { words="$engine stop -t $grace --"; each_container "$@"; }
force() { words="$engine kill --"; each_container "$@"; }
start() { words="$engine start --"; each_container "$1"; }
`;

const each = ["stop", "kill", "start"] as const;

function rulesOf(engine: ContainerEngine, params: ActionParameters): string[][] {
    const user = textOf(params, "user");
    const others = each.map((verb) => ["xargs", engine, verb, ...(verb === "stop" ? ["-t", String(graceOf(params, { graceS }))] : []), "--"]);
    return [listWords[engine], ...others].map((words) => [...(user === "" ? [] : ["-u", user]), ...words]);
}

/** Docker's running containers, except the one that Node-RED runs in. */
export const stopDocker = guestAction({
    verb: "stop-docker",
    parameters: [sudoFlag],
    graceS,
    label: () => "stop Docker containers",
    tool,
    toolArgs: () => ["docker", "", ownWord()],
    rules: (params) => rulesOf("docker", params),
    programs: () => ["docker", "xargs"],
});

/** podman's running containers: root's, or with `user` those of one user. */
export const stopPodman = guestAction({
    verb: "stop-podman",
    parameters: [{ name: "user", kind: "name", pattern: /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/ }, sudoFlag],
    graceS,
    label: (params) => `stop podman containers${textOf(params, "user") === "" ? "" : ` of ${textOf(params, "user")}`}`,
    problems: (params) => (textOf(params, "user") !== "" && params.sudo === false ? ["stop-podman: the containers of another user need sudo"] : []),
    tool,
    toolArgs: (params) => ["podman", textOf(params, "user"), ownWord()],
    rules: (params) => rulesOf("podman", params),
    programs: () => ["podman", "xargs"],
});
