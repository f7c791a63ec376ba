import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { commandFrom, manualStream, type Decision } from "../../lib/shutdown/gate";
import { RunJournal } from "../../lib/shutdown/journal";
import { parseMeasured } from "../../lib/shutdown/measured";
import { Observer } from "../../lib/shutdown/observer";
import { Sequencer, type SequencerSetup } from "../../lib/shutdown/sequencer";
import type { ShutdownPlanNode } from "../shutdown-plan/resolve";
import { adminPost } from "../shared/admin";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { dataPath, loadState, nodeState } from "../shared/storage";
import { background, onClose, onInput, type FlowMessage } from "../shared/wire";
import { parseConfig } from "./config";
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
        const show = ({ mood, text }: ReturnType<typeof idleStatus>): void => light.show(mood, text);

        const setup = (): SequencerSetup => {
            const node = RED.nodes.getNode(config.plan) as ShutdownPlanNode | null | undefined;
            if (node?.type !== "shutdown-plan") {
                const lost = config.plan === "" ? [] : ["the shutdown plan is gone"];
                return { plan: undefined, switches: { dryRun, enabled, problems: [...problems, ...lost], unready: [] }, access: (name) => { throw new Trouble("config", `host ${name}: no plan`); } };
            }
            const { plan, problems: planProblems, unready, access } = node.resolve();
            return { plan, switches: { dryRun, enabled, problems: [...problems, ...planProblems], unready }, access };
        };

        const keeper = new StateKeeper(this, nodeState(RED, this, parseMeasured));
        const observer = new Observer({
            clock: systemClock,
            address: (host) => setup().access(host).address,
            save: (measured) => void keeper.save(measured),
        });
        const sequencer = new Sequencer<FlowMessage>({
            setup,
            prove: (...look) => observer.prove(...look),
            measured: (...taken) => observer.measured(...taken),
            stableMs: config.stableS * 1000,
            holdMs: config.holdMinutes * 60_000,
            needsToken: config.needsToken,
            clock: systemClock,
            journal: new RunJournal(dataPath(RED, this, ".journal"), (text) => this.warn(text)),
            voice: {
                progress: (progress, origin) => {
                    this.send([{ ...carrier(origin), topic: progress.changed?.host ?? progress.run, payload: progress.text, progress } as FlowMessage, null]);
                    show(progressStatus(progress));
                },
                result: (result, origin) => {
                    const msg = { ...carrier(origin), topic: result.run, payload: result.text, result } as FlowMessage;
                    this.send([null, msg]);
                    show(resultStatus(result));
                    if (result.outcome === "incomplete") this.error(`shutdown incomplete: ${result.text}`, msg);
                },
                warn: (text) => this.warn(text),
            },
        });
        show(idleStatus(setup()));
        background(this, async () => {
            const measured = await loadState(this, keeper.file);
            if (measured !== undefined) observer.restore(measured);
        });
        background(this, async () => {
            await sequencer.ready;
            if (sequencer.run === undefined && sequencer.spent.length > 0) show(idleStatus(setup(), sequencer.spent));
        });

        onInput(this, async (msg) => {
            if (msg.reading !== undefined) observer.hear(msg.reading);
            const heard = commandFrom(msg as Record<string, unknown>, { at: systemClock.now(), startOn });
            // A reading alone says nothing to do, but may prove later that a host is off.
            if ("error" in heard && msg.reading !== undefined && msg.command === undefined && msg.transition === undefined) return;
            if ("error" in heard) throw new Trouble("garbage", `not understood: ${heard.error}`);
            if ("ignored" in heard) return;
            if ("hold" in heard) {
                const refused = sequencer.hold(heard.hold, heard.simulated, msg.token);
                if (refused !== undefined) this.warn(`${heard.hold ? "hold" : "release"}: ${refused}`);
                return;
            }
            const refused = heard.command.action === "cancel" ? sequencer.tokenProblem(msg.token) : undefined;
            if (refused !== undefined) throw new Trouble("auth", `not cancelled: ${refused}`);
            const decision = await sequencer.handle(heard.command, msg, heard.level === true);
            if (decision.act === "tell" && decision.outcome === "invalid") throw new Trouble("config", `nothing is shut down, not armed: ${decision.why}`);
            if (decision.act === "rearm" && sequencer.run === undefined) show(idleStatus(setup(), sequencer.spent));
            if (decision.act === "ignore" && (decision.quiet || heard.level)) return;
            if (decision.act === "ignore" && heard.command.action !== "restored") this.warn(`${heard.command.reason}: ignored, ${decision.why}`);
            else if (decision.act === "join" || decision.act === "rearm") this.log(decision.why);
        });

        this.rehearse = () => sequencer.handle({ action: "shutdown", reason: "rehearsal by hand", at: systemClock.now(), stream: manualStream, conclusive: false, simulated: true });
        onClose(this, async (removed) => {
            await sequencer.close(removed);
            if (removed) await keeper.file.remove();
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

/** What would make somebody act on a message again. */
const triggers: ReadonlySet<string> = new Set(["command", "transition", "missed", "alert", "verdict", "quorum", "event", "power", "token"]);

/** What of the message that began a run its messages carry on: everything but the trigger itself. */
function carrier(origin: FlowMessage | undefined): Record<string, unknown> {
    return Object.fromEntries(Object.entries(origin ?? {}).filter(([key]) => !triggers.has(key)));
}
