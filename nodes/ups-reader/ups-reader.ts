import type { Node, NodeAPI, NodeDef } from "node-red";
import type { NutCredentials } from "../../lib/devices/nut-login";
import { NutUpsSource } from "../../lib/devices/nut-ups";
import type { Trouble } from "../../lib/kit/trouble";
import type { Reading } from "../../lib/power/reading";
import { onBattery, parseUpsState, savedUpsState, stepUpsEvents, supplySince, type Login, type UpsState } from "../../lib/power/ups-events";
import type { NutServerNode } from "../nut-server/server";
import { claimName, keepName, leaveName, type Named } from "../shared/device-names";
import { OutageReport } from "../shared/outage-report";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { loadState, nodeState } from "../shared/storage";
import { every, onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { addDialogRoutes } from "./dialog-routes";
import { badStatus, goodStatus } from "./words";

/** What it means that the state is lost. */
const forgotten = "since when the UPS is on battery is not known, and what goes on may be told once more";

export = (RED: NodeAPI): void => {
    function UpsReader(this: Node, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        const node = RED.nodes.getNode(config.server) as NutServerNode | null;
        const server = node?.server;
        const wrong = [...problems, ...(node === null ? ["no NUT server"] : node.problems)];
        if (wrong.length > 0 || server === undefined) return refuseSettings(this, light, "UPS not read", wrong);

        const source = new NutUpsSource(server, config.ups, config.device);
        const leave = server.join();
        const named: Named = { node: this.id, kind: "UPS", place: server.subject, part: config.ups };
        const nameTaken = (): Trouble | undefined => claimName(config.device, named);
        // The first one in the flow has it, whoever is read first.
        nameTaken();
        const outage = new OutageReport(this);
        const refusal = new OutageReport(this);
        const keeper = new StateKeeper<UpsState>(this, nodeState(RED, this, parseUpsState));
        const closing = new AbortController();
        const asking: { msg: FlowMessage; send: Send }[] = [];
        let state: UpsState | undefined;
        let last: Reading | undefined;
        const loaded = loadState(RED, this, keeper.file, { loss: forgotten, light }).then((found) => void (state = found));
        light.show("working", "connecting");

        const fields = (reading: Reading): FlowMessage => ({ topic: reading.device, payload: config.payload === "reading" ? reading : (reading[config.payload] ?? null), reading });

        /** A round of the loop: the reading goes out as the answer to those who asked, or else by itself; with it what is new. */
        const poll = async (): Promise<void> => {
            await loaded;
            if (closing.signal.aborted) return;
            const taken = nameTaken();
            if (taken !== undefined) {
                outage.failed(taken, { topic: config.device });
                return light.show("error", `the name ${config.device} is taken`);
            }
            const { reading, trouble } = await source.read(closing.signal);
            if (closing.signal.aborted) return;
            if (trouble === undefined) keepName(config.device, named);
            const step = stepUpsEvents(config.events, state, reading, loginOf(server.credentials));
            state = step.state;
            // The save runs beside the messages: a slow disk delays no alert.
            if (step.changed) void keeper.save(savedUpsState(state));

            const asked = asking.splice(0);
            if (trouble === undefined) outage.over();
            else outage.failed(trouble, { ...asked[0]?.msg, ...fields(reading) });
            if (server.credentials.state === "refused") refusal.failed(server.credentials.trouble, fields(reading));
            else if (server.credentials.state === "accepted") refusal.over();
            show(reading, trouble, state);

            const news = step.events.map((event) => ({ topic: reading.device, payload: event.kind, event, reading }) as FlowMessage);
            if (asked.length === 0) this.send([fields(reading), news]);
            asked.forEach(({ msg, send }, index) => send([Object.assign(msg, fields(reading)), index === 0 ? news : null]));
        };

        const show = (reading: Reading, trouble: Trouble | undefined, now: UpsState): void => {
            const wasOnBattery = onBattery(now);
            if (trouble === undefined) last = reading;
            const { mood, text } = trouble === undefined
                ? goodStatus(reading, wasOnBattery ? supplySince(now) : undefined, server.credentials.state === "refused")
                : badStatus(trouble, outage.failures, reading.at, last, wasOnBattery);
            light.show(mood, text);
        };

        /** Fast for as long as the UPS says that it is on battery, for whatever reason. */
        const interval = (): number => (last?.mains === "absent" || (state !== undefined && onBattery(state)) ? config.batteryIntervalMs : config.intervalMs);
        const loop = every(this, interval, poll, { together: true });

        onInput(this, async (msg, send) => {
            const taken = nameTaken();
            if (taken !== undefined) throw taken;
            const question = { msg, send };
            asking.push(question);
            await loop.now();
            // The round that it joined may have handed out its reading just before.
            if (asking.includes(question)) await loop.now();
        });

        onClose(this, async (removed) => {
            closing.abort();
            leave();
            leaveName(config.device, named);
            await loaded;
            if (removed) await keeper.file.remove();
            else if (state !== undefined) await keeper.save(savedUpsState(state));
        });
    }
    RED.nodes.registerType("ups-reader", UpsReader);
    addDialogRoutes(RED);
};

/** Nothing while the server has not been asked yet: it may still say either. */
function loginOf(credentials: NutCredentials): Login | undefined {
    if (credentials.state === "refused") return { accepted: false, detail: credentials.trouble.message };
    return credentials.state === "accepted" ? { accepted: true } : undefined;
}
