import type { NodeAPI, NodeDef } from "node-red";
import { openPlug } from "../../lib/devices/plugs";
import { subjectOf } from "../../lib/devices/power-source";
import { systemClock } from "../../lib/kit/clock";
import { toTrouble, Trouble } from "../../lib/kit/trouble";
import type { Reading } from "../../lib/power/reading";
import { claimName, keepName, leaveName, type Named } from "../shared/device-names";
import { OutageReport } from "../shared/outage-report";
import type { StoredConfig } from "../shared/settings";
import { StatusLight } from "../shared/status";
import { every, onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { addDialogRoutes, type PlugCredentials, type PlugReaderNode } from "./dialog-routes";
import { badStatus, goodStatus } from "./words";

/** Spreads the first polls of any number of readers evenly over a second. */
const goldenPart = 0.618;

export = (RED: NodeAPI): void => {
    let live = 0;

    function PlugReader(this: PlugReaderNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        this.address = config;
        if (problems.length > 0) return refuseSettings(this, light, "plug not read", problems);

        const { user = "", password = "" } = this.credentials ?? {};
        const source = openPlug(config.type, { ...config, user, password, clock: systemClock });
        const named: Named = { node: this.id, kind: "plug", place: `${config.host}${config.port === undefined ? "" : `:${config.port}`}`, part: "" };
        const nameTaken = (): Trouble | undefined => claimName(config.device, named);
        // The first one in the flow has it, whoever is read first.
        nameTaken();
        const outage = new OutageReport(this);
        const closing = new AbortController();
        const asking: { msg: FlowMessage; send: Send }[] = [];
        /** The channels of the last good poll. */
        let channels: Pick<Reading, "device" | "source">[] = [];

        /** A plug that can't be read gives a missing reading for each of its channels, so that deciders can count. */
        const measure = async (): Promise<{ readings: Reading[]; trouble?: Trouble }> => {
            try {
                const readings = await source.read(closing.signal);
                if (readings.every(({ quality }) => quality === "missing")) return { readings, trouble: new Trouble("failed", readings[0]?.error ?? "nothing was measured") };
                channels = readings.map(({ device, source: protocol }) => ({ device, source: protocol }));
                return { readings };
            } catch (error) {
                const trouble = toTrouble(error, subjectOf(config));
                const known = channels.length > 0 ? channels : [{ device: config.device, source: config.type === "auto" ? "plug" : config.type }];
                return { trouble, readings: known.map((channel) => ({ ...channel, at: systemClock.now(), quality: "missing", error: trouble.message })) };
            }
        };

        const fields = (reading: Reading): FlowMessage => ({ topic: reading.device, payload: config.payload === "reading" ? reading : (reading.watts ?? null), reading });

        /** A round of the loop: the readings go out as answers to those who asked, or else by themselves. */
        const poll = async (): Promise<void> => {
            const taken = nameTaken();
            if (taken !== undefined) {
                outage.failed(taken, { topic: config.device });
                return light.show("error", `the name ${config.device} is taken`);
            }
            const { readings, trouble } = await measure();
            if (closing.signal.aborted) return;
            if (trouble === undefined) keepName(config.device, named);
            const asked = asking.splice(0);
            if (trouble === undefined) outage.over();
            else outage.failed(trouble, { ...asked[0]?.msg, ...readings.map(fields)[0] });
            const { mood, text } = trouble === undefined ? goodStatus(readings, config.device) : badStatus(trouble, outage.failures, channels.length > 0);
            light.show(mood, text);
            if (asked.length === 0) this.send([readings.map(fields)]);
            for (const { msg, send } of asked) {
                const copies = readings.map((_, index) => (index === 0 ? msg : RED.util.cloneMessage(msg)));
                send([readings.map((reading, index) => Object.assign(copies[index] ?? {}, fields(reading)))]);
            }
        };

        const loop = every(this, config.intervalMs, poll, { firstMs: (live * goldenPart % 1) * Math.min(config.intervalMs, 1000) });
        live += 1;

        onInput(this, async (msg, send) => {
            const taken = nameTaken();
            if (taken !== undefined) throw taken;
            const question = { msg, send };
            asking.push(question);
            await loop.now();
            // The round that it joined may have handed out its readings just before.
            if (asking.includes(question)) await loop.now();
        });

        onClose(this, async () => {
            live -= 1;
            closing.abort();
            leaveName(config.device, named);
            await source.close();
        });
    }
    RED.nodes.registerType<PlugReaderNode, NodeDef, object, PlugCredentials>("plug-reader", PlugReader as never, { credentials: { user: { type: "text" }, password: { type: "password" } } });
    addDialogRoutes(RED);
};
