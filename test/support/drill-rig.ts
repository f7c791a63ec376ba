import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { botToken, example, nodeOf } from "./example-flow";
import { startNodeRed, type FlowNode, type NodeRed, type NodeRedOptions } from "./node-red";

/** Example 14 as a person sets it up, with hosts that only write down what they are told, and buttons that a test needs. */
export class DrillRig {
    readonly hosts = new Map<string, SshHost>();
    readonly #user = generateKeyPair();
    readonly #flow = example("14 Drills and arming");
    /** What is deployed. */
    nodes: FlowNode[] = [];
    private constructor(readonly red: NodeRed, readonly telegram: TelegramSimulator) {}

    static async start(options: NodeRedOptions = {}): Promise<DrillRig> {
        const rig = new DrillRig(await startNodeRed(options), await startTelegram({ token: botToken }));
        for (const { type, name } of rig.#flow) if (type === "power-host") rig.hosts.set(String(name), await startSshHost({ name: String(name), authorizedKey: rig.#user.public }));
        return rig;
    }

    /** @param changes by type @param more nodes beside the example's */
    async deploy(changes: Record<string, object> = {}, more: readonly FlowNode[] = []): Promise<void> {
        const { id: sequencer, z } = nodeOf(this.#flow, "shutdown-sequencer");
        this.nodes = [...this.#flow, ...more].map((node): FlowNode => {
            const host = node.type === "power-host" ? this.hosts.get(String(node.name)) : undefined;
            const address = host === undefined ? {} : { host: "127.0.0.1", port: String(host.port), hostKey: host.hostKey };
            return { ...node, ...address, ...(node.type === "telegram-alert" && { baseUrl: this.telegram.url, chatId: "456" }), ...changes[node.type] };
        });
        this.nodes.push(
            { id: "d000000000000001", type: "inject", z, name: "a real outage", props: [{ p: "payload" }], payload: "", payloadType: "date", x: 100, y: 700, wires: [["d000000000000002"]] },
            { id: "d000000000000002", type: "function", z, func: 'return { command: { action: "shutdown", reason: "ups1: runtime 559 s is below 600 s", at: msg.payload, stream: "outage " + msg.payload, conclusive: true } };', outputs: 1, libs: [], x: 300, y: 700, wires: [[sequencer]] },
        );
        const credentials = Object.fromEntries(this.nodes.flatMap(({ id, type }): [string, Record<string, string>][] => (type === "power-host" ? [[id, { privateKey: this.#user.private }]] : type === "telegram-alert" ? [[id, { token: botToken }]] : [])));
        await this.red.deploy(this.nodes, { credentials });
    }

    /** The switches of a person who means it. Nobody looks whether hosts go down: on loopback they answer for ever. */
    static readonly armed = { "shutdown-sequencer": { dryRun: false, enabled: true, rootKnown: true, openKnown: true, check: "0" }, "shutdown-plan": { proof: "" } };

    /** Of several nodes that are called the same, the example's own. */
    id(type: string, name?: string): string {
        const own = this.#flow.some((node) => node.type === type && (name === undefined || node.name === name));
        return nodeOf(own ? this.#flow : this.nodes, type, name).id;
    }
    press(name: string): Promise<void> {
        return this.red.inject(this.id("inject", name));
    }
    /** What a host was told to do, without logins and questions: "stop postgresql", "start postgresql", "shutdown". */
    told(host: string): string[] {
        return this.hosts.get(host)?.commands.flatMap(({ short }) => {
            const stopped = /^sudo -n systemctl stop -- (\S+)$/.exec(short)?.[1];
            const started = /systemctl start.* ridethrough (\S+) /s.exec(short)?.[1];
            return stopped !== undefined ? [`stop ${stopped}`] : started !== undefined ? [`start ${started}`] : /^sudo -n shutdown /.test(short) ? ["shutdown"] : [];
        }) ?? [];
    }
    /** Lets a host stop a service no sooner than it may, and in no less than `delayMs`. @returns lets it */
    holds(host: string, service: string, delayMs = 0): () => void {
        let letGo = (): void => undefined;
        this.hosts.get(host)?.setBehaviour({ delayMs, until: new Promise<void>((resolve) => { letGo = resolve; }) }, `sudo -n systemctl stop -- ${service}`);
        return () => letGo();
    }
    /** Lets a host take so long to stop a service. */
    slow(host: string, service: string, delayMs: number): void {
        this.hosts.get(host)?.setBehaviour({ delayMs }, `sudo -n systemctl stop -- ${service}`);
    }
    async stop(): Promise<void> {
        await this.red.stop();
        await Promise.all([...this.hosts.values(), this.telegram].map((peer) => peer.stop()));
    }
}
