import type { Node, NodeAPI, NodeDef } from "node-red";
import { machine } from "../../lib/kit/boot";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { classify, type ClassifierStep } from "../../lib/power/classify";
import { afterBoot, parseClassifierState, type ClassifierState } from "../../lib/power/classifier-state";
import { fakeMark } from "../../lib/power/command";
import { readingInOrder } from "../../lib/power/order";
import type { Classified } from "../../lib/power/power-state";
import { copyReading, streamOf } from "../../lib/power/reading";
import { parseStreams, Streams } from "../../lib/power/streams";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { loadState, nodeState } from "../shared/storage";
import { onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { moodOf, textOf } from "./status-text";

/** A message with what is decided about its reading; it may have come with an older decision. */
interface Judged extends FlowMessage {
    power?: Classified;
    transition?: unknown;
    missed?: unknown;
}

/**
 * The message about a change; nothing in it belongs to `msg` too. Were both sent at once, Node-RED would copy all of it: to copy the reading
 * and the decision here takes a fraction of that, and a change is what everybody waits for.
 */
function newsOf(RED: NodeAPI, msg: Judged, { state, classified, transition, missed }: ClassifierStep): Judged {
    const reading = copyReading(classified.reading);
    const power: Classified = { ...classified, reading };
    if (classified.confirming) power.confirming = { ...classified.confirming };
    const news: Judged = { ...msg, topic: reading.device, payload: state.state, reading, power };
    if (transition) news.transition = transition;
    if (missed) news.missed = missed;
    const foreign = Object.entries(msg).filter(([name, value]) => typeof value === "object" && name !== "reading" && name !== "power" && name !== "payload");
    return foreign.length === 0 ? news : Object.assign(news, RED.util.cloneMessage(Object.fromEntries(foreign)));
}

/** What it means that the state is lost. */
const forgotten = "how each device stands is not known before its next reading, and an outage that was told may be told once more";

export = (RED: NodeAPI): void => {
    function PowerClassifier(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        if (problems.length > 0) return refuseSettings(this, light, "not classified", problems);

        const keeper = new StateKeeper(this, nodeState(RED, this, (value) => parseStreams(value, parseClassifierState)));
        let streams: Streams<ClassifierState> | undefined;
        // What arrives before the state is loaded waits for it, in order.
        const loaded = loadState(RED, this, keeper.file, { loss: forgotten, light }).then((found) => {
            const known = found ?? new Streams<ClassifierState>();
            for (const [stream, saved] of [...known.entries()]) {
                const state = stream.endsWith(fakeMark) ? saved : afterBoot(saved, machine.boot);
                if (state.aftermath && state !== saved) this.log(`${stream}: this machine was restarted since; low watts prove nothing until power was seen`);
                known.set(stream, state);
            }
            return (streams = known);
        });

        const newestOf = (stream: string): number | undefined => streams?.get(stream)?.order.at;
        const judge = (known: Streams<ClassifierState>, msg: Judged, send: Send): void => {
            const parsed = readingInOrder(msg, systemClock.now(), newestOf);
            if ("error" in parsed) throw new Trouble("garbage", `not classified: ${parsed.error}`);
            const { reading } = parsed;
            const stream = streamOf(reading);
            const before = known.get(stream);
            const step = classify(config, before, reading);
            if (!reading.simulated) step.state.boot ??= machine.boot;
            known.set(stream, step.state);

            const { transition, missed } = step;
            msg.reading = reading;
            msg.power = step.classified;
            // Only decisions about this very reading go on: the message may have come to ask for one because of an older.
            if ("transition" in msg) delete msg.transition;
            if ("missed" in msg) delete msg.missed;
            const news = transition || missed ? newsOf(RED, msg, step) : undefined;
            send(msg);
            if (news) send([null, news]);

            // The save comes after the message: a slow disk delays no shutdown. Cut off in between, a restart tells the
            // same transition once more, rather than never.
            if (before?.state !== step.state.state || transition || missed || before.boot !== step.state.boot) keeper.saveSoon(known);
            light.showSoon(moodOf(step), () => textOf(step, config.missedPolls, known.size > 1));
        };
        onInput(this, (msg, send) => (streams ? judge(streams, msg, send) : loaded.then((known) => judge(known, msg, send))));

        onClose(this, async (removed) => {
            if (streams || removed) await keeper.close(await loaded, removed);
        });
    }
    RED.nodes.registerType("power-classifier", PowerClassifier);
};
