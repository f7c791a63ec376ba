import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { estimateDepletion, type Depletion } from "../../lib/power/depletion";
import { parseDepletionState, type DepletionState } from "../../lib/power/depletion-state";
import { readingInOrder } from "../../lib/power/order";
import { streamOf } from "../../lib/power/reading";
import { parseStreams, Streams } from "../../lib/power/streams";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { loadState, nodeState } from "../shared/storage";
import { every, onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { moodOf, textOf } from "./status-text";

/** A crash in an outage costs this much of the trend at most; in return the disk is written no more often, in ms. */
const saveIntervalMs = 10_000;

/** What it means that the state is lost. */
const forgotten = "in an outage that goes on, how fast a battery drains is measured anew";

export = (RED: NodeAPI): void => {
    function DepletionRate(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        if (problems.length > 0) return refuseSettings(this, light, "no depletion rate", problems);

        const keeper = new StateKeeper(this, nodeState(RED, this, (value) => parseStreams(value, parseDepletionState)));
        let streams: Streams<DepletionState> | undefined;
        let unsaved = false;
        // What arrives before the state is loaded waits for it, in order.
        const loaded = loadState(RED, this, keeper.file, { loss: forgotten, light }).then((found) => (streams = found ?? new Streams<DepletionState>()));

        const newestOf = (stream: string): number | undefined => streams?.get(stream)?.order.at;
        const estimate = (known: Streams<DepletionState>, msg: FlowMessage & { depletion?: Depletion }, send: Send): void => {
            const parsed = readingInOrder(msg, systemClock.now(), newestOf);
            if ("error" in parsed) throw new Trouble("garbage", `no depletion rate: ${parsed.error}`);
            const { reading } = parsed;
            const stream = streamOf(reading);
            const { state, depletion } = estimateDepletion(config, known.get(stream), reading);
            known.set(stream, state);
            // A battery at rest is not worth a worn-out SD card.
            unsaved ||= state.onBatterySince !== undefined || (depletion.perMinute ?? 0) > 0;
            msg.reading = reading;
            msg.depletion = depletion;
            send(msg);
            light.showSoon(moodOf(depletion, reading.quality), () => textOf(depletion, reading.quality));
        };
        onInput(this, (msg, send) => (streams ? estimate(streams, msg, send) : loaded.then((known) => estimate(known, msg, send))));

        every(this, saveIntervalMs, async () => {
            if (!unsaved || streams === undefined) return;
            unsaved = false;
            await keeper.save(streams);
        }, { firstMs: saveIntervalMs });

        onClose(this, async (removed) => {
            if (streams || removed) await keeper.close(await loaded, removed);
        });
    }
    RED.nodes.registerType("depletion-rate", DepletionRate);
};
