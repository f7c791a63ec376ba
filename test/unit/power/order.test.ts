import assert from "node:assert/strict";
import { afterRestart, arrive, readingInOrder, type Order } from "../../../lib/power/order";

/** How a series of event times arrives, from nothing or from a given place. */
function arrivals(times: number[], order?: Order): string[] {
    return times.map((at) => {
        const step = arrive(order, at);
        order = step.order;
        return step.arrival;
    });
}

describe("order of a stream", () => {
    const cases: [rule: string, times: number[], arrivals: string[]][] = [
        ["the first reading is newer", [10], ["newer"]],
        ["the same moment again is the same", [10, 10], ["newer", "same"]],
        ["an older reading is late, and moves nothing", [10, 20, 15, 16, 21], ["newer", "newer", "late", "late", "newer"]],
        ["three older ones in a row, each newer than the last: the clock was set back", [100, 10, 11, 12, 13], ["newer", "late", "late", "restarted", "newer"]],
        ["old readings in any other order stay late", [100, 12, 11, 10, 9], ["newer", "late", "late", "late", "late"]],
        ["a newer one in between ends the row", [100, 10, 11, 101, 12, 13], ["newer", "late", "late", "newer", "late", "late"]],
    ];
    for (const [rule, times, expected] of cases) it(rule, () => assert.deepEqual(arrivals(times), expected));

    it("after a restart of the process the first older reading is believed", () => {
        assert.deepEqual(arrivals([10, 11], afterRestart({ at: 100 })), ["restarted", "newer"]);
    });
});

describe("reading in order", () => {
    const at = (msg: object, newest?: number): number => {
        const parsed = readingInOrder(msg, 1000, () => newest);
        return "reading" in parsed ? parsed.reading.at : NaN;
    };
    it("a bare number is measured now", () => assert.equal(at({ payload: 25 }), 1000));
    it("a bare number follows a stream that runs ahead of the clock", () => assert.equal(at({ payload: 25 }, 5000), 5001));
    it("a reading keeps its own time", () => assert.equal(at({ reading: { device: "plug", at: 400, watts: 1 } }, 5000), 400));
    it("what carries no reading stays an error", () => assert.ok("error" in readingInOrder({ payload: {} }, 1000, () => undefined)));
});
