import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** How a guest takes being asked to stop: at once, at the third look, never (it must be made), or not even then. */
export type Manners = "obeys" | "slow" | "never" | "immortal";

/*
 * The programs of hosts, as scripts in a folder: each takes exactly the words that it is documented to take, writes down
 * every call, and refuses everything else. Time runs ten times as fast as outside.
 */

/** What every program begins with. Guests are files: their state on the first line, their manners on the second. */
const common = (folder: string): string => `
state=${folder}/state
name=\${0##*/}
said=$name; for word; do said="$said $word"; done
echo "$said" >> $state/calls
wrong() { echo "$name: unknown arguments: $*" >&2; exit 64; }
fault() {
    count=0; [ ! -f $state/looks ] || read -r count < $state/looks
    echo $((count + 1)) > $state/looks
    [ -f $state/fault ] || return 0
    read -r kind from to < $state/fault
    [ "$count" -ge "$from" ] && [ "$count" -lt "$to" ] || return 0
    case $kind in
        fails) echo "error: failed to connect" >&2; exit 1;;
        hangs) exec /bin/sleep 300;;
        garbage) echo "<html> what is this"; exit 0;;
        silent) exit 1;;
    esac
}
state_of() { { read -r now; read -r manners; } < "$1"; }
look() { # the state of a guest, one look later
    state_of "$1"
    case $now in
        stopping3) now=stopping2;; stopping2) now=stopping1;; stopping1) now=stopped;;
        *) return 0;;
    esac
    printf '%s\\n%s\\n' "$now" "$manners" > "$1"
}
there() { [ -f "$state/guests/$1" ] || { echo "error: no such guest $1" >&2; exit 1; }; state_of "$state/guests/$1"; }
becomes() { printf '%s\\n%s\\n' "$2" "$manners" > "$state/guests/$1"; }
ask_to_stop() {
    there "$1"
    [ "$now" = running ] || { echo "error: $1 is not running" >&2; exit 1; }
    case $manners in obeys) becomes "$1" stopped;; slow) becomes "$1" stopping3;; esac
}
make_stop() { there "$1"; [ "$manners" = immortal ] || becomes "$1" stopped; }
bring_back() {
    there "$1"
    [ "$now" = stopped ] || { echo "error: $1 is already running" >&2; exit 1; }
    [ "$manners" != immortal ] || { echo "error: $1 has no disk" >&2; exit 1; }
    becomes "$1" running
}
`;

/** Lists guests, one \`line\` of shell each, in which $id and $now are set. */
const each = (line: string, pattern = "*"): string => `fault; for file in $state/guests/${pattern}; do [ -f "$file" ] || continue; id=\${file##*/}; look "$file"; ${line}; done`;

/** Names of virtual machines to UUIDs and container names to ids: the name, in hexadecimal digits, on both sides of zeros. */
export const uuidOf = (name: string): string => `${Buffer.from(name).toString("hex").padEnd(32, "0").slice(0, 32)}`.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
export const idOf = (name: string): string => Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64);

const programs: Record<string, string> = {
    virsh: `
[ "$1 $2" = "-c qemu:///system" ] || wrong "$@"
shift 2
case "$#:$*" in
    "3:list --uuid --name") ${each("[ $now = stopped ] || printf '%-36s %-30s\\n' \"$(/bin/cat \"$state/uuids/$id\")\" \"$id\"")}; echo;;
    3:"shutdown --domain "*) ask_to_stop "$3"; echo "Domain '$3' is being shutdown";;
    3:"destroy --domain "*) make_stop "$3";;
    3:"start --domain "*) bring_back "$3";;
    *) wrong "$@";;
esac`,
    qm: `
case "$#:$*" in
    "1:list") ${each("[ $heading ] || echo '      VMID NAME                 STATUS     MEM(MB)    BOOTDISK(GB) PID'; heading=yes; case $now in stopped) s=stopped;; *) s=running;; esac; n=vm${id#qm-}; [ ! -f $state/unnamed ] || n=\"VM ${id#qm-}\"; echo \"       ${id#qm-} $n              $s    2048              32.00 1234\"", "qm-*")};;
    4:"shutdown --timeout 60 "*) ask_to_stop "qm-$4";;
    2:"stop "*) make_stop "qm-$2";;
    2:"start "*) bring_back "qm-$2";;
    *) wrong "$@";;
esac`,
    pct: `
case "$#:$*" in
    "1:list") ${each("[ $heading ] || echo 'VMID       Status     Lock         Name'; heading=yes; case $now in stopped) s=stopped;; *) s=running;; esac; echo \"${id#pct-}       $s                 ct${id#pct-}\"", "pct-*")};;
    4:"shutdown --timeout 60 "*) ask_to_stop "pct-$4";;
    2:"stop "*) make_stop "pct-$2";;
    2:"start "*) bring_back "pct-$2";;
    *) wrong "$@";;
esac`,
    // A machine whose files are gone is said before the list.
    "vim-cmd": `
case "$#:$*" in
    "1:vmsvc/getallvms") fault; echo "Skipping invalid VM '99'"; echo 'Vmid   Name   File   Guest OS   Version   Annotation'; for file in $state/guests/*; do [ -f "$file" ] || continue; id=\${file##*/}; echo "$id     vm$id    [datastore1] vm$id/vm$id.vmx   debian11_64Guest   vmx-19   first line of a note"; echo "3 of its [lines]"; done;;
    2:"vmsvc/power.getstate "*) fault; there "$2"; look "$state/guests/$2"; echo "Retrieved runtime info"; case $now in stopped) echo "Powered off";; *) echo "Powered on";; esac;;
    2:"vmsvc/power.shutdown "*) ask_to_stop "$2";;
    2:"vmsvc/power.off "*) make_stop "$2";;
    2:"vmsvc/power.on "*) bring_back "$2";;
    *) wrong "$@";;
esac`,
    xe: `
case "$#:$*" in
    "4:vm-list power-state=running is-control-domain=false params=uuid,name-label") ${each("[ $now = stopped ] || printf 'uuid ( RO)           : %s\\n     name-label ( RW): %s\\n\\n\\n' \"$id\" \"vm $id\"")};;
    2:"vm-shutdown uuid="*) ask_to_stop "\${2#uuid=}";;
    3:"vm-shutdown force=true uuid="*) make_stop "\${3#uuid=}";;
    2:"vm-start uuid="*) bring_back "\${2#uuid=}";;
    *) wrong "$@";;
esac`,
    docker: `
case "$1 \${2-}" in "compose -f") shift; set -- "$@"; exec $state/../bin/docker-compose "$@";; esac
id_of() { for file in $state/guests/*; do id=\${file##*/}; [ "$id" = "$1" ] || [ "$(/bin/cat $state/ids/$id)" = "$1" ] && echo $id && return; done; echo "Error: No such container: $1" >&2; exit 1; }
case "$*" in
    "ps --no-trunc --format {{.ID}}/{{.Names}}") ${each("[ $now = stopped ] || echo \"$(/bin/cat $state/ids/$id)/$id\"")};;
    "ps -a --no-trunc --format {{.ID}}/{{.Names}}/{{.State}}") ${each("case $now in running) s='Up 5 minutes ago';; stopped) s='Exited (0) 5 minutes ago';; *) s=Stopping;; esac; echo \"$(/bin/cat $state/ids/$id)/$id/$s\"")};;
    "stop -t 20 -- "*) shift 4; for word; do id=$(id_of "$word") && ask_to_stop "$id"; done;;
    "kill -- "*) shift 2; for word; do id=$(id_of "$word") && make_stop "$id"; done;;
    "start -- "*) shift 2; for word; do id=$(id_of "$word") && bring_back "$id" || exit 1; done;;
    *) wrong "$@";;
esac`,
    "docker-compose": `
[ "$1 $2" = "-f /srv/app/compose.yaml" ] || wrong "$@"
shift 2
case "$*" in
    "ps -q") fault; for file in $state/guests/stack-*; do cut -c1-12 $state/ids/\${file##*/}; done;;
    "stop -t 20"|"down -t 20") for file in $state/guests/stack-*; do state_of $file; [ "$now" != running ] || ask_to_stop "\${file##*/}"; done;;
    "up -d") for file in $state/guests/stack-*; do bring_back "\${file##*/}"; done;;
    *) wrong "$@";;
esac`,
    // As 1.0, which Debian 12 has: it tells what it does on standard output, and ends with 0 whatever podman said.
    "podman-compose": `
echo "['podman', '--version', '']"
echo "using podman version: 4.3.1"
[ "$*" != "-f /srv/app/compose.yaml ps -q" ] || echo "podman ps -a --format {{.ID}} --filter label=io.podman.compose.project=app"
$state/../bin/docker-compose "$@"
echo "exit code: $?"`,
    umount: `
case "$#:$*" in
    "2:-- "*) id=$(echo "\${2#/}" | tr / +); there "$id"; case $manners in never|immortal) exec /bin/sleep 300;; esac; ask_to_stop "$id";;
    "3:-l -- "*) make_stop "$(echo "\${3#/}" | tr / +)";;
    *) wrong "$@";;
esac`,
    mount: `
case "$#:$*" in "2:-- "*) bring_back "$(echo "\${2#/}" | tr / +)";; *) wrong "$@";; esac`,
    cat: `
[ "$*" = /proc/self/mounts ] || exec /bin/cat "$@"
[ -f $state/fault ] || echo "/dev/root / ext4 rw 0 0"
${each("[ $now = stopped ] || echo \"nas:/export /$(echo $id | tr + /) nfs4 rw 0 0\"")}`,
    sync: "fault",
    // Time: a tenth of it.
    sleep: 'case $1 in ""|*[!0-9]*) wrong "$@";; esac; exec /bin/sleep "$(($1 / 10)).$(($1 % 10))"',
    cut: '[ "$*" = "-d. -f1 /proc/uptime" ] || exec /usr/bin/cut "$@"; [ ! -f $state/no-uptime ] || exit 1; read -r up idle < /proc/uptime; echo "${up%.*}$(echo "${up#*.}" | /usr/bin/cut -c1)"',
    date: '[ "$*" = +%s ] || wrong "$@"; [ ! -f $state/no-date ] || exit 0; /bin/date +%s%1N',
    // Another user, as root sees it.
    su: `
[ "$1 $2 $3 $4 $5" = '-s /bin/sh -c exec "$@" --' ] && [ "$6 $7" = "alice sh" ] || wrong "$@"
shift 7; exec "$@"`,
    // Exactly the commands in the file "allowed"; like the real one, for another user too.
    sudo: `
[ "$1" = -n ] || { echo "sudo: a terminal is required to read the password" >&2; exit 1; }
shift
list=no; [ "$1" != -l ] || { list=yes; shift; }
/bin/grep -Fxq -e "$*" $state/allowed || { echo "sudo: a password is required" >&2; exit 1; }
[ "$1" != -u ] || shift 2
[ $list = no ] || { echo "$*"; exit 0; }
exec "$@"`,
};
programs.podman = programs.docker ?? "";

/** A host with exactly these programs, and what a shell script needs. */
export class HostTools {
    /** @param inside the folder's path on the host that runs them, where that is another one */
    constructor(readonly folder: string, private readonly busybox?: string, private readonly inside = folder) {
        for (const name of ["bin", "state", "state/guests", "state/ids", "state/uuids"]) mkdirSync(join(folder, name), { recursive: true });
        for (const tool of ["xargs", "sh", "tr", "env"]) symlinkSync(this.busybox ?? (tool === "sh" ? "/bin/sh" : `/usr/bin/${tool}`), join(folder, "bin", tool));
        for (const tool of ["cat", "sleep", "cut", "date", "sudo"]) this.install(tool);
        this.allow([]);
    }

    get path(): string {
        return join(this.folder, "bin");
    }

    install(...tools: string[]): this {
        for (const tool of tools) {
            writeFileSync(join(this.path, tool), `#!/bin/sh\n${common(this.inside)}${programs[tool]}\n`);
            chmodSync(join(this.path, tool), 0o755);
        }
        return this;
    }
    remove(tool: string): void {
        rmSync(join(this.path, tool));
    }

    /** A guest that runs. */
    guest(name: string, manners: Manners = "obeys", state: "running" | "stopped" = "running"): this {
        writeFileSync(join(this.folder, "state/guests", name), `${state}\n${manners}\n`);
        writeFileSync(join(this.folder, "state/ids", name), `${idOf(name)}\n`);
        writeFileSync(join(this.folder, "state/uuids", name), `${uuidOf(name)}\n`);
        return this;
    }
    /** Guests that run now. */
    get running(): string[] {
        const guests = join(this.folder, "state/guests");
        return readdirSync(guests).filter((name) => !readFileSync(join(guests, name), "utf8").startsWith("stopped")).sort();
    }

    /** What lists answer from now on, or after some that went well, and how often. */
    fault(kind: "fails" | "hangs" | "garbage" | "silent", after = 0, times = 1_000_000): this {
        writeFileSync(join(this.folder, "state/fault"), `${kind} ${after} ${after + times}\n`);
        return this;
    }
    /** What sudo lets through. */
    allow(commands: readonly (readonly string[])[]): this {
        writeFileSync(join(this.folder, "state/allowed"), commands.map((words) => `${words.join(" ")}\n`).join(""));
        return this;
    }
    /** A clock that is not there, or names that nobody has given to machines. */
    without(what: "no-uptime" | "no-date" | "unnamed"): this {
        writeFileSync(join(this.folder, "state", what), "");
        return this;
    }

    /** Calls of the tools, without those of the shell's own little helpers. */
    get calls(): string[] {
        const path = join(this.folder, "state/calls");
        const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
        return lines.filter((line) => !/^(?:cat|sleep|cut|date|su)(?: |$)|^sudo -n (?!-l)/.test(line));
    }
}
