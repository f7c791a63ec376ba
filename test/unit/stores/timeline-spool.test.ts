import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { toRow, type TimelineRow } from "../../../lib/stores/timeline-event";
import { Spool, type SpoolOptions } from "../../../lib/stores/timeline-spool";
import { temporaryFolder } from "../../support/temporary-folder";
import { houseEvents } from "../../support/timeline-rows";
import { VirtualClock } from "../../support/virtual-clock";

const numbered = (first: number, count: number): TimelineRow[] => houseEvents(count, { first }).map(toRow);
const numbersOf = (rows: readonly TimelineRow[]): number[] => rows.map(({ metadata }) => (JSON.parse(metadata) as { n: number }).n);
const range = (first: number, end: number): number[] => Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index);

describe("the spool", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let place: string;
    beforeEach(() => {
        folder = temporaryFolder();
        place = join(folder.path, "spool");
    });
    afterEach(async () => {
        await letGo();
        await folder.remove();
    });
    /** Also those that a test left behind as a crash does: their files are closed when it is over. */
    const opened: Spool[] = [];
    const letGo = async (): Promise<void> => void (await Promise.all(opened.splice(0).map((one) => one.close())));
    const open = async (options: SpoolOptions): Promise<Spool> => {
        const one = new Spool(options);
        opened.push(one);
        await one.open();
        return one;
    };
    const spool = (more: Partial<SpoolOptions> = {}): Promise<Spool> => open({ folder: place, maxBytes: 8 << 20, maxMemoryBytes: 1 << 20, ...more });
    /** Takes everything out, `limit` rows at a time. */
    const drain = async (from: Spool, limit = 100): Promise<number[]> => {
        const seen: number[] = [];
        for (let piece = await from.head(limit); piece !== undefined; piece = await from.head(limit)) {
            seen.push(...numbersOf(piece.rows));
            await from.confirm(piece.segment, piece.to);
        }
        return seen;
    };
    const files = (): string[] => readdirSync(place).sort();

    it("gives rows back in order, in pieces", async () => {
        const one = await spool();
        await one.append(numbered(0, 5));
        await one.append(numbered(5, 5));
        assert.deepEqual(numbersOf((await one.head(3))?.rows ?? []), [0, 1, 2]);
        assert.deepEqual(numbersOf((await one.head(3))?.rows ?? []), [0, 1, 2], "until they are confirmed");
        assert.deepEqual(await drain(one, 4), range(0, 10));
        assert.deepEqual(one.state, { waiting: 0, dropped: 0, unsafe: 0 });
    });
    it("names rows by segment and position, the same after a crash", async () => {
        const one = await spool();
        await one.append(numbered(0, 10));
        const first = await one.head(4);
        await one.confirm(first?.segment ?? "", 4);
        const asked = await one.head(3);
        // A crash: nothing is closed.
        const again = await spool();
        assert.deepEqual(await again.head(3), asked);
        assert.deepEqual([asked?.from, asked?.to], [4, 7]);
    });
    it("has every row that append has taken on the disk at once, in many segments", async () => {
        const one = await spool({ maxBytes: 80_000 });
        for (let n = 0; n < 300; n += 10) await one.append(numbered(n, 10));
        assert.ok(files().length > 4, "several segments");
        assert.deepEqual(await drain(await spool({ maxBytes: 80_000 })), range(0, 300));
        assert.deepEqual(files(), [], "what is stored leaves no file");
    });
    it("keeps its files for their owner alone", async () => {
        await (await spool()).append(numbered(0, 1));
        assert.deepEqual(files().map((name) => statSync(join(place, name)).mode & 0o777), [0o600]);
    });
    it("goes on after a close", async () => {
        const one = await spool();
        await one.append(numbered(0, 3));
        await one.close();
        const two = await spool();
        await two.append(numbered(3, 3));
        assert.deepEqual(await drain(two), range(0, 6));
        await two.close();
        assert.deepEqual(files(), []);
    });
    it("leaves its files to the next one once it is closed, and still saves what comes late", async () => {
        const one = await spool();
        await one.append(numbered(0, 3));
        const piece = await one.head(3);
        await one.close();
        const two = await spool();
        await one.confirm(piece?.segment ?? "", 3);
        assert.deepEqual(await drain(two), range(0, 3), "the store is asked about them");
        await one.append(numbered(3, 1));
        await two.close();
        assert.deepEqual(await drain(await spool()), [3]);
    });
    it("cuts off a line that was torn by a crash, and tells of a damaged one without losing its neighbours", async () => {
        const one = await spool();
        await one.append(numbered(0, 3));
        const [file = ""] = files();
        const path = join(place, file);
        writeFileSync(path, readFileSync(path, "utf8").replace(/\n(.*"n":1,.*)\n/, "\ngarb\0age\n"));
        appendFileSync(path, "1763722800000\tplug_power\ttorn");
        const said: string[] = [];
        const two = await spool({ onUnreadable: (where, trouble) => said.push(`${where}: ${trouble}`) });
        assert.deepEqual(said, [`${path}: 1 of its lines is damaged`]);
        assert.deepEqual(await drain(two), [0, 2]);
    });
    it("adds nothing to what a power cut may have cut short: the store knows more rows of it than are left", async () => {
        const one = await spool();
        await one.append(numbered(0, 3));
        const two = await spool();
        const left = await two.head(2);
        await two.confirm(left?.segment ?? "", 2);
        await two.append(numbered(3, 2));
        const rest = await two.head(10);
        assert.deepEqual([rest?.segment, numbersOf(rest?.rows ?? [])], [left?.segment, [2]]);
        await two.confirm(rest?.segment ?? "", 5);
        const next = await two.head(10);
        assert.deepEqual([next?.from, numbersOf(next?.rows ?? [])], [0, [3, 4]]);
        assert.notEqual(next?.segment, left?.segment);
    });
    it("sets a file aside that cannot be read, says so, and goes on with the others", async () => {
        const one = await spool({ maxBytes: 80_000 });
        for (let n = 0; n < 200; n += 10) await one.append(numbered(n, 10));
        await one.close();
        const [, second = ""] = files();
        const rows = readFileSync(join(place, second), "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
        // A folder of that name: not even root can read it as a file.
        rmSync(join(place, second));
        mkdirSync(join(place, second));
        const said: [string, string][] = [];
        const two = await spool({ maxBytes: 80_000, onUnreadable: (path, trouble) => said.push([path, trouble]) });
        const left = await drain(two);
        assert.equal(left.length, 200 - rows, "all others");
        assert.equal(said.length, 1);
        assert.match(said[0]?.[0] ?? "", new RegExp(`${second}\\.bad-\\d+$`));
        assert.match(said[0]?.[1] ?? "", /EISDIR/);
        assert.equal(two.state.disk, undefined);
        await two.close();
        assert.deepEqual(files().filter((name) => name.startsWith(second)), [basename(said[0]?.[0] ?? "")], "for a person to look at");
    });
    it("sets aside what cannot be read when its turn comes, too, and counts its rows", async () => {
        const said: string[] = [];
        const one = await spool({ maxBytes: 80_000, maxMemoryBytes: 8000, onUnreadable: (path) => said.push(path) });
        for (let n = 0; n < 200; n += 10) await one.append(numbered(n, 10));
        // Those in the middle are on the disk only.
        const late = files().at(-3) ?? "";
        rmSync(join(place, late));
        mkdirSync(join(place, late));
        const left = await drain(one);
        assert.equal(left.length + one.state.dropped, 200);
        assert.ok(one.state.dropped > 0);
        assert.match(said.join(), new RegExp(`${late}\\.bad-\\d+$`));
        assert.ok(files().some((name) => name.startsWith(`${late}.bad-`)));
    });
    it("says where rows are, and whether a crash would lose them", async () => {
        const one = await spool();
        const first = await one.append(numbered(0, 3));
        const second = await one.append(numbered(3, 2));
        assert.deepEqual([first.from, first.to, second.from, second.to], [0, 3, 3, 5]);
        assert.ok(first.segment === second.segment && one.isSafe(first.segment));
        const nowhere = await spool({ folder: "/dev/null/nowhere" });
        assert.equal(nowhere.isSafe((await nowhere.append(numbered(0, 3))).segment), false);
    });
    it("leaves files alone that are not its own", async () => {
        mkdirSync(place);
        writeFileSync(join(place, "notes.txt"), "mine");
        await drain(await spool());
        assert.deepEqual(files(), ["notes.txt"]);
    });
    it("gives up the oldest when there is no room, whole and counted", async () => {
        const one = await spool({ maxBytes: 40_000 });
        for (let n = 0; n < 1000; n += 10) await one.append(numbered(n, 10));
        const { dropped, waiting } = one.state;
        assert.equal(dropped + waiting, 1000);
        const kept = await drain(one);
        assert.deepEqual(kept, range(dropped, 1000), "the newest, without a hole");
        assert.ok(dropped > 500 && waiting > 100);
    });
    it("remembers over restarts how many it gave up, until that has been told", async () => {
        const one = await spool({ maxBytes: 40_000 });
        for (let n = 0; n < 1000; n += 10) await one.append(numbered(n, 10));
        const { dropped } = one.state;
        const two = await spool({ maxBytes: 40_000 });
        assert.equal(two.state.dropped, dropped);
        await two.toldDropped(dropped - 1);
        const three = await spool({ maxBytes: 40_000 });
        assert.equal(three.state.dropped, 1);
        await three.toldDropped(1);
        await drain(three);
        await three.close();
        assert.deepEqual(files(), []);
    });
    it("holds rows in memory while the disk refuses them, and brings them to it later", async () => {
        const clock = new VirtualClock();
        writeFileSync(place, "a file where the folder should be");
        const one = await spool({ clock });
        await one.append(numbered(0, 10));
        assert.equal(one.state.unsafe, 10);
        assert.match(one.state.disk ?? "", /EEXIST|ENOTDIR/);
        await folder.remove();
        mkdirSync(folder.path, { recursive: true });
        chmodSync(folder.path, 0o700);
        await clock.pass(3000);
        await one.append(numbered(10, 10));
        assert.deepEqual([one.state.unsafe, one.state.disk], [0, undefined]);
        assert.deepEqual(await drain(await spool()), range(0, 20));
    });
    it("bounds what it holds in memory", async () => {
        const one = await spool({ folder: "/dev/null/nowhere", maxMemoryBytes: 40_000 });
        for (let n = 0; n < 1000; n += 10) await one.append(numbered(n, 10));
        const { dropped, waiting } = one.state;
        assert.deepEqual(await drain(one), range(dropped, 1000));
        assert.ok(waiting < 400, `${waiting}`);
    });
    it("needs no folder at all", async () => {
        const one = new Spool({ maxBytes: 1 << 20, maxMemoryBytes: 1 << 20 });
        await one.open();
        await one.append(numbered(0, 100));
        assert.deepEqual(one.state, { waiting: 100, dropped: 0 });
        assert.deepEqual(await drain(one, 7), range(0, 100));
        await one.close();
    });
    it("tells which segments are gone, once", async () => {
        const one = await spool({ maxBytes: 80_000 });
        for (let n = 0; n < 300; n += 10) await one.append(numbered(n, 10));
        await drain(one);
        assert.ok(one.takeGone().length > 4);
        assert.deepEqual(one.takeGone(), []);
    });
    it("loses and repeats nothing whatever the order of appends, confirms and crashes", async () => {
        const action = fc.oneof({ weight: 4, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 40 }) }) }, { weight: 3, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 60 }) }) }, fc.constant("crash" as const), fc.constant("close" as const));
        await fc.assert(fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
            const own = temporaryFolder();
            try {
                const make = (): Promise<Spool> => open({ folder: own.path, maxBytes: 60_000, maxMemoryBytes: 60_000 });
                let one = await make();
                let next = 0;
                const seen: number[] = [];
                for (const each of actions) {
                    if (each === "crash") one = await make();
                    else if (each === "close") {
                        await one.close();
                        one = await make();
                    } else if ("append" in each) {
                        if (next > 250) continue;
                        await one.append(numbered(next, each.append));
                        next += each.append;
                    } else {
                        const piece = await one.head(each.take);
                        if (piece === undefined) continue;
                        seen.push(...numbersOf(piece.rows));
                        await one.confirm(piece.segment, piece.to);
                    }
                }
                seen.push(...(await drain(one)));
                assert.deepEqual(seen, range(0, next));
            } finally {
                await letGo();
                await own.remove();
            }
        }), { numRuns: 60 });
    });
});
