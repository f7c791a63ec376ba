import type { Node } from "node-red";
import { Trouble } from "../../lib/kit/trouble";
import { ownContainer } from "../../lib/shutdown/actions/own-container";
import { lintPlan, type Lint } from "../../lib/shutdown/lint";
import { parsePlan, type ShutdownPlan } from "../../lib/shutdown/plan";
import type { UsualMs } from "../../lib/shutdown/schedule";
import type { HostAccess } from "../../lib/shutdown/transport";
import type { PowerHost } from "../power-host/access";
import type { ShutdownPlanConfig } from "./config";

/** A plan with its hosts, as they are at this moment. */
export interface ResolvedPlan {
    plan: ShutdownPlan | undefined;
    /** What is wrong with the plan itself. */
    problems: string[];
    /** Why hosts cannot be reached, and what in the plan would go wrong: "nas: no pinned host key". Stands against a real run only. */
    unready: string[];
    /** What its lint has to say, errors (which are in `unready`, too) and warnings. */
    lints: Lint[];
    /** @throws Trouble when the plan has no such host */
    access(host: string): HostAccess;
}

export interface ShutdownPlanNode extends Node {
    /** Looks the hosts up anew: they may be created after the plan, and deployed without it. */
    resolve(): ResolvedPlan;
    /** How long its steps usually take, as far as a sequencer of it has measured them. */
    usualMs?: UsualMs;
}

/**
 * The plan that the stored rows and the power hosts amount to. The dialog's preview and the sequencer both come through here.
 * @param find the power host of an id; undefined when there is none
 * @param usualMs how long its steps have taken; else their limits count
 */
export function resolvePlan({ rows, final, runtimeS, proofS }: ShutdownPlanConfig, configProblems: readonly string[], find: (id: string) => PowerHost | undefined, usualMs?: UsualMs): ResolvedPlan {
    const found = rows.map((row) => ({ row, host: find(row.host) }));
    const missing = found.flatMap(({ host }, index) => (host === undefined ? [`the host of row ${index + 1} is gone`] : []));
    const hosts = found.flatMap(({ row, host }) => (host === undefined ? [] : [{ row, host }]));
    const { plan, problems } = parsePlan({ final, hosts: hosts.map(({ row: { host: _id, ...row }, host: { name, local } }) => ({ ...row, name, local })), ...(runtimeS !== undefined && { runtimeS }), ...(proofS !== undefined && { proofS }) });
    const byName = new Map(hosts.map(({ host }) => [host.name, host]));
    const lints = plan === undefined ? [] : lintPlan(plan, { address: (name) => byName.get(name)?.address, contained: ownContainer() !== undefined, ...(usualMs && { measuredMs: usualMs }) });
    const all = [...configProblems, ...missing, ...(missing.length > 0 ? [] : problems)];
    return {
        plan: all.length === 0 ? plan : undefined,
        problems: all,
        unready: [...hosts.flatMap(({ host }) => (host.problems.length > 0 ? [`${host.name}: ${host.problems.join(", ")}`] : [])), ...lints.filter(({ level }) => level === "error").map(({ text }) => text)],
        lints,
        access(name) {
            const access = byName.get(name)?.access;
            if (access === undefined) throw new Trouble("config", `host ${name}: not in the plan any more`);
            return access;
        },
    };
}

/** resolvePlan for one that is asked again and again: it looks through the plan anew only when one of its hosts is another. */
export function planResolver(config: ShutdownPlanConfig, problems: readonly string[], find: (id: string) => PowerHost | undefined): () => ResolvedPlan {
    let last: { hosts: readonly (PowerHost | undefined)[]; resolved: ResolvedPlan } | undefined;
    return () => {
        const hosts = config.rows.map((row) => find(row.host));
        if (last === undefined || hosts.some((host, index) => host !== last?.hosts[index])) last = { hosts, resolved: resolvePlan(config, problems, find) };
        return last.resolved;
    };
}
