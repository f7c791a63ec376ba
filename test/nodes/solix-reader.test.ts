import assert from "node:assert/strict";
import type { Alert } from "../../lib/alerts/alert";
import { useCloud } from "../../lib/devices/anker-cloud";
import type { Reading } from "../../lib/power/reading";
import ankerAccount from "../../nodes/anker-account/anker-account";
import { parseConfig } from "../../nodes/solix-reader/config";
import solixReader from "../../nodes/solix-reader/solix-reader";
import { alertOf, readingStatus, troubleStatus } from "../../nodes/solix-reader/words";
import { Trouble } from "../../lib/kit/trouble";
import accountStored from "../fixtures/configs/anker-account.v1.json";
import stored from "../fixtures/configs/solix-reader.v1.json";
import { AnkerCloudSimulator, stationSerial, type CloudOptions } from "../simulators/anker-cloud";
import { closeMs, errorsLogged, eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";

describe("solix-reader's settings", () => {
    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored), { config: { device: "cellar_battery", serial: stationSerial, intervalMs: 120_000, fastIntervalMs: 30_000, fastBelow: 30, payload: "charge" }, problems: [] });
    });
    it("take a capacity and a time after which data are stale", () => {
        const { config } = parseConfig({ ...stored, capacity: "7680", stale: "600" });
        assert.deepEqual([config.capacityWh, config.staleMs], [7680, 600_000]);
    });
    for (const [change, problem] of [
        [{ interval: "x" }, "interval is not a number"], [{ interval: "0" }, "interval must be between 1 and 86400"], [{ fastBelow: "101" }, "fastBelow must be between 0 and 100"],
        [{ serial: "a/#" }, "the serial number holds other characters than letters and digits"], [{ interval: "10" }, "the FAST interval is longer than the normal one"], [{ payload: "volts" }, "payload must be one of charge, watts, reading"],
    ] as const) {
        it(`say: ${problem}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }).problems, [problem]));
    }
});

describe("the words of solix-reader", () => {
    const at = 1_700_000_000_000;
    const reading: Reading = { device: "solix", source: "anker", at, quality: "good", charge: 82, watts: 310.4 };
    it("show measured data in green, and in FAST mode in yellow", () => {
        assert.deepEqual(readingStatus(reading, "normal"), { mood: "ok", text: "82 %, 310 W" });
        assert.deepEqual(readingStatus({ ...reading, flags: ["CHRG"] }, "fast"), { mood: "warning", text: "82 %, 310 W, charging, FAST" });
    });
    it("never show old data as good", () => {
        assert.deepEqual(readingStatus({ ...reading, quality: "stale", charge: 63.6, estimated: { low: 50, high: 70, since: at - 720_000 } }, "fast"), { mood: "stale", text: "stale 12 min, about 64 %" });
        assert.deepEqual(readingStatus({ device: "solix", source: "anker", at, quality: "missing" }, "normal"), { mood: "error", text: "no data" });
    });
    it("are red where a person has to do something", () => {
        assert.deepEqual(troubleStatus(new Trouble("config", "Anker cloud: email or password is wrong")), { mood: "error", text: "email or password is wrong" });
        assert.deepEqual(troubleStatus(new Trouble("closed", "Anker broker: connection closed")), { mood: "stale", text: "connection closed" });
    });
    it("make alerts of events", () => {
        assert.deepEqual(alertOf({ kind: "stale", text: "solix: no data for 5 min: x" }, "solix", at), { severity: "warning", title: "solix", detail: "no data for 5 min: x", text: "", at, key: "solix stale" });
        assert.equal(alertOf({ kind: "mode", mode: "normal", text: "" }, "solix", at).severity, "info");
        assert.equal(alertOf({ kind: "mode", mode: "fast", text: "" }, "solix", at).severity, "warning");
    });
});

describe("solix-reader", function () {
    const credentials = { email: "user@example.com", password: "correct horse battery" };
    let folder: ReturnType<typeof temporaryFolder>;
    let cloud: AnkerCloudSimulator;
    let back: () => void;
    let flow: LoadedFlow | undefined;
    const begin = async ({ config = {}, options = {}, secrets = credentials }: { config?: object; options?: CloudOptions; secrets?: Record<string, string> } = {}): Promise<LoadedFlow> => {
        cloud = await new AnkerCloudSimulator({ frameMs: 20, secondMs: 10, ...options }).start();
        back = useCloud(cloud.cloud());
        return load(config, secrets);
    };
    const load = async (config: object, secrets: Record<string, string> = credentials): Promise<LoadedFlow> => {
        flow = await loadFlow([ankerAccount, solixReader], [
            { ...accountStored }, { ...stored, interval: "1", fastInterval: "1", stale: "2", ...config },
            { id: "readings", type: "helper" }, { id: "events", type: "helper" }, { id: "fields", type: "helper" },
            { id: "catch", type: "catch", scope: null, uncaught: false, wires: [["errors"]] }, { id: "errors", type: "helper" },
        ], { userDir: folder.path, credentials: { anker: secrets } });
        return flow;
    };
    beforeEach(() => {
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await flow?.unload();
        await cloud.stop();
        back();
        await folder.remove();
    });
    const readingOf = (msg: FlowMsg | undefined): Reading => msg?.reading as Reading;
    const errorText = (msg: FlowMsg | undefined): string => String((msg?.error as { message?: unknown } | undefined)?.message);
    const untilQuality = async (quality: Reading["quality"], withinMs = 10_000): Promise<FlowMsg> => {
        const found = (): FlowMsg | undefined => flow?.received("readings").find((msg) => readingOf(msg).quality === quality);
        await eventually(() => found() !== undefined, withinMs, () => `a ${quality} reading, got ${JSON.stringify(flow?.received("readings").at(-1)?.reading)}`);
        return found() as FlowMsg;
    };

    it("logs in, asks the station, and sends what it measures", async () => {
        const { status } = await begin();
        const msg = await untilQuality("good");
        const { at, ...reading } = readingOf(msg);
        assert.ok(Math.abs(at - Date.now()) < 5000);
        assert.deepEqual(reading, { device: "cellar_battery", source: "anker", quality: "good", charge: 82, watts: 310, temperature: 31, flows: { input: 1200, output: 310, grid: 1200, solar: 0, battery: -890 }, mains: "present", flags: ["CHRG"] });
        assert.deepEqual([msg.topic, msg.payload], ["cellar_battery", 82]);
        const { model, mode, fields } = msg.solix as { model: string; mode: string; fields: Record<string, { value: unknown; ageSeconds: number }> };
        assert.deepEqual([model, mode, fields.battery_soc?.value], ["F3800 Plus", "normal", 82]);
        assert.ok((fields.battery_soc?.ageSeconds ?? 99) < 3);
        assert.deepEqual(status("solix"), { fill: "green", shape: "dot", text: "82 %, 310 W, charging" });
        assert.equal(cloud.logins, 1);
    });

    it("tells once which fields the device reports", async () => {
        const { until, received } = await begin();
        const [found] = await until("fields", 1, 10_000);
        await until("readings", 3, 10_000);
        assert.equal(received("fields").length, 1);
        const { model, fields } = found?.discovery as { model: string; fields: string[] };
        assert.equal(model, "A1790P");
        assert.ok(fields.includes("battery_soc") && !fields.some((name) => /sn$|timestamp/.test(name)));
    });

    for (const [payload, wanted] of [["watts", 310], ["charge", 82]] as const) {
        it(`sends the ${payload} as payload`, async () => {
            await begin({ config: { payload } });
            assert.equal((await untilQuality("good")).payload, wanted);
        });
    }

    it("says that data are stale, carries the charge on, and says when they are fresh again", async () => {
        const { status, received } = await begin();
        await untilQuality("good");
        // A login that took long was told as stale already.
        const before = received("events").length;
        const news = (): FlowMsg[] => received("events").slice(before, before + 2);
        cloud.silent = true;
        const { estimated, watts, error } = readingOf(await untilQuality("stale"));
        assert.ok(estimated !== undefined && estimated.low < 82 && estimated.high > 80);
        assert.deepEqual([watts, /no data for .*the device sends nothing/.test(error ?? "")], [undefined, true]);
        assert.match(status("solix")?.text ?? "", /^stale .*, about 82 %$/);
        assert.deepEqual([status("solix")?.fill, status("solix")?.shape], ["yellow", "ring"]);
        cloud.silent = false;
        cloud.say();
        await eventually(() => news().length === 2, 15_000);
        assert.deepEqual(news().map(({ event }) => (event as { kind: string }).kind), ["stale", "fresh"]);
        assert.deepEqual(news().map(({ alert }) => (alert as Alert).severity), ["warning", "info"]);
    });

    it("goes to FAST mode at a low charge and tells it", async () => {
        const { until } = await begin();
        await untilQuality("good");
        cloud.station.charge = 20;
        const [event] = await until("events", 1, 10_000);
        assert.deepEqual([event?.payload, event?.topic], ["FAST mode: charge 20 %", "cellar_battery"]);
        await eventually(() => cloud.triggers.includes(300), 10_000);
    });

    it("answers a message with that message", async () => {
        // It goes on sending for the minute that it was asked for: a message is no reason to ask again.
        const { node, received } = await begin({ config: { interval: "3600", fastInterval: "3600", stale: "3600" }, options: { secondMs: 1000 } });
        await untilQuality("good");
        node("solix").receive({ foreign: "kept" } as never);
        await eventually(() => received("readings").some((msg) => msg.foreign === "kept" && readingOf(msg).quality === "good"), 10_000);
    });

    it("takes the load from a plug's reading and passes nothing on", async () => {
        const { node, received } = await begin();
        await untilQuality("good");
        cloud.silent = true;
        await untilQuality("stale");
        node("solix").receive({ reading: { device: "plug", watts: 5000, at: Date.now(), mains: "absent" } } as never);
        await eventually(() => received("events").some(({ payload }) => payload === "FAST mode: mains is gone"));
        assert.deepEqual(received("readings").filter((msg) => readingOf(msg).device === "plug"), []);
    });

    for (const [what, reading, error] of [["a fake", { device: "plug", watts: 3, simulated: true }, /it is simulated, and the power station is not/], ["nonsense", "no", /not an object/]] as const) {
        it(`refuses ${what} as a load`, async () => {
            const { node, until } = await begin();
            await untilQuality("good");
            node("solix").receive({ reading } as never);
            assert.match(errorText((await until("errors", 1))[0]), error);
        });
    }

    it("keeps login and charge over a redeploy while the cloud is away", async () => {
        const { redeploy, received } = await begin();
        await untilQuality("good");
        await cloud.stop();
        await redeploy();
        const { estimated } = readingOf(await untilQuality("stale"));
        assert.ok(estimated !== undefined && estimated.since < Date.now());
        assert.equal(cloud.logins, 1);
        assert.equal(received("errors").length, 1, "one error an outage");
    });

    for (const skewSeconds of [3600, -86_400]) {
        it(`takes data for new though the device's clock is ${skewSeconds} s off`, async () => {
            cloud = await new AnkerCloudSimulator({ frameMs: 20, secondMs: 10 }).start();
            cloud.skewSeconds = skewSeconds;
            back = useCloud(cloud.cloud());
            await load({});
            assert.ok(Math.abs(readingOf(await untilQuality("good")).at - Date.now()) < 5000);
        });
    }

    it("goes on when its certificate has expired and the cloud has a new one", async () => {
        const { received } = await begin({ options: { certificateMs: -1000 } });
        await eventually(() => received("errors").length === 1, 10_000);
        cloud.options.certificateMs = 86_400_000;
        await untilQuality("good", 20_000);
        assert.equal(cloud.logins, 1);
    });

    it("comes back by itself after the broker has dropped it", async () => {
        const { received } = await begin();
        await untilQuality("good");
        cloud.dropBroker();
        await eventually(() => received("errors").length === 1);
        const before = received("readings").length;
        await eventually(() => received("readings").slice(before).some((msg) => readingOf(msg).quality === "good"), 15_000);
        assert.deepEqual([cloud.logins, received("errors").length], [1, 1]);
    });

    const stops: [string, { config?: object; secrets?: Record<string, string> }, (cloud: AnkerCloudSimulator) => void, RegExp][] = [
        ["a wrong password", { secrets: { ...credentials, password: "wrong" } }, () => undefined, /email or password is wrong: correct it/],
        ["a lock", {}, (one) => one.failNext("passport/login", { code: 100053, msg: "Please try again in 3 hours." }), /locked after too many logins, next login in (3 h|2 h 59 min)/],
        ["a code", {}, (one) => one.failNext("passport/login", { code: 26052 }), /wants a code or a captcha: log in once with the Anker app/],
        ["the wrong region", {}, (one) => void (one.country = "DE"), /no devices: is its country/],
        ["a device that is only shared", {}, (one) => void (one.shared = true), /log in with the account that owns it/],
        ["another serial number", { config: { serial: "NOPE" } }, () => undefined, /no device …NOPE: the account has Cellar/],
    ];
    for (const [what, setup, spoil, wanted] of stops) {
        it(`says what to do about ${what}, once, and sends readings that are missing`, async () => {
            cloud = await new AnkerCloudSimulator().start();
            spoil(cloud);
            back = useCloud(cloud.cloud());
            const { until, received, status } = await load({ stale: "0.2", ...setup.config }, setup.secrets ?? credentials);
            assert.match(errorText((await until("errors", 1, 10_000))[0]), wanted);
            // Before anything is known of the account the reason is another.
            const missing = (): Reading | undefined => received("readings").map(readingOf).find(({ quality, error }) => quality === "missing" && wanted.test(error ?? ""));
            await eventually(() => missing() !== undefined, 10_000, () => JSON.stringify(received("readings").at(-1)?.reading));
            assert.ok(received("readings").every((msg) => readingOf(msg).quality === "missing" && readingOf(msg).charge === undefined));
            assert.ok(status("solix")?.text !== "no data" && ["red", "yellow"].includes(status("solix")?.fill ?? ""));
            assert.ok(cloud.logins <= 1);
            assert.equal(received("errors").length, 1);
        });
    }

    for (const [what, config, secrets, wanted] of [["no account", { account: "" }, credentials, /no Anker account/], ["an account without a password", {}, { email: "user@example.com" }, /no password/], ["a wrong interval", { interval: "often" }, credentials, /interval is not a number/]] as const) {
        it(`with ${what}: red ring, and an error for each message`, async () => {
            const { node, until, status } = await begin({ config, secrets });
            assert.deepEqual([status("solix")?.fill, status("solix")?.shape], ["red", "ring"]);
            assert.match(errorsLogged().join("\n"), new RegExp(`^power station not read: .*${wanted.source}`), "the log has it before anybody asks");
            node("solix").receive({});
            assert.match(errorText((await until("errors", 1))[0]), wanted);
            assert.deepEqual(cloud.requests, []);
        });
    }

    it("two power stations that nobody has named are not taken for one: the second one is red until it has a name", async () => {
        cloud = await new AnkerCloudSimulator({ frameMs: 20, secondMs: 10 }).start();
        back = useCloud(cloud.cloud());
        const both = (second: object): FlowNode[] => [
            { ...accountStored }, { ...stored, device: "", interval: "1", fastInterval: "1" },
            { ...accountStored, id: "other", name: "cabin" }, { ...stored, device: "", interval: "1", fastInterval: "1", id: "second", account: "other", wires: [["others"], ["others"], ["others"]], ...second },
            { id: "readings", type: "helper" }, { id: "events", type: "helper" }, { id: "fields", type: "helper" }, { id: "others", type: "helper" },
            { id: "catch", type: "catch", scope: null, uncaught: false, wires: [["errors"]] }, { id: "errors", type: "helper" },
        ];
        const secrets = { anker: credentials, other: { ...credentials, email: "cabin@example.com" } };
        const loadBoth = async (second: object): Promise<LoadedFlow> => (flow = await loadFlow([ankerAccount, solixReader], both(second), { userDir: folder.path, credentials: secrets }));
        const taken = await loadBoth({});
        const why = (): string[] => taken.received("errors").map(errorText).filter((text) => text.includes("the name"));
        await untilQuality("good");
        await eventually(() => taken.status("second")?.text === "the name solix is taken", 10_000, () => JSON.stringify(taken.status("second")));
        await eventually(() => why().length > 0);
        assert.match(why()[0] ?? "", /^power station not read: the name solix is that of power station …0001 at Anker account anker: give this node a Device of its own/);
        taken.node("second").receive({});
        await eventually(() => why().length > 1);
        assert.deepEqual([why().length, taken.received("others")], [2, []]);
        await taken.unload();

        const named = await loadBoth({ device: "cabin", stale: "0.2" });
        await named.until("others", 1, 20_000);
        assert.doesNotMatch(named.received("errors").map(errorText).join("\n"), /the name/);
    });
    it("two readers of one power station may name it alike", async () => {
        cloud = await new AnkerCloudSimulator({ frameMs: 20, secondMs: 10 }).start();
        back = useCloud(cloud.cloud());
        flow = await loadFlow([ankerAccount, solixReader], [
            { ...accountStored }, { ...stored, interval: "1", fastInterval: "1" }, { ...stored, interval: "1", fastInterval: "1", id: "second", wires: [["others"], [], []] },
            { id: "readings", type: "helper" }, { id: "events", type: "helper" }, { id: "fields", type: "helper" }, { id: "others", type: "helper" },
        ], { userDir: folder.path, credentials: { anker: credentials } });
        await untilQuality("good");
        await eventually(() => flow?.received("others").some((msg) => readingOf(msg).quality === "good") === true);
    });

    it("lets go, also while the cloud hangs", async () => {
        cloud = await new AnkerCloudSimulator().start();
        cloud.failNext("passport/login", "hang");
        back = useCloud(cloud.cloud());
        const { unload } = await load({});
        await eventually(() => cloud.logins === 1);
        const began = performance.now();
        await unload();
        flow = undefined;
        assert.ok(performance.now() - began < closeMs);
    });
});
