import assert from "node:assert/strict";
import * as fc from "fast-check";
import { addDarkWatts, addDuration, darkBound, nothingMeasured, parseMeasured, upperMs, type Sample } from "../../../lib/shutdown/measured";

const times = (...ms: number[]): Sample[] => ms.map((each) => ({ ms: each }));

describe("measured durations", () => {
    it("say nothing while they are few", () => {
        assert.equal(upperMs([]), undefined);
        assert.equal(upperMs(times(10, 20)), undefined);
        assert.equal(upperMs([...times(10, 20), { ms: 30, cut: true }]), undefined, "one that was cut off is none");
    });
    it("give the longest of a few, and the 95th of a hundred in twenty", () => {
        assert.equal(upperMs(times(30, 10, 20)), 30);
        assert.equal(upperMs(times(...Array.from({ length: 20 }, (_, index) => index + 1))), 19);
    });
    it("take a time that was cut off for longer than its limit, never for the limit", () => {
        assert.equal(upperMs([...times(10, 20, 30), { ms: 40, cut: true }]), undefined, "one of four took longer than 40, nobody knows how long");
        assert.equal(upperMs([...times(10, 20, 30, 50), { ms: 15, cut: true }]), 50);
    });
    it("are never below what was seen when nothing was cut off, nor above it", () => {
        fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 3, maxLength: 20 }), (list) => {
            const bound = upperMs(times(...list)) ?? NaN;
            const within = list.filter((ms) => ms <= bound).length;
            assert.ok(within >= list.length * 0.95 - 1e-9 && list.includes(bound));
        }));
    });
    it("keep the newest twenty, and survive a file", () => {
        const known = nothingMeasured();
        for (let ms = 1; ms <= 30; ms += 1) addDuration(known, "nas/stop-service", ms === 30 ? { ms, cut: true } : { ms });
        addDarkWatts(known, "nas_plug", 1.2);
        assert.deepEqual(known.durations["nas/stop-service"], [...Array.from({ length: 19 }, (_, index) => ({ ms: 11 + index })), { ms: 30, cut: true }]);
        assert.deepEqual(parseMeasured(JSON.parse(JSON.stringify(known))), known);
        for (const wrong of [null, 1, {}, { durations: {}, darkWatts: [] }, { durations: { a: [{ ms: "x" }] }, darkWatts: {} }, { durations: {}, darkWatts: { a: ["x"] } }]) assert.equal(parseMeasured(wrong), undefined);
    });
    it("forget at the next start the steps that came first when there are too many", () => {
        const known = nothingMeasured();
        for (let step = 0; step < 2002; step += 1) addDuration(known, `nas/${step}`, { ms: step });
        const keys = Object.keys(parseMeasured(JSON.parse(JSON.stringify(known)))?.durations ?? {});
        assert.deepEqual([keys.length, keys[0], keys.at(-1)], [2000, "nas/2", "nas/2001"]);
    });
    it("of the dark give a bound with some room", () => {
        assert.equal(darkBound(undefined), 3);
        assert.equal(darkBound([0, 0.2]), 3);
        assert.equal(darkBound([6, 8]), 10.4);
    });
});
