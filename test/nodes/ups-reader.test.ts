import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { NodeMessage } from "node-red";
import helper from "node-red-node-test-helper";
import { NutTrouble } from "../../lib/devices/nut-trouble";
import { Trouble } from "../../lib/kit/trouble";
import type { PowerEvent } from "../../lib/power/power-event";
import type { Reading } from "../../lib/power/reading";
import nutServer from "../../nodes/nut-server/nut-server";
import { parseConfig } from "../../nodes/ups-reader/config";
import upsReader from "../../nodes/ups-reader/ups-reader";
import { badStatus, goodStatus } from "../../nodes/ups-reader/words";
import serverStored from "../fixtures/configs/nut-server.v1.json";
import stored from "../fixtures/configs/ups-reader.v1.json";
import { NutServerSimulator, type NutSimulatorOptions } from "../simulators/nut-server";
import { errorsLogged, eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";

/** By itself a reader polls at whole multiples of its interval: with this one not within a test. */
const day = "86400";

describe("ups-reader's settings", () => {
    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored), {
            config: {
                server: "nut", ups: "ups1", device: "rack_ups", intervalMs: 5000, batteryIntervalMs: 1000, payload: "charge",
                events: { connectionGraceMs: 60_000, flapThreshold: 5, bandPercent: 10, voltageDwellMs: 30_000 },
            },
            problems: [],
        });
    });
    it("that are empty have their defaults", () => {
        const { id, type, server } = stored;
        assert.deepEqual(parseConfig({ id, type, server }).config, { ...parseConfig(stored).config, ups: "", device: "ups" });
    });

    for (const [what, change, want] of [
        ["the device is named by the node when it has no name of its own", { device: "", name: "Cellar" }, { device: "cellar" }],
        ["else by the UPS", { device: "" }, { device: "ups1" }],
        ["twice a second at most", { interval: "0.5", batteryInterval: "0.5" }, { intervalMs: 500, batteryIntervalMs: 500 }],
    ] as const) {
        it(what, () => {
            const { config, problems } = parseConfig({ ...stored, ...change });
            assert.deepEqual([{ ...config, ...want }, problems], [config, []]);
        });
    }
    for (const [voltage, bandPercent] of [["tight", 5], ["normal", 10], ["loose", 15], ["off", undefined]] as const) {
        it(`voltage ${voltage}: ${bandPercent ?? "no"} %`, () => assert.equal(parseConfig({ ...stored, voltage }).config.events.bandPercent, bandPercent));
    }
    for (const [change, problem] of [
        [{ interval: "0" }, "interval must be between 0.5 and 86400"],
        [{ batteryInterval: "fast" }, "batteryInterval is not a number"],
        [{ interval: "1", batteryInterval: "5" }, "the interval on battery is longer than the one on mains"],
        [{ ups: 'my "ups"' }, "the name of a UPS has no blanks and no quotes"],
        [{ voltage: "wild" }, "voltage must be one of tight, normal, loose, off"],
        [{ payload: "volts" }, "payload must be one of charge, runtime, load, watts, reading"],
        [{ flaps: "2.5" }, "flaps is not a whole number"],
    ] as const) {
        it(`${JSON.stringify(change)}: ${problem}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }).problems, [problem]));
    }
});

describe("ups-reader's words", () => {
    const at = 1_790_000_000_000;
    const reading = (status: string, more: Partial<Reading> = {}): Reading => {
        const flags = status.split(" ");
        return { device: "ups1", source: "nut", at, quality: "good", mains: flags.includes("OL") ? "present" : flags.includes("OB") ? "absent" : "unknown", flags, charge: 87.4, runtime: 1860, ...more };
    };
    for (const { what, status, since, refused = false, text, mood } of [
        { what: "mains", status: "OL CHRG", text: "on mains, 87 %, 31 min", mood: "ok" },
        { what: "battery", status: "OB DISCHRG", since: at - 125_300, text: "on battery 2 min 5 s, 87 %, 31 min", mood: "warning" },
        { what: "a low battery", status: "OB LB", since: at - 5000, text: "on battery 5 s, 87 %, 31 min, battery low", mood: "critical" },
        { what: "a forced shutdown", status: "FSD OL", text: "on mains, 87 %, 31 min, forced shutdown", mood: "critical" },
        { what: "a battery to be replaced", status: "ALARM OL RB", text: "on mains, 87 %, 31 min, replace battery", mood: "warning" },
        { what: "the gravest of several", status: "OL OVER RB", text: "on mains, 87 %, 31 min, overload", mood: "warning" },
        { what: "a calibration", status: "OB CAL", text: "on battery, 87 %, 31 min, calibrating", mood: "working" },
        { what: "a status that says nothing", status: "WAIT", text: "status WAIT, 87 %, 31 min", mood: "stale" },
        { what: "a refused password", status: "OL", refused: true, text: "on mains, 87 %, 31 min, password refused", mood: "warning" },
    ] as { what: string; status: string; since?: number; refused?: boolean; text: string; mood: string }[]) {
        it(`${what}: ${text}`, () => assert.deepEqual(goodStatus(reading(status), since, refused), { mood, text }));
    }
    it("leave out what was not measured", () => {
        assert.equal(goodStatus({ device: "ups1", source: "nut", at, quality: "good", mains: "present", flags: ["OL"] }, undefined, false).text, "on mains");
    });
    it("show no status at all", () => assert.equal(goodStatus(reading("", { flags: [] }), undefined, false).text, "status empty, 87 %, 31 min"));

    const lost = new NutTrouble("connection", "refused", "x");
    for (const [what, trouble, failures, last, onBattery, text, mood] of [
        ["a short gap", lost, 1, at - 5000, false, "on mains 5 s ago, refused", "stale"],
        ["a longer one", lost, 3, at - 15_000, false, "on mains 15 s ago, refused", "error"],
        ["a gap on battery", lost, 1, at - 1000, true, "on battery 1 s ago, refused", "error"],
        ["never read", lost, 1, undefined, false, "refused for 1 poll", "error"],
        ["stale data", new NutTrouble("data-stale", "failed", "x"), 1, at - 20_000, false, "on mains 20 s ago, stale data", "stale"],
        ["no driver", new NutTrouble("driver-not-connected", "failed", "x"), 2, at - 9000, false, "on mains 9 s ago, driver gone", "stale"],
        ["never read since a restart in an outage", lost, 4, undefined, true, "refused for 4 polls, was on battery", "error"],
        ["a wrong name", new NutTrouble("unknown-ups", "config", "x"), 1, at - 5000, false, "no such UPS", "error"],
        ["no TLS", new NutTrouble("tls", "auth", "x"), 1, undefined, false, "no TLS", "error"],
        ["something else", new Trouble("failed", "x"), 1, at - 5000, false, "on mains 5 s ago, failed", "stale"],
    ] as const) {
        it(`${what}: ${text}`, () => assert.deepEqual(badStatus(trouble, failures, at, last === undefined ? undefined : reading("OL", { at: last }), onBattery), { mood, text }));
    }
});

describe("ups-reader", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let server: NutServerSimulator;
    let flow: LoadedFlow | undefined;

    const load = async ({ config = {}, login = {}, options = {} }: { config?: object; login?: Record<string, string>; options?: NutSimulatorOptions } = {}): Promise<LoadedFlow> => {
        server = await new NutServerSimulator(options).start();
        flow = await loadFlow([nutServer, upsReader], [
            { ...serverStored, host: "127.0.0.1", port: String(server.port), tls: "off" },
            { ...stored, interval: "0.5", batteryInterval: "0.5", ...config },
            { id: "readings", type: "helper" }, { id: "events", type: "helper" },
            { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" },
            { id: "complete", type: "complete", scope: ["ups"], wires: [["done"]] }, { id: "done", type: "helper" },
        ], { userDir: folder.path, credentials: { nut: login } });
        return flow;
    };
    const kinds = (): unknown[] => flow?.received("events").map(({ payload }) => payload) ?? [];
    const readings = (): Reading[] => flow?.received("readings").map(({ reading }) => reading as Reading) ?? [];
    const nextReading = async (): Promise<Reading | undefined> => {
        const count = readings().length + 1;
        flow?.node("ups").receive({});
        await flow?.until("readings", count);
        return readings()[count - 1];
    };

    before((done) => { helper.startServer(done); });
    after((done) => void helper.stopServer(done));
    beforeEach(() => (folder = temporaryFolder()));
    afterEach(async () => {
        await flow?.unload();
        await server?.stop();
        await folder.remove();
        flow = undefined;
    });

    it("reads on deploy, and sends a message that gauges and charts take as it is", async () => {
        await load();
        const [msg] = await flow!.until("readings", 1);
        const reading = msg?.reading as Reading;
        assert.deepEqual([msg?.topic, msg?.payload], ["rack_ups", 100]);
        assert.deepEqual([reading.source, reading.quality, reading.mains, reading.flags, reading.watts, reading.volts, reading.simulated], ["nut", "good", "present", ["OL"], 270, 230, undefined]);
        assert.ok(Math.abs(reading.at - Date.now()) < 5000);
        assert.deepEqual(flow?.status("ups"), { fill: "green", shape: "dot", text: "on mains, 100 %, 1 h" });
        assert.deepEqual(kinds(), []);
    });

    for (const [payload, value] of [["runtime", 3600], ["load", 30], ["watts", 270]] as const) {
        it(`sends ${payload} where that is chosen`, async () => {
            await load({ config: { payload } });
            assert.equal((await flow!.until("readings", 1))[0]?.payload, value);
        });
    }
    it("sends the whole reading, or null for what the UPS does not tell", async () => {
        await load({ config: { payload: "reading" } });
        const [msg] = await flow!.until("readings", 1);
        assert.deepEqual(msg?.payload, msg?.reading);
        await flow?.unload();
        await server.stop();
        await load({ config: { payload: "runtime" }, options: { upses: { ups1: { "battery.runtime": "" } } } });
        assert.equal((await flow!.until("readings", 1))[0]?.payload, null);
    });

    it("tells a transfer and its end, each once, with the reading", async () => {
        await load();
        await flow!.until("readings", 1);
        await server.apply("ups1", { "battery.charge": "98", "ups.status": "OB DISCHRG" });
        await nextReading();
        await nextReading();
        await server.apply("ups1", { "ups.status": "OL CHRG" });
        await nextReading();
        await nextReading();
        assert.deepEqual(kinds(), ["on-battery", "on-mains"]);
        const [began, ended] = flow!.received("events");
        const event = began?.event as PowerEvent;
        assert.deepEqual([began?.topic, event.kind, event.device, event.detail], ["rack_ups", "on-battery", "rack_ups", "charge 98 %, runtime 60 min"]);
        assert.equal((began?.reading as Reading).at, event.at);
        assert.equal((ended?.event as PowerEvent).since, event.at);
    });
    it("reads faster as soon as the UPS is on battery, and slower as soon as it is not", async () => {
        await load({ config: { interval: day, batteryInterval: "0.5" } });
        await flow!.until("readings", 1);
        await server.apply("ups1", { "ups.status": "OB" });
        await nextReading();
        await flow!.until("readings", 4);
        assert.match(flow?.status("ups")?.text ?? "", /^on battery \d+(\.\d)? s, 100 %, 1 h$/);
        await server.apply("ups1", { "ups.status": "OL" });
        await eventually(() => kinds().includes("on-mains"));
        const count = readings().length;
        await new Promise((resolve) => setTimeout(resolve, 700));
        assert.equal(readings().length, count);
    });
    it("tells several things of one reading, the supply first", async () => {
        await load({ options: { upses: { ups1: { "ups.status": "FSD OB LB OVER" } } } });
        await flow!.until("events", 4);
        assert.deepEqual(kinds(), ["on-battery", "forced-shutdown", "low-battery", "overload"]);
        assert.deepEqual(flow?.status("ups")?.fill, "red");
    });
    it("tells a severe brownout at once, and nothing of the voltage where it is not watched", async () => {
        await load({ options: { upses: { ups1: { "input.voltage": "165" } } } });
        assert.equal(((await flow!.until("events", 1))[0]?.event as PowerEvent).detail, "165 V, below 207 V (230 V - 10 %)");
        await flow?.unload();
        await server.stop();
        await load({ config: { voltage: "off" }, options: { upses: { ups1: { "input.voltage": "165" } } } });
        await flow!.until("readings", 3);
        assert.deepEqual(kinds(), []);
    });

    it("read now: answers with the message that asked, and keeps what else it carries", async () => {
        await load({ config: { interval: day } });
        await flow!.until("readings", 1);
        await server.apply("ups1", { "battery.charge": "42" });
        flow?.node("ups").receive({ topic: "ask", payload: "now", room: "cellar" } as NodeMessage);
        const [, msg] = await flow!.until("readings", 2);
        assert.deepEqual([msg?.topic, msg?.payload, msg?.room], ["rack_ups", 42, "cellar"]);
        await flow!.until("done", 1);
    });
    it("asked five times at once: two polls at most, five answers, one event", async () => {
        await load({ config: { interval: day } });
        await flow!.until("readings", 1);
        await server.apply("ups1", { "ups.status": "OB" });
        const before = server.requests.length;
        for (let time = 0; time < 5; time += 1) flow?.node("ups").receive({});
        await flow!.until("readings", 6);
        await flow!.until("done", 5);
        assert.ok(server.requests.length - before <= 2, server.requests.slice(before).join());
        assert.deepEqual(kinds(), ["on-battery"]);
    });
    it("read now by the node's button, for those who may", async () => {
        await load({ config: { interval: day } });
        await flow!.until("readings", 1);
        const answer = await helper.request().post("/ridethrough/ups-reader/ups").send({});
        assert.deepEqual(answer.body, { ok: true });
        await flow!.until("readings", 2);
        assert.deepEqual((await helper.request().post("/ridethrough/ups-reader/other").send({})).body, { ok: false, error: "deploy the node first" });
    });

    it("without a name reads the server's only UPS", async () => {
        await load({ config: { ups: "", device: "" }, options: { upses: { cellar: { "battery.charge": "77" } } } });
        const [msg] = await flow!.until("readings", 1);
        assert.deepEqual([msg?.topic, msg?.payload], ["ups", 77]);
    });
    for (const [what, ups, text] of [["a wrong name", "ups9", "no such UPS"], ["no name where there are two", "", "no UPS chosen"]] as const) {
        it(`${what}: red, and the error names those that the server has, once`, async () => {
            await load({ config: { ups }, options: { upses: { rack: {}, cellar: {} } } });
            await flow!.until("readings", 3);
            assert.deepEqual(flow?.status("ups"), { fill: "red", shape: "ring", text });
            assert.match(readings()[2]?.error ?? "", /the server has rack, cellar$/);
            assert.equal(flow?.received("errors").length, 1);
        });
    }

    it("stale data are a stale reading without values, a dead driver is a missing one; both are lost at once on battery", async () => {
        await load({ config: { interval: day, batteryInterval: day }, options: { upses: { ups1: { "ups.status": "OB" } } } });
        await flow!.until("readings", 1);
        await server.stale("ups1");
        const stale = await nextReading();
        assert.deepEqual([stale?.quality, stale?.charge, stale?.mains], ["stale", undefined, undefined]);
        await server.driverDown("ups1");
        assert.equal((await nextReading())?.quality, "missing");
        assert.match(flow?.status("ups")?.text ?? "", /^on battery .* ago, driver gone$/);
        await server.driverUp("ups1");
        assert.equal((await nextReading())?.quality, "good");
        assert.deepEqual(kinds(), ["on-battery", "connection-lost", "connection-restored"]);
        assert.equal(server.connections, 1);
        assert.equal(flow?.received("errors").length, 1);
    });
    it("a loss on mains waits for its grace", async () => {
        await load({ config: { grace: "2" } });
        await flow!.until("readings", 1);
        await server.driverDown("ups1");
        await nextReading();
        assert.deepEqual(kinds(), []);
        await flow!.until("events", 1);
        assert.deepEqual(kinds(), ["connection-lost"]);
    });
    it("short losses are told when they are many", async () => {
        await load({ config: { interval: day, flaps: "2" } });
        await flow!.until("readings", 1);
        for (let time = 0; time < 2; time += 1) {
            await server.stale("ups1");
            await nextReading();
            await server.driverUp("ups1");
            await nextReading();
        }
        assert.deepEqual(kinds(), ["connection-flapping"]);
    });

    it("a refused password is told once, and readings go on", async () => {
        await load({ login: { user: "mon", password: "wrongone" } });
        await flow!.until("events", 1);
        await nextReading();
        await nextReading();
        assert.deepEqual(kinds(), ["credentials-refused"]);
        assert.deepEqual([readings().at(-1)?.quality, flow?.status("ups")?.text, flow?.status("ups")?.fill], ["good", "on mains, 100 %, 1 h, password refused", "yellow"]);
        assert.equal(flow?.received("errors").length, 1);
        assert.doesNotMatch(JSON.stringify([flow?.received("events"), flow?.received("errors"), flow?.received("readings")]), /wrongone/);
    });
    it("a password that is accepted is no news", async () => {
        await load({ login: { user: "mon", password: "mon" } });
        await eventually(() => server.requests.includes("LOGOUT"));
        await nextReading();
        assert.deepEqual([kinds(), flow?.received("errors").length], [[], 0]);
    });

    it("remembers over a restart what was told, and since when", async () => {
        await load({ options: { upses: { ups1: { "ups.status": "OB RB" } } } });
        const [began] = await flow!.until("events", 1);
        await flow?.redeploy();
        await flow!.until("readings", 2);
        assert.deepEqual(kinds(), []);
        await server.apply("ups1", { "ups.status": "OL" });
        const [ended] = await flow!.until("events", 1);
        assert.deepEqual([(ended?.event as PowerEvent).kind, (ended?.event as PowerEvent).since], ["on-mains", (began?.event as PowerEvent).at]);
    });
    it("has what was told on the disk at once, and writes nothing for polls that bring nothing new", async () => {
        await load();
        const file = join(folder.path, "ridethrough", "ups-reader", "ups.json");
        await flow!.until("readings", 2);
        assert.equal(existsSync(file), false);
        await server.apply("ups1", { "ups.status": "OB" });
        await flow!.until("events", 1);
        await eventually(() => existsSync(file) && readFileSync(file, "utf8").includes("on-battery"));
        writeFileSync(file, "untouched");
        await flow!.until("readings", readings().length + 3);
        assert.equal(readFileSync(file, "utf8"), "untouched");
    });
    it("sets a damaged memory aside and goes on", async () => {
        mkdirSync(join(folder.path, "ridethrough", "ups-reader"), { recursive: true });
        writeFileSync(join(folder.path, "ridethrough", "ups-reader", "ups.json"), '{"told":7}');
        await load({ options: { upses: { ups1: { "ups.status": "OB" } } } });
        await flow!.until("events", 1);
        assert.deepEqual(kinds(), ["on-battery"]);
    });

    for (const [what, config, text] of [
        ["no server", { server: "" }, "no NUT server"],
        ["a wrong interval", { interval: "often" }, "interval is not a number"],
    ] as const) {
        it(`${what}: red, and each message reaches Catch; the log has it in whole before anybody asks`, async () => {
            await load({ config });
            assert.deepEqual(errorsLogged(), [`UPS not read: ${text}`]);
            flow?.node("ups").receive({});
            const [error] = await flow!.until("errors", 1);
            assert.deepEqual(flow?.status("ups"), { fill: "red", shape: "ring", text });
            assert.equal((error?.error as { message: string }).message, `UPS not read: ${text}`);
        });
    }
});
