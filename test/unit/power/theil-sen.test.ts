import assert from "node:assert/strict";
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
    it("median of odd, even and none", () => assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3]), median([])], [2, 2.5, undefined]));
});
