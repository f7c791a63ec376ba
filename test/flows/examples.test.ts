import assert from "node:assert/strict";
import { Aedes } from "aedes";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Classified, Transition } from "../../lib/power/power-state";
import type { RunProgress, RunResult } from "../../lib/shutdown/progress";
import { example, nodeOf, startDevices, wired, type Devices } from "../support/example-flow";
import { startNodeRed, type FlowMsg, type FlowNode, type NodeRed } from "../support/node-red";

/** Every shipped example in a real Node-RED, as a person imports it: with the addresses entered and nothing else changed. */
describe("the examples", function () {
    this.timeout(60_000);
    let red: NodeRed;
    let devices: Devices;
    before(async () => {
        devices = await startDevices();
        red = await startNodeRed({ dashboard: true });
    });
    after(async () => {
        await red?.stop();
        await devices?.stop();
    });
    beforeEach(() => {
        red.forget();
        devices.plug.setWatts(420);
    });
    async function deploy(...names: string[]): Promise<FlowNode[]> {
        const nodes = names.flatMap(example);
        const { flows, credentials } = wired(nodes, devices);
        await red.deploy(flows, { credentials });
        return nodes;
    }
    const press = (flow: readonly FlowNode[], name: string): Promise<void> => red.inject(nodeOf(flow, "inject", name).id);
    const transitions = (flow: readonly FlowNode[]): Transition[] => red.received(nodeOf(flow, "debug", "changes of state").id).map(({ transition }) => transition as Transition);
    const results = (flow: readonly FlowNode[]): RunResult[] => red.received(nodeOf(flow, "debug", "result").id).map(({ result }) => result as RunResult);
    /** What the timeline of a flow has, as a chart asks for it. */
    const stored = async (flow: readonly FlowNode[], query: object): Promise<{ event_type: string; source: string }[]> => {
        const store = flow.find(({ type }) => type === "timeline-store")?.id ?? "";
        const answer = await fetch(`${red.url}/ridethrough/timeline-store/${store}/query`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(query) });
        return ((await answer.json()) as { series: { event_type: string; source: string }[] }).series;
    };
    const texts = (): string[] => devices.telegram.messages.map(({ text }) => text);

    it("01 Try it with fake wattage: 25 W rehearses the plan host by host; 420 W re-arms; the next 3 W rehearses again", async () => {
        const flow = await deploy("01 Try it with fake wattage");
        await press(flow, "420 W");
        await press(flow, "25 W");
        await red.eventually(() => results(flow).length === 1, 30_000, () => "the first rehearsal");
        assert.deepEqual([results(flow)[0]?.outcome, results(flow)[0]?.mode, results(flow)[0]?.simulated], ["dry-run", "rehearsal", true]);
        const progress = red.received(nodeOf(flow, "debug", "progress").id).map((msg) => msg.progress as RunProgress);
        const walked = progress.flatMap(({ changed }) => (changed?.state === "would-do" ? [changed.label] : []));
        assert.equal(walked.filter((label) => label === "shutdown -h +2").length, 3, "three hosts would be shut down");
        const ends = progress.flatMap(({ changed }) => (changed?.state === "would-do" ? [changed.id] : []));
        const before = (a: RegExp, b: RegExp): void => assert.ok(ends.findIndex((id) => a.test(id)) < ends.findIndex((id) => b.test(id)), `${a} before ${b} in ${ends.join(", ")}`);
        before(/apps.*grafana-server/, /nas.*postgresql/);
        await press(flow, "420 W");
        await press(flow, "3 W");
        await red.eventually(() => results(flow).length === 2, 30_000, () => "the second rehearsal");
        assert.deepEqual(transitions(flow).map(({ to }) => to).slice(-3), ["CRITICAL", "HEALTHY", "DEAD"]);
        assert.deepEqual(red.errors(), []);
    });

    it("01: the button of the fake outage lets a battery run empty, and everything it says is marked simulated", async () => {
        const flow = await deploy("01 Try it with fake wattage");
        const simulator = nodeOf(flow, "outage-simulator");
        const reply = await red.request(`ridethrough/outage-simulator/${simulator.id}`, { method: "POST", body: {} });
        assert.equal(reply.status, 200);
        const readings = nodeOf(flow, "debug", "every reading").id;
        await red.until(readings, 2, 10_000);
        const { reading, state } = red.received(readings).at(-1)?.power as Classified;
        assert.equal(reading.simulated, true);
        assert.equal(reading.source, "simulator");
        assert.equal(state, "HEALTHY");
    });

    it("02 One plug, one alert: falling watts of the real protocol reach the phone, once per state", async () => {
        await deploy("02 One plug, one alert");
        devices.plug.setWatts(20);
        await red.eventually(() => texts().some((text) => text.includes("POWER CRITICAL")), 10_000, () => "the alert");
        devices.plug.setWatts(420);
        await red.eventually(() => texts().some((text) => text.includes("POWER RESTORED")), 10_000, () => "all clear");
        assert.equal(texts().filter((text) => text.includes("POWER CRITICAL")).length, 1);
        assert.ok(!texts().some((text) => text.includes("SIMULATED")));
    });

    it("03 Complete monitor: real readings end in a dry run that is told, because dry run is on, and in a timeline, without any other example", async () => {
        const flow = example("03 Complete monitor");
        const outOf = ({ wires, links }: FlowNode): string[] => [...((wires as string[][] | undefined) ?? []).flat(), ...((links as string[] | undefined) ?? [])];
        const linked = new Set(flow.flatMap(outOf));
        for (const type of ["plug-reader", "solix-reader", "gpu-reader", "power-classifier", "telegram-alert", "shutdown-sequencer", "timeline-writer"]) {
            assert.ok(flow.some((node) => node.type === type && (linked.has(node.id) || outOf(node).length > 0)), `${type} is wired`);
        }
        const from = Date.now();
        await deploy("03 Complete monitor");
        await red.until(nodeOf(flow, "debug", "every reading").id, 1);
        devices.plug.setWatts(24);
        await red.eventually(() => results(flow).length === 1, 30_000, () => "the dry run");
        assert.deepEqual([results(flow)[0]?.outcome, results(flow)[0]?.simulated], ["dry-run", undefined]);
        await red.eventually(() => texts().some((text) => text.includes("[DRY RUN]")), 10_000, () => "the dry run on the phone");
        const [reading] = red.received(nodeOf(flow, "debug", "every reading").id);
        assert.ok(typeof reading?.depletion === "object", "readings carry a depletion estimate");
        const types = ["plug_power", "power_state", "shutdown_result", "shutdown_step"];
        let kept: string[] = [];
        for (const end = performance.now() + 15_000; kept.length < types.length && performance.now() < end;) kept = [...new Set((await stored(flow, { types: types.join(), from })).map(({ event_type }) => event_type))].sort();
        assert.deepEqual(kept, types);
    });

    it("04 Bring your own readings: HTTP and MQTT readings are classified, wrong ones are refused", async () => {
        const broker = await startBroker();
        try {
            const flow = example("04 Bring your own readings (MQTT, HTTP)").map((node) => (node.type === "mqtt-broker" ? { ...node, port: String(broker.port) } : node));
            await red.deploy(flow);
            const readings = (): Classified[] => red.received(nodeOf(flow, "debug", "every reading").id).map(({ power }) => power as Classified);
            const post = async (body: object): Promise<number> => (await fetch(`${red.origin}/ridethrough/reading`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).status;
            assert.equal(await post({ device: "rack", watts: 20 }), 202);
            assert.equal(await post({ device: "rack", watts: "unknown" }), 400);
            await red.eventually(() => readings().length === 1, 10_000, () => "the HTTP reading");
            assert.deepEqual([readings()[0]?.state, readings()[0]?.reading.simulated], ["CRITICAL", undefined]);

            assert.equal(await post({ device: "rack", watts: 3, mains: "absent", simulated: true }), 202);
            await red.eventually(() => readings().length === 2, 10_000, () => "the simulated HTTP reading");
            assert.equal(readings()[1]?.reading.simulated, true, "a simulated reading stays one on its way over HTTP");

            await broker.subscribed;
            const told: [payload: string, watts: number | undefined][] = [
                ['{"ENERGY":{"Power":412}}', 412], ['{"power":60}', 60], ["423.5", 423.5], ['{"linkquality":3}', undefined], ["", undefined], [" ", undefined], ["null", undefined], ["true", undefined],
            ];
            for (const [payload] of told) await broker.publish("tele/rack2/SENSOR", payload);
            await red.eventually(() => readings().length === 2 + told.length, 10_000, () => "the MQTT readings");
            assert.deepEqual(readings().slice(2).map(({ reading }) => [reading.device, reading.watts, reading.quality]), told.map(([, watts]) => ["rack2", watts, watts === undefined ? "missing" : "good"]));
            await red.deploy([]);
        } finally {
            await broker.stop();
        }
    });

    it("05 Dashboard: finds the complete monitor by its link nodes, shows a run, and its buttons work", async () => {
        const from = Date.now();
        const flow = await deploy("03 Complete monitor", "05 Dashboard");
        assert.equal((await fetch(`${red.origin}/dashboard/power`)).status, 200);
        const card = nodeOf(flow, "ui-template", "state card").id;
        await red.until(card, 1, 10_000);
        assert.equal((red.received(card)[0]?.payload as { state: string }).state, "HEALTHY");
        await press(flow, "25 W");
        await red.eventually(() => red.received(nodeOf(flow, "ui-template", "plan").id).some(({ payload }) => (payload as RunResult).outcome === "dry-run"), 30_000, () => "the run on the dashboard");
        await red.eventually(() => red.received(nodeOf(flow, "ui-template", "alerts").id).length > 0, 10_000, () => "an alert on the dashboard");
        const points = red.received(nodeOf(flow, "ui-chart", "last hour").id);
        devices.plug.setWatts(20);
        await press(flow, "25 W");
        await red.eventually(() => (red.received(card).at(-1)?.payload as { watts: number }).watts === 20, 10_000, () => "the real outage takes the stage from the fake one");
        await press(flow, "420 W");
        await red.until(card, red.received(card).length + 2);
        const { state, simulated } = red.received(card).at(-1)?.payload as { state: string; simulated: boolean };
        assert.deepEqual([state, simulated], ["CRITICAL", false], "and keeps it");
        const live = points.filter(({ payload }) => !Array.isArray(payload));
        assert.ok(live.length >= 1 && live.every((msg) => Object.keys(msg).filter((key) => !key.startsWith("_")).sort().join() === "payload,topic"), "chart messages are slim");

        const chart = nodeOf(flow, "ui-chart", "last hour").id;
        red.forget();
        await deploy("03 Complete monitor", "05 Dashboard");
        const history = (): FlowMsg | undefined => red.received(chart).find(({ topic, payload }) => topic === "solix_output" && Array.isArray(payload));
        await red.eventually(() => history() !== undefined, 10_000, () => "the last hour from the timeline");
        // Means of 5 s: those with the 420 W from before the outage in them.
        assert.ok((history()?.payload as { y: number }[]).some(({ y }) => y > 20), JSON.stringify(history()?.payload));
        assert.deepEqual((await stored(flow, { types: "power_state", from })).map(({ source }) => source), ["fake (simulated)", "solix_output"], "outages are in the history too");
    });
});

async function startBroker(): Promise<{ port: number; subscribed: Promise<void>; publish(topic: string, payload: string): Promise<void>; stop(): Promise<void> }> {
    const broker = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
        sockets.add(socket);
        broker.handle(socket);
    });
    const subscribed = new Promise<void>((resolve) => broker.on("subscribe", (subscriptions) => {
        if (subscriptions.some(({ topic }) => topic === "tele/+/SENSOR")) resolve();
    }));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        port: (server.address() as AddressInfo).port,
        subscribed,
        publish: (topic, payload) => new Promise((resolve, reject) => broker.publish({ cmd: "publish", topic, payload, qos: 1, retain: false, dup: false }, (error) => (error ? reject(error) : resolve()))),
        stop: async () => {
            for (const socket of sockets) socket.destroy();
            await new Promise((resolve) => broker.close(() => resolve(undefined)));
            await new Promise((resolve) => server.close(resolve));
        },
    };
}
