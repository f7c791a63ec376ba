import { hostname } from "node:os";
import type { NodeAPI } from "node-red";
import { GpuHost } from "../../lib/devices/gpu-host";
import { localRunner } from "../../lib/devices/local-runner";
import { Trouble } from "../../lib/kit/trouble";
import type { HostAccess } from "../../lib/shutdown/transport";
import { RemoteRunner } from "../../lib/shutdown/remote-runner";
import type { PowerHost, PowerHostNode } from "../power-host/access";
import { machineNames, type GpuReaderConfig } from "./config";

/** The machines of a reader, ready to be polled. */
export interface Machines {
    hosts: GpuHost[];
    /** Why some could not be made ready. */
    problems: string[];
    /** Lets go of every connection. */
    close(): void;
}

export function openMachines(RED: NodeAPI, { machines, hostPower, deadlineMs }: GpuReaderConfig): Machines {
    const powerHostOf = (id: string): PowerHost | undefined => (RED.nodes.getNode(id) as Partial<PowerHostNode> | null)?.powerHost;
    const here = hostname().split(".")[0] || "local";
    const { names, problems } = machineNames(machines, (id) => (id === undefined ? here : (powerHostOf(id)?.name ?? `host ${id}`)));
    const remotes: RemoteRunner[] = [];
    const hosts = machines.map(({ tool, powerHost: id }, at) => {
        const name = names[at] ?? here;
        if (id === undefined || powerHostOf(id)?.local === true) return new GpuHost({ name, tool, hostPower, deadlineMs, run: localRunner(name) });
        // Asked anew for each poll: a deploy may set up the power-host anew without touching this node.
        const remote = new RemoteRunner(name, () => accessOf(name, powerHostOf(id)));
        remotes.push(remote);
        return new GpuHost({ name, tool, hostPower, deadlineMs, run: remote.run });
    });
    return { hosts, problems, close: () => remotes.forEach((remote) => remote.close()) };
}

function accessOf(name: string, host: PowerHost | undefined): HostAccess {
    if (host === undefined) throw new Trouble("config", `host ${name}: its power-host is gone or disabled`, "choose another in the node's dialog");
    if (host.problems.length > 0) throw new Trouble("config", `host ${name}: ${host.problems.join("; ")}`, "open its power-host");
    return host.access;
}
