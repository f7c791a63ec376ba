import assert from "node:assert/strict";
import { atNextTick } from "../../../lib/kit/ticks";
import { VirtualClock } from "../../support/virtual-clock";

describe("ticks that many wait for", () => {
    let clock: VirtualClock;
    let heard: string[];
    beforeEach(() => {
        clock = new VirtualClock(10_300);
        heard = [];
    });
    const wait = (name: string, intervalMs: number, since = clock.monotonic()): (() => void) => atNextTick(clock, since, intervalMs, () => heard.push(`${name} ${clock.monotonic()}`));

    it("come at whole multiples of the interval", async () => {
        wait("second", 1000);
        wait("five", 5000);
        await clock.pass(10_000);
        assert.deepEqual(heard, ["second 11000", "five 15000"]);
        assert.equal(clock.pending, 0);
    });
    it("need one timer for all that wait for the same moment, whatever their intervals, and call them in order", async () => {
        clock = new VirtualClock(14_200);
        wait("a", 1000);
        wait("b", 5000);
        wait("c", 1000);
        assert.equal(clock.pending, 1);
        await clock.pass(1000);
        assert.deepEqual(heard, ["a 15000", "b 15000", "c 15000"]);
    });
    it("are not the tick at which a timer fired a little early", async () => {
        wait("next", 1000, 10_999.2);
        await clock.pass(800);
        assert.deepEqual(heard, []);
        await clock.pass(1000);
        assert.deepEqual(heard, ["next 12000"]);
    });
    it("come at once when their time is past", async () => {
        wait("late", 1000, 8100);
        await clock.pass(0);
        assert.deepEqual(heard, ["late 10300"]);
    });
    it("are called off one by one; with the last one goes the timer", async () => {
        const [a, b] = [wait("a", 1000), wait("b", 1000)];
        a();
        a();
        assert.equal(clock.pending, 1);
        b();
        assert.equal(clock.pending, 0);
        wait("c", 1000);
        b();
        await clock.pass(1000);
        assert.deepEqual(heard, ["c 11000"]);
    });
    it("can be called off by who is called before", async () => {
        let callOff = (): void => undefined;
        atNextTick(clock, clock.monotonic(), 1000, () => callOff());
        callOff = wait("b", 1000);
        await clock.pass(1000);
        assert.deepEqual(heard, []);
        assert.equal(clock.pending, 0);
    });
    it("of two clocks are two", async () => {
        const other = new VirtualClock(10_900);
        wait("mine", 1000);
        atNextTick(other, other.monotonic(), 1000, () => heard.push("other"));
        await other.pass(100);
        assert.deepEqual(heard, ["other"]);
    });
});
