import type { ActionParameters } from "../catalogue";
import { graceOf, guestAction } from "./guests";
import { textOf, type CheckedParameter } from "./parameters";

const kinds = ["all", "vms", "containers"] as const;
const which: CheckedParameter = { name: "kinds", kind: "choice", choices: kinds, fallback: "all" };
const tools = (params: ActionParameters): string[] => ({ all: ["qm", "pct"], vms: ["qm"], containers: ["pct"] })[textOf(params, "kinds", "all") as (typeof kinds)[number]];
const graceS = 60;

// Guests go by "qm/100" and "pct/101". An empty list has no heading either; any other begins with it. Names have
// no blanks, but a machine that nobody has named is listed as "VM 100".
const tool = `
tools=$1; shift
pve_each() {
    verb=$1; shift
    for each; do
        set -- "\${each%%/*}" "$verb"
        [ "$verb" != shutdown ] || set -- "$@" --timeout "$grace"
        printf '%s\\n' "\${each#*/}" | as_root xargs -n 1 "$@" &
    done
    wait
}
running() {
    for pve in $tools; do
        ask "$patience" as_root "$pve" list || return 1
        IFS=$nl; set -- $answer; unset IFS
        heading=
        for line in "$@"; do
            set -- $line
            [ $# -gt 0 ] || continue
            if [ -z "$heading" ]; then
                heading=$1
                [ "$1" = VMID ] && continue
            fi
            case $1 in *[!0-9]*) why="$pve list says: $line"; return 1;; esac
            if [ "$pve" = pct ]; then for name; do :; done; state=\${2-}
            elif [ "\${2-} \${3-}" = "VM $1" ]; then name=$1 state=\${4-}
            else name=\${2-} state=\${3-}; fi
            [ "$heading" = VMID ] && [ -n "$state" ] || { why="$pve list says: $line"; return 1; }
            if [ "$state" != stopped ]; then guest "$pve/$1" "$1" "$name" || return 1; fi
        done
    done
}
order() { pve_each shutdown "$@"; }
force() { pve_each stop "$@"; }
start() { printf '%s\\n' "\${1#*/}" | as_root xargs -n 1 "\${1%%/*}" start; }
`;

/** Proxmox VE's virtual machines and containers, all at the same time. */
export const stopProxmox = guestAction({
    verb: "stop-proxmox",
    parameters: [which],
    graceS,
    label: (params) => ({ all: "stop Proxmox guests", vms: "stop Proxmox virtual machines", containers: "stop Proxmox containers" })[textOf(params, "kinds", "all") as (typeof kinds)[number]],
    tool,
    toolArgs: (params) => [tools(params).join(" ")],
    rules: (params) => tools(params).flatMap((pve) => [[pve, "list"], ["xargs", "-n", "1", pve, "shutdown", "--timeout", String(graceOf(params, { graceS }))], ["xargs", "-n", "1", pve, "stop"], ["xargs", "-n", "1", pve, "start"]]),
    programs: (params) => [...tools(params), "xargs"],
});
