/**
 * The head of every script of the catalogue, for dash, busybox ash and bash: "$1" says whether the account is root ("yes"),
 * "$2" how many seconds there are. No bashisms, no timeout(1), no temporary files: the disk may be full or gone.
 */
export const scriptHead = `
set -fu
LC_ALL=C; export LC_ALL
# Nobody may listen any more: what was begun is brought to its end all the same.
trap '' HUP PIPE
cd / || exit 1
root=$1 limit=$2; shift 2
nl='
'
fail() { echo "$*" >&2; exit 1; }
as_root() { if [ "$root" = yes ]; then "$@"; else sudo -n "$@"; fi; }
# Seconds that only go forward where the system knows such a clock, the wall clock elsewhere. Never nothing: an empty
# clock once ended every wait at once.
clock() {
    now=$(cut -d. -f1 /proc/uptime 2>/dev/null) || now=$(date +%s)
    case $now in ""|*[!0-9]*) fail "this host has no clock to wait by";; esac
}
clock
began=$now
# What a look at things may take, and what is kept for force at the end.
patience=$((limit / 3))
[ "$patience" -le 10 ] || patience=10
[ "$patience" -ge 1 ] || patience=1
# The words behind, through a pipe that we can leave: what hangs may be root's, or in a state that no signal ends.
collect() {
    errors=$1 seconds=$2; shift 2
    answer=$( {
        { { if [ "$errors" = yes ]; then "$@" 2>&1; else "$@" 2>/dev/null; fi; printf '\\nended %s\\n' "$?"; } & } | {
            exec 4<&0
            cat <&4 4<&- &
            reader=$!
            { while [ "$seconds" -gt 0 ]; do sleep 1; seconds=$((seconds - 1)); done; kill "$reader"; } </dev/null >/dev/null 4<&- &
            watch=$!
            wait "$reader"
            kill "$watch"
        }
    } 2>/dev/null </dev/null)
    case $answer in
        *"\${nl}ended "*) code=\${answer##*"\${nl}ended "} answer=\${answer%"\${nl}ended "*};;
        *) code=late;;
    esac
    [ "$code" = 0 ]
}
# ask SECONDS COMMAND...: what it prints is in $answer. Fails when it fails or takes longer, and $why says so.
ask() {
    collect no "$@" && return
    if [ "$code" = late ]; then
        shift
        case $1 in as_*) shift;; esac
        why="no answer in time from $*"
    else
        collect yes "$@"
        last_words
    fi
    return 1
}
last_words() {
    why="failed without a word"
    IFS=$nl; set -- $answer; unset IFS
    for line; do case $line in *[![:space:]]*) why=$line;; esac; done
}
# A name that may stand in a list and behind xargs.
plain() { case $1 in ""|[!A-Za-z0-9_/]*|*[!A-Za-z0-9_.:@+/-]*) return 1;; esac; }
listed() { case " $2 " in *" $1 "*) ;; *) return 1;; esac; }
`;

/** What the scripts' "plain" takes, no longer than any name is. */
export const guestName = /^[A-Za-z0-9_/][A-Za-z0-9_.:@+/-]{0,254}$/;

/** Whether sudo is to be left out. */
export const rootWord = (root: boolean): string => (root ? "yes" : "no");

/** Whole seconds of a time limit. */
export const limitWord = (timeoutS: number): string => String(Math.max(1, Math.floor(timeoutS)));
