import assert from "node:assert/strict";
import fc from "fast-check";
import { beginCharge, estimateCharge, parseChargeModel, withInflow, withLoad } from "../../../lib/power/charge-model";

const start = 1_700_000_000_000;
const minute = 60_000;
const model = beginCharge({ capacityWh: 3840, charge: 80, at: start, watts: 400 });

describe("the charge that nobody measures", () => {
    it("is the measured one at first, give or take the percent that is not shown", () => assert.deepEqual(estimateCharge(model, start), { charge: 80, low: 79, high: 81, since: start }));

    it("falls by what the load draws, and by what the inverter loses", () => {
        let now = model;
        for (let at = 1; at <= 60; at += 1) now = withLoad(now, { watts: 400, at: start + at * minute });
        const { charge, low, high } = estimateCharge(now, start + 60 * minute);
        // 400 Wh at the outlets cost 480 Wh of 3725 Wh: 12.9 %.
        assert.ok(Math.abs(charge - 67.1) < 0.5, `${charge}`);
        assert.ok(low < 66 && low > 55 && high > 69 && high < 72, `${low} to ${high}`);
    });

    it("may be anything below the measured one when the load is not known either", () => {
        const { low, high } = estimateCharge(model, start + 300 * minute);
        assert.ok(low === 0 && high > 78, `${low} to ${high}`);
    });

    it("may have risen while something may flow in", () => {
        const charging = beginCharge({ capacityWh: 3840, charge: 50, at: start, watts: 100, inflowWatts: 1800 });
        assert.equal(estimateCharge(charging, start + 90 * minute).high, 100);
        assert.ok(estimateCharge(charging, start + 90 * minute).charge < 50);
    });

    it("cannot have risen any more once mains is known to be gone", () => {
        const charging = beginCharge({ capacityWh: 3840, charge: 50, at: start, watts: 100, inflowWatts: 1800 });
        const gone = withInflow(charging, { watts: 0, at: start + 10 * minute });
        const [then, later] = [estimateCharge(gone, start + 10 * minute), estimateCharge(gone, start + 90 * minute)];
        assert.ok(then.high > 58 && later.high < then.high, `${then.high}, ${later.high}`);
        assert.equal(withInflow(gone, { watts: 5, at: start }), gone);
    });

    it("ignores a load of the past, and one that is no number", () => {
        const later = withLoad(model, { watts: 100, at: start + minute });
        assert.equal(withLoad(later, { watts: 3000, at: start }), later);
        assert.equal(withLoad(later, { watts: NaN, at: start + 2 * minute }), later);
    });

    it("does not run backwards when it is asked for the past", () => {
        const later = withLoad(model, { watts: 100, at: start + minute });
        assert.deepEqual(estimateCharge(later, start), estimateCharge(later, start + minute));
    });

    const steps = fc.array(fc.record({ watts: fc.double({ min: -100, max: 6000, noNaN: true }), afterMs: fc.integer({ min: 0, max: 3_600_000 }) }), { minLength: 1, maxLength: 30 });
    const beginnings = fc.record({ capacityWh: fc.integer({ min: 200, max: 54_000 }), charge: fc.double({ min: 0, max: 100, noNaN: true }), at: fc.constant(start), watts: fc.double({ min: -50, max: 6000, noNaN: true }), inflowWatts: fc.integer({ min: 0, max: 3600 }) });

    it("lies within its bounds, which only move apart", () => {
        fc.assert(fc.property(beginnings, steps, (beginning, loads) => {
            let now = beginCharge(beginning);
            let at = start;
            let before = estimateCharge(now, at);
            for (const { watts, afterMs } of loads) {
                at += afterMs;
                now = withLoad(now, { watts, at });
                const after = estimateCharge(now, at);
                assert.ok(0 <= after.low && after.low <= after.charge && after.charge <= after.high && after.high <= 100);
                assert.ok(after.low <= before.low && after.since === start);
                // Where a bound has met the end of the scale, only the other one moves.
                if (before.high < 100 && after.low > 0) assert.ok(after.high - after.low >= before.high - before.low - 0.2);
                before = after;
            }
        }));
    });

    it("is never higher under a higher load", () => {
        fc.assert(fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 0, max: 120 }), (watts, more, minutes) => {
            const under = (load: number): number => estimateCharge(beginCharge({ capacityWh: 3840, charge: 90, at: start, watts: load }), start + minutes * minute).charge;
            assert.ok(under(watts + more) <= under(watts));
        }));
    });

    it("comes back from the disk, and only as a whole", () => {
        const later = withLoad(model, { watts: 100, at: start + minute });
        assert.deepEqual(parseChargeModel(JSON.parse(JSON.stringify(later))), later);
        for (const key of Object.keys(later)) assert.equal(parseChargeModel({ ...later, [key]: undefined }), undefined, key);
        for (const other of [null, 5, "x", [], { ...later, capacityWh: 0 }]) assert.equal(parseChargeModel(other), undefined);
    });
});
