import assert from "node:assert/strict";
import { Trouble } from "../../../lib/kit/trouble";
import { TimelineQueue, type QueueOptions, type QueueState } from "../../../lib/stores/timeline-queue";
import { Spool } from "../../../lib/stores/timeline-spool";
import type { Piece, TimelineStore, Written } from "../../../lib/stores/timeline-store";
import { houseEvents } from "../../support/timeline-rows";
import { settle, VirtualClock } from "../../support/virtual-clock";

/** A store that keeps rows in a list, unless `answer` says otherwise. */
class ListStore implements TimelineStore {
    rows: number[] = [];
    calls = 0;
    closed = false;
    answer: (piece: Piece) => Promise<Written> | Written = (piece) => this.take(piece);
    take(piece: Piece, upTo = piece.to): Written {
        this.rows.push(...piece.rows.slice(0, upTo - piece.from).map(({ metadata }) => (JSON.parse(metadata) as { n: number }).n));
        return { kind: "written", upTo, repeated: 0 };
    }
    async write(piece: Piece): Promise<Written> {
        this.calls += 1;
        return this.answer(piece);
    }
    query = (): Promise<never[]> => Promise.resolve([]);
    check = (): Promise<string> => Promise.resolve("");
    close(): Promise<void> {
        this.closed = true;
        return Promise.resolve();
    }
}

describe("the timeline's queue", () => {
    let clock: VirtualClock;
    let store: ListStore;
    let queue: TimelineQueue;
    let states: QueueState[];
    beforeEach(() => {
        clock = new VirtualClock();
        store = new ListStore();
        states = [];
    });
    afterEach(async () => {
        const closing = queue.close();
        await clock.pass(2000);
        await closing;
    });
    const start = (more: Partial<QueueOptions> = {}): TimelineQueue => {
        queue = new TimelineQueue({ spool: new Spool({ maxBytes: 1 << 20, maxMemoryBytes: 1 << 20, clock }), store, clock, subject: "timeline", pieceRows: 100, onChange: (state) => states.push(state), ...more });
        queue.start();
        return queue;
    };
    const accept = async (first: number, count: number): Promise<void> => {
        const taken = queue.accept(houseEvents(count, { first }));
        await clock.pass(20);
        await taken;
        await settle();
    };
    const range = (end: number): number[] => Array.from({ length: end }, (_, n) => n);

    it("brings rows into the store, in order, together where they come together", async () => {
        start();
        void queue.accept(houseEvents(3));
        void queue.accept(houseEvents(3, { first: 3 }));
        await accept(6, 4);
        assert.deepEqual(store.rows, range(10));
        assert.equal(store.calls, 1);
        assert.deepEqual([queue.state.written, queue.state.waiting], [10, 0]);
    });
    it("asks for no more rows at once than the store likes", async () => {
        start();
        await accept(0, 250);
        assert.deepEqual([store.calls, store.rows], [3, range(250)]);
    });
    it("has taken rows before the store has them", async () => {
        start();
        store.answer = () => new Promise(() => undefined);
        await accept(0, 5);
        assert.equal(queue.state.waiting, 5);
    });
    it("tries again with growing waits while the store is away, and says since when", async () => {
        start();
        store.answer = () => Promise.reject(new Error("connect ECONNREFUSED"));
        const began = clock.monotonic();
        await accept(0, 5);
        await clock.pass(60_000);
        assert.ok(store.calls > 4 && store.calls < 15, `${store.calls} calls`);
        assert.equal(queue.state.away?.trouble.message, "timeline: connect ECONNREFUSED");
        assert.equal(queue.state.away.since, began + 20);
        store.answer = (piece) => store.take(piece);
        await accept(5, 5);
        await clock.pass(15_000);
        assert.deepEqual(store.rows, range(10));
        assert.equal(queue.state.away, undefined);
        assert.equal(states.at(-1)?.away, undefined);
    });
    it("goes on from where the store says it is", async () => {
        start();
        let first = true;
        store.answer = (piece) => {
            if (!first) return store.take(piece);
            first = false;
            return { ...(store.take(piece, 3) as Extract<Written, { kind: "written" }>), repeated: 3 };
        };
        await accept(0, 10);
        assert.deepEqual(store.rows, range(10));
        assert.deepEqual([queue.state.written, queue.state.repeated], [7, 3]);
    });
    it("leaves out the rows that the store refuses, finds them by halves, and keeps all others in order", async () => {
        const refused: number[] = [];
        start({ onRefused: ({ from }) => refused.push(from) });
        const bad = [17, 18, 99];
        store.answer = (piece) => {
            const numbers = piece.rows.map(({ metadata }) => (JSON.parse(metadata) as { n: number }).n);
            return numbers.some((n) => bad.includes(n)) ? { kind: "refused", trouble: new Trouble("failed", "violates check") } : store.take(piece);
        };
        await accept(0, 200);
        assert.deepEqual(store.rows, range(200).filter((n) => !bad.includes(n)));
        assert.deepEqual([refused, queue.state.refused, queue.state.waiting], [bad, 3, 0]);
        assert.ok(store.calls < 60, `${store.calls} calls`);
    });
    it("counts what it gives up when the store stays away for too long", async () => {
        start({ spool: new Spool({ maxBytes: 40_000, maxMemoryBytes: 40_000, clock }) });
        store.answer = () => Promise.reject(new Error("away"));
        for (let n = 0; n < 1000; n += 50) await accept(n, 50);
        const { dropped, waiting } = queue.state;
        assert.equal(dropped + waiting, 1000);
        store.answer = (piece) => store.take(piece);
        await clock.pass(20_000);
        assert.deepEqual(store.rows, range(1000).slice(dropped));
    });
    it("stores what it has when it closes, and lets go of the store", async () => {
        start();
        void queue.accept(houseEvents(5));
        const closing = queue.close();
        await clock.pass(1000);
        await closing;
        assert.deepEqual(store.rows, range(5));
        assert.ok(store.closed);
    });
    it("closes in time though the store hangs", async () => {
        start();
        store.answer = () => new Promise(() => undefined);
        await accept(0, 5);
        const began = clock.monotonic();
        let ended = 0;
        const closing = queue.close(300).then(() => (ended = clock.monotonic()));
        await clock.pass(2000);
        await closing;
        assert.ok(ended - began <= 700, `${ended - began} ms`);
    });
    it("forgets segments that are gone", async () => {
        const forgotten: string[] = [];
        Object.assign(store, { forget: (segments: string[]) => Promise.resolve(void forgotten.push(...segments)) });
        start({ spool: new Spool({ maxBytes: 40_000, maxMemoryBytes: 40_000, clock }) });
        for (let n = 0; n < 300; n += 50) await accept(n, 50);
        assert.ok(forgotten.length > 1);
        assert.equal(store.rows.length, 300);
    });
});
