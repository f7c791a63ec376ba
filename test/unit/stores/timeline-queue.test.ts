import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Trouble } from "../../../lib/kit/trouble";
import { TimelineQueue, type QueueOptions, type QueueState } from "../../../lib/stores/timeline-queue";
import { Spool } from "../../../lib/stores/timeline-spool";
import type { Piece, TimelineStore, Written } from "../../../lib/stores/timeline-store";
import { houseEvents } from "../../support/timeline-rows";
import { temporaryFolder } from "../../support/temporary-folder";
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
    let folder: ReturnType<typeof temporaryFolder>;
    beforeEach(() => {
        clock = new VirtualClock();
        store = new ListStore();
        states = [];
        told = [];
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await close();
        // It gives up waiting for a disk; a test's folder goes when the last row has been written.
        const { spool } = queue.options;
        while (queue.state.waiting > spool.state.waiting) await clock.pass(20);
        await spool.close();
        await folder.remove();
    });
    const close = async (): Promise<void> => {
        let closed = false;
        void queue.close().then(() => (closed = true));
        // A real disk is waited for in between.
        while (!closed) await clock.pass(20);
    };
    const start = (more: Partial<QueueOptions> = {}): TimelineQueue => {
        queue = new TimelineQueue({ spool: new Spool({ maxBytes: 1 << 20, maxMemoryBytes: 1 << 20, clock }), store, clock, subject: "timeline", pieceRows: 100, onChange: (state) => states.push(state), ...more });
        queue.start();
        return queue;
    };
    /** What was told of rows that were handed in: their first number, and nothing or what is wrong. */
    let told: [number, string | undefined][];
    const handIn = (first: number, count: number): void => void queue.accept(houseEvents(count, { first })).then((trouble) => told.push([first, trouble?.message]));
    const accept = async (first: number, count: number): Promise<void> => {
        handIn(first, count);
        await clock.pass(20);
        await settle();
    };
    const numbersOf = ({ rows }: Piece): number[] => rows.map(({ metadata }) => (JSON.parse(metadata) as { n: number }).n);
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
    it("asks a store that is too slow for so many rows for fewer, until it answers in time", async () => {
        start();
        store.answer = (piece) => (piece.to - piece.from > 20 ? Promise.reject(new Trouble("timeout", "timeline: no answer in time")) : store.take(piece));
        await accept(0, 300);
        await clock.pass(120_000);
        assert.deepEqual([store.rows, queue.state.waiting], [range(300), 0]);
        assert.ok(store.calls < 60, `${store.calls} calls`);
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
            const numbers = numbersOf(piece);
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

    describe("tells who handed in rows", () => {
        const onDisk = (path = join(folder.path, "spool")): Spool => new Spool({ folder: path, maxBytes: 1 << 20, maxMemoryBytes: 40_000, clock });
        const until = async (rule: () => boolean): Promise<void> => {
            for (const end = performance.now() + 3000; !rule() && performance.now() < end;) await clock.pass(20);
            assert.ok(rule(), JSON.stringify([told, queue.state]));
        };

        it("when they are in the spool's file, whatever the store does", async () => {
            store.answer = () => new Promise(() => undefined);
            start({ spool: onDisk() });
            handIn(0, 5);
            await until(() => told.length === 1);
            assert.deepEqual([told, queue.state.waiting, store.rows], [[[0, undefined]], 5, []]);
        });
        it("when the store has them, where the spool has no disk", async () => {
            let go: () => void = () => undefined;
            store.answer = async (piece) => {
                await new Promise<void>((resolve) => (go = resolve));
                return store.take(piece, Math.min(piece.to, piece.from + 7));
            };
            start();
            await accept(0, 5);
            await accept(5, 5);
            assert.deepEqual(told, []);
            go();
            await settle();
            assert.deepEqual(told, [[0, undefined]]);
            go();
            await settle();
            assert.deepEqual([told, store.rows], [[[0, undefined], [5, undefined]], range(10)]);
        });
        it("when a disk that refused them takes them after all", async () => {
            store.answer = () => Promise.reject(new Error("away"));
            const place = join(folder.path, "spool");
            writeFileSync(place, "a file where the folder should be");
            start({ spool: onDisk(place) });
            handIn(0, 5);
            await until(() => queue.state.unsafe === 5 && queue.state.disk !== undefined);
            assert.deepEqual(told, []);
            handIn(5, 5);
            rmSync(place);
            for (const end = performance.now() + 3000; told.length < 2 && performance.now() < end;) await clock.pass(1000);
            assert.deepEqual([told, queue.state.unsafe], [[[0, undefined], [5, undefined]], 0]);
        });
        it("that the store refuses one of them", async () => {
            start();
            store.answer = (piece) => (numbersOf(piece).includes(7) ? { kind: "refused", trouble: new Trouble("failed", "violates check") } : store.take(piece));
            handIn(0, 5);
            handIn(5, 5);
            await accept(10, 5);
            assert.deepEqual(told, [[0, undefined], [5, "violates check"], [10, undefined]]);
        });
        it("that they were given up for want of room", async () => {
            start({ spool: new Spool({ maxBytes: 40_000, maxMemoryBytes: 40_000, clock }) });
            store.answer = () => Promise.reject(new Error("away"));
            for (let n = 0; n < 1000; n += 50) await accept(n, 50);
            assert.equal(told.length * 50, queue.state.dropped);
            assert.deepEqual(told[0], [0, "timeline: rows were given up, there was no room left for them to wait"]);
        });
        it("that too many wait, the oldest first, and keeps the rows", async () => {
            start({ mostReceipts: 3 });
            store.answer = () => Promise.reject(new Error("the disk is full"));
            for (let n = 0; n < 5; n += 1) await accept(n, 1);
            assert.deepEqual(told, [0, 1].map((n) => [n, "timeline: rows wait in memory only, the end of this process loses them: timeline: the disk is full"]));
            store.answer = (piece) => store.take(piece);
            await clock.pass(20_000);
            assert.deepEqual([store.rows, told.slice(2)], [range(5), [2, 3, 4].map((n) => [n, undefined])]);
        });
        it("that it stops before they are anywhere but in memory", async () => {
            start();
            store.answer = () => new Promise(() => undefined);
            await accept(0, 5);
            await close();
            assert.match(told[0]?.[1] ?? "", /the end of this process loses them/);
        });
    });

    describe("while the spool's disk hangs", () => {
        let release: () => void;
        class HungSpool extends Spool {
            #first = true;
            override async append(rows: Parameters<Spool["append"]>[0]): ReturnType<Spool["append"]> {
                if (this.#first) await new Promise<void>((resolve) => (release = resolve));
                this.#first = false;
                return super.append(rows);
            }
        }
        beforeEach(() => start({ spool: new HungSpool({ folder: join(folder.path, "spool"), maxBytes: 1 << 20, maxMemoryBytes: 40_000, clock }) }));
        afterEach(() => release());
        it("holds the newest rows in bounded memory, counts what it gives up, and says why", async () => {
            for (let n = 0; n < 2000; n += 50) await accept(n, 50);
            await clock.pass(6000);
            await accept(2000, 50);
            const { waiting, unsafe, dropped, disk } = queue.state;
            assert.deepEqual([waiting + dropped, unsafe, disk], [2050, waiting, "it does not answer"]);
            assert.ok(waiting > 200 && waiting < 600, `${waiting} waiting`);
            assert.equal(told.length * 50, dropped);
            assert.ok(told.every(([, trouble]) => /given up/.test(trouble ?? "")));
            assert.equal(states.at(-1)?.disk, "it does not answer", "people are told");
            release();
            for (const end = performance.now() + 3000; store.rows.length < waiting && performance.now() < end;) await clock.pass(20);
            assert.deepEqual(store.rows, [...range(50), ...range(2050).slice(50 + dropped)]);
            assert.equal(queue.state.disk, undefined);
        });
        it("lets the oldest know that too many wait, and keeps their rows", async () => {
            await close();
            start({ mostReceipts: 3, spool: new HungSpool({ folder: join(folder.path, "spool"), maxBytes: 1 << 20, maxMemoryBytes: 40_000, clock }) });
            for (let n = 0; n < 6; n += 1) await accept(n, 1);
            assert.deepEqual(told.map(([n, trouble]) => [n, /wait in memory only/.test(trouble ?? "")]), [[1, true], [2, true]]);
            release();
            for (const end = performance.now() + 3000; told.length < 6 && performance.now() < end;) await clock.pass(20);
            assert.deepEqual([store.rows, told.slice(2)], [range(6), [0, 3, 4, 5].map((n) => [n, undefined])]);
        });
        it("closes in time, and says what is lost", async () => {
            await accept(0, 5);
            await accept(5, 5);
            const began = clock.monotonic();
            await close();
            assert.ok(clock.monotonic() - began <= 750, `${clock.monotonic() - began} ms`);
            assert.equal(told.filter(([, trouble]) => trouble !== undefined).length, 2);
        });
    });
    it("says that the store hangs where the store is the disk", async () => {
        start();
        store.answer = () => new Promise(() => undefined);
        const why = (): string | undefined => queue.state.away?.trouble.message;
        await accept(0, 5);
        assert.equal(why(), undefined);
        await clock.pass(6000);
        assert.equal(why(), "timeline: the disk does not answer");
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
