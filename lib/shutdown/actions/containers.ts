import type { ActionParameters } from "../catalogue";
import { graceOf, guestAction, sudoFlag } from "./guests";
import { ownWord } from "./own-container";
import { textOf } from "./parameters";

const format = "{{.ID}}/{{.Names}}";
const graceS = 20;

// The daemon itself kills what does not stop in time; force is for one that forgot. With a user, it is that user's containers.
const tool = `
engine=$1 user=$2 own=\${3#own:}; shift 3
[ -z "$user" ] || unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
as_owner() {
    if [ -z "$user" ]; then as_root "$@"
    elif [ "$root" = yes ]; then su -s /bin/sh -c 'exec "$@"' -- "$user" sh "$@"
    else sudo -n -u "$user" "$@"; fi
}
each_container() { printf '%s\\n' "$@" | as_owner xargs $words; }
running() {
    ask "$patience" as_owner "$engine" ps --no-trunc --format '${format}' || return 1
    IFS=$nl; set -- $answer; unset IFS
    for line in "$@"; do
        id=\${line%%/*} name=\${line#*/} name=\${name%%,*}
        case $id in
            ""|*[!0-9a-f]*) why="$engine ps says: $line"; return 1;;
            "$own"*) [ -n "$own" ] && continue;;
        esac
        [ "$name" != "$line" ] && plain "$name" || name=$id
        guest "$name" "$id" || return 1
    done
}
order() { words="$engine stop -t $grace --"; each_container "$@"; }
force() { words="$engine kill --"; each_container "$@"; }
start() { words="$engine start --"; each_container "$1"; }
`;

const each = ["stop", "kill", "start"] as const;

function rulesOf(engine: string, params: ActionParameters): string[][] {
    const user = textOf(params, "user");
    const list = [engine, "ps", "--no-trunc", "--format", format];
    const others = each.map((verb) => ["xargs", engine, verb, ...(verb === "stop" ? ["-t", String(graceOf(params, { graceS }))] : []), "--"]);
    return [list, ...others].map((words) => (user === "" ? words : ["-u", user, ...words]));
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
