import assert from "node:assert/strict";
import { followDrain, withoutTrend, type Drain, type DrainConfig } from "../../../lib/power/drain";

const config: DrainConfig = { batteryWh: 1000, startCharge: 100, efficiency: 80, windowMs: 300_000 };

/** The drain after watts at given seconds. */
function drainOf(samples: [second: number, watts: number][], use: Parameters<typeof followDrain>[2] = "draining", before?: Drain): Drain {
    return samples.reduce<Drain | undefined>((drain, [second, value]) => followDrain(drain, { at: second * 1000, value }, use, config), before)!;
}
const steady = (watts: number, from: number, to: number, every = 60): [number, number][] => Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, place) => [from + place * every, watts]);
const about = (actual: number, expected: number): void => assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, expected ${expected}`);

describe("drain", () => {
    // 480 W at 80 % take 600 W out of 1000 Wh: 1 % a minute. The first and the newest reading wait for their neighbours.
    it("watts become percent of the battery, its losses included", () => about(drainOf(steady(480, 0, 720)).charge, 90));
    it("an uneven interval is weighed by its length", () => about(drainOf([[0, 480], [60, 480], [70, 480], [130, 480], [180, 480]]).charge, 100 - 70 / 60));
    it("one wild reading is not drawn", () => about(drainOf([...steady(480, 0, 300), [360, 90_000], ...steady(480, 420, 720)]).charge, 90));
    it("a gap invents nothing: not drawn, but counted", () => {
        const drain = drainOf([...steady(480, 0, 720), ...steady(480, 4320, 5040)]);
        about(drain.charge, 100 - 10 - 12);
        assert.equal(drain.unmeasuredMs, 3_600_000);
    });
    it("a slower poll is a gap only until it is usual", () => {
        const drain = drainOf([...steady(480, 0, 120, 1), ...steady(480, 240, 3600, 120)]);
        assert.ok(drain.unmeasuredMs > 0 && drain.unmeasuredMs < 900_000, `${drain.unmeasuredMs}`);
    });
    it("never falls below empty, and export draws nothing", () => {
        assert.equal(drainOf(steady(480_000, 0, 720)).charge, 0);
        assert.equal(drainOf(steady(-480, 0, 720)).charge, 100);
    });
    it("while nobody knows whether the battery is in use its charge stays, and the draw is known", () => {
        const drain = drainOf(steady(480, 0, 720), "unknown");
        assert.equal(drain.charge, 100);
        about(drain.drawn, 10);
    });
    it("while charging the charge comes back slowly, no further than where an outage begins", () => {
        const low: Drain = { smoother: [], drawn: 0, charge: 50, unmeasuredMs: 0 };
        about(drainOf(steady(480, 0, 3720), "charging", low).charge, 70);
        about(drainOf(steady(480, 0, 36_000), "charging", low).charge, 100);
    });
    it("without its trend it keeps its charge", () => {
        const drain = drainOf(steady(480, 0, 720));
        assert.deepEqual([withoutTrend(drain).charge, withoutTrend(drain).trend], [drain.charge, undefined]);
    });
});
