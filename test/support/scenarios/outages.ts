import assert from "node:assert/strict";
import { rows } from "./rows";
import type { Scenario } from "./scenario";
import type { Stage } from "./stage";

const one = { upses: { ups1: rows["online-charging"] } };
const two = { upses: { ups1: rows["online-charging"], ups2: rows["online-charging"] } };

/** A row with another charge or status. */
const onBattery = (charge: number, status = "OB DISCHRG"): Record<string, string> => ({ ...rows["on-battery"], "battery.charge": String(charge), "ups.status": status });

async function nothingHappened(stage: Stage, ups: string): Promise<void> {
    assert.deepEqual([stage.actions(ups), stage.outcomes(ups), stage.texts()], [[], [], []]);
    assert.equal(stage.verdict(ups)?.text, `${stage.name(ups)}: on mains, 100 %, 1800 s left`);
}

/** One UPS, or several that have nothing to do with each other: when a decision is made, and when none is. */
export const outages: readonly Scenario[] = [
    {
        title: "2 online for as many polls as Eneru makes in 5 s: nothing is decided, shut down or told",
        layout: one,
        async play(stage) {
            await stage.polls("ups1", 5);
            await nothingHappened(stage, "ups1");
        },
    },
    {
        title: "3 low battery: decided by the charge, walked through in a dry run, and told",
        layout: one,
        async play(stage) {
            await stage.apply("ups1", rows["low-battery"]);
            await stage.until("the dry run", () => stage.runs("ups1").length === 1);
            const [run] = stage.runs("ups1");
            assert.deepEqual([run?.outcome, run?.mode, run?.simulated], ["dry-run", "rehearsal", undefined]);
            assert.equal(stage.verdict("ups1")?.rule, "low-charge");
            assert.match(stage.commands("ups1")[0]?.reason ?? "", /shutdown: charge 14 % is below 20 %/);
            await stage.told("SHUTDOWN DECIDED");
            await stage.told("[DRY RUN] POWER CRITICAL");
        },
    },
    {
        title: "5 FSD: decided by the first reading that has it, in the middle of the default stabilization",
        layout: { ...one, trigger: { stabilization: "30" } },
        async play(stage) {
            await stage.apply("ups1", rows.fsd);
            await stage.until("the dry run", () => stage.runs("ups1").length === 1);
            const first = stage.verdicts("ups1").find(({ findings }) => findings.some(({ rule, outcome }) => rule === "forced-shutdown" && outcome === "holds"));
            assert.deepEqual([first?.change, first?.rule], ["shutdown", "forced-shutdown"]);
            assert.ok((first?.onBatterySeconds ?? Infinity) < 30);
            await stage.told("FORCED SHUTDOWN");
        },
    },
    {
        title: "9 of two UPSes one is critical: only it shuts down, the other is seen on mains all the time",
        layout: two,
        async play(stage) {
            await stage.apply("ups1", rows["critical-runtime"]);
            await stage.until("the run for ups1", () => stage.runs("ups1").length === 1);
            assert.equal(stage.verdict("ups1")?.rule, "low-runtime");
            await stage.polls("ups2", 3);
            assert.deepEqual([stage.actions("ups2"), stage.outcomes("ups2")], [[], []]);
            assert.ok(stage.readings("ups2").every(({ mains }) => mains === "present"));
        },
    },
    {
        title: "10 two UPSes online: nothing is decided, shut down or told",
        layout: two,
        async play(stage) {
            await stage.polls("ups1", 5);
            await stage.polls("ups2", 1);
            for (const ups of ["ups1", "ups2"]) await nothingHappened(stage, ups);
        },
    },
    {
        title: "13 read now, by the button: the values that Eneru prints, and what people chart",
        layout: { ...one, reader: { interval: "60", batteryInterval: "60" } },
        async play(stage) {
            await stage.apply("ups1", { ...rows["on-battery"], "input.voltage": "12.5" });
            const reading = await stage.readNow("ups1");
            assert.ok(reading !== undefined);
            const { device, at, ...values } = reading;
            assert.deepEqual([device, Number.isFinite(at), values], [stage.name("ups1"), true, {
                source: "nut", quality: "good", mains: "absent", flags: ["OB", "DISCHRG"], charge: 85, runtime: 1200, load: 30, watts: 270, volts: 12.5, nominalVolts: 230, outputVolts: 230,
                batteryVolts: 27.2, hertz: 50, amps: 1.2, temperature: 25, lowCharge: 20, lowRuntime: 120,
            }]);
        },
    },
    {
        title: "18 on battery for 4 s, then back: told as over, nothing is shut down",
        layout: { ...one, trigger: { stabilization: "30" }, telegram: { blipSeconds: "20" } },
        async play(stage) {
            await stage.apply("ups1", rows["on-battery"]);
            await stage.until("4 s on battery", () => (stage.verdict("ups1")?.onBatterySeconds ?? 0) >= 4);
            await stage.apply("ups1", rows["online-charging"]);
            await stage.until("the end of the outage", () => stage.actions("ups1").length > 0);
            await stage.told(`Brief outage: ${stage.outageText("ups1")}`);
            await stage.told("OUTAGE OVER");
            assert.deepEqual([stage.kinds("ups1"), stage.count("ON BATTERY"), stage.texts().length], [["on-battery", "on-mains"], 0, 2]);
            assert.deepEqual([stage.actions("ups1"), stage.verdicts("ups1").filter(({ decision }) => decision === "shutdown").length, stage.outcomes("ups1")], [["restored"], 0, []]);
        },
    },
    {
        title: "39 on battery with 300 s of runtime at once, default stabilization: for 10 s nothing is decided, and it says why",
        layout: { ...one, trigger: { stabilization: "30" } },
        async play(stage) {
            await stage.apply("ups1", rows["critical-runtime"]);
            await stage.until("10 s on battery", () => (stage.verdict("ups1")?.onBatterySeconds ?? 0) >= 10);
            assert.deepEqual([stage.actions("ups1"), stage.outcomes("ups1")], [[], []]);
            assert.match(stage.verdict("ups1")?.text ?? "", /runtime 300 s is below 600 s; stabilization, \d+ s to go/);
        },
    },
    {
        title: "LB1 OB LB with a charge of 85 %: decided when it has lasted, not at once as by upsmon, and not never as by Eneru",
        layout: one,
        async play(stage) {
            await stage.apply("ups1", onBattery(85, "OB DISCHRG LB"));
            await stage.until("the run", () => stage.runs("ups1").length === 1);
            const { onBatterySeconds = 0, rule } = stage.verdicts("ups1").find(({ change }) => change === "shutdown") ?? {};
            assert.equal(rule, "low-battery-flag");
            assert.ok(onBatterySeconds >= 3, `decided after ${onBatterySeconds} s`);
        },
    },
    {
        title: "LB2 LB on mains, as some APC models say for 2 s a minute: neither decided nor told",
        layout: one,
        async play(stage) {
            for (let glitch = 0; glitch < 2; glitch += 1) {
                await stage.apply("ups1", { "ups.status": "OL LB RB" });
                await stage.polls("ups1", 3);
                await stage.apply("ups1", { "ups.status": "OL CHRG" });
                await stage.polls("ups1", 2);
            }
            await nothingHappened(stage, "ups1");
        },
    },
    {
        title: "LB3 LB for a moment at the transfer: not decided, the outage goes on without it",
        layout: { ...one, trigger: { stabilization: "3", lowBatteryAlone: "30" } },
        async play(stage) {
            await stage.apply("ups1", onBattery(100, "OB LB"));
            await stage.until("the flag seen", () => stage.readings("ups1").at(-1)?.flags?.includes("LB") === true);
            await stage.apply("ups1", onBattery(99));
            await stage.until("the transfer settled", () => (stage.verdict("ups1")?.onBatterySeconds ?? 0) >= 5);
            assert.deepEqual([stage.actions("ups1"), stage.verdict("ups1")?.supply], [[], "battery"]);
        },
    },
    {
        title: "CAL a runtime calibration down to 14 %: never an outage, unlike Eneru's; below the hard floor it is one",
        layout: one,
        async play(stage) {
            await stage.apply("ups1", { ...rows["low-battery"], "ups.status": "OB DISCHRG CAL" });
            await stage.polls("ups1", 6);
            assert.deepEqual([stage.actions("ups1"), stage.kinds("ups1")], [[], ["calibration"]]);
            assert.match(stage.verdict("ups1")?.text ?? "", /no outage: calibration/);
            await stage.apply("ups1", onBattery(9, "OB DISCHRG CAL"));
            await stage.until("the run", () => stage.runs("ups1").length === 1);
            assert.match(stage.commands("ups1")[0]?.reason ?? "", /9 % is below the hard floor of 10 %, calibration or not/);
        },
    },
    {
        title: "FS the driver dies on battery and stays dead: the failsafe decides once, not at every poll (Eneru 6.0.0), and not while mains was there last",
        layout: two,
        async play(stage) {
            await stage.apply("ups1", { ...rows["on-battery"], "battery.runtime": "601" });
            await stage.until("on battery", () => stage.verdict("ups1")?.supply === "battery");
            for (const ups of ["ups1", "ups2"]) await stage.driverDown(ups);
            await stage.until("the run", () => stage.runs("ups1").length === 1);
            await stage.polls("ups1", 6);
            assert.deepEqual([stage.verdict("ups1")?.rule, stage.actions("ups1"), stage.outcomes("ups1")], ["failsafe", ["shutdown"], ["dry-run"]]);
            assert.deepEqual([stage.verdict("ups2")?.supply, stage.actions("ups2")], ["unknown", []]);
        },
    },
];
