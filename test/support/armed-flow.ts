import type { FlowNode } from "./node-red";

/** A host of the plan, as a person would enter it. */
export interface MonitoredHost {
    name: string;
    address: string;
    port?: number;
    /** "ssh-ed25519 AAAA..." */
    hostKey: string;
    services: string[];
    after?: string[];
    stopTimeout?: number;
}

export interface MonitorOptions {
    plug: { host?: string; port: number };
    hosts: MonitoredHost[];
    /** Path of the private key. */
    keyFile: string;
    final?: "shutdown" | "poweroff" | "none";
    /** Minutes for `shutdown -h`. */
    delay?: number;
    dryRun?: boolean;
    enabled?: boolean;
    /** Base URL of a Telegram server; its token is in `monitorCredentials`. */
    telegram?: string;
    /** Further nodes. */
    more?: FlowNode[];
}

const id = (name: string): string => Buffer.from(name.padEnd(8, ".")).toString("hex").slice(0, 16);

/** Ends of names differ more than their beginnings. */
const hostId = (name: string): string => id(name.padStart(8, "_").slice(-8));

/** The nodes of the monitor by what they do. */
export const at = { tab: id("tab"), plug: id("plug"), classifier: id("classify"), sequencer: id("sequence"), plan: id("plan"), progress: id("progress"), result: id("result"), reading: id("reading"), transition: id("transit"), problems: id("problems"), catch: id("catch"), cancel: id("cancel"), telegram: id("telegram") };

export const monitorCredentials = { [at.telegram]: { token: "123456789:test-token" } };

/** Plug, classifier (whose load is constant) and armed sequencer, with every setting stored as the editor stores it. */
export function monitorFlow({ plug, hosts, keyFile, final = "shutdown", delay = 2, dryRun = false, enabled = true, telegram, more = [] }: MonitorOptions): FlowNode[] {
    const place = { z: at.tab, x: 0, y: 0 };
    const tell = telegram === undefined ? [] : [at.telegram];
    const sink = (name: string): FlowNode => ({ id: name, type: "debug", ...place, active: false, wires: [] });
    return [
        { id: at.tab, type: "tab", label: "monitor" },
        ...hosts.map(({ name, address, port = 22, hostKey }): FlowNode => ({ id: hostId(name), type: "power-host", version: 1, name, kind: "ssh", host: address, port: String(port), user: "power", auth: "keyFile", keyFile, hostKey })),
        {
            id: at.plan, type: "shutdown-plan", version: 1, name: "plan", final, delay: String(delay),
            hosts: hosts.map(({ name }) => hostId(name)),
            steps: hosts.map(({ services, after = [], stopTimeout = 30 }) => ({ services, after, stopTimeout: String(stopTimeout) })),
        },
        { id: at.plug, type: "plug-reader", ...place, version: 1, name: "", device: "Solix output", plugType: "kasa", host: plug.host ?? "127.0.0.1", port: String(plug.port), channels: "", interval: "1", deadline: "5", payload: "watts", wires: [[at.classifier]] },
        { id: at.classifier, type: "power-classifier", ...place, version: 1, name: "", warning: "150", alert: "80", critical: "30", dead: "5", hysteresis: "5", confirmations: "1", missedPolls: "5", loadIsConstant: true, wires: [[at.reading], [at.transition, at.sequencer, ...tell]] },
        { id: at.sequencer, type: "shutdown-sequencer", ...place, version: 1, name: "", plan: at.plan, dryRun, enabled, startOn: "critical", wires: [[at.progress, ...tell], [at.result, ...tell]] },
        { id: at.cancel, type: "inject", ...place, props: [{ p: "payload" }], payload: "cancel", payloadType: "str", wires: [[at.sequencer]] },
        { id: at.catch, type: "catch", ...place, scope: null, wires: [[at.problems]] },
        ...(telegram === undefined ? [] : [{ id: at.telegram, type: "telegram-alert", ...place, version: 1, name: "", chatId: "456", threadId: "", baseUrl: telegram, sourceLabel: "Solix output", minimumSeverity: "info", steps: "live", wires: [[]] }]),
        ...more,
        ...[at.reading, at.transition, at.progress, at.result, at.problems].map(sink),
    ];
}
