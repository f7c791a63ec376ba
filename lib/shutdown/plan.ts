import { hostNameProblem, serviceNameProblem } from "./commands";

/** A host as the plan knows it. How to reach it is the transport's business. */
export interface PlanHost {
    name: string;
    /** systemd units in the order in which they are stopped. */
    services: string[];
    /** Hosts whose services are stopped before this one's. */
    after: string[];
    /** The machine that Node-RED runs on: always last, and without SSH. */
    local: boolean;
    /** Longest time for one service to stop, ms. */
    stopTimeoutMs: number;
}

/** How hosts are switched off: `shutdown -h +N`, `poweroff` at once, or not at all. */
export type Final = PowerOff | { verb: "none" };
export type PowerOff = { verb: "shutdown"; delayMinutes: number } | { verb: "poweroff" };

export interface ShutdownPlan {
    hosts: PlanHost[];
    final: Final;
}

/** Everything a step can do to a host. A new kind of step is one more member here and in argvOf. */
export type Action =
    | { verb: "connect" }
    | { verb: "stop-service"; service: string }
    | { verb: "power-off"; final: PowerOff };

/** A plan as a person or the editor wrote it. */
export interface PlanDraft {
    hosts: readonly { name: string; services?: readonly string[]; after?: readonly string[]; local?: boolean; stopTimeoutS?: number }[];
    final?: Final;
}

export const defaultFinal: Final = { verb: "shutdown", delayMinutes: 2 };
const defaultStopTimeoutS = 30;

/** Checks a draft. `problems` says everything that is wrong with it; there is a plan only when nothing is. */
export function parsePlan(draft: PlanDraft): { plan?: ShutdownPlan; problems: string[] } {
    const problems: string[] = [];
    const hosts = draft.hosts.map((host): PlanHost => ({
        name: host.name,
        services: [...(host.services ?? [])],
        after: [...new Set(host.after ?? [])],
        local: host.local ?? false,
        stopTimeoutMs: (host.stopTimeoutS ?? defaultStopTimeoutS) * 1000,
    }));
    const final = draft.final ?? defaultFinal;
    if (hosts.length === 0) problems.push("the plan has no hosts");
    problems.push(...duplicates(hosts.map((host) => host.name)).map((name) => `host ${name} is in the plan twice`));
    for (const host of hosts) problems.push(...hostProblems(host, hosts));
    if (hosts.filter((host) => host.local).length > 1) problems.push("only one host can be this machine");
    if (final.verb === "shutdown" && !(Number.isInteger(final.delayMinutes) && final.delayMinutes >= 0 && final.delayMinutes <= 60)) {
        problems.push("the delay of the final command must be between 0 and 60 whole minutes");
    }
    if (problems.length === 0) {
        const cycle = findCycle(hosts);
        if (cycle !== undefined) problems.push(`these hosts wait for each other: ${cycle.join(" → ")}`);
    }
    return problems.length > 0 ? { problems } : { plan: { hosts: inOrder(hosts), final }, problems };
}

function hostProblems(host: PlanHost, hosts: readonly PlanHost[]): string[] {
    const wrongName = hostNameProblem(host.name);
    if (wrongName !== undefined) return [wrongName];
    const problems = host.services.map(serviceNameProblem).filter((problem) => problem !== undefined).map((problem) => `${host.name}: ${problem}`);
    problems.push(...duplicates(host.services).map((service) => `${host.name}: service ${service} is listed twice`));
    for (const name of host.after) {
        const other = hosts.find((candidate) => candidate.name === name);
        if (name === host.name) problems.push(`${host.name} waits for itself`);
        else if (other === undefined) problems.push(`${host.name} waits for ${JSON.stringify(name)}, which is not in the plan`);
        else if (other.local) problems.push(`${host.name} waits for ${name}, but this machine is always last`);
    }
    if (!(host.stopTimeoutMs >= 1000 && host.stopTimeoutMs <= 3_600_000)) problems.push(`${host.name}: the stop timeout must be between 1 and 3600 s`);
    return problems;
}

function duplicates(names: readonly string[]): string[] {
    return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

/** One of the cycles of `after`, its first host named again at the end. */
function findCycle(hosts: readonly PlanHost[]): string[] | undefined {
    const byName = new Map(hosts.map((host) => [host.name, host]));
    const clear = new Set<string>();
    const visit = (name: string, path: readonly string[]): string[] | undefined => {
        if (clear.has(name)) return undefined;
        if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
        for (const next of byName.get(name)?.after ?? []) {
            const found = visit(next, [...path, name]);
            if (found !== undefined) return found;
        }
        clear.add(name);
        return undefined;
    };
    for (const { name } of hosts) {
        const found = visit(name, []);
        if (found !== undefined) return found;
    }
    return undefined;
}

/** Every host behind those it waits for, this machine last, otherwise as listed. */
function inOrder(hosts: readonly PlanHost[]): PlanHost[] {
    const sorted: PlanHost[] = [];
    const place = (host: PlanHost): void => {
        if (sorted.includes(host)) return;
        hosts.filter((other) => host.after.includes(other.name)).forEach(place);
        sorted.push(host);
    };
    [...hosts].sort((a, b) => Number(a.local) - Number(b.local)).forEach(place);
    return sorted;
}
