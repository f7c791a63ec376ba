import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import { followStillness, type Stillness } from "../../../lib/power/stillness";

const reading = (at: number, more: Partial<Reading> = {}): Reading => ({ device: "ups1", source: "nut", at, quality: "good", charge: 80, runtime: 1200, load: 12, ...more });
const since = (...readings: Reading[]): number | undefined => readings.reduce<Stillness | undefined>(followStillness, undefined)?.since;

describe("followStillness", () => {
    const cases: [rule: string, readings: Reading[], since: number | undefined][] = [
        ["numbers that do not move are still since the first of them", [reading(1), reading(2), reading(3)], 1],
        ["one that moves ends it", [reading(1), reading(2, { load: 13 }), reading(3, { load: 13 })], 2],
        ["so does one that comes or goes", [reading(1), reading(2, { watts: 100 })], 2],
        ["fewer than three numbers tell nothing", [reading(1), { device: "solix", source: "anker", at: 2, quality: "good", charge: 80, watts: 400 }], undefined],
        ["settings of the device are no measurement", [{ device: "ups1", source: "nut", at: 1, quality: "good", charge: 80, nominalVolts: 230, lowCharge: 10, lowRuntime: 120 }], undefined],
    ];
    for (const [rule, readings, expected] of cases) it(rule, () => assert.equal(since(...readings), expected));
});
