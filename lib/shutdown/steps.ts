import type { ActionParameters, CatalogueAction } from "./catalogue";
import { priorities, type FailurePolicy, type PlanHost, type ShutdownPlan } from "./plan";
import { orderOf } from "./plan-order";
import type { StepKind, StepView } from "./progress";
import { scheduledViews, type UsualMs } from "./schedule";

/** What a step does: log in, look whether the host is down, or carry out an action of the catalogue. */
export type StepAction = { verb: "connect" } | { verb: "prove" } | { verb: "act"; action: CatalogueAction; params: ActionParameters };

/** One step of a plan, with what must be over before it may begin. */
export interface PlannedStep {
    view: StepView;
    action: StepAction;
    /** Ids of the steps that must be over: done, failed or skipped. Nothing waits for success. */
    needs: string[];
    /** Longest time for the action itself, ms. */
    timeoutMs: number;
    onFailure: FailurePolicy;
}

/** Whether a step may be taken once more after an interruption in the middle. */
export function isRepeatable(action: StepAction): boolean {
    return action.verb !== "act" || action.action.repeatable;
}

/** Longest time for a login, ms. */
export const loginTimeoutMs = 10_000;

/**
 * The steps of a plan in the order in which a rehearsal walks them. The runner executes this very list, each step as soon
 * as its `needs` are over, so that the preview is the execution.
 *
 * S0's order: services host by host, then the final command on all, this machine last. All logins begin at once, so that a
 * dead host is known early. Hosts that wait for each other by name form a group: their final commands come after all steps
 * of the group. A host of a later class is touched when those of the earlier ones have their final commands. Hosts without
 * an order between them never wait for each other; only this machine waits for everybody, and for the proof that they are
 * down.
 */
export function stepsOf(plan: ShutdownPlan): PlannedStep[] {
    const { hosts } = plan;
    const { waits, gone: earlier } = orderOf(hosts);
    const over = new Map<string, string[]>();
    const steps: PlannedStep[] = [];
    const layers = new Map<string, number>();
    const add = (host: PlanHost, name: string, kind: StepKind, label: string, step: Pick<PlannedStep, "action" | "timeoutMs" | "onFailure">, needs: Iterable<string>): string => {
        const id = freeId(`${host.name}/${name}`, layers);
        const list = [...new Set(needs)];
        const layer = list.reduce((deepest, need) => Math.max(deepest, 1 + (layers.get(need) ?? 0)), 0);
        layers.set(id, layer);
        steps.push({ view: { id, host: host.name, kind, label, state: "planned", layer }, ...step, needs: list });
        return id;
    };
    const act = ({ action, params, timeoutMs, onFailure }: PlanHost["steps"][number]): Pick<PlannedStep, "action" | "timeoutMs" | "onFailure"> => ({ action: { verb: "act", action, params }, timeoutMs, onFailure });
    const groups = groupsOf(hosts, waits);
    const finals = new Map<string, string>();
    const proofs = new Map<string, string[]>();
    const addFinals = (some: readonly PlanHost[]): void => {
        for (const host of some) {
            if (host.final === undefined) continue;
            const group = host.local ? hosts.map(({ name }) => name) : (groups.get(host.name) ?? []);
            const before = group.flatMap((name) => over.get(name) ?? []);
            const others = [...(waits.get(host.name) ?? []), ...(earlier.get(host.name) ?? [])].flatMap((name) => [...(finals.has(name) ? [finals.get(name) ?? ""] : []), ...(host.local ? (proofs.get(name) ?? []) : [])]);
            const final = add(host, "power-off", "power-off", host.final.action.label(host.final.params), act(host.final), [...before, ...others]);
            finals.set(host.name, final);
            if (plan.proofS === undefined || host.local) continue;
            const timeoutMs = plan.proofS * 1000 + delayMs(host.final);
            proofs.set(host.name, [add(host, "prove", "prove", "look whether it is down", { action: { verb: "prove" }, timeoutMs, onFailure: "go-on" }, [final])]);
        }
    };
    const addSteps = (host: PlanHost): void => {
        const gone = (earlier.get(host.name) ?? []).flatMap((name) => finals.get(name) ?? over.get(name) ?? []);
        const before = [...(waits.get(host.name) ?? []).flatMap((name) => over.get(name) ?? []), ...gone];
        let last = host.local ? before : [add(host, "connect", "connect", "log in", { action: { verb: "connect" }, timeoutMs: loginTimeoutMs, onFailure: "go-on" }, []), ...before];
        for (const step of host.steps) {
            const { action, params } = step;
            const service = action.verb === "stop-service";
            last = [add(host, service ? `${action.verb}/${String(params.service)}` : action.verb, service ? "stop-service" : "act", action.label(params), act(step), last)];
        }
        over.set(host.name, last);
    };
    const here = hosts.filter((host) => host.local);
    const classes = priorities.map((priority) => hosts.filter((host) => !host.local && host.priority === priority)).filter((some) => some.length > 0);
    // Class by class: what a later one waits for must have its place already.
    for (const some of classes.slice(0, -1)) {
        some.forEach(addSteps);
        addFinals(some);
    }
    const last = classes.at(-1) ?? [];
    [...last, ...here].forEach(addSteps);
    addFinals([...last, ...here]);
    return steps;
}

/** What a plan will do, step by step, and when. */
export function previewPlan(plan: ShutdownPlan, usualMs?: UsualMs): StepView[] {
    return scheduledViews(stepsOf(plan), usualMs);
}

/** How long a host that has its final command stays up on purpose, ms. */
export function delayMs({ action, params }: Pick<PlanHost["steps"][number], "action" | "params">): number {
    return action.verb === "shutdown" ? Number(params.delayMinutes ?? 2) * 60_000 : 0;
}

/** The same action may be taken twice on a host. */
function freeId(id: string, taken: ReadonlyMap<string, unknown>): string {
    let free = id;
    for (let count = 2; taken.has(free); count += 1) free = `${id}/${count}`;
    return free;
}

/** The group of each host: those linked by name in either direction, over any number of hosts. This machine links nobody. */
function groupsOf(hosts: readonly PlanHost[], waits: ReadonlyMap<string, readonly string[]>): Map<string, readonly string[]> {
    const groups = new Map(hosts.map(({ name }) => [name, [name]]));
    for (const { name, local } of hosts) {
        for (const other of local ? [] : (waits.get(name) ?? [])) {
            const [mine, theirs] = [groups.get(name), groups.get(other)];
            if (mine === undefined || theirs === undefined || mine === theirs) continue;
            mine.push(...theirs);
            for (const member of theirs) groups.set(member, mine);
        }
    }
    return groups;
}
