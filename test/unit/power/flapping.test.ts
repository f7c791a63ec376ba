import assert from "node:assert/strict";
import { countRecovery, type Flaps } from "../../../lib/power/flapping";

const hour = 3_600_000;

describe("flapping", () => {
    /** At which of the hours it is told. */
    const toldAt = (hours: number[], threshold = 5): number[] => {
        let flaps: Flaps = { recoveries: [] };
        return hours.filter((at) => {
            const step = countRecovery(flaps, at * hour, threshold);
            flaps = step.flaps;
            return step.told;
        });
    };
    const upTo = (end: number): number[] => Array.from({ length: end }, (_, place) => place + 1);

    for (const [what, hours, threshold, told] of [
        ["four in a day are none", [1, 2, 3, 4], 5, []],
        ["the fifth within 24 h is told", [1, 2, 3, 4, 5], 5, [5]],
        ["five in more than a day are none", [0, 6, 12, 18, 24.1], 5, []],
        ["the sixth does not repeat it", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 5, [5]],
        ["it goes on: told again a day later, not before", upTo(60), 5, [5, 29, 53]],
        ["a calm week re-arms it", [1, 2, 3, 4, 5, 170, 171, 172, 173, 174], 5, [5, 174]],
        ["a threshold of one tells each day's first", [1, 2, 30], 1, [1, 30]],
        ["a threshold of 0 tells nothing", upTo(50), 0, []],
        ["times from before the clock was set back do not count", [100, 101, 102, 103, 1], 5, []],
    ] as const) {
        it(what, () => assert.deepEqual(toldAt([...hours], threshold), told));
    }

    it("remembers no more than it needs", () => {
        let flaps: Flaps = { recoveries: [] };
        for (let at = 0; at < 10_000; at += 1) flaps = countRecovery(flaps, at, 5).flaps;
        assert.ok(flaps.recoveries.length <= 5);
    });
});
