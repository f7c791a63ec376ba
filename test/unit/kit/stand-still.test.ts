import assert from "node:assert/strict";
import { StandStill } from "../../../lib/kit/stand-still";
import { VirtualClock } from "../../support/virtual-clock";

const minute = 60_000;

describe("a stand-still of the steady clock", () => {
    const seen = async (...steps: [passed: number, jumped: number][]): Promise<number[]> => {
        const clock = new VirtualClock();
        const still = new StandStill(clock);
        const found: number[] = [];
        for (const [passed, jumped] of steps) {
            await clock.pass(passed);
            clock.jumpWall(jumped);
            found.push(still.take());
        }
        return found;
    };
    it("is what the wall clock is ahead by, told once", async () => assert.deepEqual(await seen([minute, 0], [5000, 10 * minute], [5000, 0]), [0, 10 * minute, 0]));
    it("is none when the wall clock was set back, nor afterwards", async () => assert.deepEqual(await seen([minute, -60 * minute], [minute, 0]), [0, 0]));
    it("is none while the wall clock is corrected little by little", async () => assert.deepEqual(await seen([minute, 20_000], [minute, 20_000], [minute, 20_000]), [0, 0, 0]));
});
