import { actionNamed } from "./actions";
import type { ActionParameters, CatalogueAction } from "./catalogue";
import { hostNameProblem } from "./commands";
import { findCycle, inOrder } from "./plan-order";

/** What becomes of a host's later steps when one of its steps fails: they are taken all the same, or the host stays up. */
export const failurePolicies = ["go-on", "keep-up"] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

/** Who goes first: `early` is shed before everybody else, `core` (switches, storage, DNS) goes when everybody else has gone. */
export const priorities = ["early", "normal", "core"] as const;
export type Priority = (typeof priorities)[number];

/** What others lose with a host. `controller`: the machine that carries the one Node-RED runs on. */
export const facilities = ["network", "dns", "storage", "controller"] as const;
export type Facility = (typeof facilities)[number];

/** One action of the catalogue, as a host takes it. */
export interface PlanStep {
    action: CatalogueAction;
    params: ActionParameters;
    /** Longest time for it, ms. */
    timeoutMs: number;
    onFailure: FailurePolicy;
}

/** A host as the plan knows it. How to reach it is the transport's business. */
export interface PlanHost {
    name: string;
    /** The machine that Node-RED runs on: always last, and without SSH. */
    local: boolean;
    priority: Priority;
    /** Hosts whose steps are taken before this one's. */
    after: string[];
    /** Hosts that this one needs while it stops: it goes before them. */
    needs: string[];
    provides: Facility[];
    /** Devices (UPSes, plugs) that feed it. */
    fedBy: string[];
    /** In the order in which they are taken. */
    steps: PlanStep[];
    /** How it is switched off; undefined: it stays on. */
    final: PlanStep | undefined;
    /** Device of the plug that feeds this host and no other: its watts prove that the host is off. */
    watch?: string;
}

/** How hosts are switched off that have no way of their own: `shutdown -h +N`, `poweroff` at once, or not at all. */
export type Final = { verb: "shutdown"; delayMinutes: number } | { verb: "poweroff" } | { verb: "none" };

export interface ShutdownPlan {
    hosts: PlanHost[];
    final: Final;
    /** s that the batteries carry the load; undefined when nobody has said so. */
    runtimeS?: number;
    /** How long to look whether a host goes down, s after its delay; undefined: nobody looks. This machine waits for it. */
    proofS?: number;
}

/** A step as a person or the editor wrote it. */
export interface StepDraft {
    action: string;
    params?: ActionParameters;
    timeoutS?: number;
    onFailure?: FailurePolicy;
}

/** A plan as a person or the editor wrote it. `services` are stopped before the `steps`. */
export interface PlanDraft {
    hosts: readonly {
        name: string;
        services?: readonly string[];
        steps?: readonly StepDraft[];
        after?: readonly string[];
        needs?: readonly string[];
        local?: boolean;
        priority?: Priority;
        provides?: readonly Facility[];
        fedBy?: readonly string[];
        stopTimeoutS?: number;
        /** Absent: the plan's own. */
        final?: StepDraft | "none";
        watch?: string;
    }[];
    final?: Final;
    runtimeS?: number;
    proofS?: number;
}

export const defaultFinal: Final = { verb: "shutdown", delayMinutes: 2 };
const defaultStopTimeoutS = 30;
/** Longest time for a final command to be taken, s. */
const finalTimeoutS = 10;

/** Checks a draft. `problems` says everything that is wrong with it; there is a plan only when nothing is. */
export function parsePlan(draft: PlanDraft): { plan?: ShutdownPlan; problems: string[] } {
    const problems: string[] = [];
    const final = draft.final ?? defaultFinal;
    const everyones = final.verb === "none" ? undefined : stepOf({ action: final.verb, params: final.verb === "shutdown" ? { delayMinutes: final.delayMinutes } : {} }, finalTimeoutS, problems, "");
    const hosts = draft.hosts.map((host): PlanHost => {
        const mine = `${host.name}: `;
        const stopTimeoutS = host.stopTimeoutS ?? defaultStopTimeoutS;
        if (!(stopTimeoutS >= 1 && stopTimeoutS <= 3600)) problems.push(`${mine}the stop timeout must be between 1 and 3600 s`);
        const steps = [...(host.services ?? []).map((service): StepDraft => ({ action: "stop-service", params: { service } })), ...(host.steps ?? [])];
        const own = host.final === undefined || host.final === "none" ? undefined : stepOf(host.final, finalTimeoutS, problems, mine);
        if (own !== undefined && own.action.ends !== true) problems.push(`${mine}"${own.action.verb}" does not switch a machine off`);
        return {
            name: host.name,
            local: host.local ?? false,
            priority: host.priority ?? "normal",
            after: [...new Set(host.after ?? [])],
            needs: [...new Set(host.needs ?? [])],
            provides: [...new Set(host.provides ?? [])],
            fedBy: [...new Set(host.fedBy ?? [])],
            steps: steps.flatMap((step) => stepOf(step, stopTimeoutS, problems, mine) ?? []),
            final: host.final === "none" ? undefined : own ?? everyones,
            ...(host.watch !== undefined && { watch: host.watch }),
        };
    });
    if (hosts.length === 0) problems.push("the plan has no hosts");
    problems.push(...duplicates(hosts.map((host) => host.name)).map((name) => `host ${name} is in the plan twice`));
    for (const host of hosts) problems.push(...hostProblems(host, hosts));
    if (hosts.filter((host) => host.local).length > 1) problems.push("only one host can be this machine");
    if (problems.length === 0) {
        const cycle = findCycle(hosts);
        if (cycle !== undefined) problems.push(`these hosts wait for each other: ${cycle.join(" → ")}`);
    }
    if (problems.length > 0) return { problems };
    const { runtimeS, proofS } = draft;
    return { plan: { hosts: inOrder(hosts), final, ...(runtimeS !== undefined && { runtimeS }), ...(proofS !== undefined && { proofS }) }, problems };
}

/** @param whose begins what is said of it */
function stepOf({ action: verb, params = {}, timeoutS, onFailure = "go-on" }: StepDraft, fallbackS: number, problems: string[], whose: string): PlanStep | undefined {
    const action = actionNamed(verb);
    if (action === undefined) {
        problems.push(`${whose}there is no action ${JSON.stringify(verb)}`);
        return undefined;
    }
    problems.push(...action.problems(params).map((problem) => `${whose}${problem}`));
    const least = action.leastS?.(params) ?? 1;
    const seconds = timeoutS ?? Math.max(fallbackS, least);
    if (timeoutS !== undefined && timeoutS < least && least > 1) problems.push(`${whose}${verb}: its time limit of ${timeoutS} s is over before it is done, give it at least ${least} s`);
    if (timeoutS !== undefined && !(seconds >= 1 && seconds <= 3600)) problems.push(`${whose}${verb}: the time limit must be between 1 and 3600 s`);
    return { action, params, timeoutMs: seconds * 1000, onFailure };
}

function hostProblems(host: PlanHost, hosts: readonly PlanHost[]): string[] {
    const wrongName = hostNameProblem(host.name);
    if (wrongName !== undefined) return [wrongName];
    const services = host.steps.flatMap(({ action, params }) => (action.verb === "stop-service" ? [String(params.service)] : []));
    const problems = duplicates(services).map((service) => `${host.name}: service ${service} is listed twice`);
    problems.push(...host.steps.filter(({ action }) => action.ends).map(({ action }) => `${host.name}: "${action.verb}" switches the machine off and can only be its end`));
    for (const [names, verb] of [[host.after, "waits for"], [host.needs, "needs"]] as const) {
        for (const name of names) {
            const other = hosts.find((candidate) => candidate.name === name);
            if (name === host.name) problems.push(`${host.name} ${verb} itself`);
            else if (other === undefined) problems.push(`${host.name} ${verb} ${JSON.stringify(name)}, which is not in the plan`);
            else if (other.local && verb === "waits for") problems.push(`${host.name} waits for ${name}, but this machine is always last`);
        }
    }
    return problems;
}

function duplicates(names: readonly string[]): string[] {
    return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
