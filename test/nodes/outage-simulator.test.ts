import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import type { Depletion } from "../../lib/power/depletion";
import { outageNames } from "../../lib/power/outages";
import type { Transition } from "../../lib/power/power-state";
import type { Reading } from "../../lib/power/reading";
import depletionRate from "../../nodes/depletion-rate/depletion-rate";
import { parseCommand } from "../../nodes/outage-simulator/command";
import { parseConfig } from "../../nodes/outage-simulator/config";
import outageSimulator from "../../nodes/outage-simulator/outage-simulator";
import powerClassifier from "../../nodes/power-classifier/power-classifier";
import classifierConfig from "../fixtures/configs/power-classifier.v1.json";
import depletionConfig from "../fixtures/configs/depletion-rate.v1.json";
import stored from "../fixtures/configs/outage-simulator.v1.json";
import { eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";
import { settle } from "../support/virtual-clock";

/** A small battery at full speed: a whole outage in a second. */
const hasty = { capacityWh: "400", speed: "1000", interval: "0.02" };
const caught: FlowNode[] = [{ id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" }];
const readingOf = (msg: FlowMsg): Reading => msg.reading as Reading;

describe("outage-simulator", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    const load = async (settings: object = {}, rest: FlowNode[] = [{ id: "out", type: "helper" }]): Promise<void> => {
        flow = await loadFlow([outageSimulator, powerClassifier, depletionRate], [{ ...stored, ...settings, wires: [["out"]] }, ...rest, ...caught], { userDir: folder.path });
    };
    const tell = (payload: unknown): void => flow.node("simulator").receive({ payload });
    const isIdle = (): boolean => flow.status("simulator")?.text?.startsWith("idle") ?? false;
    before((done) => {
        helper.startServer(done);
    });
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(() => {
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });

    it("sends readings like any reader, and every one of them is simulated", async () => {
        await load({ ...hasty, device: "Solix Output" });
        tell("cliff");
        const messages = await flow.until("out", 20);
        const [first] = messages;
        assert.deepEqual([first?.topic, first?.payload], ["solix_output", 420]);
        assert.ok(messages.every((msg) => readingOf(msg).simulated === true && readingOf(msg).source === "simulator" && readingOf(msg).quality === "good" && msg.payload === readingOf(msg).watts));
        const { charge, runtime, mains } = readingOf(first!);
        assert.deepEqual([charge, runtime, mains], [10, Math.round((0.1 * 400 * 0.9 * 3600) / 420), "present"]);
    });

    it("sends the first reading at once, however long the interval", async () => {
        await load({ interval: "3600" });
        await new Promise(setImmediate);
        tell("start");
        await flow.until("out", 1);
        assert.deepEqual(flow.status("simulator"), { fill: "blue", shape: "ring", text: "slow drain x60: 25 % 420 W" });
    });

    it("event time is simulated time, and never goes back: not with the next outage, not after a redeploy", async () => {
        await load(hasty);
        tell("blip");
        await eventually(() => flow.received("out").length > 10 && isIdle());
        tell("cliff");
        await eventually(() => flow.received("out").length > 40 && isIdle());
        const before = flow.received("out");
        await flow.redeploy();
        tell("blip");
        const times = [...before, ...(await flow.until("out", 1))].map((msg) => readingOf(msg).at);
        assert.ok(times.every((at, place) => place === 0 || at > times[place - 1]!));
        assert.ok(times[10]! - times[0]! <= 20_000 && times.at(-2)! - times[0]! > 120_000);
    });

    it("restore goes on where the last outage left the battery", async () => {
        await load(hasty);
        tell("cliff");
        await eventually(() => flow.status("simulator")?.text === "idle, 0 %");
        tell("restore");
        const charging = (): Reading[] => {
            const readings = flow.received("out").map(readingOf);
            return readings.slice(readings.findLastIndex(({ mains }) => mains === "absent") + 1);
        };
        await eventually(() => charging().some(({ charge = 0 }) => charge > 0));
        assert.deepEqual([charging()[0]?.charge, charging()[0]?.watts, charging()[0]?.mains], [0, 420, "present"]);
    });

    it("stop stops, and a new outage takes the place of the old one", async () => {
        await load({ ...hasty, speed: "1" });
        tell("slow drain");
        await flow.until("out", 2);
        tell({ outage: "cliff", speed: "2" });
        await eventually(() => flow.status("simulator")?.text === "cliff x2: 10 % 420 W");
        tell("stop");
        await eventually(isIdle);
        await settle(); // what was sent just before is on its way
        const count = flow.received("out").length;
        await new Promise((resolve) => setTimeout(resolve, 100));
        assert.equal(flow.received("out").length, count);
    });

    it("what is no outage goes to Catch", async () => {
        await load();
        tell("flood");
        const [msg] = await flow.until("errors", 1);
        assert.match((msg?.error as { message: string }).message, /no outage started: expected "blip", "slow drain", "cliff", "restore", "start", "stop"/);
    });

    describe("the button", () => {
        const press = async (id: string, body: object = {}): Promise<unknown> => ((await (helper.request().post(`/ridethrough/outage-simulator/${id}`).send(body) as unknown as Promise<{ body: unknown }>))).body;
        it("starts the outage of the settings", async () => {
            await load({ outage: "cliff", interval: "3600" });
            assert.deepEqual(await press("simulator"), { ok: true });
            await flow.until("out", 1);
            assert.match(flow.status("simulator")?.text ?? "", /^cliff x60/);
        });
        it("says so when there is no such node, and never presses another one", async () => {
            await load();
            for (const id of ["nobody", "out"]) assert.deepEqual(await press(id), { ok: false, error: "this simulator is not deployed" });
        });
    });

    it("the taint travels: simulator, classifier, depletion, and every state of S0 is told once", async () => {
        await load(hasty, [
            { ...classifierConfig, wires: [["depletion"], ["transitions"]], id: "out" },
            { ...depletionConfig, wires: [["rated"]] },
            { id: "transitions", type: "helper" },
            { id: "rated", type: "helper" },
        ]);
        tell("slow drain");
        await eventually(() => flow.received("rated").length > 20 && isIdle(), 10_000);
        const transitions = flow.received("transitions").map((msg) => msg.transition as Transition);
        assert.deepEqual(transitions.map(({ from, to }) => `${from} > ${to}`), ["HEALTHY > WARNING", "WARNING > ALERT", "ALERT > CRITICAL", "CRITICAL > DEAD"]);
        assert.ok(transitions.every(({ simulated, conclusive }) => simulated === true && conclusive));
        const rated = flow.received("rated").map((msg) => msg.depletion as Depletion);
        assert.ok(rated.every(({ simulated }) => simulated === true));
        assert.ok(rated.some(({ perMinute = 0, secondsToEmpty }) => perMinute > 0 && secondsToEmpty !== undefined));
    });

    describe("configuration", () => {
        it("the stored defaults", async () => {
            await load();
            assert.deepEqual(parseConfig(stored), {
                config: { device: "simulator", battery: { capacityWh: 3840, efficiency: 90, loadWatts: 420 }, startCharge: 100, outage: "slow drain", speed: 60, intervalMs: 1000 },
                problems: [],
            });
        });
        it("the dialog offers every ready-made outage", async () => {
            await load();
            const dialog = readFileSync(join(__dirname, "../../nodes/outage-simulator/editor.html"), "utf8");
            for (const name of outageNames) assert.ok(dialog.includes(`<option value="${name}"`), name);
        });
        for (const [change, problem] of [[{ speed: "5000" }, /speed must be between 1 and 1000/], [{ outage: "flood" }, /outage must be one of/], [{ capacityWh: "0" }, /capacityWh must be/]] as const) {
            it(`${JSON.stringify(change)} stops the node, loudly`, async () => {
                await load(change);
                assert.deepEqual([flow.status("simulator")?.fill, flow.status("simulator")?.shape], ["red", "ring"]);
                tell("start");
                const [msg] = await flow.until("errors", 1);
                assert.match((msg?.error as { message: string }).message, problem);
            });
        }
    });
});

describe("commands of outage-simulator", () => {
    const usual = { outage: "slow drain", speed: 60 } as const;
    const understood: [payload: unknown, command: object][] = [
        ["blip", { do: "start", outage: "blip", speed: 60 }],
        ["Slow-Drain", { do: "start", outage: "slow drain", speed: 60 }],
        ["start", { do: "start", outage: "slow drain", speed: 60 }],
        ["STOP", { do: "stop" }],
        [{}, { do: "start", outage: "slow drain", speed: 60 }],
        [{ outage: "cliff" }, { do: "start", outage: "cliff", speed: 60 }],
        [{ speed: "1000" }, { do: "start", outage: "slow drain", speed: 1000 }],
        [{ outage: "stop" }, { do: "stop" }],
    ];
    for (const [payload, command] of understood) it(`understands ${JSON.stringify(payload)}`, () => assert.deepEqual(parseCommand(payload, usual), command));
    for (const payload of ["", "flood", 25, null, undefined, true, [], { outage: 3 }, { speed: 0 }, { speed: 1001 }, { speed: "fast" }]) {
        it(`refuses ${JSON.stringify(payload)}`, () => assert.throws(() => parseCommand(payload, usual)));
    }
});
