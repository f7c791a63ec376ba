import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programPath } from "../../lib/shutdown/commands";
import type { LabHost } from "./lab";

/*
 * The real servers of containers and virtual machines on hosts of the lab, as Debian's packages install them, and dead
 * network mounts. All of it lives in the host's own namespaces: when the host goes, nothing of it is left on this machine.
 */

const packages = {
    dockerd: "docker.io", "docker-compose": "docker-compose", podman: "podman", "podman-compose": "podman-compose", crun: "crun", newuidmap: "uidmap", libvirtd: "libvirt-daemon-system", virsh: "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86", sshfs: "sshfs", busybox: "busybox",
};

/** What keeps these servers from running here; undefined when nothing does. */
export function guestServersMissing(): string | undefined {
    const absent = Object.entries(packages).filter(([program]) => !["/usr/sbin", "/usr/bin", "/bin"].some((folder) => existsSync(join(folder, program))));
    return absent.length === 0 ? undefined : `the lab of guests needs ${absent.map(([program]) => program).join(", ")} (apt-get install --no-install-recommends ${absent.map(([, name]) => name).join(" ")})`;
}

/** Runs a script inside as root, with nothing of our own environment. */
export function sh(host: LabHost, script: string, ...args: string[]): Promise<string> {
    return host.run("env", "-i", `PATH=${programPath}`, "HOME=/root", "sh", "-euc", script, "sh", ...args);
}

function put(host: LabHost, path: string, text: string | Buffer, mode = 0o644): void {
    mkdirSync(join(host.seen, path, ".."), { recursive: true });
    writeFileSync(join(host.seen, path), text, { mode });
}

/** How PID 1 of a container takes it to be asked to stop. */
const manners = {
    obeys: "trap 'exit 0' TERM; while :; do sleep 60 & wait; done",
    slow: "trap 'sleep 1; exit 0' TERM; while :; do sleep 60 & wait; done",
    deaf: "trap '' TERM; while :; do sleep 60; done",
} as const;
export type Manners = keyof typeof manners;

/** An image of one program: this machine's busybox, with the libraries that it wants. */
const image = `
mkdir -p /opt/image/bin && cd /opt/image
cp /bin/busybox bin/
for path in $(ldd /bin/busybox | grep -o '/[^ ]*'); do mkdir -p ".\${path%/*}"; cp -L "$path" ".$path"; done
ln -s busybox bin/sh; ln -s busybox bin/sleep; ln -s busybox bin/cat
cd /; chmod -R a+rX /opt/image
`;

/** Compose files, each in a folder of its own, whose name is the stack's. */
export const stacks = { shop: "/srv/shop/compose.yaml", blog: "/srv/blog/compose.yaml" };

function putStack(host: LabHost, path: string, services: Record<string, Manners>): void {
    put(host, path, JSON.stringify({ version: "2.4", services: Object.fromEntries(Object.entries(services).map(([name, manner]) => [name, { image: "localhost/lab", command: ["/bin/sh", "-c", manners[manner]] }])) }));
}

/** What an engine itself says of a container. Times in ms since the epoch. */
export interface ContainerTruth {
    running: boolean;
    exitCode: number;
    startedAt: number;
    finishedAt: number;
}

interface Inspected {
    Name: string;
    State: { Running: boolean; ExitCode: number; StartedAt: string; FinishedAt: string };
}

/** An engine of containers on a host, as root or as one user. */
export class Engine {
    constructor(readonly host: LabHost, readonly words: string) {}

    /** Runs a command of the engine, written for a shell that sees `args` as $1 ... */
    run(script: string, ...args: string[]): Promise<string> {
        return sh(this.host, `${this.words} ${script}`, ...args);
    }
    /** Takes in the image that is in /opt/image. */
    load(): Promise<string> {
        return sh(this.host, `tar -C /opt/image -c . | { ${this.words} import - localhost/lab; }`);
    }
    /** Starts containers, none of them with a network, and makes one, `resting`, that is never started. */
    async containers(those: Record<string, Manners>): Promise<void> {
        for (const [name, manner] of Object.entries(those)) await this.run(`run -d --name "$1" --network none localhost/lab sh -c "$2"`, name, manners[manner]);
        await this.run("create --name resting --network none localhost/lab sh");
    }
    /** Which signals Docker has sent to a container in a time, and when. */
    async signals(name: string, { startedAt, endedAt }: { startedAt: number; endedAt: number }): Promise<{ at: number; signal: number }[]> {
        const events = await this.run(`events --since "$1" --until "$2" --filter event=kill --filter container="$3" --format "{{.TimeNano}} {{.Actor.Attributes.signal}}"`, String(startedAt / 1000), String(endedAt / 1000), name);
        return events.trim().split("\n").map((line) => ({ at: Number(line.split(" ")[0]) / 1e6, signal: Number(line.split(" ")[1]) }));
    }
    /** Every container that there is, by name. */
    async truth(): Promise<Record<string, ContainerTruth>> {
        const ids = (await this.run("ps -aq --no-trunc")).trim().split("\n").filter((id) => id !== "");
        if (ids.length === 0) return {};
        const all = JSON.parse(await this.run(`inspect "$@"`, ...ids)) as Inspected[];
        return Object.fromEntries(all.map(({ Name, State }) => [Name.replace(/^\//, ""), { running: State.Running, exitCode: State.ExitCode, startedAt: Date.parse(State.StartedAt), finishedAt: Date.parse(State.FinishedAt) }]));
    }
}

/** Real dockerd with containers and a compose stack. */
export async function installDocker(host: LabHost): Promise<Engine> {
    rmSync(join(host.seen, "usr/local/bin/docker"), { force: true });
    put(host, "etc/systemd/system/docker.service", "[Service]\nType=notify\nExecStart=/usr/sbin/dockerd --data-root /opt/docker --storage-driver vfs\nDelegate=yes\nKillMode=process\n");
    await sh(host, `${image} systemctl daemon-reload; systemctl start docker`);
    const docker = new Engine(host, "docker");
    await docker.load();
    putStack(host, stacks.shop, { front: "slow", back: "deaf" });
    await sh(host, `docker-compose -f ${stacks.shop} up -d`);
    await docker.containers({ web: "obeys", queue: "slow", legacy: "deaf", "node-red": "obeys" });
    return docker;
}

/** Real podman: root's containers, one user's, and a stack. */
export async function installPodman(host: LabHost): Promise<{ podman: Engine; hers: Engine }> {
    put(host, "etc/containers/storage.conf", '[storage]\ndriver = "vfs"\ngraphroot = "/var/lib/containers/storage"\nrunroot = "/run/containers/storage"\n');
    // Within what this machine may do: no limit of its own is raised, and control groups have no controllers.
    put(host, "etc/containers/containers.conf", '[containers]\ncgroups = "disabled"\nlog_driver = "k8s-file"\ndefault_sysctls = []\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024", "memlock=65536:65536"]\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nruntime = "crun"\n');
    await sh(host, `${image} useradd --create-home alice; loginctl enable-linger alice`);
    const podman = new Engine(host, "podman");
    const hers = new Engine(host, "cd /home/alice; runuser -u alice -- env HOME=/home/alice XDG_RUNTIME_DIR=/run/user/$(id -u alice) podman");
    await sh(host, 'for left in $(seq 1000); do [ ! -d "/run/user/$(id -u alice)" ] || exit 0; sleep 0.05; done; exit 1');
    await Promise.all([podman.load(), hers.load()]);
    putStack(host, stacks.blog, { front: "obeys", back: "deaf" });
    await sh(host, `podman-compose -f ${stacks.blog} up -d`);
    await podman.containers({ web: "obeys", legacy: "deaf" });
    await hers.containers({ notes: "obeys", games: "deaf" });
    return { podman, hers };
}

/**
 * A boot sector of its own for each guest: it waits for the power button (ACPI), then switches off, after as many ticks of
 * 55 ms; without a number it never looks.
 */
function guestDisk(ticks?: number): Buffer {
    const low = (value: number): number[] => [value & 0xff, value >> 8];
    const code = ticks === undefined
        ? [0xfb, 0xf4, 0xeb, 0xfc]
        : [0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0xfb, 0xba, 0x02, 0x06, 0xb8, 0x00, 0x01, 0xef, // stack; ask for the button
            0xf4, 0xba, 0x00, 0x06, 0xed, 0xf6, 0xc4, 0x01, 0x74, 0xf6, // sleep until it is pressed
            0xb9, ...low(ticks + 1), 0xf4, 0xe2, 0xfd, 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4, 0xeb, 0xfd]; // count, switch off
    return Buffer.concat([Buffer.from(code), Buffer.alloc(510 - code.length), Buffer.from([0x55, 0xaa])]);
}

/** libvirt's machines on a host. */
export class Machines {
    constructor(readonly host: LabHost) {}

    /** "running (booted)", "shut off (shutdown)" or "shut off (destroyed)", by name. */
    async truth(): Promise<Record<string, string>> {
        const text = await sh(this.host, 'for name in $(virsh -q list --all --name); do echo "$name $(virsh domstate --reason "$name")"; done');
        return Object.fromEntries(text.trim().split("\n").map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1).join(" ").trim()]));
    }
    /** When QEMU last ended, ms since the epoch, as libvirt's own log has it. */
    endedAt(name: string): number {
        const lines = readFileSync(join(this.host.seen, `var/log/libvirt/qemu/${name}.log`), "utf8").match(/^\S+ \S+(?=: shutting down)/gm) ?? [];
        return Date.parse((lines.at(-1) ?? "").replace(" ", "T"));
    }
    /** Waits until the boot sector of each has begun: before, nobody would hear the power button. */
    async booted(...names: string[]): Promise<void> {
        await sh(this.host, `
for name; do
    left=2400
    until virsh qemu-monitor-command "$name" --hmp "info registers" | grep -q "CS =0000"; do left=$((left - 1)); [ "$left" -gt 0 ]; sleep 0.05; done
done`, ...names);
    }
}

/** Real libvirtd with QEMU, without KVM: a guest that obeys at once, one that takes its time, one that never does, and one that is off. */
export async function installLibvirt(host: LabHost): Promise<Machines> {
    const machines = new Machines(host);
    const disks: Record<string, Buffer> = { quick: guestDisk(0), slow: guestDisk(60), stuck: guestDisk(), spare: guestDisk(0) };
    put(host, "etc/libvirt/qemu.conf", 'user = "root"\ngroup = "root"\ndynamic_ownership = 0\nremember_owner = 0\nsecurity_driver = "none"\ncgroup_controllers = [ ]\nnamespaces = [ ]\nstdio_handler = "file"\n');
    for (const [name, disk] of Object.entries(disks)) {
        put(host, `opt/guests/${name}.img`, disk);
        put(host, `opt/guests/${name}.xml`, `<domain type='qemu'><name>${name}</name><memory unit='MiB'>16</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os><features><acpi/></features><devices><emulator>/usr/bin/qemu-system-x86_64</emulator><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/opt/guests/${name}.img'/><target dev='hda' bus='ide'/></disk><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>\n`);
    }
    await sh(host, "systemctl start libvirtd; for name in quick slow stuck spare; do virsh -q define /opt/guests/$name.xml; done; for name in quick slow stuck; do virsh -q start $name; done");
    await machines.booted("quick", "slow", "stuck");
    return machines;
}

/** A mount of another host over its network, and two of this machine's own, one of them in use. */
export async function installMounts(host: LabHost, nas: LabHost): Promise<void> {
    put(host, "root/nas_key", host.lab.privateKey, 0o600);
    put(host, "etc/fstab", `power@${nas.address}:/srv /mnt/nas fuse.sshfs noauto,IdentityFile=/root/nas_key,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null 0 0
media /srv/media tmpfs size=1m 0 0
scratch /srv/scratch tmpfs size=1m 0 0
`);
    await sh(host, "for path in /mnt/nas /srv/media /srv/scratch; do mkdir -p $path; mount $path; ls $path; done; cd /srv/scratch; sleep 1000 </dev/null >/dev/null 2>&1 &");
}

/** What is mounted of these, in the kernel's own table. */
export async function mountsOf(host: LabHost): Promise<string[]> {
    const table = await sh(host, "cat /proc/self/mounts");
    return ["/mnt/nas", "/srv/media", "/srv/scratch"].filter((path) => table.includes(` ${path} `));
}
