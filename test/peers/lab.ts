import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../support/temporary-folder";
import { LabHost, type HostPlan } from "./lab-host";

export { LabHost, recommendedSudoers, type HostPlan } from "./lab-host";

/*
 * A lab of real hosts on one machine: each boots systemd in a container of its own, on a copy-on-write view of this
 * machine's "/", with its own address, sshd and sudo, and really powers off. Light hosts have a small init instead: thirty
 * systemds watch more files than a Linux lets one user watch (fs.inotify.max_user_instances, 128). Namespaces and mounts
 * belong to holder processes and have no names, and every process dies with the one that started it: labs run side by
 * side, and all of a lab is gone when its tests end, however they end.
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

/** A process that keeps namespaces alive for as long as it may read its standard input. */
export class Holder {
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
        await this.#folder.remove();
    }
}
