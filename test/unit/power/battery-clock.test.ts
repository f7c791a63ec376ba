import assert from "node:assert/strict";
import { onBatteryMs, runClock, startClock, unsettledMs } from "../../../lib/power/battery-clock";

describe("battery clock", () => {
    it("starts at our own first reading on battery, and adds what is assumed to that", () => {
        const clock = startClock(undefined, 5000, 450_000);
        assert.deepEqual(clock, { elapsedMs: 0, assumedMs: 450_000, transferAt: 5000 });
        assert.equal(onBatteryMs(runClock(clock, { countedMs: 1000 })), 451_000);
    });
    it("stands still while mains is back for a moment, and assumes nothing for the second transfer", () => {
        const paused = runClock(startClock(undefined, 5000, 0), { countedMs: 60_000 });
        assert.deepEqual(startClock(paused, 85_000, 450_000), { elapsedMs: 60_000, assumedMs: 0, transferAt: 85_000 });
    });
    it("lets a gap settle no more than it counts", () => {
        assert.deepEqual(runClock(startClock(undefined, 5000, 0), { countedMs: 1000, gap: { ms: 3_600_000, away: false } }), { elapsedMs: 1000, assumedMs: 0, transferAt: 3_604_000 });
    });
    it("tells how long the newest transfer is still unsettled", () => {
        const clock = startClock(undefined, 5000, 0);
        assert.deepEqual([5000, 20_000, 35_000, 90_000].map((at) => unsettledMs(clock, at, 30_000)), [30_000, 15_000, 0, 0]);
    });
});
