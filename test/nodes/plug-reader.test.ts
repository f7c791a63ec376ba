import assert from "node:assert/strict";
import type { Node, NodeAPI, NodeMessage } from "node-red";
import helper from "node-red-node-test-helper";
import type { Reading } from "../../lib/power/reading";
import { Trouble } from "../../lib/kit/trouble";
import { parseConfig } from "../../nodes/plug-reader/config";
import plugReader from "../../nodes/plug-reader/plug-reader";
import { badStatus, describeReading, goodStatus } from "../../nodes/plug-reader/words";
import stored from "../fixtures/configs/plug-reader.v1.json";
import { startKasaPlug, type KasaPlug, type KasaPlugOptions } from "../simulators/kasa-plug";
import { startShelly, type Shelly } from "../simulators/shelly";
import { errorsLogged, eventually, loadFlow, temporaryFolder, type FlowNode, type LoadedFlow } from "../support/helper";

describe("plug-reader's settings", () => {
    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored), {
            config: { device: "solix_output", type: "kasa", host: "192.0.2.5", channels: [], intervalMs: 60_000, deadlineMs: 5000, payload: "watts" },
            problems: [],
        });
    });

    for (const { what, change, want } of [
        { what: "the device is named by the node when it has no name of its own", change: { device: "", name: "Rack 1" }, want: { device: "rack_1" } },
        { what: "a reader without any name reads the plug", change: { device: "" }, want: { device: "plug" } },
        { what: "channels are a list", change: { channels: " nas, 2,,switch:0 " }, want: { channels: ["nas", "2", "switch:0"] } },
        { what: "the interval goes down to a second", change: { interval: "1" }, want: { intervalMs: 1000 } },
        { what: "a port may be given", change: { port: "19999" }, want: { port: 19999 } },
        { what: "an address may be of version 6", change: { host: "fe80::1%eth0" }, want: { host: "fe80::1%eth0" } },
    ]) {
        it(what, () => {
            const { config, problems } = parseConfig({ ...stored, ...change });
            assert.deepEqual({ ...config, ...want }, config);
            assert.deepEqual(problems, []);
        });
    }

    for (const { change, problem } of [
        { change: { host: "" }, problem: "no address" },
        { change: { host: "http://192.0.2.5/" }, problem: "the address must be a host name or an IP address, nothing else" },
        { change: { host: "${UNSET}" }, problem: "the address must be a host name or an IP address, nothing else" },
        { change: { interval: "0.5" }, problem: "interval must be between 1 and 86400" },
        { change: { port: "http" }, problem: "port is not a whole number" },
        { change: { plugType: "tuya" }, problem: "plugType must be one of auto, kasa, shelly" },
    ]) {
        it(`${JSON.stringify(change)}: ${problem}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }).problems, [problem]));
    }
});

describe("plug-reader's words", () => {
    const reading = (device: string, watts?: number): Reading => ({ device, source: "kasa", at: 0, quality: watts === undefined ? "missing" : "good", ...(watts !== undefined && { watts }) });

    for (const { what, readings, text, mood } of [
        { what: "one channel", readings: [reading("rack", 63.46)], text: "63.5 W", mood: "ok" },
        { what: "a strip", readings: [reading("rack_nas", 40), reading("rack_2", 2.5)], text: "42.5 W (2 channels)", mood: "ok" },
        { what: "a meter with its own sum", readings: [reading("rack_a", 40), reading("rack_b", 20), reading("rack", 60)], text: "60.0 W", mood: "ok" },
        { what: "a strip with a silent outlet", readings: [reading("rack_nas", 40), reading("rack_2")], text: "40.0 W, 1 of 2 missing", mood: "stale" },
    ]) {
        it(`${what}: ${text}`, () => assert.deepEqual(goodStatus(readings, "rack"), { mood, text }));
    }

    for (const { kind, failures, everRead, text, mood } of [
        { kind: "timeout", failures: 1, everRead: true, text: "no answer for 1 poll", mood: "stale" },
        { kind: "timeout", failures: 2, everRead: true, text: "no answer for 2 polls", mood: "stale" },
        { kind: "timeout", failures: 5, everRead: true, text: "no answer for 5 polls", mood: "error" },
        { kind: "refused", failures: 1, everRead: false, text: "refused for 1 poll", mood: "error" },
        { kind: "auth", failures: 1, everRead: true, text: "password not accepted", mood: "error" },
        { kind: "config", failures: 3, everRead: true, text: "check the settings", mood: "error" },
    ] as const) {
        it(`${kind}, ${failures} in a row${everRead ? "" : ", never read before"}: ${mood}, ${text}`, () => assert.deepEqual(badStatus(new Trouble(kind, "x"), failures, everRead), { mood, text }));
    }

    it("tell a reading as a person would", () => {
        assert.equal(describeReading({ ...reading("rack", 63.5), volts: 230.5, amps: 0.275, flags: ["relay_on"] }), "rack: 63.5 W, 230.5 V, 0.275 A, relay on");
        assert.equal(describeReading({ ...reading("rack"), error: "not valid" }), "rack: missing (not valid)");
    });
});

describe("plug-reader", () => {
    const folder = temporaryFolder();
    let flow: LoadedFlow | undefined;
    let plug: KasaPlug;
    let shelly: Shelly | undefined;

    const load = async (settings: object, credentials: Record<string, string> = {}, init = plugReader, more: FlowNode[] = []): Promise<LoadedFlow> => {
        const nodes: FlowNode[] = [
            { ...stored, host: "127.0.0.1", device: "Rack", ...settings, wires: [["out"]] },
            { id: "out", type: "helper" },
            { id: "catch", type: "catch", wires: [["errors"]] },
            { id: "errors", type: "helper" },
            { id: "complete", type: "complete", scope: ["plug"], wires: [["done"]] },
            { id: "done", type: "helper" },
            ...more,
        ];
        return (flow = await loadFlow([init], nodes, { userDir: folder.path, credentials: { plug: credentials } }));
    };
    const withPlug = async (options: KasaPlugOptions = {}, settings: object = {}): Promise<LoadedFlow> => {
        await plug.stop();
        plug = await startKasaPlug({ watts: 63.5, ...options });
        return load({ port: String(plug.port), ...settings });
    };

    before((done) => { helper.startServer(done); });
    after(() => folder.remove());
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(async () => { plug = await startKasaPlug(); });
    afterEach(async () => {
        await flow?.unload();
        await plug.stop();
        await shelly?.stop();
        flow = shelly = undefined;
    });

    it("reads on deploy, and sends a message that gauges and charts take as it is", async () => {
        const [msg] = await (await withPlug()).until("out", 1);
        const reading = msg?.reading as Reading;
        assert.deepEqual([msg?.topic, msg?.payload], ["rack", 63.5]);
        assert.deepEqual([reading.device, reading.source, reading.quality, reading.watts, reading.volts, reading.simulated], ["rack", "kasa", "good", 63.5, 230.5, undefined]);
        assert.ok(Math.abs(reading.at - Date.now()) < 5000);
        assert.deepEqual(flow?.status("plug"), { fill: "green", shape: "dot", text: "63.5 W" });
    });

    it("two plugs that nobody has named are not taken for one: the second one is red until it has a name", async () => {
        const other = await startKasaPlug({ watts: 5 });
        const second = { ...stored, id: "second", host: "127.0.0.1", port: String(other.port), interval: "1", device: "", wires: [["out"]] };
        const both = (name: string): Promise<LoadedFlow> => load({ port: String(plug.port), interval: "1", device: "" }, {}, plugReader, [{ ...second, name }]);
        await both("");
        await flow?.until("out", 2);
        assert.deepEqual(new Set(flow?.received("out").map(({ topic }) => topic)), new Set(["plug"]));
        assert.equal(flow?.received("out").some(({ payload }) => payload === 5), false);
        assert.deepEqual(flow?.status("second"), { fill: "red", shape: "ring", text: "the name plug is taken" });
        assert.match(JSON.stringify(flow?.received("errors").map(({ error }) => error)), /plug not read: the name plug is that of the plug at 127\.0\.0\.1:\d+: give this node a Device of its own/);
        await flow?.unload();
        await both("NAS");
        await eventually(() => flow?.received("out").some(({ topic, payload }) => topic === "nas" && payload === 5) === true);
        await other.stop();
    });

    it("reads again at its interval", async () => {
        const started = performance.now();
        await withPlug({}, { interval: "1" });
        await flow?.until("out", 2);
        assert.ok(performance.now() - started > 900);
    });

    it("sends the whole reading when that is chosen", async () => {
        const [msg] = await (await withPlug({}, { payload: "reading" })).until("out", 1);
        assert.deepEqual(msg?.payload, msg?.reading);
    });

    it("sends a message for each outlet of a strip", async () => {
        await withPlug({ model: "HS300", outlets: ["NAS", "Switch"] });
        const messages = await flow?.until("out", 2) ?? [];
        assert.deepEqual(messages.map(({ topic, payload }) => [topic, payload]), [["rack_nas", 63.5], ["rack_switch", 0]]);
    });

    it("read now: answers with the message that asked, and keeps what else it carries", async () => {
        await (await withPlug()).until("out", 1);
        plug.setWatts(70);
        flow?.node("plug").receive({ topic: "ask", payload: "now", room: "cellar" } as NodeMessage);
        const messages = await flow?.until("out", 2);
        assert.deepEqual([messages?.[1]?.topic, messages?.[1]?.payload, messages?.[1]?.room], ["rack", 70, "cellar"]);
        await flow?.until("done", 1);
    });

    it("read now, asked three times at once: one poll, three answers, three times done", async () => {
        await (await withPlug()).until("out", 1);
        const before = plug.requests;
        for (const ask of [1, 2, 3]) flow?.node("plug").receive({ ask } as unknown as NodeMessage);
        const messages = await flow?.until("out", 4);
        assert.deepEqual(messages?.slice(1).map(({ ask }) => ask), [1, 2, 3]);
        await flow?.until("done", 3);
        assert.equal(plug.requests, before + 1);
    });

    it("read now of a strip: the first message is the one that asked, the others are its copies", async () => {
        await (await withPlug({ model: "HS300", outlets: ["NAS", "Switch"] })).until("out", 2);
        flow?.node("plug").receive({ room: "cellar" } as unknown as NodeMessage);
        const messages = (await flow?.until("out", 4))?.slice(2);
        assert.deepEqual(messages?.map(({ topic, room }) => [topic, room]), [["rack_nas", "cellar"], ["rack_switch", "cellar"]]);
        assert.notEqual(messages?.[0], messages?.[1]);
    });

    it("a plug that is away: a missing reading each poll, one error at Catch, and it comes back by itself", async () => {
        await (await withPlug({ model: "HS300", outlets: ["NAS", "Switch"] })).until("out", 2);
        await plug.setFault("gone");
        for (let poll = 1; poll <= 3; poll += 1) {
            flow?.node("plug").receive({});
            await flow?.until("out", 2 + 2 * poll);
        }
        const missing = flow?.received("out").slice(2) ?? [];
        assert.deepEqual(missing.map(({ topic, payload }) => [topic, payload]), Array.from({ length: 3 }, () => [["rack_nas", null], ["rack_switch", null]]).flat());
        for (const { reading } of missing) {
            const { quality, watts, error } = reading as Reading;
            assert.deepEqual([quality, watts], ["missing", undefined]);
            assert.match(error ?? "", /plug rack at 127.0.0.1: connection refused/);
        }
        assert.deepEqual(flow?.status("plug"), { fill: "yellow", shape: "ring", text: "refused for 3 polls" });

        await plug.setFault("none");
        flow?.node("plug").receive({});
        const messages = await flow?.until("out", 10);
        assert.deepEqual(messages?.slice(8).map(({ payload }) => payload), [63.5, 0]);
        assert.equal(flow?.status("plug")?.fill, "green");

        assert.equal(flow?.received("errors").length, 1);
        await plug.setFault("gone");
        flow?.node("plug").receive({});
        const errors = await flow?.until("errors", 2);
        assert.deepEqual(errors?.map(({ topic }) => topic), ["rack_nas", "rack_nas"]);
    });

    it("without an address it says so, does nothing, and fails what it is sent", async () => {
        await load({ host: "" });
        assert.deepEqual(flow?.status("plug"), { fill: "red", shape: "ring", text: "no address" });
        assert.deepEqual(errorsLogged(), ["plug not read: no address"], "the log has it before anybody asks");
        flow?.node("plug").receive({ payload: 1 });
        const [error] = await flow?.until("errors", 1) ?? [];
        assert.match(JSON.stringify(error?.error), /plug not read: no address/);
        assert.equal(flow?.received("out").length, 0);
    });

    it("takes its address and port from the environment", async () => {
        process.env.RIDETHROUGH_TEST_HOST = "127.0.0.1";
        process.env.RIDETHROUGH_TEST_PORT = String(plug.port);
        const [msg] = await (await load({ host: "${RIDETHROUGH_TEST_HOST}", port: "${RIDETHROUGH_TEST_PORT}" })).until("out", 1);
        assert.equal(msg?.payload, 60);
    });

    it("finds out by itself that it reads a Shelly, and logs in with its credentials", async () => {
        shelly = await startShelly({ password: "secret", watts: 12.5 });
        const [msg] = await (await load({ port: String(shelly.port), plugType: "auto" }, { password: "secret" })).until("out", 1);
        assert.deepEqual([msg?.payload, (msg?.reading as Reading).source], [12.5, "shelly"]);
    });

    it("the dialog's node with default settings is complete but for its address", () => {
        assert.deepEqual(parseConfig({ ...stored, device: "", plugType: "auto", host: "" }).problems, ["no address"]);
    });

    describe("the editor's buttons", () => {
        const post = async (path: string, body: object = {}): Promise<Record<string, unknown>> => {
            const { body: answer } = await (helper.request().post(`/ridethrough/plug-reader/${path}`).send(body) as unknown as Promise<{ body: Record<string, unknown> }>);
            return answer;
        };

        it("on the canvas: reads now", async () => {
            await (await withPlug()).until("out", 1);
            assert.deepEqual(await post("plug"), { ok: true });
            await flow?.until("out", 2);
        });

        it("on the canvas of a node that is not deployed, or is no plug reader: says so", async () => {
            await withPlug();
            assert.deepEqual(await post("nothing"), { ok: false, error: "deploy the node first" });
            assert.deepEqual(await post("catch"), { ok: false, error: "deploy the node first" });
        });

        it("search: lists the Kasa plugs that answer", async () => {
            const found = await startKasaPlug({ alias: "Rack", udp: true });
            const settings = { ridethroughDiscovery: [`127.0.0.1:${found.port}`] };
            // The search goes to loopback only, as a settings.js would say it.
            const init = (RED: NodeAPI): void => plugReader(Object.create(RED, { settings: { value: { ...RED.settings, ...settings } } }) as NodeAPI);
            await load({ host: "" }, {}, init as typeof plugReader);
            const answer = await post("discover");
            await found.stop();
            assert.deepEqual(answer, { ok: true, plugs: [{ host: "127.0.0.1", port: found.port, model: "KP115(EU)", alias: "Rack", meters: true }] });
        });

        const dialog = (port: number, more: object = {}): object => ({ id: "plug", name: "", device: "Rack", plugType: "auto", host: "127.0.0.1", port: String(port), channels: "", deadline: "2", user: "", password: "", ...more });

        it("test: reads what the dialog says, and tells it in words", async () => {
            await load({ host: "" });
            assert.deepEqual(await post("test", dialog(plug.port)), { ok: true, lines: ["rack: 60 W, 230.5 V, 0.26 A, 1200 Wh, relay on"] });
        });

        it("test: takes the environment into account", async () => {
            await load({ host: "" });
            process.env.RIDETHROUGH_TEST_PORT = String(plug.port);
            assert.equal((await post("test", dialog(0, { port: "${RIDETHROUGH_TEST_PORT}" }))).ok, true);
        });

        for (const { what, more, says } of [
            { what: "without an address", more: { host: "" }, says: /^no address$/ },
            { what: "at an address where nothing listens", more: { port: "1", plugType: "kasa" }, says: /^plug rack at 127.0.0.1: connection refused \(ECONNREFUSED\)$/ },
        ]) {
            it(`test ${what}: tells the cause`, async () => {
                await load({ host: "" });
                const answer = await post("test", dialog(plug.port, more));
                assert.equal(answer.ok, false);
                assert.match(String(answer.error), says);
            });
        }

        it("test: an untouched password is the stored one, and goes to the deployed address only", async () => {
            shelly = await startShelly({ model: "plug-s", password: "secret" });
            const listener = await startShelly({ model: "plug-s", password: "secret" });
            await (await load({ port: String(shelly.port), plugType: "shelly" }, { user: "admin", password: "secret" })).until("out", 1);
            assert.equal((await post("test", dialog(shelly.port, { password: "__PWRD__" }))).ok, true);
            assert.deepEqual(await post("test", dialog(listener.port, { password: "__PWRD__" })), { ok: false, error: "type the password again: the stored one is only sent to the deployed address" });
            assert.equal(listener.answers.length, 0);
            assert.equal((await post("test", dialog(listener.port, { password: "secret" }))).ok, true);
            await listener.stop();
        });
    });

    it("50 redeploys leave no connection, timer or listener behind", async () => {
        await (await withPlug()).until("out", 1);
        const node = (): Node => flow?.node("plug") as Node;
        const listeners = node().listenerCount("close");
        for (let round = 0; round < 50; round += 1) await flow?.redeploy();
        await flow?.until("out", 1);
        assert.equal(node().listenerCount("close"), listeners);
        await flow?.unload();
        flow = undefined;
        await eventually(() => !process.getActiveResourcesInfo().some((resource) => resource === "TCPSocketWrap"), 10_000, () => process.getActiveResourcesInfo().join(", "));
    });
});
