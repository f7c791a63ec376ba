import type { Node, NodeAPI, NodeDef } from "node-red";
import { AnkerMonitor, type MonitorEars } from "../../lib/devices/anker-monitor";
import { models } from "../../lib/devices/anker-models";
import { fieldList } from "../../lib/devices/anker-telemetry";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { parseChargeModel, type ChargeModel } from "../../lib/power/charge-model";
import { readingFrom, type Reading } from "../../lib/power/reading";
import type { AnkerAccountNode } from "../anker-account/account";
import { claimName, keepName, leaveName, type Named } from "../shared/device-names";
import { OutageReport } from "../shared/outage-report";
import type { StoredConfig } from "../shared/settings";
import { StateKeeper } from "../shared/state-keeper";
import { StatusLight } from "../shared/status";
import { loadState, nodeState } from "../shared/storage";
import { onClose, onInput, type FlowMessage, type Send } from "../shared/wire";
import { refuseSettings } from "../shared/wrong-settings";
import { parseConfig } from "./config";
import { addDialogRoutes } from "./dialog-routes";
import { alertOf, readingStatus, troubleStatus } from "./words";

/** How long a message that asks for a reading waits for the station's answer. */
const answerMs = 20_000;
/** Kinds of doubt that are told, once each. */
const doubtsTold = 20;

/** What it means that the state is lost. */
const forgotten = "while the cloud is silent, the charge can't be carried on before the power station has been heard once";

export = (RED: NodeAPI): void => {
    function SolixReader(this: Node, stored: NodeDef & { account?: string }): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        const account = RED.nodes.getNode(stored.account ?? "") as AnkerAccountNode | null;
        const stream = account?.stream;
        const wrong = [...problems, ...(account === null ? ["no Anker account"] : account.problems)];
        if (wrong.length > 0 || account === null || stream === undefined) return refuseSettings(this, light, "power station not read", wrong);

        const named: Named = { node: this.id, kind: "power station", place: account.place, part: config.serial === "" ? "" : `…${config.serial.slice(-4)}` };
        const nameTaken = (): Trouble | undefined => claimName(config.device, named);
        // The first one in the flow has it, whoever is heard first.
        nameTaken();
        const naming = new OutageReport(this);
        /** Whether another power station bears the name; then that is told, and nothing of ours goes out. */
        const isRefused = (): boolean => {
            const taken = nameTaken();
            if (taken === undefined) naming.over();
            else {
                naming.failed(taken, { topic: config.device });
                light.show("error", `the name ${config.device} is taken`);
            }
            return taken !== undefined;
        };

        const keeper = new StateKeeper(this, nodeState(RED, this, parseChargeModel));
        const outage = new OutageReport(this);
        const asking: { msg: FlowMessage; send: Send }[] = [];
        const doubts = new Set<string>();
        let charge: ChargeModel | undefined;
        let monitor: AnkerMonitor | undefined;
        let closed = false;
        light.show("working", "connecting");

        const fields = (reading: Reading): FlowMessage => {
            const payload = { charge: reading.charge ?? null, watts: reading.watts ?? null, reading }[config.payload];
            const { device, mode = "normal", telemetry } = monitor ?? {};
            return { topic: reading.device, payload, reading, solix: { model: models[device?.model ?? ""]?.name ?? device?.model, mode, fields: telemetry === undefined ? {} : fieldList(telemetry, systemClock.now()) } } as FlowMessage;
        };

        const ears: MonitorEars = {
            reading: (reading) => {
                const asked = asking.splice(0);
                if (isRefused()) return;
                if (reading.quality === "good") keepName(config.device, named);
                if (asked.length === 0) this.send([fields(reading), null, null]);
                for (const { msg, send } of asked) send([Object.assign(msg, fields(reading)), null, null]);
                const { mood, text } = readingStatus(reading, monitor?.mode ?? "normal");
                // While the station can't be heard, the reason says more than that there is no data.
                if (reading.quality !== "missing" || outage.failures === 0) light.show(mood, text);
                if (charge !== undefined) void keeper.save(charge);
            },
            event: (event) => {
                if (isRefused()) return;
                const at = systemClock.now();
                this.send([null, { topic: config.device, payload: event.text, event: { ...event, device: config.device, at }, alert: alertOf(event, config.device, at) } as FlowMessage, null]);
            },
            discovered: (telemetry, { model, name }) => {
                if (isRefused()) return;
                const found = fieldList(telemetry, systemClock.now());
                this.log(`${config.device}: ${name} (${models[model]?.name ?? model}) reports ${Object.entries(found).map(([field, { value }]) => `${field}=${value}`).join(" ")}`);
                this.send([null, null, { topic: config.device, payload: found, discovery: { device: config.device, model, name, fields: Object.keys(found) } } as FlowMessage]);
            },
            trouble: (trouble) => {
                outage.failed(trouble, { topic: config.device } as FlowMessage);
                if (isRefused()) return;
                const { mood, text } = troubleStatus(trouble);
                light.show(mood, text);
            },
            heard: () => {
                outage.over();
                if (!isRefused()) light.show("working", "connected, waiting for data");
            },
            doubt: (text) => {
                if (doubts.has(text) || doubts.size >= doubtsTold) return this.debug(text);
                doubts.add(text);
                this.warn(text);
            },
            model: (model) => void (charge = model),
        };

        // What arrives before the memory is read waits for it.
        const started = loadState(RED, this, keeper.file, { loss: forgotten, light }).then((remembered) => {
            charge = remembered;
            if (closed) return;
            isRefused();
            monitor = new AnkerMonitor(stream, config, systemClock, ears, remembered);
        });

        onInput(this, async (msg, send) => {
            await started;
            if (monitor === undefined) return;
            const taken = nameTaken();
            if (taken !== undefined) throw taken;
            if (msg.reading !== undefined) return takeLoad(monitor, msg);
            asking.push({ msg, send });
            await monitor.readNow(answerMs);
        });

        onClose(this, async (removed) => {
            closed = true;
            monitor?.close();
            leaveName(config.device, named);
            await started;
            if (removed) await keeper.file.remove();
            else if (charge !== undefined) await keeper.save(charge);
        });
    }
    RED.nodes.registerType("solix-reader", SolixReader);
    addDialogRoutes(RED);
};

/** A plug's reading tells the load, which carries the charge on while the cloud is silent. A fake never joins the real station. */
function takeLoad(monitor: AnkerMonitor, msg: FlowMessage): void {
    const parsed = readingFrom(msg, systemClock.now());
    if ("error" in parsed) throw new Trouble("garbage", `load not taken: ${parsed.error}`);
    const { reading } = parsed;
    if (reading.simulated) throw new Trouble("config", "load not taken: it is simulated, and the power station is not");
    if (reading.quality === "good") monitor.load(reading);
}
