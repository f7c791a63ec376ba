import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../../lib/kit/duration";

describe("parseDuration", () => {
    const cases: [unknown, number | undefined, string][] = [
        ["90", 90_000, "a bare number means seconds"],
        [90, 90_000, "so does a number"],
        ["250ms", 250, "milliseconds"],
        ["1.5m", 90_000, "m is minutes"],
        ["2 min", 120_000, "so is min"],
        [" 2 h ", 7_200_000, "spaces do not matter"],
        ["1d", 86_400_000, "days"],
        [0, 0, "none at all"],
        ["", undefined, "an empty field is no duration"],
        ["-5", undefined, "negative"],
        [-5, undefined, "negative number"],
        ["5 weeks", undefined, "an unknown unit"],
        ["1e3", undefined, "exponents are no duration"],
        ["9".repeat(400), undefined, "too long for a number"],
        [Infinity, undefined, "infinite"],
        [Number.MAX_VALUE, undefined, "infinite once it is in ms"],
        [NaN, undefined, "not a number"],
        [true, undefined, "a boolean"],
        [null, undefined, "nothing"],
    ];
    for (const [value, wanted, rule] of cases) it(`${rule}: ${String(value).slice(0, 12)}`, () => assert.equal(parseDuration(value), wanted));
    it("gives a finite duration of at least 0, or undefined, for anything", () => {
        fc.assert(fc.property(fc.anything(), (value) => {
            const ms = parseDuration(value);
            assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0));
        }));
    });
});

describe("formatDuration", () => {
    const cases: [number, string][] = [
        [0, "0 s"], [-1, "0 s"], [500, "0.5 s"], [5000, "5 s"], [9960, "10 s"], [59_400, "59 s"], [59_600, "1 min"], [200_000, "3 min 20 s"],
        [3_599_600, "1 h"], [7_500_000, "2 h 5 min"], [86_399_600, "1 d"], [356_400_000, "4 d 3 h"], [-90_000, "-1 min 30 s"],
        [Infinity, "for ever"], [NaN, "an unknown time"],
    ];
    for (const [ms, wanted] of cases) it(`${ms} ms is ${wanted}`, () => assert.equal(formatDuration(ms), wanted));
});
