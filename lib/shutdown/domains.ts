import { fakeMark, type ShutdownCommand } from "../power/command";
import type { JournalMemory } from "./journal-records";
import type { PlanHost, ShutdownPlan } from "./plan";
import { orderOf } from "./plan-order";
import type { RunMode } from "./progress";
import type { Sources } from "./sources";

/** What is known of a device that may feed hosts: it decides for itself and has not decided; its outage has had its run. */
export type Feed = "speaks" | "dealt" | undefined;

/** The hosts of a plan, as an outage divides them. */
export interface Division {
    /** Names of those that lose their power, in the plan's order. */
    out: string[];
    /** Those that something else still feeds, and what that is. */
    fed: { host: string; by: string }[];
    /** All that it does not take, by their names: those, and those whose own outage has had its run. */
    stay: string[];
}

/**
 * Which hosts an outage takes: all but those that another device still feeds, and those of another device whose own outage
 * has had its run. What is not known helps nobody: a device that was never heard of, a name with a slip in it, a source that
 * has fallen silent. An outage of something that feeds no host by name (a group, a station before them all) takes everybody.
 * @param device what has lost its power
 */
export function divide({ hosts }: ShutdownPlan, device: string, feed: (device: string) => Feed): Division {
    const division: Division = { out: [], fed: [], stay: [] };
    const isDomain = hosts.some(({ fedBy }) => fedBy.includes(device));
    for (const { name, fedBy } of hosts) {
        const others = isDomain ? fedBy.filter((other) => other !== device) : [];
        const by = others.find((other) => feed(other) === "speaks");
        if (by !== undefined) division.fed.push({ host: name, by });
        const goes = by === undefined && (fedBy.includes(device) || !others.some((other) => feed(other) === "dealt"));
        (goes ? division.out : division.stay).push(name);
    }
    return division;
}

/**
 * What a command's outage takes of a plan.
 * @param ran what each stream's outage has led to; a rehearsal stands in no way of a real run
 */
export function taken(plan: ShutdownPlan, { stream, simulated: fake }: Pick<ShutdownCommand, "stream" | "simulated">, mode: RunMode, sources: Pick<Sources, "isUp">, ran: ReadonlyMap<string, RunMode>): Division {
    const simulated = fake === true;
    const dealt = (device: string): boolean => {
        const how = ran.get(simulated ? `${device}${fakeMark}` : device);
        return how === "live" || how === mode;
    };
    return divide(plan, stream.endsWith(fakeMark) ? stream.slice(0, -fakeMark.length) : stream, (device) => (sources.isUp(device, simulated) ? "speaks" : dealt(device) ? "dealt" : undefined));
}

/** Those hosts of the real run under way that a device feeds which has its power again, and that no other of its outages takes. None of a run by hand. */
export function spared(plan: ShutdownPlan, device: string, sources: Pick<Sources, "isUp">, { open, ran }: JournalMemory): string[] {
    if (open === undefined || open.only !== undefined) return [];
    const now: Pick<Sources, "isUp"> = { isUp: (other, simulated) => other === device || sources.isUp(other, simulated) };
    const left = [...open.streams].filter((stream) => stream !== device);
    const gone = new Set([...(open.without ?? []), ...(open.spared?.hosts ?? []), ...left.flatMap((stream) => taken(plan, { stream }, "live", now, ran).out)]);
    return plan.hosts.filter(({ name, fedBy }) => fedBy.includes(device) && !gone.has(name)).map(({ name }) => name);
}

/**
 * The outages that have had their run, go on, and are a reason for some of these hosts to go, too: power that is back for
 * another puts nothing back there.
 */
export function alsoOut(plan: ShutdownPlan, { stream }: Pick<ShutdownCommand, "stream">, hosts: readonly string[], sources: Sources, { ran, calledOff }: JournalMemory): string[] {
    const going = [...ran].flatMap(([other, mode]) => (mode === "live" && other !== stream && !calledOff.has(other) && sources.isOut(other) ? [other] : []));
    return going.filter((other) => taken(plan, { stream: other }, "live", sources, ran).out.some((host) => hosts.includes(host)));
}

/** One host, and nobody else. */
export function alone({ hosts }: ShutdownPlan, host: string): Division {
    return { out: [host], fed: [], stay: hosts.map(({ name }) => name).filter((name) => name !== host) };
}

/** A plan for some of its hosts. Those keep the order that they have in the whole one, also where it led over a host that stays. */
export function partOf(plan: ShutdownPlan, isIn: (host: string) => boolean): ShutdownPlan {
    if (plan.hosts.every(({ name }) => isIn(name))) return plan;
    const { waits } = orderOf(plan.hosts);
    const before = (name: string, seen = new Set<string>()): string[] => (waits.get(name) ?? []).flatMap((other) => {
        if (seen.has(other)) return [];
        seen.add(other);
        return isIn(other) ? [other] : before(other, seen);
    });
    const hosts = plan.hosts.filter(({ name }) => isIn(name)).map((host): PlanHost => ({
        ...host,
        after: host.local ? [] : [...new Set(before(host.name))],
        needs: host.needs.filter(isIn),
    }));
    return { ...plan, hosts };
}
