import { guestAction } from "./guests";

// ESXi has no sudo: the account is root. Machines whose files are gone may be said before the heading. A line that belongs to
// a machine has its .vmx file in it; notes of several lines may begin with a number too. Only the machines that we have to do
// with are asked once more.
const tool = `
known=
vim_each() {
    verb=$1; shift
    for each; do vim-cmd "vmsvc/power.$verb" "$each" & done
    wait
}
running() {
    every=$known
    if [ -z "$known" ]; then
        ask "$patience" vim-cmd vmsvc/getallvms || return 1
        case $nl$answer in *"\${nl}Vmid "*) ;; *) why="vim-cmd vmsvc/getallvms does not answer with a list"; return 1;; esac
        IFS=$nl; set -- $answer; unset IFS
        every=
        for line in "$@"; do
            case $line in [0-9]*" ["*".vmx "*|[0-9]*" ["*".vmx") ;; *) continue;; esac
            id=\${line%% *}
            case $id in *[!0-9]*) continue;; esac
            name=\${line#"$id"} name=\${name%% \\[*}
            set -- $name
            every="$every $id"
            if [ $# -eq 1 ] && listed "$1" "$except"; then except="$except $id"; fi
            if [ $# -eq 1 ] && listed "$1" "$only"; then only="$only $id"; fi
        done
    fi
    for id in $every; do
        ask "$patience" vim-cmd vmsvc/power.getstate "$id" || return 1
        case $answer in
            *"Powered off"*|*Suspended*) ;;
            *"Powered on"*) guest "$id" || return 1;;
            *) why="vim-cmd does not say whether $id runs"; return 1;;
        esac
    done
}
order() { vim_each shutdown "$@"; }
force() { vim_each off "$@"; }
start() { vim-cmd vmsvc/power.on "$1"; }
`;

/** ESXi's virtual machines. Without VMware Tools in it, a machine has to be made. */
export const stopEsxiVms = guestAction({
    verb: "stop-esxi-vms",
    parameters: [],
    graceS: 60,
    label: () => "stop ESXi virtual machines",
    tool,
    toolArgs: () => [],
    rules: () => [],
    programs: () => ["vim-cmd"],
});
