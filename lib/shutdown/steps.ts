import { finalArgv } from "./commands";
import type { Action, PlanHost, ShutdownPlan } from "./plan";
import type { StepView } from "./progress";

/** One step of a plan, with what must be over before it may begin. */
export interface PlannedStep {
    view: StepView;
    action: Action;
    /** Ids of the steps that must be over: done, failed or skipped. Nothing waits for success. */
    needs: string[];
    /** Longest time for the action itself, ms. */
    timeoutMs: number;
}

/** Longest time for a login, and for a final command, ms. */
export const loginTimeoutMs = 10_000;
const finalTimeoutMs = 10_000;

/**
 * The steps of a plan in the order in which a rehearsal walks them. The runner executes this very list, each step as soon
 * as its `needs` are over, so that the preview is the execution.
 *
 * S0's order: services host by host, then the final command on all, this machine last. All logins begin at once, so that a
 * dead host is known early. Hosts that are linked by `after` form a group: their final commands come after all services of
 * the group. Hosts without an order between them never wait for each other; only this machine waits for everybody.
 */
export function stepsOf(plan: ShutdownPlan): PlannedStep[] {
    const { hosts, final } = plan;
    const others = hosts.filter((host) => !host.local).map((host) => host.name);
    const waitsFor = (host: PlanHost): readonly string[] => (host.local ? others : host.after);
    const stopped = new Map<string, string[]>();
    const steps: PlannedStep[] = [];
    const layers = new Map<string, number>();
    const add = (host: PlanHost, name: string, action: Action, label: string, timeoutMs: number, needs: Iterable<string>): string => {
        const id = `${host.name}/${name}`;
        const list = [...new Set(needs)];
        const layer = list.reduce((deepest, need) => Math.max(deepest, 1 + (layers.get(need) ?? 0)), 0);
        layers.set(id, layer);
        steps.push({ view: { id, host: host.name, kind: action.verb, label, state: "planned", layer }, action, needs: list, timeoutMs });
        return id;
    };
    for (const host of hosts) {
        const before = waitsFor(host).flatMap((name) => stopped.get(name) ?? []);
        let over = host.local ? before : [add(host, "connect", { verb: "connect" }, "log in", loginTimeoutMs, []), ...before];
        for (const service of host.services) {
            over = [add(host, `stop-service/${service}`, { verb: "stop-service", service }, `stop ${service}`, host.stopTimeoutMs, over)];
        }
        stopped.set(host.name, over);
    }
    if (final.verb === "none") return steps;
    const label = finalArgv(final).join(" ");
    const groups = groupsOf(hosts);
    for (const host of hosts) {
        const group = host.local ? hosts : hosts.filter((other) => groups.get(other.name) === groups.get(host.name));
        const services = group.flatMap((other) => stopped.get(other.name) ?? []);
        const finals = waitsFor(host).map((name) => `${name}/power-off`);
        add(host, "power-off", { verb: "power-off", final }, label, finalTimeoutMs, [...services, ...finals]);
    }
    return steps;
}

/** What a plan will do, step by step. */
export function previewPlan(plan: ShutdownPlan): StepView[] {
    return stepsOf(plan).map((step) => step.view);
}

/** The hosts' groups: linked by `after` in either direction, over any number of hosts. This machine links nobody. */
function groupsOf(hosts: readonly PlanHost[]): Map<string, number> {
    const groups = new Map(hosts.map((host, index) => [host.name, index]));
    for (const host of hosts) {
        if (host.local) continue;
        for (const name of host.after) {
            const [mine, theirs] = [groups.get(host.name), groups.get(name)];
            if (mine === undefined || theirs === undefined) continue;
            for (const [member, group] of groups) if (group === theirs) groups.set(member, mine);
        }
    }
    return groups;
}
