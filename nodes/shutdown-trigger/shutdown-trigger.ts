import type { Node, NodeAPI, NodeDef } from "node-red";
import { machine } from "../../lib/kit/boot";
import { systemClock, type Cancel } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { fakeMark } from "../../lib/power/command";
import { readingInOrder } from "../../lib/power/order";
import { slug, streamOf, type Reading } from "../../lib/power/reading";
import { parseStreams, Streams } from "../../lib/power/streams";
import type { TriggerInput } from "../../lib/power/trigger-input";
import { forgetBeforeBoot, markedBy, parseTriggerState, rearmed, type TriggerState } from "../../lib/power/trigger-state";
import { decideAmong } from "../../lib/power/trigger-streams";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { loadState, nodeState } from "../shared/storage";
import { every, onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { powerIn } from "./power";
import { Silence } from "./silence";
import { statusOf } from "./status-text";

/** A crash in an outage costs so much of the clock and the trend at most, ms; changes are saved at once. */
const saveIntervalMs = 5000;
/** A stream that has fallen silent is noticed so much late at most; a process that need not wake up every second costs half as much. */
const watchMs = 1000;

/** What would make somebody act on an older message again. */
const spent = ["command", "transition", "missed", "event", "quorum", "alert"] as const;

/** What it means that the state is lost. */
const forgotten = "in an outage that goes on, the time on battery and the trend count anew, and what was decided may be decided once more";

export = (RED: NodeAPI): void => {
    function ShutdownTrigger(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        if (problems.length > 0) return refuseSettings(this, light, "nothing is decided", problems);

        const keeper = new StateKeeper(this, nodeState(RED, this, (value) => parseStreams(value, parseTriggerState)));
        const silence = new Silence();
        let streams: Streams<TriggerState> | undefined;
        let unsaved = false;
        let saving: Cancel | undefined;
        // What arrives before the state is loaded waits for it, in order.
        const loaded = loadState(RED, this, keeper.file, { loss: forgotten, light }).then((found) => {
            for (const [stream, saved] of [...(found?.entries() ?? [])]) {
                const state = stream.endsWith(fakeMark) ? saved : forgetBeforeBoot(saved, machine.boot);
                if (state !== saved) this.log(`${stream}: ${saved.decided ? `the decision (${saved.decided.rule}) was taken before this machine was restarted and is spent` : "was on battery before this machine was restarted; whether it is now, the next reading tells"}`);
                found?.set(stream, state);
                silence.expect(stream, state, systemClock.now(), systemClock.monotonic());
            }
            return (streams = found ?? new Streams<TriggerState>());
        });

        const saveNow = (): void => {
            saving = undefined;
            if (!unsaved || streams === undefined) return;
            unsaved = false;
            void keeper.save(streams);
        };

        const judge = (known: Streams<TriggerState>, input: TriggerInput, msg: FlowMessage, send: Send): void => {
            const { reading } = input;
            const { verdict, command, state } = decideAmong(config, known, input);
            if (!reading.simulated) known.set(verdict.stream, markedBy(machine.boot, state));
            const carried = Object.assign(msg, { topic: reading.device, payload: verdict.text, reading, verdict });
            for (const name of spent) delete (carried as Record<string, unknown>)[name];
            const word = command?.action === "restored" && verdict.change === "cancelled" ? "cancelled" : command?.action;
            const decision = command ? ({ ...carried, payload: word, command } as FlowMessage) : null;
            send([command?.action === "shutdown" ? decision : null, command?.action === "restored" ? decision : null, carried]);

            // The save runs beside the message: a slow disk delays no shutdown. Cut off in between, the next start decides once more, rather than never.
            if (verdict.change !== undefined && verdict.change !== "evidence") {
                unsaved = false;
                void keeper.save(known);
            } else {
                unsaved ||= state.battery !== undefined || state.decided !== undefined || verdict.change !== undefined;
                if (unsaved) saving ??= systemClock.after(saveIntervalMs, saveNow);
            }
            const { mood, text } = statusOf(verdict, reading, known.size > 1);
            light.show(mood, text);
        };

        onInput(this, async (msg, send) => {
            const known = streams ?? (await loaded);
            if (msg.reading === undefined && msg.payload === "reset") return reset(known, msg.topic);
            const parsed = readingInOrder(msg, systemClock.now(), (stream) => known.get(stream)?.order.at);
            if ("error" in parsed) throw new Trouble("garbage", `nothing is decided: ${parsed.error}`);
            const { reading } = parsed;
            silence.hear(streamOf(reading), reading, systemClock.monotonic());
            const power = powerIn((msg as { power?: unknown }).power);
            judge(known, { reading, ...(power && { power }) }, msg, send);
        });

        /** Lets what has decided decide again: all streams, or those of the device in `topic`. */
        const reset = (known: Streams<TriggerState>, topic: unknown): void => {
            const device = typeof topic === "string" && topic.trim() !== "" ? slug(topic) : undefined;
            for (const [stream, state] of [...known.entries()]) {
                if (device !== undefined && stream !== device && stream !== streamOf({ device, simulated: true })) continue;
                if (state.decided) this.log(`${stream}: re-armed by hand`);
                known.set(stream, rearmed(state));
            }
            void keeper.save(known);
            light.show("ok", "re-armed by hand");
        };

        every(this, () => Math.max(watchMs, silence.quietMs(systemClock.monotonic())), async () => {
            const known = streams ?? (await loaded);
            const due: Reading[] = silence.due((stream) => known.get(stream), systemClock.monotonic());
            for (const reading of due) judge(known, { reading }, {} as FlowMessage, (msg) => this.send(msg));
        }, { firstMs: watchMs });

        onClose(this, async (removed) => {
            saving?.();
            if (streams || removed) await keeper.close(await loaded, removed);
        });
    }
    RED.nodes.registerType("shutdown-trigger", ShutdownTrigger);
};
