import assert from "node:assert/strict";
import { capacityOf, fieldList, noTelemetry, readingOf, takeValues, type Telemetry } from "../../../lib/devices/anker-telemetry";
import type { FieldValue } from "../../../lib/devices/anker-values";

const start = 1_700_000_000_000;
const second = 1000;
const minute = 60 * second;
const state = (more: Record<string, FieldValue> = {}): Record<string, FieldValue> => ({ battery_soc: 82, output_power_total: 310, ac_input_power: 0, photovoltaic_power: 0, temperature: 31, remaining_time_hours: 8.5, ...more });
const after = (...messages: [Record<string, FieldValue>, number][]): Telemetry => messages.reduce((known, [values, at]) => takeValues(known, values, at).telemetry, noTelemetry);
const reading = (values: Record<string, FieldValue>) => readingOf(after([values, start]), { device: "solix", now: start });

describe("the telemetry of a power station", () => {
    it("becomes a reading: loads as watts, charge, runtime, flows", () => {
        assert.deepEqual(reading(state()), {
            device: "solix", source: "anker", at: start, quality: "good", charge: 82, watts: 310, temperature: 31, runtime: 30_600,
            flows: { input: 0, output: 310, grid: 0, solar: 0 }, mains: "unknown", flags: ["DISCHRG"],
        });
    });

    const cases: [string, Record<string, FieldValue>, Record<string, unknown>][] = [
        ["AC power flows in: mains is there", { ac_input_power: 1200 }, { mains: "present" }],
        ["no AC power flows in: it may also be full", { ac_input_power: 0 }, { mains: "unknown" }],
        ["a panel says outage", { grid_status: 1, grid_power: 0 }, { mains: "absent" }],
        ["a panel says on grid, though nothing flows", { grid_status: 0, grid_power: 0 }, { mains: "present" }],
        ["the hours while charging are those until full", { ac_input_power: 1200, bat_charge_power: 880 }, { runtime: undefined, flags: ["CHRG"] }],
        ["hours that mean unknown", { remaining_time_hours: 1092.3 }, { runtime: undefined }],
        ["it may switch itself off", { device_timeout_minutes: 720 }, { flags: ["DISCHRG", "AUTO-OFF"] }],
        ["below zero", { temperature: -4 }, { temperature: -4 }],
    ];
    for (const [what, values, wanted] of cases) {
        it(what, () => {
            const got = reading(state(values)) as unknown as Record<string, unknown>;
            for (const [name, value] of Object.entries(wanted)) assert.deepEqual(got[name], value, name);
        });
    }

    it("counts the expansion packs of a C1000, which reports each battery apart", () => {
        const packs = { main_battery_soc: 100, exp_1_soc: 20, expansion_packs: 1, output_power_total: 57, temperature: 35 };
        assert.equal(reading(packs).charge, 60);
        assert.equal(capacityOf("A1761", after([packs, start])), 2112);
        assert.equal(capacityOf("A1790P", noTelemetry), 3840);
        assert.equal(capacityOf("A17B1", noTelemetry), undefined);
    });

    for (const charge of [255, 101, -1]) {
        it(`does not believe a charge of ${charge} %, and stays with the last one`, () => {
            const known = after([state(), start]);
            const { telemetry, fresh, doubt } = takeValues(known, state({ battery_soc: charge }), start + 5 * second);
            assert.deepEqual([fresh, doubt], [false, `battery_soc is ${charge}: not believed`]);
            assert.deepEqual(readingOf(telemetry, { device: "solix", now: start }), reading(state()));
        });
    }
    it("takes a number of packs that is none for no packs", () => assert.equal(capacityOf("A1790P", after([state({ expansion_packs: "x" }), start])), 3840));

    it("joins what a panel says in messages that follow each other", () => {
        const panel = after([{ battery_soc: 64, battery_power: 1450, home_load_power: 1450 }, start], [{ grid_status: 1, grid_power: 0 }, start + 2 * second]);
        assert.deepEqual(readingOf(panel, { device: "panel", now: start + 2 * second }), {
            device: "panel", source: "anker", at: start + 2 * second, quality: "good", charge: 64, watts: 1450, flows: { input: 0, output: 1450, grid: 0, battery: 1450 }, mains: "absent", flags: ["DISCHRG"],
        });
    });

    it("is missing before the first message", () => assert.deepEqual(readingOf(noTelemetry, { device: "solix", now: start }), { device: "solix", source: "anker", at: start, quality: "missing" }));

    it("gives each field its own age, and does not mix old ones into a reading", () => {
        const known = after([state({ ac_input_power: 500 }), start], [{ expansion_packs: 1, exp_1_soc: 77 }, start + minute], [{ battery_soc: 81, temperature: 31 }, start + 2 * minute]);
        assert.deepEqual(readingOf(known, { device: "solix", now: start + 2 * minute }), { device: "solix", source: "anker", at: start + 2 * minute, quality: "good", charge: 81, temperature: 31, mains: "unknown" });
        const ages = fieldList(known, start + 2 * minute);
        assert.deepEqual([ages.battery_soc, ages.exp_1_soc, ages.output_power_total], [{ value: 81, ageSeconds: 0 }, { value: 77, ageSeconds: 60 }, { value: 310, ageSeconds: 120 }]);
    });

    it("does not believe a message in which everything is 0", () => {
        const { doubt, fresh, telemetry } = takeValues(noTelemetry, { battery_soc: 0, output_power_total: 0, temperature: 0, msg_timestamp: 1_700_000_000, device_sn: "X" }, start);
        assert.ok(doubt !== undefined && !fresh && telemetry.stateAt === undefined);
    });

    it("does believe an empty battery", () => assert.equal(reading(state({ battery_soc: 0, output_power_total: 0 })).charge, 0));

    it("keeps names that identify a home out of what goes to a log", () => {
        assert.deepEqual(Object.keys(fieldList(after([state({ device_sn: "A", wifi_name: "B", exp_1_sn: "C", "0w_switch_bt_mac": "D", msg_timestamp: 1 }), start]), start)).filter((name) => /sn|wifi|mac|stamp/.test(name)), []);
    });

    describe("and the device's clock", () => {
        const stamped = (at: number, skewMs = 0) => state({ msg_timestamp: (at + skewMs) / second });
        for (const [what, skew] of [["right", 0], ["an hour fast", 60 * minute], ["a day slow", -24 * 60 * minute]] as const) {
            it(`is ${what}: a message that comes at once is new`, () => assert.equal(after([stamped(start, skew), start], [stamped(start + minute, skew), start + minute]).stateAt, start + minute));
        }
        it("shows that a message was held back on its way", () => assert.equal(after([stamped(start), start], [stamped(start + minute), start + 11 * minute]).stateAt, start + minute));
        it("shows that the cloud repeats an old message: it stays as old as it is", () => {
            const once = after([stamped(start), start]);
            const again = takeValues(once, stamped(start), start + 5 * minute);
            assert.deepEqual([again.fresh, again.telemetry.stateAt], [false, start]);
        });
        it("shows it also when the cloud repeats it over and over", () => {
            const again = [0, 1, 2, 3, 4].map((times): [Record<string, FieldValue>, number] => [stamped(start), start + 5 * minute + times * second]);
            assert.equal(after([stamped(start), start], ...again).stateAt, start);
        });
        it("lets a burst of old messages be old", () => {
            const burst = [1, 2, 3, 4, 5].map((minutes): [Record<string, FieldValue>, number] => [stamped(start + minutes * minute), start + 30 * minute]);
            assert.equal(after([stamped(start), start], ...burst).stateAt, start + 5 * minute);
        });
        it("is followed when it is set back: three messages that come as late as each other are not late", () => {
            const set = [1, 2, 3].map((minutes): [Record<string, FieldValue>, number] => [stamped(start + minutes * minute, -60 * minute), start + minutes * minute]);
            assert.equal(after([stamped(start), start], ...set).stateAt, start + 3 * minute);
        });
    });
});
