import assert from "node:assert/strict";
import { afterFailure, hurry, readyPace, type Advice, type Pace } from "../../../lib/alerts/pace";

const retry: Advice = { next: "retry" };
/** The wait in s after each of `failures` failures, at the far end of the jitter. */
function waits(advice: Advice, failures: number, chance = 1): number[] {
    let pace: Pace = readyPace;
    let now = 0;
    return Array.from({ length: failures }, () => {
        pace = afterFailure(pace, advice, now, () => chance);
        const wait = pace.notBefore - now;
        now = pace.notBefore;
        return wait / 1000;
    });
}

describe("alert pace", () => {
    it("backs off from 5 s to 5 min", () => assert.deepEqual(waits(retry, 8), [5, 10, 20, 40, 80, 160, 300, 300]));
    it("spreads its waits over their upper half", () => assert.deepEqual(waits(retry, 3, 0), [2.5, 5, 10]));
    it("comes back exactly when the service says", () => assert.deepEqual(waits({ next: "wait", ms: 35_000 }, 2), [35, 35]));
    it("comes back after a day when the service says something else than it can mean", () => assert.deepEqual(waits({ next: "wait", ms: 1e15 }, 2), [86_400, 86_400]));
    it("never comes back where it never can be right", () => assert.deepEqual(waits({ next: "settings", ms: Infinity }, 1), [Infinity]));
    it("asks slowly while a setting is wrong", () => assert.deepEqual(waits({ next: "settings" }, 2), [300, 300]));
    it("goes on at once after a message that can never be delivered", () => assert.deepEqual(afterFailure(readyPace, { next: "discard" }, 1000), readyPace));

    describe("hurry", () => {
        const backing = (advice: Advice): Pace => afterFailure(afterFailure(readyPace, advice, 0, () => 1), advice, 10_000, () => 1);
        it("tries at once while backing off", () => assert.equal(hurry(backing(retry), 15_000).notBefore, 15_000));
        it("tries at once while a setting is wrong: it may have been mended elsewhere", () => assert.equal(hurry(backing({ next: "settings" }), 15_000).notBefore, 15_000));
        it("leaves a quarter of a second between attempts, however many hurry", () => assert.equal(hurry(backing(retry), 10_100).notBefore, 10_250));
        it("never comes before the time that the service asked for", () => assert.equal(hurry(backing({ next: "wait", ms: 60_000 }), 15_000).notBefore, 70_000));
        it("never makes a wait longer", () => assert.equal(hurry(readyPace, 5).notBefore, -Infinity));
    });
});
