import { createHash } from "node:crypto";
import type { PlanDraft } from "../../lib/shutdown/plan";
import type { RunProgress, RunResult, StepView } from "../../lib/shutdown/progress";
import type { FlowNode, NodeRed } from "./node-red";

type HostDraft = PlanDraft["hosts"][number];

/** A host of a site: what the plan does with it, and how it is reached. */
export interface SiteHost extends Pick<HostDraft, "name" | "services" | "steps" | "after" | "priority"> {
    address: string;
    /** "ssh-ed25519 AAAA..." */
    hostKey: string;
}

/** An outage, a plan of its own, and the armed sequencer that carries it out. */
export interface SiteDraft {
    name: string;
    hosts: readonly SiteHost[];
    /** How long to look whether hosts go down, s. */
    proofS: number;
    /** How long power must be back, s. */
    stableS?: number;
}

const idOf = (...names: string[]): string => createHash("sha256").update(names.join("/")).digest("hex").slice(0, 16);

/** A site in a Node-RED that runs: begins and ends its outage, and sees what becomes of it. */
export class Site {
    readonly #id = (part: string): string => idOf(this.draft.name, part);

    constructor(readonly draft: SiteDraft) {}

    /** Its nodes, with every setting stored as the editor stores it. */
    flow(keyFile: string): FlowNode[] {
        const { name, hosts, proofS, stableS = 30 } = this.draft;
        const id = this.#id;
        const place = { z: id("tab"), x: 0, y: 0 };
        const say = (part: string, command: object): FlowNode => ({ id: id(part), type: "inject", ...place, props: [{ p: "command", v: JSON.stringify({ stream: `${name} plug`, ...command }), vt: "json" }], wires: [[id("sequencer")]] });
        const sink = (part: string): FlowNode => ({ id: id(part), type: "debug", ...place, active: false, wires: [] });
        return [
            { id: id("tab"), type: "tab", label: name },
            ...hosts.map((host): FlowNode => ({ id: id(`host ${host.name}`), type: "power-host", version: 2, name: host.name, kind: "ssh", host: host.address, port: "22", user: "power", auth: "keyFile", keyFile, transport: "ssh2", trust: "pinned", hostKey: host.hostKey })),
            {
                id: id("plan"), type: "shutdown-plan", version: 1, name, final: "poweroff", delay: "2", proof: String(proofS), evidenceDays: "30",
                hosts: hosts.map((host) => id(`host ${host.name}`)),
                steps: hosts.map(({ services = [], steps = [], after = [], priority = "normal" }) => ({ services, after, priority, stopTimeout: "30", actions: steps.map(({ action, params }) => ({ action, params })) })),
            },
            { id: id("sequencer"), type: "shutdown-sequencer", ...place, version: 2, name, plan: id("plan"), dryRun: false, enabled: true, startOn: "critical", stable: String(stableS), hold: "10", check: "0", rootKnown: true, openKnown: true, wires: [[id("progress")], [id("result")]] },
            say("outage", { action: "shutdown", reason: `${name}: the battery is low`, conclusive: true }),
            say("mains", { action: "restored", reason: `${name}: mains` }),
            ...["progress", "result"].map(sink),
        ];
    }

    outage(red: NodeRed): Promise<void> {
        return red.inject(this.#id("outage"));
    }
    mains(red: NodeRed): Promise<void> {
        return red.inject(this.#id("mains"));
    }
    /** What has been told of its runs, oldest first. */
    progress(red: NodeRed): RunProgress[] {
        return red.received(this.#id("progress")).map((msg) => msg.progress as RunProgress);
    }
    /** Resolves as soon as a step has this state, since `from` messages of progress. */
    async reaches(red: NodeRed, step: string, state: StepView["state"], from = 0, withinMs = 60_000): Promise<void> {
        await red.eventually(() => this.progress(red).slice(from).some(({ changed }) => changed?.id === step && changed.state === state), withinMs, () => `${step} to be ${state}; last: ${this.progress(red).at(-1)?.text}`);
    }
    results(red: NodeRed): RunResult[] {
        return red.received(this.#id("result")).flatMap((msg) => (msg.result === undefined ? [] : [msg.result as RunResult]));
    }
    /** Resolves with the report of the run that is the `count`th since this Node-RED has started. */
    async result(red: NodeRed, count = 1, withinMs = 90_000): Promise<RunResult> {
        await red.eventually(() => this.results(red).length >= count, withinMs, () => `report ${count} of ${this.draft.name}; last: ${this.progress(red).at(-1)?.text}`);
        return this.results(red)[count - 1] as RunResult;
    }
}

/** Of a report: what became of one step. */
export function stepOf(result: RunResult, id: string): StepView {
    const step = result.steps.find((each) => each.id === id);
    if (step === undefined) throw new Error(`no ${id} in ${result.steps.map((each) => each.id).join(", ")}`);
    return step;
}
