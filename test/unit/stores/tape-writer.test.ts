import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readTape } from "../../../lib/stores/tape-file";
import type { TapeLine } from "../../../lib/stores/tape-line";
import { TapeWriter, type TapeWriterOptions } from "../../../lib/stores/tape-writer";
import { temporaryFolder } from "../../support/temporary-folder";
import { VirtualClock } from "../../support/virtual-clock";

const began = 1_800_000_000_000;
const line = (at: number, more: object = {}): TapeLine => ({ kind: "reading", at: began + at, device: "ups1", source: "nut", quality: "good", ...more });

describe("a writer of tapes", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let clock: VirtualClock;
    beforeEach(() => {
        folder = temporaryFolder();
        clock = new VirtualClock(Date.now());
    });
    afterEach(() => folder.remove());
    const tapes = (): string => join(folder.path, "tapes");
    const writer = (more: Partial<TapeWriterOptions> = {}): TapeWriter => new TapeWriter({ folder: tapes(), name: "ups1", about: "a test", tapeBytes: 1 << 20, totalBytes: 4 << 20, maxAgeMs: 86_400_000, clock, ...more });
    const write = async (lines: TapeLine[], more: Partial<TapeWriterOptions> = {}): Promise<TapeWriter> => {
        const mine = writer(more);
        mine.add(lines);
        await mine.close();
        return mine;
    };
    const files = (): string[] => readdirSync(tapes()).sort();
    const read = (file = files()[0] ?? ""): ReturnType<typeof readTape> => readTape(join(tapes(), file));

    it("makes no file before there is something to write", async () => {
        await write([]);
        assert.throws(files, /ENOENT/);
    });
    it("writes what a reader reads: a header, and times since the tape began", async () => {
        await write([line(0.7), line(1000), line(500)]);
        const { header, readings, bad } = await read();
        assert.deepEqual([header.about, header.began, readings.map(({ reading }) => reading.at), bad], ["a test", began, [1, 1000, 500], 0]);
        assert.match(files()[0] ?? "", /^ups1-\d{8}T\d{6}\.jsonl$/);
        assert.equal(header.name, (files()[0] ?? "").replace(".jsonl", ""));
        assert.equal(statSync(join(tapes(), files()[0] ?? "")).mode & 0o777, 0o600);
    });
    it("writes once what comes twice on several wires, and again what comes again later", async () => {
        await write([line(0), line(0, { charge: 3 }), line(0), ...Array.from({ length: 64 }, (_, ms) => line(ms + 1)), line(0)]);
        assert.equal((await read()).readings.length, 2 + 64 + 1);
    });
    it("goes on with the tape of a moment ago, in its time", async () => {
        await write([line(0)]);
        await write([line(5000)]);
        assert.deepEqual([files().length, (await read()).readings.map(({ reading }) => reading.at)], [1, [0, 5000]]);
    });
    it("begins anew where somebody has removed the tape under its hands", async () => {
        const mine = writer();
        mine.add([line(0)]);
        await mine.flush();
        rmSync(join(tapes(), files()[0] ?? ""));
        await clock.pass(1000);
        mine.add([line(1000)]);
        await mine.close();
        assert.equal((await read()).readings.length, 1);
    });
    it("never joins a line to one that broke off", async () => {
        await write([line(0)]);
        appendFileSync(join(tapes(), files()[0] ?? ""), '{"kind":"rea');
        await write([line(5000)]);
        const { readings, bad } = await read();
        assert.deepEqual([readings.length, bad], [2, 1]);
    });
    it("begins a new tape after an hour of nothing, and where the last one can't be understood", async () => {
        await write([line(0)]);
        const old = new Date(clock.wall() - 2 * 3_600_000);
        utimesSync(join(tapes(), files()[0] ?? ""), old, old);
        await write([line(5000)]);
        assert.equal(files().length, 2);
        for (const file of files()) writeFileSync(join(tapes(), file), "not a tape\n");
        await write([line(6000)]);
        assert.equal(files().length, 3);
    });
    it("two that begin in the same second write two tapes", async () => {
        const wide = { tapeBytes: 10 };
        await write([line(0)], wide);
        await write([line(1)], wide);
        assert.equal(files().length, 2);
        for (const file of files()) assert.equal((await read(file)).readings.length, 1);
    });
    it("begins a new tape when one is full, and gives the oldest up, so that all together stay within their size", async () => {
        const mine = writer({ tapeBytes: 2000, totalBytes: 8000 });
        for (let count = 0; count < 200; count += 1) {
            mine.add([line(count)]);
            await mine.flush();
            await clock.pass(1000);
        }
        await mine.close();
        const sizes = files().map((file) => statSync(join(tapes(), file)).size);
        assert.ok(sizes.length >= 3 && sizes.every((size) => size < 2200), String(sizes));
        assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 8000, String(sizes));
        assert.equal((await read(files().at(-1))).readings.at(-1)?.reading.at !== undefined, true, "the newest is kept");
    });
    it("gives up tapes that are too old, and nobody else's", async () => {
        mkdirSync(tapes());
        const old = new Date(clock.wall() - 2 * 86_400_000);
        for (const file of ["ups1-20200101T000000.jsonl", "ups1-garage-20200101T000000.jsonl", "ups12-20200101T000000.jsonl", "ups1.jsonl"]) {
            writeFileSync(join(tapes(), file), "old\n");
            utimesSync(join(tapes(), file), old, old);
        }
        await write([line(0)]);
        assert.deepEqual(files().filter((file) => readFileSync(join(tapes(), file), "utf8") === "old\n"), ["ups1-garage-20200101T000000.jsonl", "ups1.jsonl", "ups12-20200101T000000.jsonl"]);
    });
    it("a disk that refuses is said, costs nothing while memory lasts, and is tried again", async () => {
        writeFileSync(tapes(), "in the way");
        const mine = writer();
        mine.add([line(0)]);
        await mine.flush();
        assert.match(mine.state.disk ?? "", /EEXIST|ENOTDIR/);
        mine.add([line(1)]);
        await mine.flush();
        rmSync(tapes());
        await mine.flush();
        assert.deepEqual([mine.state.disk, mine.state.lost, (await read()).readings.length], [undefined, 0, 2]);
        await mine.close();
    });
    it("and costs the oldest lines, counted, when memory does not last", async () => {
        writeFileSync(tapes(), "in the way");
        const mine = writer();
        for (let count = 0; count < 6000; count += 1) mine.add([line(count)]);
        await mine.flush();
        assert.equal(mine.state.lost, 1000);
        rmSync(tapes());
        await mine.close();
        assert.deepEqual((await read()).readings.map(({ reading }) => reading.at).filter((_, place) => place === 0 || place === 4999), [0, 4999]);
        assert.equal((await read()).header.began, began + 1000, "the tape begins with the first line that is left");
    });
});
