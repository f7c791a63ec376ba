import assert from "node:assert/strict";
import * as fc from "fast-check";
import { median, slopeThrough } from "../../../lib/power/theil-sen";

const line = (values: number[]): { at: number; value: number }[] => values.map((value, at) => ({ at, value }));

describe("theil-sen", () => {
    const cases: [rule: string, values: number[], slope: number | undefined][] = [
        ["a straight line has its slope", [0, 2, 4, 6], 2],
        ["two wild points of eight move nothing", [0, 2, 4, 90, 8, 10, -50, 14], 2],
        ["a pair that lies far apart weighs more than neighbours", [0, 0, 3, 3, 6, 6, 9], 1.5],
        ["one point has no slope", [1], undefined],
        ["no point has no slope", [], undefined],
    ];
    for (const [rule, values, slope] of cases) it(rule, () => assert.equal(slopeThrough(line(values)), slope));
    it("points of one moment have no slope", () => assert.equal(slopeThrough([{ at: 1, value: 1 }, { at: 1, value: 2 }]), undefined));
    it("is the weighted median by its definition, whatever the points and however many slopes are alike", () => {
        fc.assert(fc.property(fc.array(fc.record({ pause: fc.integer({ min: 0, max: 3 }), value: fc.integer({ min: 0, max: 5 }) }), { maxLength: 30 }), (steps) => {
            let at = 0;
            const points = steps.map(({ pause, value }) => ({ at: at += pause, value }));
            const pairs = points.flatMap((to, place) => points.slice(0, place).filter((from) => from.at !== to.at).map((from) => ({ slope: (to.value - from.value) / (to.at - from.at), weight: to.at - from.at })));
            const upTo = (limit: number): number => pairs.reduce((sum, { slope, weight }) => (slope <= limit ? sum + weight : sum), 0);
            const [first] = pairs.map(({ slope }) => slope).sort((a, b) => a - b).filter((slope) => upTo(slope) * 2 >= upTo(Infinity));
            assert.equal(slopeThrough(points), first);
        }));
    });
    it("median of odd, even and none", () => assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([])], [2, 2.5, undefined]));
});
