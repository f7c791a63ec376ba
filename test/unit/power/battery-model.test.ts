import assert from "node:assert/strict";
import * as fc from "fast-check";
import { discharge, outputWatts, recharge, runtimeAt, secondsToEmpty, secondsToFull, type Battery } from "../../../lib/power/battery-model";

/** 600 W out of 1000 Wh at 100 %: 1 % a minute. */
const battery: Battery = { capacityWh: 1000, efficiency: 100, loadWatts: 600, derateBelow: 0 };
const derating: Battery = { ...battery, derateBelow: 10 };
const about = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-6, `${actual}, expected ${expected}`);

describe("battery model", () => {
    it("drains by load, capacity and losses", () => {
        about(discharge(battery, 100, 600), 90);
        about(discharge({ ...battery, efficiency: 50 }, 100, 600), 80);
    });
    it("gives full output to the last without derating, and nothing when empty", () => {
        assert.deepEqual([100, 1, 0.01, 0].map((charge) => outputWatts(battery, charge)), [600, 600, 600, 0]);
    });
    it("gives way below the derating charge", () => {
        assert.deepEqual([100, 10, 2.5, 0].map((charge) => outputWatts(derating, charge)), [600, 600, 300, 0]);
    });
    it("derated watts fall evenly in time", () => {
        const quarter = secondsToEmpty(derating, 10) / 4;
        for (const [share, watts] of [[0, 600], [1, 450], [2, 300], [3, 150], [4, 0]] as const) about(outputWatts(derating, discharge(derating, 10, share * quarter)), watts);
    });
    it("knows when it is empty and when it is full", () => {
        about(secondsToEmpty(battery, 50), 3000);
        about(secondsToEmpty(derating, 50), 2400 + 1200);
        about(recharge(40, secondsToFull(40)), 100);
        assert.equal(recharge(99, 1e6), 100);
    });
    it("reckons its runtime from the present load", () => {
        about(runtimeAt(battery, 50, 600), 3000);
        assert.equal(runtimeAt(battery, 50, 0), 0);
    });

    const batteries = fc.record({ capacityWh: fc.double({ min: 10, max: 20_000, noNaN: true }), efficiency: fc.double({ min: 20, max: 100, noNaN: true }), loadWatts: fc.double({ min: 1, max: 5000, noNaN: true }), derateBelow: fc.constantFrom(0, 5, 40) });
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    it("many short steps give what one long step gives", () => {
        fc.assert(fc.property(batteries, percent, fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { maxLength: 20 }), (any, charge, steps) => {
            const stepped = steps.reduce((left, seconds) => discharge(any, left, seconds), charge);
            about(stepped, discharge(any, charge, steps.reduce((sum, seconds) => sum + seconds, 0)));
        }));
    });
    it("never gains by discharging, never leaves 0 to 100 %, and is empty when it said it would be", () => {
        fc.assert(fc.property(batteries, percent, fc.double({ min: 0, max: 1e6, noNaN: true }), (any, charge, seconds) => {
            const left = discharge(any, charge, seconds);
            assert.ok(left >= 0 && left <= charge);
            about(discharge(any, charge, secondsToEmpty(any, charge)), 0);
        }));
    });
});
