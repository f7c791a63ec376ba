import assert from "node:assert/strict";
import type { Alert, Severity } from "../../../lib/alerts/alert";
import { accept, ageOf, applyRecord, emptyQueue, expire, parseRecord, queueLimits, snapshot, type Queue, type QueueRecord } from "../../../lib/alerts/queue";

const start = 1_770_000_000_000;
const alert = (title: string, more: Partial<Alert> = {}): Alert => ({ severity: "info", title, text: "", at: start, key: title, ...more });

/** A queue with these alerts, one a second. */
function queueOf(...alerts: Alert[]): Queue {
    return alerts.reduce((queue, one, index) => accept(queue, one, start + index * 1000).records.reduce(applyRecord, queue), emptyQueue);
}
const titles = (queue: Queue): string[] => queue.entries.map(({ alert: { title }, times }) => (times > 1 ? `${title} x${times}` : title));

describe("alert queue", () => {
    it("holds a thousand alerts for a week, takes the same within a minute for a repeat, and waits 6 s for the end of a blip", () =>
        assert.deepEqual(queueLimits, { entries: 1000, ageMs: 604_800_000, repeatMs: 60_000, blipMs: 6000 }));
    it("keeps the order", () => assert.deepEqual(titles(queueOf(alert("a"), alert("b"), alert("c"))), ["a", "b", "c"]));

    describe("repeats", () => {
        const on = alert("CRITICAL", { key: "power/plug" });
        const off = alert("RESTORED", { key: "power/plug" });
        it("merges the same text of one key, and counts", () => assert.deepEqual(titles(queueOf(on, on, on)), ["CRITICAL x3"]));
        it("keeps every change of a blip, so that the last message is the present state", () =>
            assert.deepEqual(titles(queueOf(on, off, on, off)), ["CRITICAL", "RESTORED", "CRITICAL", "RESTORED"]));
        it("keeps the same text of different keys", () => assert.deepEqual(titles(queueOf(alert("x", { key: "a" }), alert("x", { key: "b" }))), ["x", "x"]));
        it("keeps a fake apart from the real one", () => assert.deepEqual(titles(queueOf(on, { ...on, simulated: true })), ["CRITICAL", "CRITICAL"]));
        it("takes the same alert again after a minute", () => {
            const queue = queueOf(on);
            assert.equal(accept(queue, on, start + 60_000).repeat, true);
            assert.equal(accept(queue, on, start + 60_001).repeat, false);
        });
        it("counts the one that is repeated, and no other", () => {
            const queue = queueOf(on, alert("other"));
            assert.deepEqual(titles(accept(queue, on, start + 2000).records.reduce(applyRecord, queue)), ["CRITICAL x2", "other"]);
        });
        it("remembers what was told for that minute and no longer", () => {
            const at = (queue: Queue, one: Alert, ms: number): Queue => accept(queue, one, start + ms).records.reduce(applyRecord, queue);
            assert.equal(accept(at(queueOf(on), alert("b"), 60_000), on, start + 60_000).repeat, true);
            assert.deepEqual(at(queueOf(on), alert("b"), 60_001).latest.map(({ alert: { title } }) => title), ["b"]);
        });
        it("counts the minute from the first, so that a steady repeat is told once a minute", () => {
            let queue = queueOf(on);
            for (let second = 10; second <= 60; second += 10) queue = accept(queue, on, start + second * 1000).records.reduce(applyRecord, queue);
            assert.equal(accept(queue, on, start + 61_000).repeat, false);
        });
        it("takes one that was delivered a moment ago for told", () => {
            const queue = applyRecord(queueOf(on), { done: 1, said: 0 });
            assert.deepEqual(accept(queue, on, start + 1000), { id: 1, repeat: true, records: [] });
        });
        it("does not change the one that is being delivered", () => assert.deepEqual(accept(queueOf(on), on, start + 1, 1), { id: 1, repeat: true, records: [] }));
        it("tells again what was dropped", () => {
            const queue = applyRecord(queueOf(on), { drop: 1, why: "full" });
            assert.equal(accept(queue, on, start + 1).repeat, false);
        });
        it("is not fooled by a clock that went back by hours", () => assert.equal(accept(queueOf(on), on, start - 7_200_000).repeat, false));
    });

    describe("bounds", () => {
        const limits = { ...queueLimits, entries: 3 };
        const severe = (title: string, severity: Severity): Alert => alert(title, { severity });
        const post = (queue: Queue, one: Alert, inFlight?: number): Queue => accept(queue, one, start, inFlight, limits).records.reduce(applyRecord, queue);
        it("drops the oldest that is not critical, and counts it", () => {
            const full = queueOf(severe("c1", "critical"), severe("i1", "info"), severe("w1", "warning"));
            const queue = post(full, severe("c2", "critical"));
            assert.deepEqual(titles(queue), ["c1", "w1", "c2"]);
            assert.equal(queue.lost, 1);
        });
        it("drops the oldest when all are critical", () => {
            const full = queueOf(severe("c1", "critical"), severe("c2", "critical"), severe("c3", "critical"));
            assert.deepEqual(titles(post(full, severe("c4", "critical"))), ["c2", "c3", "c4"]);
        });
        it("never lets an info push out a critical one", () => {
            const full = queueOf(severe("c1", "critical"), severe("c2", "critical"), severe("c3", "critical"));
            assert.deepEqual(titles(post(full, severe("i", "info"))), ["c1", "c2", "c3"]);
        });
        it("leaves the one that is being delivered alone", () => {
            const full = queueOf(severe("i1", "info"), severe("i2", "info"), severe("i3", "info"));
            assert.deepEqual(titles(post(full, severe("i4", "info"), 1)), ["i1", "i3", "i4"]);
        });
        it("drops nothing as long as there is room for the one that is being delivered", () => {
            const queue = queueOf(severe("i1", "info"), severe("i2", "info"));
            assert.deepEqual(titles(post(queue, severe("i3", "info"), 1)), ["i1", "i2", "i3"]);
        });
        it("drops as many as there are too many, each once", () => {
            const queue = post(queueOf(...["i1", "i2", "i3", "i4", "i5"].map((title) => alert(title))), alert("i6"));
            assert.deepEqual([titles(queue), queue.lost], [["i4", "i5", "i6"], 3]);
        });
        it("counts a pair that becomes one as one", () => {
            const begun = alert("on", { key: "ups", opens: true });
            const ended = alert("off", { key: "ups", closes: { severity: "info", title: "brief", text: "" } });
            assert.deepEqual(titles(post(queueOf(begun, alert("i1"), alert("i2")), ended)), ["i1", "i2", "brief"]);
            assert.deepEqual(titles(post(queueOf(begun, alert("i1"), alert("i2"), alert("i3")), ended)), ["i2", "i3", "brief"]);
        });
        it("counts a drop once, however often it is read", () => {
            const queue = applyRecord(queueOf(alert("a"), alert("b")), { drop: 1, why: "full" });
            assert.deepEqual([queue.lost, applyRecord(queue, { drop: 1, why: "full" }).lost], [1, 1]);
        });
        it("has told of the drops when a message that told of them was delivered", () => {
            const queue = applyRecord(applyRecord(queueOf(alert("a"), alert("b"), alert("c")), { drop: 1, why: "full" }), { done: 2, said: 1 });
            assert.equal(queue.lost, 0);
        });
    });

    describe("age", () => {
        const week = 7 * 86_400_000;
        it("drops after seven days", () => {
            assert.deepEqual(expire(queueOf(alert("a")), start + week), []);
            assert.deepEqual(expire(queueOf(alert("a")), start + week + 1), [{ drop: 1, why: "old" }]);
        });
        it("believes no age of a machine that started without a clock", () => {
            const [entry] = accept(emptyQueue, alert("a"), 86_400_000).records.reduce(applyRecord, emptyQueue).entries;
            assert.ok(entry);
            assert.equal(ageOf(entry, start), undefined);
        });
        it("believes no negative age", () => {
            const [entry] = queueOf(alert("a")).entries;
            assert.ok(entry);
            assert.equal(ageOf(entry, start - 1), undefined);
        });
    });

    describe("records", () => {
        const queue = applyRecord(queueOf(alert("a"), alert("b"), alert("b"), alert("c")), { drop: 1, why: "old" });
        it("make the same queue when they are read again", () => assert.deepEqual(snapshot(queue).reduce(applyRecord, emptyQueue).entries, queue.entries));
        it("keep count of drops and numbers", () => {
            const { lost, lastId } = snapshot(queue).reduce(applyRecord, emptyQueue);
            assert.deepEqual({ lost, lastId }, { lost: 1, lastId: 3 });
        });
        it("may be applied twice, as after a rewrite that overtook an append", () => {
            const twice = snapshot(queue).flatMap((record) => [record, record]);
            assert.deepEqual(twice.reduce(applyRecord, emptyQueue).entries, queue.entries);
        });
        for (const bad of [null, 5, "add", {}, { add: null }, { add: { id: 1 } }, { add: { id: 1, acceptedAt: 1, times: 1, alert: { title: 5 } } }, { done: -1, said: 0 }, { done: "1", said: 0 }, { again: 1 }, { times: 1 }, { drop: 1 }, { drop: -1, why: "old" }, { why: "old" }, { join: 1 }, { with: 1 }, { lost: 1 }, { lastId: 1 }]) {
            it(`are not made of ${JSON.stringify(bad)}`, () => assert.equal(parseRecord(bad), undefined));
        }
        it("are read as they were written", () => {
            const others: QueueRecord[] = [{ again: 1, times: 2 }, { done: 1, said: 0 }, { drop: 1, why: "old" }, { join: 1, with: 2 }];
            for (const record of [...snapshot(queue), ...others]) assert.deepEqual(parseRecord(JSON.parse(JSON.stringify(record))), record);
        });
        it("that end an alert take no number back", () => {
            for (const record of [{ done: 1, said: 0 }, { drop: 1, why: "old" }] as QueueRecord[]) assert.equal(applyRecord(queue, record).lastId, 3);
        });
        it("that end an alert which is not known keep its number", () => {
            for (const record of [{ done: 9, said: 0 }, { drop: 9, why: "old" }] as QueueRecord[]) assert.equal(applyRecord(queue, record).lastId, 9);
        });
    });
});
