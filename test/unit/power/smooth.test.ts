import assert from "node:assert/strict";
import { smooth, type Smoother } from "../../../lib/power/smooth";

function smoothed(values: number[]): number[] {
    let smoother: Smoother = [];
    return values.flatMap((value, at) => {
        const step = smooth(smoother, { at, value });
        smoother = step.smoother;
        return step.point ? [step.point.value] : [];
    });
}

describe("smooth", () => {
    const cases: [rule: string, values: number[], smoothed: number[]][] = [
        ["a steady course stays, but for its ends", [5, 4, 3, 2, 1], [4, 3, 2]],
        ["one wild value vanishes", [5, 5, 900, 5, 5], [5, 5, 5]],
        ["a step stays a step", [9, 9, 9, 4, 4, 4], [9, 9, 4, 4]],
        ["two points are not enough", [1, 2], []],
    ];
    for (const [rule, values, expected] of cases) it(rule, () => assert.deepEqual(smoothed(values), expected));
    it("gives the point its own time", () => assert.equal(smooth([{ at: 1, value: 1 }, { at: 2, value: 2 }], { at: 3, value: 3 }).point?.at, 2));
});
