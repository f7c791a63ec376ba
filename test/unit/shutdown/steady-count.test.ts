import assert from "node:assert/strict";
import { countOn, type SteadyCount } from "../../../lib/shutdown/steady-count";

const day = 24 * 3_600_000;
const today = Date.UTC(2026, 10, 21);

describe("a count of ms that no clock can turn back", () => {
    const start: SteadyCount = { ms: 0, wall: today, steady: 5 };
    const restarted: SteadyCount = { ms: 0, wall: today };

    for (const [what, from, now, counted] of [
        ["a day passes", start, { wall: today + day, steady: 5 + day }, day],
        ["the wall clock is set back: the steady one counts", start, { wall: today - 20 * day, steady: 5 + day }, day],
        ["the wall clock is set forward: everything is older", start, { wall: today + 40 * day, steady: 5 + day }, 40 * day],
        ["the machine slept, and its steady clock with it", start, { wall: today + day, steady: 6 }, day],
        ["after a stop the wall clock knows", restarted, { wall: today + day, steady: 7 }, day],
        ["after a stop in which the wall clock was set back nobody knows", restarted, { wall: today - day, steady: 7 }, 0],
        ["a machine starts without a clock: it waits for the network to tell", restarted, { wall: 1000, steady: 7 }, 0],
    ] as const) {
        it(what, () => assert.equal(countOn(from, now).ms, counted));
    }

    it("counts the time of a stop when the network has told the time at last", () => {
        const without = countOn(restarted, { wall: 1000, steady: 7 });
        assert.equal(countOn(without, { wall: today + day, steady: 60_007 }).ms, day);
    });

    it("never goes back, and never counts less than the steady clock, whatever is done to the wall clock", () => {
        let seed = 7;
        const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
        for (let round = 0; round < 200; round += 1) {
            let count: SteadyCount = { ms: 0, wall: today, steady: 0 };
            let steady = 0;
            for (let step = 0; step < 30; step += 1) {
                steady += random(10 * day);
                const next = countOn(count, { wall: today + random(800 * day) - 400 * day, steady });
                assert.ok(next.ms >= count.ms && next.ms >= steady, `${next.ms} after ${steady}`);
                count = next;
            }
        }
    });
});
