import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock, type Cancel } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { writes } from "../../lib/kit/writers";
import { armingOf } from "../../lib/shutdown/arming";
import { commandFrom, manualStream, type Decision } from "../../lib/shutdown/gate";
import { RunJournal } from "../../lib/shutdown/journal";
import { parseMeasured } from "../../lib/shutdown/measured";
import type { HealthNews } from "../../lib/shutdown/health";
import { Observer } from "../../lib/shutdown/observer";
import { Sequencer, type SequencerSetup } from "../../lib/shutdown/sequencer";
import { drilledEvent, type DrilledPlanNode } from "../shutdown-plan/drills";
import { adminPost } from "../shared/admin";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { dataPath, loadState, nodeState } from "../shared/storage";
import { teller } from "../shared/telling";
import { background, every, onClose, onInput, type FlowMessage } from "../shared/wire";
import { isForAnother, type SequencerMark } from "./addressed";
import { parseConfig } from "./config";
import { asksFor, Drilling } from "./drilling";
import { classifierBefore } from "./one-reading";
import { surroundings, unsafe } from "./safety";
import { Readiness } from "./readiness";
import { sourceOf, supplyOf } from "./supply";
import { idleStatus, progressStatus, resultStatus } from "./status-text";

interface SequencerNode extends Node {
    rehearse?(): Promise<Decision>;
}

export = (RED: NodeAPI): void => {
    function ShutdownSequencer(this: SequencerNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const { dryRun, enabled, startOn } = config;
        const light = new StatusLight(this);
        const show = ({ mood, text }: ReturnType<typeof idleStatus | typeof progressStatus>): void => light.show(mood, text);

        const risks = unsafe(surroundings(RED), config);
        const planNode = (): DrilledPlanNode | undefined => {
            const node = RED.nodes.getNode(config.plan) as DrilledPlanNode | null | undefined;
            return node?.type === "shutdown-plan" ? node : undefined;
        };
        /** Known when the flows have started; and what stands before it may be deployed without it. */
        let oneReading: string | undefined;
        const setup = (): SequencerSetup => {
            const node = planNode();
            if (node === undefined) {
                const lost = config.plan === "" ? [] : ["the shutdown plan is gone"];
                return { plan: undefined, switches: { dryRun, enabled, problems: [...problems, ...lost], unready: [] }, access: (name) => { throw new Trouble("config", `host ${name}: no plan`); } };
            }
            const { plan, problems: planProblems, unready, access } = node.resolve();
            return {
                plan, switches: { dryRun, enabled, problems: [...problems, ...planProblems], unready: [...unready, ...risks], ...(oneReading !== undefined && { oneReading }) },
                access: (name) => (config.onlyDrilled ? drilling.provenOnly(access(name), name) : access(name)),
            };
        };

        const mark = (): SequencerMark => ({ id: this.id, name: this.name ?? "", plan: planNode()?.name ?? "" });
        const sendProgress = (msg: object): void => this.send([{ ...msg, sequencer: mark() } as FlowMessage, null]);
        const sendResult = (msg: object): void => this.send([null, { ...msg, sequencer: mark() } as FlowMessage]);

        const keeper = new StateKeeper(this, nodeState(RED, this, parseMeasured));
        const observer = new Observer({
            clock: systemClock,
            address: (host) => setup().access(host).address,
            save: (measured) => keeper.saveSoon(measured, measuredMs),
        });
        const measuredPlan = planNode();
        if (measuredPlan !== undefined) measuredPlan.usualMs = (step) => observer.usualMs(step);
        const drilling: Drilling = new Drilling(this, {
            drills: () => planNode()?.drills,
            arming: () => armingOf(setup().switches, drilling.standings),
            busy: () => sequencer.run?.head.mode === "live",
            checkMs: config.checkHours * 3_600_000,
            tell: (health) => tell(health),
        });
        const tell = (health: HealthNews): void => sendResult({ topic: "health", payload: health.text, health });
        const readiness = new Readiness({
            access: (host) => setup().access(host),
            hosts: () => {
                const { plan, switches } = setup();
                return plan !== undefined && armingOf(switches, drilling.standings).level === "armed" ? plan.hosts.filter(({ local }) => !local).map(({ name }) => name) : [];
            },
            tell,
        });
        const journalPath = dataPath(RED, this, ".journal");
        const tellJournal = teller(RED, this, "journal");
        let closing = false;
        const sequencer: Sequencer<FlowMessage> = new Sequencer<FlowMessage>({
            setup: () => ({ ...setup(), access: (host) => readiness.accessTo(host) }),
            prove: (...look) => observer.prove(...look),
            measured: (...taken) => observer.measured(...taken),
            usualMs: (step) => observer.usualMs(step),
            stableMs: config.stableS * 1000,
            holdMs: config.holdMinutes * 60_000,
            needsToken: config.needsToken,
            clock: systemClock,
            journal: new RunJournal(journalPath, (text) => (closing ? this.warn(text) : tellJournal(text))),
            voice: {
                progress: (progress, origin) => {
                    if (progress.mode === "live") drilling.runs();
                    idle = lost = false;
                    sendProgress({ ...carrier(origin), topic: progress.changed?.host ?? progress.run, payload: progress.text, progress });
                    show(progressStatus(progress));
                },
                result: (result, origin) => {
                    if (result.mode === "live" && sequencer.run?.head.mode !== "live") drilling.over();
                    idle = false;
                    const msg = { ...carrier(origin), topic: result.run, payload: result.text, result };
                    sendResult(msg);
                    show(resultStatus(result));
                    if (result.outcome === "incomplete") this.error(`shutdown incomplete: ${result.text}`, msg);
                },
                warn: (text) => this.warn(text),
                lost: (text) => {
                    tellJournal(text);
                    lost = true;
                    showIdle();
                },
            },
        });
        /** The status says what would happen, not what has. */
        let idle = true;
        /** Its journal, until a run begins anew. */
        let lost = false;
        const showIdle = (): void => {
            idle = true;
            show(lost ? { mood: "error", text: "journal lost: see its error" } : idleStatus(setup(), drilling.standings, sequencer.spent));
        };
        const refresh = (): void => {
            oneReading = classifierBefore(RED, this);
            drilling.look();
            if (idle && sequencer.run === undefined) showIdle();
        };
        // A drill of many hosts says it often, and one look a moment later is enough.
        let soon: Cancel | undefined;
        const drilled = (plan: unknown): void => {
            if (plan !== config.plan) return;
            soon ??= systemClock.after(100, () => {
                soon = undefined;
                background(this, refresh);
            });
        };
        RED.events.on(drilledEvent, drilled);
        every(this, refreshMs, refresh, { firstMs: refreshMs });
        showIdle();
        background(this, async () => {
            await drilling.begin();
            refresh();
            const { level, text, proven, of, caution } = armingOf(setup().switches, drilling.standings);
            if (level !== "armed") return;
            if (caution !== undefined) this.warn(`armed, and ${caution}`);
            if (proven < of) this.warn(`${text}: drill the hosts in the plan's dialog`);
            if (Number((stored as { version?: unknown }).version ?? 1) < 2) unsafe(surroundings(RED)).forEach((risk) => this.warn(`armed, since it was before this was asked: ${risk}`));
        });
        background(this, async () => {
            const measured = await loadState(RED, this, keeper.file, { loss: "how long steps take, and what hosts draw when they are down, is measured anew" });
            if (measured !== undefined) observer.restore(measured);
        });
        background(this, async () => {
            await sequencer.ready;
            if (sequencer.run === undefined && sequencer.spent.length > 0) showIdle();
        });

        onInput(this, async (msg) => {
            if (isForAnother(msg, this.id)) return;
            if (msg.reading !== undefined) observer.hear(msg.reading);
            readiness.heed(msg as Record<string, unknown>);
            const asked = asksFor(msg);
            if (asked === "evidence") {
                await planNode()?.drills.ready;
                const arming = { ...armingOf(setup().switches, drilling.standings), ...(config.checkHours > 0 && { checkEveryMs: config.checkHours * 3_600_000 }), hosts: drilling.standings };
                sendResult({ ...carrier(msg), topic: "evidence", payload: arming.text, arming });
                return;
            }
            if (asked === "drill") {
                const drill = await drilling.drill(msg);
                sendResult({ ...carrier(msg), topic: "drill", payload: drill.text, drill });
                return;
            }
            const heard = commandFrom(msg as Record<string, unknown>, { at: systemClock.now(), startOn });
            // A reading alone says nothing to do, but may prove later that a host is off.
            if ("error" in heard && msg.reading !== undefined && msg.command === undefined && msg.transition === undefined) return;
            if ("error" in heard) throw new Trouble("garbage", `not understood: ${heard.error}`);
            if ("ignored" in heard) {
                if (supplyOf(msg as Record<string, unknown>) !== undefined) sequencer.speaks(sourceOf(msg as Record<string, unknown>));
                return;
            }
            // A run that an earlier process began is known when its journal has been read.
            await sequencer.ready;
            if ("hold" in heard) {
                const refused = sequencer.hold(heard.hold, heard.simulated, msg.token);
                if (refused !== undefined) this.warn(`${heard.hold ? "hold" : "release"}: ${refused}`);
                return;
            }
            const refused = heard.command.action === "cancel" ? sequencer.tokenProblem(msg.token) : undefined;
            if (refused !== undefined) throw new Trouble("auth", `not cancelled: ${refused}`);
            const decision = await sequencer.handle(heard.command, msg, heard.level === true, heard.only);
            if (decision.act === "ignore" && heard.only !== undefined) throw new Trouble("config", `${heard.only} is not shut down by hand: ${decision.why}`);
            if (decision.act === "tell" && decision.outcome === "invalid") throw new Trouble("config", `nothing is shut down, not armed: ${decision.why}`);
            if (decision.act === "rearm" && sequencer.run === undefined) showIdle();
            if (decision.act === "ignore" && (decision.quiet || heard.level)) return;
            if (decision.act === "ignore" && heard.command.action !== "restored") this.warn(`${heard.command.reason}: ignored, ${decision.why}`);
            else if (decision.act === "join" || decision.act === "rearm") this.log(decision.why);
        });

        this.rehearse = () => sequencer.handle({ action: "shutdown", reason: "rehearsal by hand", at: systemClock.now(), stream: manualStream, conclusive: false, simulated: true });
        onClose(this, async (removed) => {
            closing = true;
            RED.events.off(drilledEvent, drilled);
            soon?.();
            drilling.over();
            readiness.close();
            // A run that is still coming to rest has more to note.
            await writes(journalPath, sequencer.close(removed));
            await keeper.close(undefined, removed);
        });
    }
    RED.nodes.registerType("shutdown-sequencer", ShutdownSequencer);

    adminPost(RED, "shutdown-sequencer/:id", "shutdown-sequencer.write", async (_body, { id }) => {
        const node = typeof id === "string" ? (RED.nodes.getNode(id) as SequencerNode | null | undefined) : undefined;
        if (node?.type !== "shutdown-sequencer" || node.rehearse === undefined) return { ok: false, error: "deploy the node first" };
        const { act, why } = await node.rehearse();
        return act === "run" ? { ok: true } : { ok: false, error: why };
    });
};

/** How far apart what was measured is saved, ms: in a run the disk is wanted for the journal. */
const measuredMs = 1000;

/** How often the status is made anew: proof grows old, ms. */
const refreshMs = 60_000;

/** What would make somebody act on a message again. */
const triggers: ReadonlySet<string> = new Set(["command", "transition", "missed", "alert", "verdict", "quorum", "event", "power", "token"]);

/** What of the message that began a run its messages carry on: everything but the trigger itself. */
function carrier(origin: FlowMessage | undefined): Record<string, unknown> {
    return Object.fromEntries(Object.entries(origin ?? {}).filter(([key]) => !triggers.has(key)));
}
