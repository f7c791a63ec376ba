import assert from "node:assert/strict";
import fc from "fast-check";
import { backOffMs } from "../../../lib/kit/back-off";

describe("backOffMs", () => {
    const bounds = { minMs: 1000, maxMs: 60_000 };
    for (const [attempt, wanted] of [[0, 1000], [1, 2000], [2, 4000], [5, 32_000], [6, 60_000], [60, 60_000], [1e9, 60_000]] as const) {
        it(`waits at most ${wanted} ms before attempt ${attempt}`, () => assert.equal(backOffMs(attempt, bounds, () => 1), wanted));
        it(`waits at least half of that before attempt ${attempt}`, () => assert.equal(backOffMs(attempt, bounds, () => 0), wanted / 2));
    }
    it("stays between half the minimum and the maximum for every attempt and chance", () => {
        fc.assert(fc.property(fc.integer({ min: -5, max: 2 ** 31 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
            const ms = backOffMs(attempt, bounds, () => chance);
            assert.ok(ms >= 500 && ms <= 60_000, `${ms}`);
        }));
    });
});
