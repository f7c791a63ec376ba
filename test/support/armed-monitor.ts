import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Classified, PowerState, Transition } from "../../lib/power/power-state";
import type { RunResult } from "../../lib/shutdown/progress";
import { startKasaPlug, type KasaPlug } from "../simulators/kasa-plug";
import { generateKeyPair, startSshHost, type SshBehaviour, type SshHost } from "../simulators/ssh-host";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { at, monitorCredentials, monitorFlow, type MonitorOptions } from "./armed-flow";
import { startNodeRed, type NodeRed, type NodeRedOptions } from "./node-red";
import { temporaryFolder } from "./temporary-folder";

export interface RigHost {
    name: string;
    services: string[];
    after?: string[];
    stopTimeout?: number;
    behaviour?: SshBehaviour;
}

/** The armed monitor with a simulated plug, hosts and Telegram, whose Node-RED may be killed and started again. */
export class Rig {
    readonly #folder = temporaryFolder();
    #red: NodeRed | undefined;
    private constructor(readonly plug: KasaPlug, readonly telegram: TelegramSimulator, readonly plan: readonly RigHost[], readonly hosts: readonly SshHost[]) {}

    static async start(plan: readonly RigHost[]): Promise<Rig> {
        const keys = generateKeyPair();
        const hosts = await Promise.all(plan.map(({ name, behaviour }) => startSshHost({ name, authorizedKey: keys.public, ...(behaviour && { behaviour }) })));
        const rig = new Rig(await startKasaPlug({ watts: 420 }), await startTelegram(), plan, hosts);
        writeFileSync(rig.keyFile, keys.private, { mode: 0o600 });
        return rig;
    }
    get userDir(): string {
        return this.#folder.path;
    }
    get keyFile(): string {
        return join(this.userDir, "key");
    }
    get red(): NodeRed {
        if (this.#red === undefined) throw new Error("not switched on");
        return this.#red;
    }
    /** Starts Node-RED, on what an earlier one has left behind. */
    async switchOn(options: NodeRedOptions = {}): Promise<void> {
        this.#red = await startNodeRed({ userDir: this.userDir, ...options });
    }
    async deploy(options: Partial<MonitorOptions> = {}): Promise<void> {
        const hosts = this.plan.map((host, index) => ({ ...host, address: "127.0.0.1", port: this.hosts[index]?.port ?? 0, hostKey: this.hosts[index]?.hostKey ?? "" }));
        await this.red.deploy(monitorFlow({ plug: this.plug, hosts, keyFile: this.keyFile, telegram: this.telegram.url, ...options }), { credentials: monitorCredentials });
    }
    /** Resolves when the classifier puts the newest reading into this state. */
    async state(wanted: PowerState, withinMs = 60_000): Promise<void> {
        const power = (): Classified | undefined => this.red.received(at.reading).at(-1)?.power as Classified | undefined;
        await this.red.eventually(() => power()?.state === wanted, withinMs, () => `${wanted}, is ${JSON.stringify(power())}`);
    }
    transitions(): Transition[] {
        return this.red.received(at.transition).flatMap((msg) => (msg.transition === undefined ? [] : [msg.transition as Transition]));
    }
    /** Resolves with the report of the real run. */
    async result(withinMs = 120_000): Promise<RunResult> {
        const live = (): RunResult | undefined => this.red.received(at.result).map((msg) => msg.result as RunResult | undefined).find((result) => result?.mode === "live");
        await this.red.eventually(() => live() !== undefined, withinMs, () => `the report of a real run; steps: ${JSON.stringify(this.red.received(at.progress).at(-1)?.progress)?.slice(0, 2000)}`);
        return live() as RunResult;
    }
    /** What a host has been told, without logins. */
    told(name: string): string[] {
        return this.hosts.find((host) => host.name === name)?.commands.map(({ short }) => short).filter((command) => command !== "true") ?? [];
    }
    /** How many commands all hosts have been told. */
    get toldInAll(): number {
        return this.plan.reduce((sum, { name }) => sum + this.told(name).length, 0);
    }
    async stop(): Promise<void> {
        await this.#red?.kill("SIGTERM");
        await Promise.all(this.hosts.map((host) => host.stop()));
        await this.plug.stop();
        await this.telegram.stop();
        await this.#folder.remove();
    }
}

export const stopCommand = (service: string): string => `sudo -n systemctl stop -- ${service}`;
export const finalCommand = "sudo -n shutdown -h +2";
