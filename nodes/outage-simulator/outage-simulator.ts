import type { Node, NodeAPI, NodeDef } from "node-red";
import { systemClock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { advanceOutage, beginOutage, momentOf, type Moment, type OutageRun } from "../../lib/power/outage-run";
import { outageNamed } from "../../lib/power/outages";
import type { Reading } from "../../lib/power/reading";
import { adminPost } from "../shared/admin";
import type { StoredConfig } from "../shared/settings";
import { StatusLight } from "../shared/status";
import { every, onInput } from "../shared/wire";
import { parseCommand } from "./command";
import { parseConfig } from "./config";

/** What the button under the node calls. */
interface SimulatorNode extends Node {
    command(payload: unknown): Promise<void>;
}

/** The newest event time of each simulated device: simulated time runs ahead of the clock and never back, deploys included. */
const newest = new Map<string, number>();

export = (RED: NodeAPI): void => {
    function OutageSimulator(this: SimulatorNode, stored: NodeDef): void {
        RED.nodes.createNode(this, stored);
        const { config, problems } = parseConfig(stored as unknown as StoredConfig);
        const light = new StatusLight(this);
        onInput(this, (msg) => this.command(msg.payload));
        if (problems.length > 0) {
            light.show("error", problems.join("; "));
            this.command = () => Promise.reject(new Trouble("config", `no outage started: ${problems.join("; ")}`));
            return;
        }

        let run: OutageRun | undefined;
        let charge = config.startCharge;
        let speed = config.speed;
        let beganAt = 0;
        let begins = false;

        const emit = (moment: Moment, outage: string): void => {
            const at = beganAt + moment.seconds * 1000;
            newest.set(config.device, at);
            charge = moment.charge;
            const reading = readingOf(config.device, at, moment);
            this.send({ topic: config.device, payload: reading.watts, reading });
            light.show("rehearsal", `${outage} x${speed}: ${Math.round(moment.charge)} % ${Math.round(moment.watts)} W`);
        };
        const idle = (): void => {
            run = undefined;
            light.show("off", `idle, ${Math.round(charge)} %`);
        };

        const loop = every(this, config.intervalMs, () => {
            if (run === undefined) return;
            const { name } = run.outage;
            if (begins) {
                begins = false;
                return emit(momentOf(run), name);
            }
            const step = advanceOutage(run, (config.intervalMs / 1000) * speed);
            run = step.run;
            for (const moment of step.moments) emit(moment, name);
            if (step.ended) idle();
        });

        this.command = async (payload) => {
            const command = parseCommand(payload, config);
            if (command.do === "stop") return idle();
            const outage = outageNamed(command.outage);
            if (outage === undefined) return;
            speed = command.speed;
            beganAt = Math.max(systemClock.now(), (newest.get(config.device) ?? 0) + 1);
            run = beginOutage(outage, config.battery, config.startCharge, charge);
            begins = true;
            await loop.now();
        };
        idle();
    }

    RED.nodes.registerType("outage-simulator", OutageSimulator);

    adminPost(RED, "outage-simulator/:id", "outage-simulator.write", async (body, { id }) => {
        const node = RED.nodes.getNode(String(id));
        if (node?.type !== "outage-simulator") return { ok: false, error: "this simulator is not deployed" };
        await (node as SimulatorNode).command(body);
        return { ok: true };
    });
};

/** A reading as a real device would give it: tenths of watts and percent, whole seconds. Always tainted. */
function readingOf(device: string, at: number, { watts, charge, runtime, mains }: Moment): Reading {
    return { device, source: "simulator", at, quality: "good", watts: tenths(watts), charge: tenths(charge), runtime: Math.round(runtime), mains, simulated: true };
}

function tenths(value: number): number {
    return Math.round(value * 10) / 10;
}
