import assert from "node:assert/strict";
import { isBelow } from "../../../lib/power/crossing";

describe("isBelow", () => {
    const cases: [rule: string, value: number, before: number | undefined, expected: ReturnType<typeof isBelow>][] = [
        ["the limit itself is above", 20, 21, "above"],
        ["a small step across it counts at once", 19, 21, "below"],
        ["the largest step that does", 16, 21, "below"],
        ["a cliff has to be confirmed", 15, 21, "unconfirmed"],
        ["by the next value, however deep it lies", 3, 15, "below"],
        ["the first value of all has to be confirmed", 15, undefined, "unconfirmed"],
        ["back above, nothing is left", 90, 3, "above"],
    ];
    for (const [rule, value, before, expected] of cases) it(rule, () => assert.equal(isBelow(20, value, before, 5), expected));
});
