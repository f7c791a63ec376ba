import assert from "node:assert/strict";
import fc from "fast-check";
import { failedReading, nutReading } from "../../../lib/devices/nut-reading";
import { NutTrouble } from "../../../lib/devices/nut-trouble";
import { Trouble } from "../../../lib/kit/trouble";
import { parseReading, type Reading } from "../../../lib/power/reading";
import { standardVariables } from "../../support/nut-rig";

const at = 1_790_000_000_000;
const read = (variables: Record<string, string>): Reading => nutReading(new Map(Object.entries(variables)), "ups1", at);

describe("the reading of a UPS", () => {
    it("carries what people chart", () => {
        assert.deepEqual(read(standardVariables), {
            device: "ups1", source: "nut", at, quality: "good", mains: "present", flags: ["OL"],
            charge: 100, runtime: 3600, load: 30, watts: 270, volts: 230, outputVolts: 230, batteryVolts: 27.2, nominalVolts: 230,
            hertz: 50, amps: 1.2, temperature: 25, lowCharge: 20, lowRuntime: 120,
        });
    });
    it("is a reading as everybody takes them", () => {
        const reading = read({ ...standardVariables, "ups.realpower": "", "ups.status": "OB TEST" });
        assert.deepEqual(parseReading(structuredClone(reading), 0), { reading });
    });

    const mains: [status: string, mains: Reading["mains"]][] = [
        ["OL", "present"], ["OL CHRG", "present"], ["OB", "absent"], ["OB DISCHRG LB", "absent"], ["  OB\tLB ", "absent"],
        ["OL DISCHRG", "present"], ["DISCHRG", "unknown"], ["CHRG", "unknown"], ["LB", "unknown"], ["OFF", "unknown"], ["FSD", "unknown"], ["BYPASS", "unknown"],
        ["", "unknown"], ["   ", "unknown"], ["WAIT", "unknown"], ["OL WAIT", "unknown"], ["OL OB", "unknown"],
        ["ALARM OL RB", "present"], ["ALARM OB LB", "absent"], ["FSD OL", "present"], ["FSD OB LB", "absent"], ["OB CAL", "absent"],
        ["ol", "unknown"], ["OLX", "unknown"], ["NOT OBVIOUS", "unknown"], ["\u0000\u0007 OB", "absent"],
    ];
    for (const [status, wanted] of mains) it(`${JSON.stringify(status)}: mains is ${wanted}`, () => assert.equal(read({ "ups.status": status }).mains, wanted));
    it("no status at all: mains is unknown", () => assert.deepEqual([read({}).mains, read({}).flags], ["unknown", []]));

    it("keeps all words of the status, those that nobody knows too", () => {
        assert.deepEqual(read({ "ups.status": "ALARM OL  CHRG ECO\tVENDOR:7" }).flags, ["ALARM", "OL", "CHRG", "ECO", "VENDOR:7"]);
    });
    it("is not flooded by a status without end", () => {
        const { flags = [] } = read({ "ups.status": `OB ${"x".repeat(5000)} ${"y ".repeat(5000)}` });
        assert.deepEqual([flags[0], flags.length, flags[1]?.length], ["OB", 32, 40]);
    });

    for (const [what, variables, testing] of [
        ["the word TEST", { "ups.status": "OB TEST" }, true],
        ["a test in progress", { "ups.status": "OL", "ups.test.result": "In progress" }, true],
        ["as other drivers write it", { "ups.status": "OFF", "ups.test.result": "Battery test in progress" }, true],
        ["a test that is done", { "ups.status": "OL", "ups.test.result": "Done and passed" }, undefined],
        ["a test that was never begun", { "ups.status": "OL", "ups.test.result": "No test initiated" }, undefined],
    ] as const) {
        it(`${what}: ${testing ? "it is testing itself" : "no test"}`, () => assert.equal(read(variables).testing, testing));
    }

    for (const text of ["", " ", "NA", "N/A", "nan", "NaN", "-", "unknown", "12abc", "0x20", "1e9", "Infinity", "1,5", "--5"]) {
        it(`${JSON.stringify(text)} is no number: absent`, () => assert.ok(!("charge" in read({ "battery.charge": text }))));
    }
    const values: [variable: string, text: string, quantity: keyof Reading, value: number | undefined][] = [
        ["battery.charge", "0", "charge", 0], ["battery.charge", "087.5", "charge", 87.5], ["battery.charge", "-1", "charge", undefined], ["battery.charge", "255", "charge", undefined],
        ["battery.runtime", "0", "runtime", 0], ["battery.runtime", "65535", "runtime", 65_535], ["battery.runtime", "-1", "runtime", undefined],
        ["battery.runtime.low", "120", "lowRuntime", 120], ["battery.charge.low", "100", "lowCharge", 100],
        ["ups.load", "0", "load", 0], ["ups.load", "112", "load", 112], ["ups.load", "-3", "load", undefined], ["ups.load", "65535", "load", undefined],
        ["input.voltage", "0.0", "volts", 0], ["input.voltage", "2300", "volts", undefined], ["input.L1-N.voltage", "231", "volts", 231],
        ["input.voltage.nominal", "2300.00", "nominalVolts", undefined], ["input.voltage.nominal", "0", "nominalVolts", undefined], ["input.voltage.nominal", "120", "nominalVolts", 120],
        ["battery.temperature", "31.5", "temperature", 31.5], ["ups.temperature", "-5", "temperature", -5], ["ups.temperature", "3276.7", "temperature", undefined],
        ["ambient.temperature", "20", "temperature", undefined],
    ];
    for (const [variable, text, quantity, value] of values) it(`${variable} ${text}: ${quantity} ${value ?? "absent"}`, () => assert.equal(read({ [variable]: text })[quantity], value));

    describe("watts", () => {
        for (const [what, variables, watts, derived] of [
            ["as the UPS measures them", { "ups.realpower": "270", "ups.load": "50", "ups.realpower.nominal": "900" }, 270, undefined],
            ["measured 0 W is measured", { "ups.realpower": "0", "ups.load": "50", "ups.realpower.nominal": "900" }, 0, undefined],
            ["else from the load and the rating, marked as computed", { "ups.load": "7", "ups.realpower.nominal": "865" }, 60.55, ["watts"]],
            ["not from the apparent power: VA are no W", { "ups.load": "30", "ups.power.nominal": "1500", "ups.power": "300" }, undefined, undefined],
            ["not without a rating", { "ups.load": "30", "ups.realpower.nominal": "0" }, undefined, undefined],
            ["not without a load", { "ups.realpower.nominal": "900" }, undefined, undefined],
        ] as const) {
            it(what, () => {
                const reading = read(variables);
                assert.deepEqual([reading.watts, reading.derived], [watts, derived]);
            });
        }
    });

    it("is one, whatever the variables are", () => {
        const texts = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.double().map(String), fc.constantFrom("OL", "OB LB", "WAIT", "nan"));
        fc.assert(fc.property(fc.dictionary(fc.constantFrom(...Object.keys(standardVariables)), texts), (variables) => {
            const reading = read(variables);
            assert.deepEqual(parseReading(reading, 0), { reading });
        }), { numRuns: 2000 });
    });
});

describe("the reading of a failed poll", () => {
    for (const [what, cause, quality] of [
        ["data are stale", new NutTrouble("data-stale", "failed", "UPS ups1: data are stale", "check its cable"), "stale"],
        ["the driver is not connected", new NutTrouble("driver-not-connected", "failed", "UPS ups1: its driver is not running", "start it"), "missing"],
        ["the server can't be reached", new NutTrouble("connection", "refused", "NUT server 192.0.2.1:3493: connection refused"), "missing"],
        ["no such UPS", new NutTrouble("unknown-ups", "config", "no UPS ups9", "known: ups1"), "missing"],
        ["something else", new Trouble("failed", "surprise"), "missing"],
    ] as const) {
        it(`${what}: ${quality}, with cause and cure, and no values`, () => assert.deepEqual(failedReading(cause, "ups1", at), { device: "ups1", source: "nut", at, quality, error: cause.message }));
    }
});
