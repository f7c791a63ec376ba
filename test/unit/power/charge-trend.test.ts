import assert from "node:assert/strict";
import { followTrend, slopeOf, type Trend } from "../../../lib/power/charge-trend";

const windowMs = 300_000;

/** The trend after values that come every `seconds`. */
function trendOf(values: number[], seconds = 60): Trend {
    return values.reduce<Trend | undefined>((trend, value, place) => followTrend(trend, { at: place * seconds * 1000, value }, windowMs), undefined)!;
}

describe("charge trend", () => {
    it("a step lies half-way between two reports that differ", () => {
        assert.deepEqual(trendOf([90, 90, 89, 89, 87]).steps, [{ at: 90_000, value: 89.5 }, { at: 210_000, value: 88 }]);
    });
    it("a report that flickers between two values is no turn", () => {
        const trend = trendOf([90, 89, 90, 89, 88, 89, 88, 87]);
        assert.deepEqual([trend.heading, trend.reached.value, trend.steps.length], [-1, 87, 3]);
    });
    it("two percent back are a turn, which began with the first step back", () => {
        const trend = trendOf([90, 89, 88, 88, 89, 90]);
        assert.deepEqual([trend.heading, trend.headingSince], [1, 210_000]);
        assert.deepEqual(trend.steps.map((step) => step.value), [88.5, 89.5]);
    });
    it("keeps thirty steps to a window at most", () => {
        const trend = trendOf(Array.from({ length: 2000 }, (_, second) => 100 - second / 40), 1);
        assert.ok(trend.steps.length <= 30);
        assert.ok(trend.steps.every((step, place) => place === 0 || step.at - (trend.steps[place - 1]?.at ?? 0) >= windowMs / 30));
    });

    it("has another slope over another window", () => {
        const trend = trendOf([90, 88, 86, 84, 82, 80, 79, 78, 77, 76, 75, 74, 73]);
        const [short, long] = [slopeOf(trend, 6 * 60_000)?.perMinute ?? 0, slopeOf(trend, 60 * 60_000)?.perMinute ?? 0];
        assert.ok(Math.abs(short - 1) < 1e-9 && long > 1.2, `${short}, ${long}`);
    });

    const slopes: [rule: string, values: number[], perMinute: number | undefined][] = [
        ["a steady fall", [90, 89, 88, 87, 86], 1],
        ["a steady rise is below 0", [80, 81, 82, 83], -1],
        ["a slow fall reaches beyond the window", [90, 90, 90, 90, 89, 89, 89, 89, 88, 88, 88, 88, 87, 87, 87, 87], 0.25],
        ["one step is not enough", [90, 90, 89, 89], undefined],
        ["two steps are not enough", [90, 89, 88], undefined],
        ["unless they lie far apart", [90, 80, 70], 10],
        ["no step is not enough", Array<number>(30).fill(90), undefined],
        ["but an hour without one is idle", Array<number>(62).fill(90), 0],
        ["a fall whose next step is long overdue slows down", [90, 89, 88, 87, 86, ...Array<number>(10).fill(86)], 0.2],
    ];
    for (const [rule, values, perMinute] of slopes) {
        it(rule, () => {
            const slope = slopeOf(trendOf(values), windowMs)?.perMinute;
            assert.ok(perMinute === undefined || slope === undefined ? slope === perMinute : Math.abs(slope - perMinute) < 1e-9, `${slope}`);
        });
    }
});
