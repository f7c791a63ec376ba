import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { performance } from "node:perf_hooks";
import { sleep, systemClock } from "../../../lib/kit/clock";
import { VirtualClock } from "../../support/virtual-clock";

describe("the system clock", () => {
    it("gives event time in ms since the epoch, close to wall time", () => {
        assert.ok(Math.abs(systemClock.now() - systemClock.wall()) < 60_000);
    });
    it("keeps event time when the wall clock jumps by an hour", () => {
        const real = Date.now;
        const before = systemClock.now();
        Date.now = () => real() + 3_600_000;
        try {
            assert.ok(systemClock.wall() - before > 3_000_000);
            assert.ok(systemClock.now() - before < 60_000);
        } finally {
            Date.now = real;
        }
    });
    it("calls back once, and not after a cancel", async () => {
        let calls = 0;
        systemClock.after(1, () => (calls += 1));
        systemClock.after(1, () => (calls += 100))();
        await new Promise<void>((resolve) => systemClock.after(15, resolve));
        assert.equal(calls, 1);
    });
    it("does not fire early for waits beyond the 24.8 days that Node's timers hold", async () => {
        let fired = false;
        const cancel = systemClock.after(60 * 86_400_000, () => (fired = true));
        await new Promise<void>((resolve) => systemClock.after(15, resolve));
        cancel();
        assert.equal(fired, false);
    });
    it("waits for 60 days in the pieces that Node's timers hold, and fires at their end", () => {
        const [realTimeout, realNow] = [globalThis.setTimeout, performance.now.bind(performance)];
        let [now, fired] = [1000, 0];
        let timer: { due: number; run: () => void } | undefined;
        const waits: number[] = [];
        performance.now = () => now;
        globalThis.setTimeout = ((run: () => void, ms: number) => {
            waits.push(ms);
            timer = { due: now + ms, run };
        }) as never;
        try {
            const days = 86_400_000;
            for (const ms of [2 ** 31 - 1, 60 * days]) {
                systemClock.after(ms, () => (fired += 1));
                const end = now + ms;
                for (let next = timer; next !== undefined; next = timer) {
                    timer = undefined;
                    now = next.due;
                    next.run();
                }
                assert.equal(now, end);
            }
            assert.deepEqual([fired, waits], [2, [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1, 60 * days - 2 * (2 ** 31 - 1)]]);
        } finally {
            [globalThis.setTimeout, performance.now] = [realTimeout, realNow];
        }
    });
    it("takes a negative wait as none", async () => {
        await new Promise<void>((resolve) => systemClock.after(-5, resolve));
    });
});

describe("sleep", () => {
    it("ends after its time", async () => {
        const clock = new VirtualClock();
        let awake = false;
        void sleep(1000, clock).then(() => (awake = true));
        await clock.pass(999);
        assert.equal(awake, false);
        await clock.pass(1);
        assert.equal(awake, true);
    });
    it("ends early, without an error and without a timer left, when its signal aborts", async () => {
        const clock = new VirtualClock();
        const controller = new AbortController();
        const slept = sleep(1000, clock, controller.signal);
        controller.abort();
        await slept;
        assert.equal(clock.pending, 0);
    });
    it("lets go of its signal at its end", async () => {
        const clock = new VirtualClock();
        const { signal } = new AbortController();
        const slept = sleep(1000, clock, signal);
        assert.equal(getEventListeners(signal, "abort").length, 1);
        await clock.pass(1000);
        await slept;
        assert.equal(getEventListeners(signal, "abort").length, 0);
    });
    it("does not begin when its signal has aborted already", async () => {
        const clock = new VirtualClock();
        await sleep(1000, clock, AbortSignal.abort());
        assert.equal(clock.pending, 0);
    });
});
