import type { Node, NodeAPI, NodeDef } from "node-red";
import { machine } from "../../lib/kit/boot";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import type { Quorum } from "../../lib/power/quorum";
import { evidenceFrom } from "../../lib/power/quorum-evidence";
import { heardIn, parseQuorumState, resumeInBoot, resumeQuorum, type QuorumState } from "../../lib/power/quorum-state";
import { hearMember, passTime, type QuorumNews, type QuorumStep } from "../../lib/power/quorum-step";
import { streamOf } from "../../lib/power/reading";
import { parseStreams, Streams } from "../../lib/power/streams";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { loadState, nodeState } from "../shared/storage";
import { every, onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { idleStatus, statusOf } from "./status-text";

/** How often real members are looked at that may have fallen silent, ms. */
const watchMs = 1000;
/** Nobody has looked for so long, ms: the process slept. What is known is old, and has to be heard again. */
const sleptMs = 10_000;
/** While not all is well the state is written this often, so that a crash in an outage knows how old it is, ms. */
const saveMs = 10_000;
/** The most names that are told to be no member's. */
const mostStrangers = 20;

/** What it means that the state is lost. */
const forgotten = "its members are unknown until they are heard again, and a loss that was told may be told once more";

export = (RED: NodeAPI): void => {
    function RedundancyGroup(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        if (problems.length > 0) return refuseSettings(this, light, "no quorum", problems);

        const real = streamOf({ device: config.group });
        const fake = streamOf({ device: config.group, simulated: true });
        const keeper = new StateKeeper(this, nodeState(RED, this, (value) => parseStreams(value, parseQuorumState)));
        const strangers = new Set<string>();
        let streams: Streams<QuorumState> | undefined;
        // What arrives before the state is loaded waits for it, in order.
        const loaded = loadState(RED, this, keeper.file, { loss: forgotten, light }).then((found) => {
            const known = new Streams<QuorumState>();
            const now = systemClock.now();
            const [before, fakes] = [found?.get(real), found?.get(fake)];
            if (before !== undefined) {
                const state = resumeInBoot(config, before, now, machine.boot);
                if (before.lost && !state.lost) this.log(`${config.group}: the loss that was told before this machine was restarted is spent`);
                known.set(real, state);
            }
            if (fakes !== undefined) known.set(fake, resumeQuorum(config, fakes, fakes.now));
            return (streams = known);
        });
        const show = (quorum: Quorum): void => {
            const { mood, text } = statusOf(quorum);
            light.show(mood, text);
        };
        const idle = idleStatus(config);
        light.show(idle.mood, idle.text);

        const take = (known: Streams<QuorumState>, stream: string, step: QuorumStep, send: Send, msg: FlowMessage): void => {
            const before = known.get(stream);
            known.set(stream, stream === fake ? step.state : heardIn(machine.boot, step.state));
            for (const { quorum, command } of step.news) send(outputsOf(msg, { quorum, ...(command && { command }) }));
            // The save runs beside the message: a slow disk delays no shutdown.
            if (step.news.length > 0 || before === undefined || standingOf(before) !== standingOf(step.state)) void keeper.save(known);
        };
        /** Lets time pass for the real members. */
        const watch = (known: Streams<QuorumState>, send: Send, now: number): QuorumStep | undefined => {
            const state = known.get(real);
            if (state === undefined) return undefined;
            const awake = now - state.now > sleptMs ? resumeQuorum(config, state, now) : state;
            const step = passTime(config, awake, now);
            take(known, real, step, send, {} as FlowMessage);
            return step;
        };

        onInput(this, async (msg, send) => {
            const known = streams ?? (await loaded);
            const now = systemClock.now();
            const heard = evidenceFrom(msg, config.members, now, known.get(fake)?.now);
            if ("error" in heard) throw new Trouble("garbage", `no quorum: ${heard.error}`);
            if ("stranger" in heard) {
                if (strangers.has(heard.stranger) || strangers.size >= mostStrangers) return;
                strangers.add(heard.stranger);
                return this.warn(`${heard.stranger} is no member of ${config.group} and is not counted; its members are ${config.members.map(({ name }) => name).join(", ")}`);
            }
            const { evidence, begins } = heard;
            const stream = evidence.simulated ? fake : real;
            if (!evidence.simulated) watch(known, send, now);
            const step = hearMember(config, known.get(stream), evidence, begins);
            take(known, stream, step, send, msg);
            send([null, null, Object.assign(withoutDecisions(msg), { topic: config.group, payload: step.quorum.text, quorum: step.quorum })]);
            show(step.quorum);
        });

        const send: Send = (msg) => this.send(msg);
        let shown: Quorum["standing"] | undefined;
        every(this, watchMs, () => {
            const step = streams && watch(streams, send, systemClock.now());
            // A rehearsal that is looked at keeps the status, until something real changes.
            if (step && (step.news.length > 0 || step.quorum.standing !== shown)) show(step.quorum);
            shown = step?.quorum.standing;
        }, { firstMs: watchMs });
        every(this, saveMs, async () => {
            if (streams && isUnwell(streams.get(real))) await keeper.save(streams);
        }, { firstMs: saveMs });

        onClose(this, async (removed) => {
            if (streams || removed) await keeper.close(await loaded, removed);
        });
    }
    RED.nodes.registerType("redundancy-group", RedundancyGroup);
};

/** What others have decided or told: behind a group only the group's word counts. */
const decisions = ["command", "transition", "missed", "power", "verdict", "event", "alert", "progress", "result", "quorum"];

function withoutDecisions(msg: FlowMessage): FlowMessage {
    const carried = msg as FlowMessage & Record<string, unknown>;
    for (const name of decisions) delete carried[name];
    return carried;
}

/** News to the output of its kind, and to the third. */
function outputsOf(msg: FlowMessage, news: QuorumNews): (FlowMessage | null)[] {
    const { quorum, command } = news;
    const base = { ...withoutDecisions({ ...msg }), topic: quorum.group };
    const told = { ...base, payload: quorum.text, quorum };
    const acts = command && { ...base, payload: command.action, command, quorum };
    return [command?.action === "shutdown" ? acts ?? null : null, command?.action === "restored" ? acts ?? null : null, told];
}

/** What of a state must not be lost in a crash. */
function standingOf({ members, lost }: QuorumState): string {
    return JSON.stringify([lost, members.map(({ word, heard, silent }) => [word?.health, word?.supply, heard, silent !== undefined])]);
}

function isUnwell(state: QuorumState | undefined): boolean {
    return state !== undefined && (state.lost !== undefined || state.members.some(({ word, silent }) => silent !== undefined || word === undefined || word.health !== "healthy"));
}
