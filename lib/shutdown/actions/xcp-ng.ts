import { guestAction } from "./guests";

const list = ["xe", "vm-list", "power-state=running", "is-control-domain=false", "params=uuid,name-label"];

// Each machine is a line with its UUID and one with its name.
const tool = `
xe_each() {
    extra=$1; shift
    for each; do
        printf 'uuid=%s\\n' "$each" | as_root xargs -n 1 xe vm-shutdown $extra &
    done
    wait
}
running() {
    ask "$patience" as_root ${list.join(" ")} || return 1
    IFS=$nl; set -- $answer; unset IFS
    uuid=
    for line in "$@"; do
        case $line in
            *uuid*": "????????-????-????-????-????????????) [ -z "$uuid" ] || guest "$uuid" || return 1; uuid=\${line##*: };;
            *name-label*": "*) guest "$uuid" "\${line#*: }" || return 1; uuid=;;
            *[![:space:]]*) why="xe vm-list says: $line"; return 1;;
        esac
    done
    [ -z "$uuid" ] || guest "$uuid"
}
order() { xe_each "" "$@"; }
force() { xe_each force=true "$@"; }
start() { printf 'uuid=%s\\n' "$1" | as_root xargs -n 1 xe vm-start; }
`;

/** XCP-ng's and XenServer's virtual machines. */
export const stopXcpNgVms = guestAction({
    verb: "stop-xcp-ng-vms",
    parameters: [],
    graceS: 60,
    label: () => "stop XCP-ng virtual machines",
    tool,
    toolArgs: () => [],
    rules: () => [list, ["xargs", "-n", "1", "xe", "vm-shutdown"], ["xargs", "-n", "1", "xe", "vm-shutdown", "force=true"], ["xargs", "-n", "1", "xe", "vm-start"]],
    programs: () => ["xe", "xargs"],
});
