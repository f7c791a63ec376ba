import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { parseQuery } from "../../lib/stores/timeline-ask";
import { eventsOf } from "../../lib/stores/timeline-map";
import { Repeats } from "../../lib/stores/timeline-repeats";
import { onInputLater } from "../shared/later-input";
import { OutageReport } from "../shared/outage-report";
import type { StoredConfig } from "../shared/settings";
import { StatusLight } from "../shared/status";
import { every, onClose, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import type { Timeline, TimelineStoreNode } from "../timeline-store/timeline";
import { parseConfig } from "./config";
import { historyMessages } from "./history";
import { statusOf } from "./status-text";

/** Rows are made so many ms later, together: those who decide on the same message come first. */
const patienceMs = 10;
const statusMs = 1000;
/** A database that comes back later than Node-RED is asked again for the history of the start. */
const startRetryMs = 10_000;

export = (RED: NodeAPI): void => {
    function TimelineWriter(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        const repeats = new Repeats();

        const storeNode = (): TimelineStoreNode | null => RED.nodes.getNode(config.store) as TimelineStoreNode | null;
        /** Kept, since a deploy takes the store away before it has been given the last rows; and looked up again, since it may be made after this node. */
        let known = storeNode()?.timeline;
        const timelineOf = (): Timeline => {
            if (known !== undefined) return known;
            const node = storeNode();
            const wrong = node === null ? ["the timeline store is missing or disabled"] : node.problems;
            if (node?.timeline === undefined) throw new Trouble("config", `nothing written: ${wrong.join("; ")}`);
            return (known = node.timeline);
        };

        /** Answers a question, with copies of `msg`. */
        const answer = async (question: unknown, msg: FlowMessage, send: Send): Promise<void> => {
            const defaults = { types: config.types, maxPoints: config.maxPoints };
            const asked = typeof question === "object" && question !== null ? { ...defaults, ...question } : { ...defaults, hours: question === true ? 1 : question };
            const parsed = parseQuery(asked, systemClock.now());
            if ("error" in parsed) throw new Trouble("garbage", `no history: ${parsed.error}`);
            const found = historyMessages(await timelineOf().query(parsed.query), config.shape);
            send([found.map((fields, index) => Object.assign(index === 0 ? msg : RED.util.cloneMessage(msg), fields))]);
        };

        if (problems.length > 0) return refuseSettings(this, light, "nothing written", problems);

        onInputLater(this, patienceMs, async ({ msg, send, at }) => {
            const { history } = msg as { history?: unknown };
            if (history !== undefined && history !== null && history !== false) return answer(history, msg, send);
            const timeline = timelineOf();
            const mapped = eventsOf(msg as unknown as Record<string, unknown>, at);
            if ("error" in mapped) throw new Trouble("garbage", `nothing written: ${mapped.error}`);
            // Rows of a flow's own are taken as they are: those of one moment may differ in their metadata only.
            const own = ((msg as { timeline?: unknown }).timeline ?? undefined) !== undefined;
            const events = mapped.events.filter((event) => (config.simulated || event.metadata.simulated !== true) && (own || !repeats.isRepeat(event)));
            const trouble = events.length > 0 ? await timeline.accept(events) : undefined;
            if (trouble !== undefined) throw trouble;
        });

        let before = { written: 0, at: undefined as number | undefined };
        every(this, statusMs, () => {
            const { timeline, problems: wrong = ["no timeline store"] } = (storeNode() ?? {}) as Partial<TimelineStoreNode>;
            known ??= timeline;
            if (timeline === undefined) return light.show("error", wrong.join("; "));
            const { written } = timeline.state;
            if (written > before.written) before = { written, at: systemClock.wall() };
            const { mood, text } = statusOf(timeline.state, before.at);
            light.show(mood, text);
        });

        const outage = new OutageReport(this);
        const started = (): void => {
            RED.events.removeListener("flows:started", started);
            const loop = every(this, startRetryMs, async () => {
                try {
                    await answer(config.startHours, {} as FlowMessage, (messages) => this.send(messages));
                    loop.stop();
                } catch (error) {
                    outage.failed(error, {} as FlowMessage);
                }
            });
        };
        if (config.startHours > 0) RED.events.on("flows:started", started);
        onClose(this, () => {
            RED.events.removeListener("flows:started", started);
        });
    }
    RED.nodes.registerType("timeline-writer", TimelineWriter);
};
