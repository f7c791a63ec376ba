import type { ActionParameters } from "../catalogue";
import { guestAction, sudoFlag } from "./guests";
import { textOf, type CheckedParameter } from "./parameters";

/** virsh's own default is another one for root than for everybody else, who would see no machines at all. */
const connection: CheckedParameter = { name: "connection", kind: "name", fallback: "qemu:///system", pattern: /^[a-z][a-z+]{1,30}:\/\/[A-Za-z0-9@._:/-]{0,200}(?:\?[a-z_]+=[A-Za-z0-9_./-]+)?$/ };
const uri = (params: ActionParameters): string => textOf(params, "connection", "qemu:///system");

// Names with blanks, and numbers, which virsh takes for ids, go by their UUID.
const tool = `
uri=$1; shift
virsh_each() {
    verb=$1; shift
    for each; do
        printf '%s\\n' "$each" | as_root xargs -n 1 virsh -c "$uri" "$verb" --domain &
    done
    wait
}
running() {
    ask "$patience" as_root virsh -c "$uri" list --uuid --name || return 1
    IFS=$nl; set -- $answer; unset IFS
    for line in "$@"; do
        set -- $line
        [ $# -gt 0 ] || continue
        case $1 in
            ????????-????-????-????-????????????) ;;
            *) why="virsh list says: $line"; return 1;;
        esac
        case \${2-} in *[!0-9]*) named=yes;; *) named=no;; esac
        if [ "$named" = yes ] && [ $# -eq 2 ] && plain "$2"; then guest "$2" "$1"; else guest "$1"; fi || return 1
    done
}
order() { virsh_each shutdown "$@"; }
force() { virsh_each destroy "$@"; }
start() { printf '%s\\n' "$1" | as_root xargs -n 1 virsh -c "$uri" start --domain; }
`;

/** libvirt's virtual machines: the power button first, then the plug. */
export const stopVms = guestAction({
    verb: "stop-vms",
    parameters: [connection, sudoFlag],
    graceS: 60,
    label: () => "stop virtual machines",
    tool,
    toolArgs: (params) => [uri(params)],
    rules: (params) => [["virsh", "-c", uri(params), "list", "--uuid", "--name"], ...["shutdown", "destroy", "start"].map((verb) => ["xargs", "-n", "1", "virsh", "-c", uri(params), verb, "--domain"])],
    programs: () => ["virsh", "xargs"],
});
