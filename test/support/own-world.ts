import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Why no process can get a view of its own of this machine; undefined when it can. */
export function ownWorldMissing(): string | undefined {
    return process.platform === "linux" && process.getuid?.() === 0 ? undefined : "a view of this machine for one process alone needs root on Linux";
}

/*
 * What a process sees of this machine: `usr` and `etc` of a folder lie over /usr and /etc, nothing can be written there, and /run is
 * empty. A program that is started there finds our stand-ins where the real ones lie, so that none of the real ones can run. All
 * of it belongs to the process and ends with it.
 */
const script = `
set -e
world=$1 container=$2 local=$3; shift 3
# What shows that these tests run in a container themselves.
for file in hostname hosts resolv.conf; do umount "/etc/$file" 2>/dev/null || true; done
mount -t tmpfs tmpfs /run
mkdir -m 755 /run/sshd /run/data
mount -t tmpfs tmpfs /run/data
for folder in usr etc; do mount -t overlay overlay -o "ro,lowerdir=$world/$folder:/$folder" "/$folder"; done
[ "$local" = yes ] || for folder in bin sbin; do mount --bind "$world/usr/local/$folder" "/usr/local/$folder"; done
[ -z "$container" ] || mount --bind "$world/containers/$container/hostname" /etc/hostname
exec "$@"
`;

/** A folder that lies over this machine's own. Its programs are the only ones of their names that a process there can start. */
export class OwnWorld {
    constructor(readonly folder: string) {
        for (const name of ["usr/local/bin", "usr/local/sbin", "etc"]) mkdirSync(join(folder, name), { recursive: true, mode: 0o755 });
        // The folder is one of mkdtemp, into which no other account may look.
        chmodSync(folder, 0o755);
        for (const name of ["hosts", "hostname"]) this.write(`etc/${name}`, readFileSync(`/etc/${name}`, "utf8"));
    }

    /** @param path "usr/bin/systemctl", "etc/passwd" */
    write(path: string, text: string, mode = 0o644): this {
        mkdirSync(dirname(join(this.folder, path)), { recursive: true, mode: 0o755 });
        writeFileSync(join(this.folder, path), text, { mode });
        chmodSync(join(this.folder, path), mode);
        return this;
    }

    /**
     * Put before a command, it runs there.
     * @param container it looks like this container of Docker
     * @param local what this machine itself has in /usr/local is there, too: Node.js may be
     */
    inside({ container = "", local = false }: { container?: string | undefined; local?: boolean } = {}): string[] {
        if (container !== "") this.write(`containers/${container}/hostname`, `${container.slice(0, 12)}\n`);
        return ["unshare", "--mount", "--cgroup", "--propagation", "private", "sh", "-c", script, "own-world", this.folder, container, local ? "yes" : "no"];
    }
}
