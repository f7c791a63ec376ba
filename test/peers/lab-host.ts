import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "../support/eventually";
import { makeCgroups, removeCgroups } from "./control-groups";
import type { Holder, Lab } from "./lab";

const exec = promisify(execFile);
const defaultStopSeconds = 0.5;

export interface ServicePlan {
    /** Without ".service". */
    name: string;
    /** How long it takes to stop. Default 0.5 s. */
    stopSeconds?: number;
    /** As it begins to stop, its host is cut off: every packet to it and from it is swallowed from then on. */
    cutsOff?: boolean;
    /** It goes on stopping for as long as there is /opt/held. */
    held?: boolean;
}

/** What stops a service, for a shell. */
const stopping = ({ name, stopSeconds = defaultStopSeconds, cutsOff, held }: ServicePlan): string =>
    `${cutsOff ? "lab-hole; " : ""}sleep ${stopSeconds}; ${held ? "while [ -e /opt/held ]; do sleep 0.05; done; " : ""}lab-note stopped ${name}`;
const hole = ["add table inet hole", ...["input", "output"].map((way) => `add chain inet hole ${way} { type filter hook ${way} priority 0; policy drop; }`)].join("; ");

export interface HostPlan {
    name: string;
    services: ServicePlan[];
    /** The lines of /etc/sudoers.d/ridethrough. Default: what docs/hosts-and-keys.md says. */
    sudoers?: string[];
    /** Boots no systemd: a small init of its own, real sshd and sudo, and a `systemctl` that does what these tests ask of it. */
    light?: boolean;
    /** Runs containers and machines of its own, and mounts by FUSE: nothing of what this machine may do is kept from it. */
    nested?: boolean;
}

/** What systemd-nspawn needs for that: control groups as containers know them, and a network that can be set up. */
const nesting = {
    options: ["--capability=all", "--system-call-filter=add_key", "--system-call-filter=keyctl", "--system-call-filter=bpf", "--bind=/dev/fuse"],
    env: { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: "1", SYSTEMD_NSPAWN_API_VFS_WRITABLE: "network" },
};

/** The sudoers lines of docs/hosts-and-keys.md, with these services in the place of its own. */
export function recommendedSudoers(services: readonly ServicePlan[], final = "/usr/sbin/shutdown -h +2"): string[] {
    const docs = readFileSync(join(__dirname, "../../docs/hosts-and-keys.md"), "utf8");
    const [stop, start, off, ...more] = [...docs.matchAll(/^power ALL=.*$/gm)].map(([line]) => line);
    const units = [stop, start].map((line) => /(\/\S+ (?:stop|start) -- )postgresql([^\s,]*)/.exec(line ?? ""));
    if (units.includes(null) || off?.endsWith(" /usr/sbin/shutdown -h +2, /usr/sbin/shutdown -c") !== true) throw new Error("docs/hosts-and-keys.md has no sudoers lines for systemctl stop, start and shutdown");
    return [...units.map((command) => `power ALL=(root) NOPASSWD: ${services.map(({ name }) => `${command?.[1]}${name}${command?.[2]}`).join(", ")}`), off.replace("/usr/sbin/shutdown -h +2", final), ...more];
}

/** Its PID 1: when it ends, the kernel ends everything else of the host, as when a machine is switched off. */
const lightInit = 'trap "exit 0" USR1; mkdir -p /run/sshd; /usr/sbin/sshd -D & wait';

/** `systemctl` of a light host, which is its `poweroff` and `reboot`, too. What it stopped is remembered in /run, and so runs again at the next boot. */
function lightSystemctl(services: readonly ServicePlan[]): string {
    return `#!/bin/sh
for unit; do :; done
case \${0##*/}/$1 in
poweroff/*|reboot/*|systemctl/reboot) lab-note going down; exec kill -USR1 1 ;;
systemctl/stop) [ -e "/run/stopped.$unit" ] && exit 0 ;;
systemctl/start) rm -f "/run/stopped.$unit"; exit 0 ;;
systemctl/is-active) [ ! -e "/run/stopped.$unit" ]; exit ;;
*) echo "a light host does not know $*" >&2; exit 1 ;;
esac
case $unit in
${services.map((service) => `${service.name}) ${stopping(service)} ;;`).join("\n")}
*) echo "there is no $unit" >&2; exit 5 ;;
esac
touch "/run/stopped.$unit"
`;
}

export class LabHost {
    #machine: ChildProcess | undefined;
    /** Resolves when the machine is off and its cable dead. */
    #dark: Promise<void> = Promise.resolve();
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
        writeFileSync(this.#at("etc/hostname"), `${this.name}\n`);
        writeFileSync(this.#at("etc/hosts"), `127.0.0.1 localhost\n127.0.1.1 ${this.name}\n`);
        writeFileSync(this.#at("etc/machine-id"), "");
        rmSync(this.#at(".dockerenv"), { force: true });
        writeFileSync(this.#at("usr/local/bin/lab-note"), '#!/bin/sh\necho "$(date +%s.%N) $*" >> /var/log/power.log\n', { mode: 0o755 });
        writeFileSync(this.#at("usr/local/bin/lab-hole"), `#!/bin/sh\nexec /usr/sbin/nft '${hole}'\n`, { mode: 0o755 });
        this.makeHostKey();
        mkdirSync(this.#at("etc/ssh/sshd_config.d"), { recursive: true });
        writeFileSync(this.#at("etc/ssh/sshd_config.d/lab.conf"), "PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n");
        if (this.plan.light) this.replace("usr/bin/systemctl", lightSystemctl(this.plan.services));
        else this.#buildUnits();
        await this.#buildAccount();
    }

    #buildUnits(): void {
        const units = this.#at("etc/systemd/system");
        for (const name of readdirSync(units).filter((entry) => entry.endsWith(".wants"))) rmSync(join(units, name), { recursive: true });
        const wants = join(units, "multi-user.target.wants");
        mkdirSync(wants);
        const enable = (unit: string, from: string): void => symlinkSync(join(from, unit), join(wants, unit));
        rmSync(join(units, "default.target"), { force: true });
        symlinkSync("/lib/systemd/system/multi-user.target", join(units, "default.target"));
        for (const unit of ["console-getty", "getty@tty1", "systemd-resolved", "systemd-networkd", "systemd-timesyncd", "cron"]) {
            rmSync(join(units, `${unit}.service`), { force: true });
            symlinkSync("/dev/null", join(units, `${unit}.service`));
        }
        enable("ssh.service", "/lib/systemd/system");
        for (const service of this.plan.services) {
            writeFileSync(join(units, `${service.name}.service`), `[Unit]\nDescription=demo ${service.name}\n[Service]\nExecStart=/bin/sleep infinity\nExecStop=/bin/sh -c "${stopping(service)}"\n`);
            enable(`${service.name}.service`, "/etc/systemd/system");
        }
        writeFileSync(join(units, "lab-power.service"), "[Unit]\nDescription=notes when the host goes down\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStop=/usr/local/bin/lab-note going down\n");
        enable("lab-power.service", "/etc/systemd/system");
    }

    /** A user and two rights, as docs/hosts-and-keys.md has it. */
    async #buildAccount(): Promise<void> {
        if (!/^power:/m.test(readFileSync(this.#at("etc/passwd"), "utf8"))) await this.lab.inWorld("chroot", this.root, "useradd", "--create-home", "--shell", "/bin/sh", "--password", "*", "power");
        mkdirSync(this.#at("home/power/.ssh"), { recursive: true, mode: 0o700 });
        this.trustKey(true);
        await this.lab.inWorld("chroot", this.root, "chown", "-R", "power:", "/home/power");
        writeFileSync(this.#at("etc/sudoers.d/ridethrough"), `${(this.plan.sudoers ?? recommendedSudoers(this.plan.services)).join("\n")}\n`, { mode: 0o440 });
        await this.lab.inWorld("chroot", this.root, "visudo", "-c", "-q");
    }

    /** Gives it another host key; a running sshd goes on showing the one that it has. */
    makeHostKey(): void {
        for (const name of readdirSync(this.#at("etc/ssh")).filter((entry) => entry.startsWith("ssh_host_"))) rmSync(this.#at(`etc/ssh/${name}`));
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", this.name, "-f", this.#at("etc/ssh/ssh_host_ed25519_key")]);
    }
    /** Gives it another host key, and waits until its sshd, which hears nobody meanwhile, shows it. */
    async rekey(): Promise<void> {
        this.makeHostKey();
        await this.signalSshd("HUP");
        const shown = (): Promise<string> => exec("nsenter", ["-t", String(this.lab.controller.pid), "-n", "--", "ssh-keyscan", "-t", "ed25519", this.address]).then(({ stdout }) => stdout, () => "");
        const wanted = this.hostKey.split(" ")[1] ?? "";
        for (let left = 600; !(await shown()).includes(wanted); left -= 1) {
            if (left === 0) throw new Error(`${this.name} does not show its new host key`);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }
    /** Whether its account takes the lab's key. */
    trustKey(on: boolean): void {
        writeFileSync(this.#at("home/power/.ssh/authorized_keys"), on ? `restrict ${readFileSync(join(this.lab.seen, "id.pub"), "utf8")}` : "", { mode: 0o600 });
    }
    /** Puts a program of its own in the place of one of this machine. */
    replace(path: string, script: string): void {
        // Never through a link: that would write into what it points to.
        rmSync(this.#at(path), { force: true });
        writeFileSync(this.#at(path), script, { mode: 0o755 });
    }
    /** Sends a signal to the sshd that takes new connections. */
    signalSshd(signal: "STOP" | "CONT" | "HUP"): Promise<string> {
        return this.run("pkill", `-${signal}`, "-o", "-x", "sshd");
    }

    /** Presses its power button, and waits until sshd answers and its services run. The disk and the host key stay. */
    async powerOn(): Promise<void> {
        await this.#dark;
        await this.plugCable();
        const enter = `for group in ${makeCgroups(this.#cgroup).join(" ")}; do echo $$ > $group/cgroup.procs; done 2>/dev/null; exec "$@"`;
        // Each process dies with the one that started it: the host with systemd-nspawn, systemd-nspawn with the tests.
        const dieWithParent = ["setpriv", "--pdeathsig", "KILL"];
        const machine = spawn("setpriv", [...dieWithParent.slice(1), "nsenter", "-t", String(this.lab.world.pid), "-m", "--", "sh", "-c", enter, "sh", "systemd-nspawn", "-q", "-D", this.root, "-M", this.name, "--register=no", "--keep-unit",
            `--network-namespace-path=/proc/${this.holder.pid}/ns/net`, "--console=read-only", "--capability=CAP_NET_ADMIN", ...(this.plan.nested ? nesting.options : []), ...dieWithParent, ...(this.plan.light ? ["/bin/sh", "-c", lightInit] : ["/lib/systemd/systemd"])], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, SYSTEMD_LOG_LEVEL: "err", ...(this.plan.nested && nesting.env) } });
        let console = "";
        for (const stream of [machine.stdout, machine.stderr]) stream.on("data", (chunk: Buffer) => (console += chunk.toString()));
        this.#machine = machine;
        // The network of a machine that is off answers nobody; that of its namespace would.
        this.#dark = new Promise((resolve) => machine.once("exit", () => resolve(this.cutCable().catch(() => undefined))));
        let answers = false;
        const probe = async (): Promise<void> => {
            while (!answers && this.isUp) {
                answers = await exec("nsenter", ["-t", String(this.lab.controller.pid), "-n", "--", "bash", "-c", `exec 3<>/dev/tcp/${this.address}/22 && head -c 3 <&3`], { timeout: 10_000 }).then(({ stdout }) => stdout === "SSH", () => false);
                if (!answers) await new Promise((resolve) => setTimeout(resolve, 50));
            }
        };
        void probe();
        await eventually(() => answers || !this.isUp, 150_000, () => `${this.name} to answer on port 22; console: ${console.slice(-2000)}`);
        if (!this.isUp) throw new Error(`${this.name} did not boot: ${console}`);
        // sshd may be there before the services are.
        for (const { name } of this.plan.services) {
            for (let left = 1200; !(await this.run("systemctl", "is-active", "--quiet", name).then(() => true, () => false)); left -= 1) {
                if (left === 0) throw new Error(`${name} does not run on ${this.name}`);
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }
    }
    /** Resolves when it is off: its init has ended, and its cable is dead. */
    async off(withinMs = 120_000): Promise<void> {
        await eventually(() => !this.isUp, withinMs, () => `${this.name} to power off; its log: ${JSON.stringify(this.log)}`);
        await this.#dark;
    }
    /** Pulls its plug. */
    async losePower(): Promise<void> {
        if (!this.isUp) return;
        const init = this.#init;
        if (init !== undefined) process.kill(init, "SIGKILL");
        await eventually(() => !this.isUp, 3000).catch(() => this.#machine?.kill("SIGKILL"));
        await this.off();
    }
    /** Pulls and plugs its network cable. */
    async cutCable(): Promise<void> {
        await this.lab.inWorld("ip", "link", "set", `v-${this.name}`, "down");
    }
    async plugCable(): Promise<void> {
        await this.lab.inWorld("ip", "link", "set", `v-${this.name}`, "up");
    }
    /** Swallows every packet to it and from it, silently. */
    async blackHole(): Promise<void> {
        await exec("nsenter", ["-t", String(this.holder.pid), "-n", "--", "nft", hole]);
    }
    async openHole(): Promise<void> {
        await exec("nsenter", ["-t", String(this.holder.pid), "-n", "--", "nft", "delete table inet hole"]);
    }

    /** Lets go of what the kernel keeps of it. */
    cleanUp(): void {
        removeCgroups(this.#cgroup);
    }

    #at(path: string): string {
        return join(this.seen, path);
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
