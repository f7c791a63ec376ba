import type { PlanHost, ShutdownPlan } from "./plan";
import { orderOf } from "./plan-order";

/** The hosts of a plan, as an outage divides them. */
export interface Division {
    /** Names of those that lose their power, in the plan's order. */
    out: string[];
    /** Those that something else still feeds, and what that is. */
    fed: { host: string; by: string }[];
}

/**
 * Which hosts an outage takes: all, but those that another device feeds whose mains is known to be there. What is not known
 * helps nobody: a device that was never heard of, a name with a slip in it, a source that has fallen silent. An outage of
 * something that feeds no host by name (a group, a station before them all) takes everybody.
 * @param device what has lost its power
 * @param isFine whether a device is known to have mains now
 */
export function divide({ hosts }: ShutdownPlan, device: string, isFine: (device: string) => boolean): Division {
    const division: Division = { out: [], fed: [] };
    const isDomain = hosts.some(({ fedBy }) => fedBy.includes(device));
    for (const { name, fedBy } of hosts) {
        const by = isDomain ? fedBy.find((other) => other !== device && isFine(other)) : undefined;
        if (by === undefined) division.out.push(name);
        else division.fed.push({ host: name, by });
    }
    return division;
}

/** A plan for some of its hosts. Those keep the order that they have in the whole one, also where it led over a host that stays. */
export function partOf(plan: ShutdownPlan, names: ReadonlySet<string>): ShutdownPlan {
    if (plan.hosts.every(({ name }) => names.has(name))) return plan;
    const { waits } = orderOf(plan.hosts);
    const before = (name: string, seen = new Set<string>()): string[] => (waits.get(name) ?? []).flatMap((other) => {
        if (seen.has(other)) return [];
        seen.add(other);
        return names.has(other) ? [other] : before(other, seen);
    });
    const hosts = plan.hosts.filter(({ name }) => names.has(name)).map((host): PlanHost => ({
        ...host,
        after: host.local ? [] : [...new Set(before(host.name))],
        needs: host.needs.filter((need) => names.has(need)),
    }));
    return { ...plan, hosts };
}
