import assert from "node:assert/strict";
import { inTurn } from "../../../lib/devices/turns";
import { settle } from "../../support/virtual-clock";

const never = new AbortController().signal;

function gate(): { open: () => void; promise: Promise<void> } {
    let open = (): void => undefined;
    const promise = new Promise<void>((resolve) => { open = resolve; });
    return { open, promise };
}

describe("taking turns at a device", () => {
    it("lets one in after the other, in the order in which they came", async () => {
        const log: string[] = [];
        const first = gate();
        const one = inTurn("a", never, async () => {
            log.push("one in");
            await first.promise;
            log.push("one out");
        });
        const two = inTurn("a", never, () => Promise.resolve(log.push("two in")));
        await settle();
        assert.deepEqual(log, ["one in"]);
        first.open();
        await Promise.all([one, two]);
        assert.deepEqual(log, ["one in", "one out", "two in"]);
    });

    it("does not hold up another device", async () => {
        const held = gate();
        const one = inTurn("a", never, () => held.promise);
        assert.equal(await inTurn("b", never, () => Promise.resolve("through")), "through");
        held.open();
        await one;
    });

    it("goes on after a failure", async () => {
        await assert.rejects(inTurn("a", never, () => Promise.reject(new Error("no"))), /no/);
        assert.equal(await inTurn("a", never, () => Promise.resolve("next")), "next");
    });

    it("is given up by whoever stops waiting, and by work that never ends", async () => {
        const stuck = new AbortController();
        const waiting = new AbortController();
        void inTurn("a", stuck.signal, () => new Promise(() => undefined));
        const second = inTurn("a", waiting.signal, () => Promise.resolve("second"));
        const third = inTurn("a", never, () => Promise.resolve("third"));
        await settle();
        waiting.abort(new Error("gave up"));
        stuck.abort();
        await assert.rejects(second, /gave up/);
        assert.equal(await third, "third");
    });
});
