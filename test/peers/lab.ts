import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../support/eventually";
import { temporaryFolder } from "../support/temporary-folder";

/*
 * A lab of real hosts on one machine: each boots systemd in a container of its own, on a copy-on-write view of this
 * machine's "/", with its own address, sshd and sudo, and really powers off. Namespaces and mounts belong to holder
 * processes and have no names, so labs run side by side, and all of a lab is gone when its tests end, however they end.
 */

const exec = promisify(execFile);
const network = "10.99.0";

/** What keeps the lab from running here; undefined when nothing does. */
export function labMissing(): string | undefined {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return "the lab of real hosts needs root on Linux";
    const tools = ["systemd-nspawn", "sshd", "sudo", "ip", "nsenter", "unshare", "setpriv", "ssh-keygen", "nft"];
    const absent = tools.filter((tool) => !["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((folder) => existsSync(join(folder, tool))));
    return absent.length === 0 ? undefined : `the lab of real hosts needs ${absent.join(", ")} (apt-get install systemd-container openssh-server sudo iproute2 nftables dbus)`;
}

/** The folders of a control group in every hierarchy: without its own, the systemds of two hosts would share theirs. */
function cgroupFolders(name: string): string[] {
    const top = "/sys/fs/cgroup";
    const roots = existsSync(join(top, "cgroup.procs")) ? [top] : readdirSync(top).map((entry) => join(top, entry)).filter((folder) => existsSync(join(folder, "cgroup.procs")));
    return roots.map((folder) => join(folder, name));
}

function makeCgroups(name: string): string[] {
    return cgroupFolders(name).filter((folder) => {
        try {
            mkdirSync(folder, { recursive: true });
            return true;
        } catch {
            return false;
        }
    });
}

/** Control groups are removed from the leaves up; their files go by themselves. */
function removeCgroups(name: string): void {
    for (const folder of cgroupFolders(name).filter((path) => existsSync(path))) {
        const inner = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
        for (const path of [folder, ...inner].sort((a, b) => b.length - a.length)) {
            try {
                rmdirSync(path);
            } catch {
                // Busy for a moment longer, or a hierarchy that we may not write: not worth a failed test.
            }
        }
    }
}

export interface ServicePlan {
    /** Without ".service". */
    name: string;
    /** How long it takes to stop. Default 0.5 s. */
    stopSeconds?: number;
}

export interface HostPlan {
    name: string;
    services: ServicePlan[];
    /** The lines of /etc/sudoers.d/ridethrough. Default: what docs/hosts-and-keys.md says. */
    sudoers?: string[];
}

/** A process that keeps namespaces alive for as long as it may read its standard input. */
class Holder {
    private constructor(readonly child: ChildProcess) {}
    static async start(...unshare: string[]): Promise<Holder> {
        const child = spawn("unshare", [...unshare, "sh", "-c", "echo ready; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
        await new Promise<void>((resolve, reject) => {
            child.stdout.once("data", () => resolve());
            child.once("error", reject).once("exit", (code) => reject(new Error(`unshare ended with ${code}`)));
        });
        return new Holder(child);
    }
    get pid(): number {
        return this.child.pid ?? 0;
    }
    async end(): Promise<void> {
        const ended = new Promise((resolve) => this.child.once("exit", resolve));
        if (this.child.exitCode !== null) return;
        this.child.stdin?.end();
        await ended;
    }
}

/** The sudoers lines of docs/hosts-and-keys.md, with these services in the place of its own. */
export function recommendedSudoers(services: readonly ServicePlan[], final = "/usr/sbin/shutdown -h +2"): string[] {
    const docs = readFileSync(join(__dirname, "../../docs/hosts-and-keys.md"), "utf8");
    const [stop, start, off] = [...docs.matchAll(/^power ALL=.*$/gm)].map(([line]) => line);
    const units = [stop, start].map((line) => /(\/\S+ (?:stop|start) -- )postgresql([^\s,]*)/.exec(line ?? ""));
    if (units.includes(null) || off?.endsWith(" /usr/sbin/shutdown -h +2, /usr/sbin/shutdown -c") !== true) throw new Error("docs/hosts-and-keys.md has no sudoers lines for systemctl stop, start and shutdown");
    return [...units.map((command) => `power ALL=(root) NOPASSWD: ${services.map(({ name }) => `${command?.[1]}${name}${command?.[2]}`).join(", ")}`), off.replace("/usr/sbin/shutdown -h +2", final)];
}

export class Lab {
    readonly hosts: LabHost[] = [];
    readonly #folder = temporaryFolder();
    #lastAddress = 10;
    private constructor(readonly world: Holder, readonly controller: Holder) {}

    /** The switch (a bridge in a namespace of its own, which also holds the mounts) and the controller at 10.99.0.1. */
    static async start(): Promise<Lab> {
        const world = await Holder.start("--net", "--mount", "--propagation", "private");
        const lab = new Lab(world, await Holder.start("--net"));
        await lab.inWorld("ip", "link", "add", "br0", "type", "bridge");
        await lab.inWorld("ip", "link", "set", "br0", "up");
        await lab.plugIn("ctl", lab.controller, `${network}.1`);
        await lab.inWorld("mount", "-t", "tmpfs", "-o", "size=1g", "lab", lab.folder);
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ridethrough", "-f", join(lab.seen, "id")]);
        return lab;
    }
    get folder(): string {
        return this.#folder.path;
    }
    /** The lab's folder as this process sees it, across the mount namespace. */
    get seen(): string {
        return join(`/proc/${this.world.pid}/root`, this.folder);
    }
    get privateKey(): string {
        return readFileSync(join(this.seen, "id"), "utf8");
    }
    /** Put before a command, it runs in the controller's network. */
    get inController(): string[] {
        return ["nsenter", "-t", String(this.controller.pid), "-n", "--"];
    }
    inWorld(...command: string[]): Promise<unknown> {
        return exec("nsenter", ["-t", String(this.world.pid), "-n", "-m", "--", ...command]);
    }
    /** Lays a cable from the switch to `holder`'s network. */
    async plugIn(name: string, holder: Holder, address: string): Promise<void> {
        await this.inWorld("ip", "link", "add", `v-${name}`, "type", "veth", "peer", "name", "eth0", "netns", String(holder.pid));
        await this.inWorld("ip", "link", "set", `v-${name}`, "master", "br0", "up");
        for (const link of [["link", "set", "lo", "up"], ["addr", "add", `${address}/24`, "dev", "eth0"], ["link", "set", "eth0", "up"]]) await exec("nsenter", ["-t", String(holder.pid), "-n", "--", "ip", ...link]);
    }
    /** Builds a host, switches it on and waits until its sshd answers and its services run. */
    async host(plan: HostPlan): Promise<LabHost> {
        const address = `${network}.${(this.#lastAddress += 1)}`;
        const host = new LabHost(this, plan, address, await Holder.start("--net"));
        this.hosts.push(host);
        await this.plugIn(plan.name, host.holder, host.address);
        await host.build();
        await host.powerOn();
        return host;
    }
    async stop(): Promise<void> {
        await Promise.all(this.hosts.map((host) => host.losePower()));
        for (const host of this.hosts) {
            host.cleanUp();
            await host.holder.end();
        }
        await this.controller.end();
        await this.world.end();
        this.#folder.remove();
    }
}

export class LabHost {
    #machine: ChildProcess | undefined;
    constructor(readonly lab: Lab, readonly plan: HostPlan, readonly address: string, readonly holder: Holder) {}

    get name(): string {
        return this.plan.name;
    }
    /** Its root folder in the lab's mount namespace, and as this process sees it. */
    get root(): string {
        return join(this.lab.folder, this.name, "root");
    }
    get seen(): string {
        return join(this.lab.seen, this.name, "root");
    }
    /** "ssh-ed25519 AAAA...", as the host itself would print it. */
    get hostKey(): string {
        return readFileSync(join(this.seen, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8").trim();
    }
    /** Whether its systemd runs. */
    get isUp(): boolean {
        return this.#machine !== undefined && this.#machine.exitCode === null && this.#machine.signalCode === null;
    }
    /** What the host itself wrote down, oldest first: when each service stopped, and when it went down. */
    get log(): { at: number; what: string }[] {
        const path = join(this.seen, "var/log/power.log");
        const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
        return lines.filter((line) => line !== "").map((line) => ({ at: Number(line.split(" ")[0]) * 1000, what: line.split(" ").slice(1).join(" ") }));
    }
    clearLog(): void {
        rmSync(join(this.seen, "var/log/power.log"), { force: true });
    }
    /** When a shutdown is scheduled for, in ms since the epoch; undefined when none is. */
    get scheduledShutdown(): number | undefined {
        const path = `/proc/${this.#init}/root/run/systemd/shutdown/scheduled`;
        return existsSync(path) ? Number(/^USEC=(\d+)/m.exec(readFileSync(path, "utf8"))?.[1]) / 1000 : undefined;
    }
    /** Runs a command inside as root, as a person at its console would. */
    async run(...command: string[]): Promise<string> {
        return (await exec("nsenter", ["-t", String(this.#init), "-a", "--", ...command])).stdout;
    }

    async build(): Promise<void> {
        const base = join(this.lab.folder, this.name);
        await this.lab.inWorld("mkdir", "-p", join(base, "upper"), join(base, "work"), this.root);
        await this.lab.inWorld("mount", "-t", "overlay", "overlay", "-o", `lowerdir=/,upperdir=${join(base, "upper")},workdir=${join(base, "work")}`, this.root);
        const at = (path: string): string => join(this.seen, path);
        const units = at("etc/systemd/system");
        for (const name of readdirSync(units).filter((entry) => entry.endsWith(".wants"))) rmSync(join(units, name), { recursive: true });
        const wants = join(units, "multi-user.target.wants");
        mkdirSync(wants);
        const enable = (unit: string, from: string): void => symlinkSync(join(from, unit), join(wants, unit));
        writeFileSync(at("etc/hostname"), `${this.name}\n`);
        writeFileSync(at("etc/hosts"), `127.0.0.1 localhost\n127.0.1.1 ${this.name}\n`);
        writeFileSync(at("etc/machine-id"), "");
        rmSync(at(".dockerenv"), { force: true });
        rmSync(join(units, "default.target"), { force: true });
        symlinkSync("/lib/systemd/system/multi-user.target", join(units, "default.target"));
        for (const unit of ["console-getty", "getty@tty1", "systemd-resolved", "systemd-networkd", "systemd-timesyncd", "cron"]) {
            rmSync(join(units, `${unit}.service`), { force: true });
            symlinkSync("/dev/null", join(units, `${unit}.service`));
        }
        enable("ssh.service", "/lib/systemd/system");
        for (const name of readdirSync(at("etc/ssh")).filter((entry) => entry.startsWith("ssh_host_"))) rmSync(at(`etc/ssh/${name}`));
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", this.name, "-f", at("etc/ssh/ssh_host_ed25519_key")]);
        mkdirSync(at("etc/ssh/sshd_config.d"), { recursive: true });
        writeFileSync(at("etc/ssh/sshd_config.d/lab.conf"), "PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n");

        writeFileSync(at("usr/local/bin/lab-note"), '#!/bin/sh\necho "$(date +%s.%N) $*" >> /var/log/power.log\n');
        chmodSync(at("usr/local/bin/lab-note"), 0o755);
        for (const { name, stopSeconds = 0.5 } of this.plan.services) {
            writeFileSync(join(units, `${name}.service`), `[Unit]\nDescription=demo ${name}\n[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sh -c "sleep ${stopSeconds}; lab-note stopped ${name}"\n`);
            enable(`${name}.service`, "/etc/systemd/system");
        }
        writeFileSync(join(units, "lab-power.service"), "[Unit]\nDescription=notes when the host goes down\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/usr/local/bin/lab-note going down\n");
        enable("lab-power.service", "/etc/systemd/system");

        // A user and two rights, as docs/hosts-and-keys.md has it.
        if (!/^power:/m.test(readFileSync(at("etc/passwd"), "utf8"))) await this.lab.inWorld("chroot", this.root, "useradd", "--create-home", "--shell", "/bin/sh", "--password", "*", "power");
        mkdirSync(at("home/power/.ssh"), { recursive: true, mode: 0o700 });
        writeFileSync(at("home/power/.ssh/authorized_keys"), `restrict ${readFileSync(join(this.lab.seen, "id.pub"), "utf8")}`, { mode: 0o600 });
        await this.lab.inWorld("chroot", this.root, "chown", "-R", "power:", "/home/power");
        writeFileSync(at("etc/sudoers.d/ridethrough"), `${(this.plan.sudoers ?? recommendedSudoers(this.plan.services)).join("\n")}\n`, { mode: 0o440 });
        await this.lab.inWorld("chroot", this.root, "visudo", "-c", "-q");
    }

    /** Presses its power button, and waits until sshd answers and its services run. The disk and the host key stay. */
    async powerOn(): Promise<void> {
        const enter = `for group in ${makeCgroups(this.#cgroup).join(" ")}; do echo $$ > $group/cgroup.procs; done 2>/dev/null; exec "$@"`;
        const machine = spawn("setpriv", ["--pdeathsig", "KILL", "nsenter", "-t", String(this.lab.world.pid), "-m", "--", "sh", "-c", enter, "sh", "systemd-nspawn", "-q", "-D", this.root, "-M", this.name, "--register=no", "--keep-unit",
            `--network-namespace-path=/proc/${this.holder.pid}/ns/net`, "--console=read-only", "-b"], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, SYSTEMD_LOG_LEVEL: "err" } });
        let console = "";
        for (const stream of [machine.stdout, machine.stderr]) stream.on("data", (chunk: Buffer) => (console += chunk.toString()));
        this.#machine = machine;
        let answers = false;
        const probe = async (): Promise<void> => {
            while (!answers && this.isUp) {
                answers = await exec("nsenter", ["-t", String(this.lab.controller.pid), "-n", "--", "bash", "-c", `exec 3<>/dev/tcp/${this.address}/22 && head -c 3 <&3`], { timeout: 2000 }).then(({ stdout }) => stdout === "SSH", () => false);
                if (!answers) await new Promise((resolve) => setTimeout(resolve, 50));
            }
        };
        void probe();
        await eventually(() => answers || !this.isUp, 30_000, () => `${this.name} to answer on port 22; console: ${console.slice(-2000)}`);
        if (!this.isUp) throw new Error(`${this.name} did not boot: ${console}`);
        // sshd may be there before the services are.
        for (const { name } of this.plan.services) {
            for (let left = 200; !(await this.run("systemctl", "is-active", "--quiet", name).then(() => true, () => false)); left -= 1) {
                if (left === 0) throw new Error(`${name} does not run on ${this.name}`);
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }
    }
    /** Resolves when it is off: its systemd has ended. */
    async off(withinMs = 30_000): Promise<void> {
        await eventually(() => !this.isUp, withinMs, () => `${this.name} to power off; its log: ${JSON.stringify(this.log)}`);
    }
    /** Pulls its plug. */
    async losePower(): Promise<void> {
        if (!this.isUp) return;
        const init = this.#init;
        if (init !== undefined) process.kill(init, "SIGKILL");
        await eventually(() => !this.isUp, 3000).catch(() => this.#machine?.kill("SIGKILL"));
        await this.off(5000);
    }
    /** Pulls and plugs its network cable. */
    async cutCable(): Promise<void> {
        await this.lab.inWorld("ip", "link", "set", `v-${this.name}`, "down");
    }
    async plugCable(): Promise<void> {
        await this.lab.inWorld("ip", "link", "set", `v-${this.name}`, "up");
    }
    /** Swallows every packet to it, silently. */
    async blackHole(): Promise<void> {
        await exec("nsenter", ["-t", String(this.holder.pid), "-n", "--", "nft", "add table inet hole; add chain inet hole in { type filter hook input priority 0; policy drop; }"]);
    }
    async openHole(): Promise<void> {
        await exec("nsenter", ["-t", String(this.holder.pid), "-n", "--", "nft", "delete table inet hole"]);
    }

    /** Lets go of what the kernel keeps of it. */
    cleanUp(): void {
        removeCgroups(this.#cgroup);
    }

    get #cgroup(): string {
        return `ridethrough-lab-${this.lab.world.pid}-${this.name}`;
    }
    /** Its systemd, seen from outside. */
    get #init(): number | undefined {
        const nspawn = this.#machine?.pid;
        const path = `/proc/${nspawn}/task/${nspawn}/children`;
        const first = existsSync(path) ? Number(readFileSync(path, "utf8").trim().split(" ")[0]) : NaN;
        return first > 0 ? first : undefined;
    }
}
