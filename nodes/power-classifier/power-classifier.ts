import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { classify } from "../../lib/power/classify";
import { parseClassifierState, type ClassifierState } from "../../lib/power/classifier-state";
import { readingInOrder } from "../../lib/power/order";
import { streamOf } from "../../lib/power/reading";
import { parseStreams, Streams } from "../../lib/power/streams";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { loadState, nodeState } from "../shared/storage";
import { onClose, onInput, type FlowMessage } from "../shared/wire";
import { parseConfig } from "./config";
import { statusOf } from "./status-text";

export = (RED: NodeAPI): void => {
    function PowerClassifier(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        if (problems.length > 0) {
            light.show("error", problems.join("; "));
            onInput(this, () => {
                throw new Trouble("config", `not classified: ${problems.join("; ")}`);
            });
            return;
        }

        const keeper = new StateKeeper(this, nodeState(RED, this, (value) => parseStreams(value, parseClassifierState)));
        let streams: Streams<ClassifierState> | undefined;
        // What arrives before the state is loaded waits for it, in order.
        const loaded = loadState(this, keeper.file).then((found) => (streams = found ?? new Streams<ClassifierState>()));

        onInput(this, async (msg, send) => {
            const known = streams ?? (await loaded);
            const parsed = readingInOrder(msg, systemClock.now(), (stream) => known.get(stream)?.order.at);
            if ("error" in parsed) throw new Trouble("garbage", `not classified: ${parsed.error}`);
            const { reading } = parsed;
            const stream = streamOf(reading);
            const before = known.get(stream);
            const step = classify(config, before, reading);
            known.set(stream, step.state);

            // The save runs beside the message: a slow disk delays no shutdown. Cut off in between, a restart tells the
            // same transition once more, rather than never.
            if (before?.state !== step.state.state || step.missed) void keeper.save(known);

            const { transition, missed } = step;
            // Only decisions about this very reading go on: the message may have come to ask for one because of an older.
            const carried: FlowMessage & { transition?: unknown; missed?: unknown } = Object.assign(msg, { reading, power: step.classified });
            delete carried.transition;
            delete carried.missed;
            // No copy is made here: Node-RED itself copies all but the first message that is sent.
            const news = transition || missed
                ? { ...msg, topic: reading.device, payload: step.state.state, ...(transition && { transition }), ...(missed && { missed }) }
                : null;
            send([msg, news]);

            const { mood, text } = statusOf(step, config.missedPolls, known.size > 1);
            light.show(mood, text);
        });

        onClose(this, async (removed) => {
            if (streams || removed) await keeper.close(await loaded, removed);
        });
    }
    RED.nodes.registerType("power-classifier", PowerClassifier);
};
