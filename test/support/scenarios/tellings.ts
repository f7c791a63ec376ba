import assert from "node:assert/strict";
import { rows } from "./rows";
import type { Scenario } from "./scenario";

const one = { upses: { ups1: rows["online-charging"] } };
const onlineOn120 = { ...rows["us-grid-hot"], "input.voltage": "120.0" };

/** What people are told: voltage, names, self-tests, connections, brief outages. */
export const tellings: readonly Scenario[] = [
    {
        title: "6 brownout of 165 V: told at once with its limits; the transfer points are not needed",
        layout: one,
        async play(stage) {
            await stage.apply("ups1", rows.brownout);
            await stage.told("BROWNOUT DETECTED");
            await stage.happened("ups1", "brownout");
            const first = stage.readings("ups1").find(({ volts }) => volts === 165);
            assert.deepEqual(stage.events("ups1").map(({ kind, detail, at }) => [kind, detail, at]), [["brownout", "165 V, below 207 V (230 V - 10 %)", first?.at]]);
            await stage.apply("ups1", rows["online-charging"]);
            await stage.told("VOLTAGE NORMALIZED");
            assert.deepEqual([stage.count("BROWNOUT"), stage.actions("ups1")], [1, []]);
        },
    },
    {
        title: "6b overload and voltage regulation: each told once when it begins and ends",
        layout: one,
        async play(stage) {
            await stage.apply("ups1", rows.overload);
            await stage.told("OVERLOAD ACTIVE");
            await stage.apply("ups1", { ...rows["avr-boost"], "input.voltage": "209" });
            await stage.told("AVR BOOST ACTIVE");
            await stage.apply("ups1", rows["online-charging"]);
            await stage.told("AVR INACTIVE");
            await stage.happened("ups1", "regulation-ended");
            assert.deepEqual(stage.events("ups1").map(({ kind, detail }) => [kind, detail?.replace(/^after [\d.]+ s, /, "")]), [
                ["overload", "load 110 %"], ["overload-ended", "load 25 %"], ["boost", "input 209 V"], ["regulation-ended", "input 230.5 V"],
            ]);
            assert.deepEqual(stage.actions("ups1"), []);
        },
    },
    {
        title: "8 the server's test button: both UPSes answer with what they say, and one whose driver is gone is named",
        alone: true,
        layout: { upses: { ups1: rows["online-charging"], ups2: rows["on-battery"] } },
        async play(stage) {
            const both = await stage.testServer();
            const [ups1, ups2] = both.upses ?? [];
            assert.deepEqual([both.ok, both.upses?.length, ups1?.name, ups1?.status, ups1?.charge, ups2?.name, ups2?.status, ups2?.charge], [true, 2, "s8_ups1", "OL CHRG", "100", "s8_ups2", "OB DISCHRG", "85"]);
            await stage.driverDown("ups2");
            const [first, second] = (await stage.testServer()).upses ?? [];
            assert.equal(first?.status, "OL CHRG");
            assert.match(second?.error ?? "", /^UPS s8_ups2 on .*DRIVER-NOT-CONNECTED/);
        },
    },
    {
        title: "32 120.5 V while the UPS claims 230 V: taken for a grid of 120 V, as a note that wakes nobody; no false brownout",
        layout: { upses: { ups1: rows["us-grid-misreport"] }, telegram: { minimumSeverity: "warning" } },
        async play(stage) {
            await stage.until("the voltage detected", () => stage.events("ups1").length > 0);
            await stage.polls("ups1", 4);
            assert.deepEqual(stage.events("ups1").map(({ kind, detail }) => [kind, detail]), [["nominal-voltage", "measured 120.5 V: taken for a grid of 120 V, not of 230 V as the UPS claims"]]);
            assert.deepEqual(stage.texts(), []);
            await stage.apply("ups1", { ...rows["us-grid-misreport"], "input.voltage": "107" });
            await stage.told(/BROWNOUT DETECTED[^]*107 V, below 108 V \(120 V - 10 %\)/);
        },
    },
    {
        title: "33 122.4 V on a grid of 120 V is no over-voltage, since the band is 108 to 132 V; 107 V is a brownout",
        layout: { upses: { ups1: onlineOn120 } },
        async play(stage) {
            await stage.apply("ups1", rows["us-grid-hot"]);
            await stage.polls("ups1", 4);
            assert.deepEqual(stage.kinds("ups1"), []);
            await stage.apply("ups1", rows["us-grid-brownout"]);
            await stage.told("BROWNOUT DETECTED");
            await stage.happened("ups1", "brownout");
            assert.deepEqual(stage.events("ups1").map(({ kind, detail }) => [kind, detail]), [["brownout", "107 V, below 108 V (120 V - 10 %)"]]);
            await stage.apply("ups1", { ...rows["us-grid-hot"], "input.voltage": "133" });
            await stage.told(/OVER-VOLTAGE DETECTED[^]*133 V, above 132 V/);
        },
    },
    {
        title: "34b an outage of 5 s while Telegram can't be reached: one message of it in the end, 'Brief outage: 5 s'",
        ownTelegram: true,
        layout: { ...one, trigger: { stabilization: "30" }, telegram: { blipSeconds: "0" } },
        async play(stage) {
            await stage.telegram.down();
            await stage.apply("ups1", rows["on-battery"]);
            await stage.until("5 s on battery", () => (stage.verdict("ups1")?.onBatterySeconds ?? 0) >= 4.9);
            await stage.apply("ups1", rows["online-charging"]);
            await stage.until("the outage over", () => stage.actions("ups1").includes("restored"));
            await stage.telegram.up();
            await stage.told(`Brief outage: ${stage.outageText("ups1")}`);
            await stage.told("OUTAGE OVER");
            assert.deepEqual([stage.count("ON BATTERY"), stage.count("POWER RESTORED"), stage.texts().length], [0, 0, 2]);
        },
    },
    {
        title: "57a a self-test that has passed is no news; while one is under way, being on battery is no outage; after it, it is",
        layout: { upses: { ups1: rows["self-test-passed"] } },
        async play(stage) {
            await stage.polls("ups1", 3);
            assert.deepEqual([stage.kinds("ups1"), stage.readings("ups1").at(-1)?.testing], [[], undefined]);
            await stage.apply("ups1", { ...rows["low-battery"], "ups.test.result": "In progress" });
            await stage.polls("ups1", 6);
            assert.deepEqual([stage.kinds("ups1").includes("on-battery"), stage.actions("ups1")], [false, []]);
            assert.match(stage.verdict("ups1")?.text ?? "", /no outage: self-test/);
            await stage.apply("ups1", { "ups.test.result": "done and passed" });
            await stage.until("the run", () => stage.runs("ups1").length === 1);
            assert.ok(stage.kinds("ups1").includes("on-battery"));
        },
    },
    {
        title: "58 a wrong UPS name is told with the names that the server has, and is not corrected in silence; nothing is decided from it",
        alone: true,
        layout: { ...one, asksFor: "UPS-1" },
        async play(stage) {
            await stage.until("the trouble told", () => stage.problems().length > 0);
            assert.match(stage.problems()[0] ?? "", /UPS UPS-1 on .*: there is no such UPS.*the server has s58_ups1/);
            assert.equal(stage.status("reader/ups1")?.fill, "red");
            await stage.polls("ups1", 4);
            assert.ok(stage.readings("ups1").every(({ quality }) => quality === "missing"));
            assert.deepEqual([stage.actions("ups1"), stage.verdict("ups1")?.health], [[], "unknown"]);
        },
    },
    {
        title: "58b without a name the only UPS of the server is read",
        alone: true,
        layout: { ...one, asksFor: "" },
        async play(stage) {
            await stage.until("a verdict", () => stage.verdict("ups1") !== undefined);
            assert.deepEqual([stage.readings("ups1")[0]?.quality, stage.verdict("ups1")?.health], ["good", "healthy"]);
        },
    },
    {
        title: "53 a password that upsd refuses: told once, without it, and the readings go on",
        layout: { ...one, login: { user: "mon", password: "tr0mbone" } },
        async play(stage) {
            await stage.until("the refusal", () => stage.kinds("ups1").length > 0);
            await stage.polls("ups1", 4);
            assert.deepEqual([stage.kinds("ups1"), stage.readings("ups1").every(({ quality }) => quality === "good"), stage.status("reader/ups1")?.fill], [["credentials-refused"], true, "yellow"]);
            await stage.told("mon not accepted");
            assert.equal(stage.problems().filter((problem) => problem.includes("mon not accepted")).length, 1);
            assert.doesNotMatch(JSON.stringify([stage.texts(), stage.events("ups1"), stage.problems()]), /tr0mbone/);
        },
    },
];
