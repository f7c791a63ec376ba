import { isIP } from "node:net";
import { formatDuration } from "../kit/duration";
import type { PlanHost, ShutdownPlan } from "./plan";
import { orderOf } from "./plan-order";
import { scheduleOf } from "./schedule";
import { stepsOf, type PlannedStep } from "./steps";

/** Something about a plan that would go wrong in an outage. An `error` disarms; a `warning` is shown. */
export interface Lint {
    level: "error" | "warning";
    text: string;
    /** The host that it is about. */
    host?: string;
}

/** What is known of the hosts besides the plan. */
export interface LintContext {
    /** Where a host is reached; undefined for this machine and when nobody knows. */
    address?: (host: string) => { host: string; port: number } | undefined;
    /** How long a step takes by measurement, ms; undefined: its limit counts. */
    measuredMs?: (step: PlannedStep) => number | undefined;
    /** Node-RED runs in a container, from which the machine that carries it can't be switched off. */
    contained?: boolean;
}

/** Units without which a host can't be told anything more, without which names are not found, and without which a run ends. */
const ownWay = /^(?:sshd?(?:@.*)?|dropbear|networking|NetworkManager|systemd-networkd|dhcpcd|wpa_supplicant|wicked|connman|tailscaled|wg-quick@.*)(?:\.service|\.socket)?$/;
const nameService = /^(?:named|bind9|unbound|dnsmasq|pihole-FTL|AdGuardHome|knot-resolver|coredns)(?:\.service)?$/;
const nodeRed = /^(?:node-?red)(?:@.*)?(?:\.service)?$/;

/** Looks through a plan for what would cut off, outlast or miss what comes later. */
export function lintPlan(plan: ShutdownPlan, { address = () => undefined, measuredMs = () => undefined, contained = false }: LintContext = {}): Lint[] {
    const remote = plan.hosts.filter((host) => !host.local);
    const before = transitive(plan);
    const goesBefore = (one: PlanHost, other: PlanHost): boolean => before.get(other.name)?.has(one.name) === true;
    const named = remote.filter((host) => {
        const target = address(host.name)?.host;
        return target !== undefined && isIP(target.replace(/%.*$/, "")) === 0;
    });
    const found: Lint[] = [];
    const say = (level: Lint["level"], host: PlanHost | undefined, text: string): void => void found.push({ level, text, ...(host && { host: host.name }) });

    for (const host of remote) {
        if (host.provides.length === 0) continue;
        const early = remote.filter((other) => other !== host && !goesBefore(other, host));
        if (host.final !== undefined && host.provides.includes("network")) {
            for (const other of early.filter((one) => !one.provides.includes("network"))) say("error", host, `${other.name} is reached through ${host.name}, which may be off before it: let ${host.name} be core, or wait for ${other.name}`);
        }
        if (host.final !== undefined && host.provides.includes("dns")) {
            for (const other of early.filter((one) => named.includes(one))) say("error", host, `${other.name} is reached by its name, which ${host.name} resolves and may be off before it: use an address, or let ${host.name} be core`);
        }
        if (host.final !== undefined && host.provides.includes("controller")) {
            for (const other of early) say("error", host, `${host.name} carries Node-RED and may be off before ${other.name} is told anything: let ${host.name} be core, or wait for ${other.name}`);
            for (const here of plan.hosts.filter((one) => one.local)) say("error", here, `this machine (${here.name}) runs on ${host.name}, which is off before its turn comes: leave it out of the plan, ${host.name} stops it as a guest`);
        }
        // A switch uses nobody's storage.
        const users = early.filter((other) => !other.provides.includes("network"));
        if (host.provides.includes("storage") && host.priority !== "early" && users.length > 0 && (host.final !== undefined || host.steps.length > 0)) {
            say("warning", host, `${users.map(({ name }) => name).join(", ")} may still use the storage of ${host.name} when it goes: let ${host.name} be core, or let them need it`);
        }
        if (host.provides.includes("storage") && host.priority === "early") say("warning", host, `${host.name} provides storage and is shed before everybody else`);
    }
    for (const here of plan.hosts.filter(({ local, final }) => local && final !== undefined && contained)) {
        say("error", here, `Node-RED runs in a container, and ${here.final?.action.label(here.final.params)} would not reach the machine that carries it: take ${here.name} out of the plan, and add that machine as a host over SSH that carries Node-RED and is core`);
    }
    for (const host of plan.hosts) found.push(...hostLints(plan, host, () => named.filter((other) => other !== host && !goesBefore(other, host))));
    found.push(...sameMachines(remote, address), ...timeLints(plan, measuredMs), ...endLints(plan, remote));
    return found;
}

/** What a host does to itself. @param namedLater hosts that are still to be found by name */
function hostLints(plan: ShutdownPlan, host: PlanHost, namedLater: () => readonly PlanHost[]): Lint[] {
    const found: Lint[] = [];
    const say = (level: Lint["level"], text: string): void => void found.push({ level, text: `${host.name}: ${text}`, host: host.name });
    host.steps.forEach(({ action, params }, place) => {
        const later = host.steps.length - place - 1 + (host.final === undefined ? 0 : 1);
        if (action.verb === "stop-service") {
            const unit = String(params.service);
            if (!host.local && ownWay.test(unit) && later > 0) say("error", `stopping ${unit} cuts off its own later steps`);
            if (nameService.test(unit)) for (const other of namedLater()) say("error", `stopping ${unit} takes the names away by which ${other.name} is still to be found`);
            if (host.local && nodeRed.test(unit) && (later > 0 || plan.hosts.length > 1)) say("error", `stopping ${unit} ends Node-RED, and the run with it`);
        }
        if (action.verb === "unmount" && host.steps.slice(place + 1).some((step) => /^stop-/.test(step.action.verb))) say("warning", "unmounts before everything that may use the mounts is stopped");
    });
    return found;
}

function sameMachines(hosts: readonly PlanHost[], address: NonNullable<LintContext["address"]>): Lint[] {
    const seen = new Map<string, string>();
    return hosts.flatMap(({ name }): Lint[] => {
        const target = address(name);
        if (target === undefined) return [];
        const key = `${target.host.toLowerCase()} port ${target.port}`;
        const other = seen.get(key);
        seen.set(key, other ?? name);
        return other === undefined ? [] : [{ level: "error", host: name, text: `${name} and ${other} are one machine (${key})` }];
    });
}

function timeLints(plan: ShutdownPlan, measuredMs: NonNullable<LintContext["measuredMs"]>): Lint[] {
    if (plan.runtimeS === undefined) return [];
    const { ms, path } = longestPath(plan, measuredMs);
    if (ms <= plan.runtimeS * 1000) return [];
    const slowest = path.toSorted((a, b) => b.ms - a.ms).slice(0, 2).map(({ step, ms: its }) => `${step.view.host} ${step.view.label} ${formatDuration(its)}`);
    return [{ level: "warning", text: `the plan may take ${formatDuration(ms)}, and the batteries carry the load for ${formatDuration(plan.runtimeS * 1000)}; most of it: ${slowest.join(", ")}` }];
}

function endLints(plan: ShutdownPlan, remote: readonly PlanHost[]): Lint[] {
    if (plan.hosts.every((host) => host.final === undefined)) return [{ level: "warning", text: "the plan switches no machine off" }];
    const delayOf = ({ final }: PlanHost): number | undefined => (final === undefined ? undefined : final.action.verb === "shutdown" ? Number(final.params.delayMinutes ?? 2) : 0);
    return remote.filter((host) => host.provides.includes("network")).flatMap((host): Lint[] => {
        const slower = remote.find((other) => other !== host && (delayOf(other) ?? 0) > (delayOf(host) ?? Infinity));
        return slower === undefined ? [] : [{ level: "warning", host: host.name, text: `${host.name} is off at once, while ${slower.name} still waits ${delayOf(slower)} min: nobody can see whether it goes down` }];
    });
}

/** The longest way through a plan, by what was measured or else by the limits: ms, and the steps on it. */
export function longestPath(plan: ShutdownPlan, measuredMs: NonNullable<LintContext["measuredMs"]> = () => undefined): { ms: number; path: { step: PlannedStep; ms: number }[] } {
    const steps = stepsOf(plan);
    const times = scheduleOf(steps, measuredMs);
    const byId = new Map(steps.map((step) => [step.view.id, step]));
    const endOf = (id: string): number => times.get(id)?.endMs ?? 0;
    const latest = (ids: readonly string[]): string | undefined => ids.reduce<string | undefined>((last, id) => (last === undefined || endOf(id) > endOf(last) ? id : last), undefined);
    const last = latest([...byId.keys()]);
    const path: { step: PlannedStep; ms: number }[] = [];
    for (let step = byId.get(last ?? ""); step !== undefined; step = byId.get(latest(step.needs) ?? "")) path.unshift({ step, ms: endOf(step.view.id) - (times.get(step.view.id)?.startMs ?? 0) });
    return { ms: endOf(last ?? ""), path };
}

/** Of each host, everybody who has gone before it. Hosts are in their order already. */
function transitive({ hosts }: ShutdownPlan): Map<string, ReadonlySet<string>> {
    const { waits, gone } = orderOf(hosts);
    const before = new Map<string, ReadonlySet<string>>();
    for (const host of hosts) {
        const direct = [...(waits.get(host.name) ?? []), ...(gone.get(host.name) ?? [])];
        before.set(host.name, new Set(direct.flatMap((name) => [name, ...(before.get(name) ?? [])])));
    }
    return before;
}
