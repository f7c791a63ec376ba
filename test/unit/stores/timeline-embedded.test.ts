import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toRow, type TimelineEvent } from "../../../lib/stores/timeline-event";
import { EmbeddedTimeline } from "../../../lib/stores/timeline-embedded";
import { dayMs, hourMs } from "../../../lib/stores/timeline-files";
import { defaultRetention } from "../../../lib/stores/timeline-upkeep";
import type { Piece, TimelineQuery, TimelineSeries } from "../../../lib/stores/timeline-store";
import { temporaryFolder } from "../../support/temporary-folder";
import { houseEvents, testHour } from "../../support/timeline-rows";
import { VirtualClock } from "../../support/virtual-clock";

const minute = 60_000;
const power = (at: number, value: number | null, source = "rack"): TimelineEvent => ({ event_type: "plug_power", source, value, metadata: { volts: 230 }, created_at: at });
const state = (at: number, to: string): TimelineEvent => ({ event_type: "power_state", source: "rack", value: 3, metadata: { to }, created_at: at });
const piece = (events: readonly TimelineEvent[], from = 0): Piece => ({ segment: "s", from, to: from + events.length, rows: events.map(toRow) });

describe("the embedded timeline", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let clock: VirtualClock;
    let store: EmbeddedTimeline;
    const place = (): string => join(folder.path, "timeline");
    const open = (): EmbeddedTimeline => new EmbeddedTimeline({ folder: place(), clock, subject: "timeline" });
    beforeEach(() => {
        folder = temporaryFolder();
        clock = new VirtualClock(testHour);
        store = open();
    });
    afterEach(async () => {
        await store.close();
        await folder.remove();
    });
    const files = (tier = ""): string[] => (existsSync(place()) ? readdirSync(place()).filter((name) => name.startsWith(tier)).sort() : []);
    /** Writes all of them, piece by piece as the queue does. */
    const write = async (events: readonly TimelineEvent[]): Promise<void> => {
        for (let from = 0; from < events.length;) {
            const written = await store.write(piece(events.slice(from), from));
            assert.ok(written.kind === "written", JSON.stringify(written));
            from = written.upTo;
        }
    };
    const ask = (from: number, to: number, more: Partial<TimelineQuery> = {}): Promise<TimelineSeries[]> => store.query({ types: [], sources: [], from, to, maxPoints: 1e8, ...more });
    const pointsOf = async (from: number, to: number, more: Partial<TimelineQuery> = {}): Promise<[number, number | null][]> => ((await ask(from, to, more))[0]?.points ?? []).map(({ at, value }) => [at, value]);

    it("gives back what was written", async () => {
        await write([power(testHour, 10), power(testHour + 5000, 20), state(testHour + 6000, "CRITICAL")]);
        assert.deepEqual(await ask(testHour, testHour + hourMs), [
            { event_type: "plug_power", source: "rack", points: [{ at: testHour, value: 10 }, { at: testHour + 5000, value: 20 }] },
            { event_type: "power_state", source: "rack", points: [{ at: testHour + 6000, value: 3, metadata: { to: "CRITICAL" } }] },
        ]);
    });
    it("keeps its files for their owner alone", async () => {
        await write([power(testHour, 10)]);
        await clock.pass(2 * hourMs);
        await store.maintain();
        assert.deepEqual(files().map((name) => [name, statSync(join(place(), name)).mode & 0o777]), [["five-20251121T11.rows", 0o600], ["raw-20251121T11.rows", 0o600]]);
    });
    it("chooses by type, source and time: from, up to but without", async () => {
        await write([power(testHour - 1, 1), power(testHour, 2), power(testHour + 999, 3), power(testHour + 1000, 4), power(testHour + 5, 5, "lamp"), state(testHour + 6, "ALERT")]);
        assert.deepEqual(await pointsOf(testHour, testHour + 1000, { types: ["plug_power"], sources: ["rack"] }), [[testHour, 2], [testHour + 999, 3]]);
        assert.deepEqual((await ask(testHour, testHour + 1000, { sources: ["lamp"] })).length, 1);
        assert.deepEqual(await ask(testHour, testHour + 1000, { types: ["nothing"] }), []);
        assert.deepEqual(await ask(0, 10), []);
    });
    it("averages to as many points as the chart has room for, with the range", async () => {
        await write(houseEvents(720, { perTick: 1 }));
        const [series] = await ask(testHour, testHour + hourMs, { maxPoints: 60 });
        const values = houseEvents(12, { perTick: 1 }).map(({ value }) => value ?? 0);
        assert.equal(series?.points.length, 60);
        assert.deepEqual(series?.points[0], { at: testHour, value: values.reduce((sum, value) => sum + value, 0) / 12, count: 12, min: Math.min(...values), max: Math.max(...values) });
    });
    it("spreads rows over the files of their hours, also late ones", async () => {
        await write([power(testHour + hourMs - 1, 1), power(testHour + hourMs, 2), power(testHour - 2 * hourMs, 3), power(testHour + hourMs + 1, 4)]);
        assert.deepEqual(files(), ["raw-20251121T09.rows", "raw-20251121T11.rows", "raw-20251121T12.rows"]);
        assert.deepEqual((await pointsOf(testHour - dayMs, testHour + dayMs / 2, {})).map(([, value]) => value), [3, 1, 2, 4]);
    });
    it("goes on after a crash that tore the last line", async () => {
        await write([power(testHour, 1)]);
        appendFileSync(join(place(), files()[0] ?? ""), `${testHour + 1}\tplug_power\track\t2\t{"volts":2`);
        const crashed = store;
        store = open();
        await crashed.close();
        await write([power(testHour + 2, 3)]);
        assert.deepEqual(await pointsOf(testHour, testHour + hourMs), [[testHour, 1], [testHour + 2, 3]]);
    });
    it("reads past damage", async () => {
        await write([power(testHour, 1), power(testHour + 1000, 2), power(testHour + 2000, 3)]);
        const path = join(place(), files()[0] ?? "");
        const lines = readFileSync(path, "utf8").split("\n");
        writeFileSync(path, [lines[0], "\0\0garbage\xff", lines[2], ""].join("\n"));
        assert.deepEqual(await pointsOf(testHour, testHour + hourMs), [[testHour, 1], [testHour + 2000, 3]]);
    });
    it("refuses a row that is older than what it keeps in full: it would never be averaged in", async () => {
        const refused = await store.write(piece([power(testHour - 26 * hourMs, 1)]));
        assert.match(refused.kind === "refused" ? refused.trouble.message : "taken", /timeline: a row of 2025-11-20T09:00 is older/);
    });
    for (const at of [NaN, 1e20, -1e20]) {
        it(`refuses a row of the time ${at}, which would hold up all that come after it`, async () => {
            assert.equal((await store.write(piece([power(at, 1), power(testHour, 2)]))).kind, "refused");
            assert.deepEqual(await store.write(piece([power(testHour, 2), power(at, 1)])), { kind: "written", upTo: 1, repeated: 0 });
        });
    }
    it("takes rows of a simulated outage that runs ahead of the clock", async () => {
        await write([power(testHour + 20 * hourMs, 1)]);
        assert.deepEqual(await pointsOf(testHour, testHour + dayMs, { maxPoints: 9999 }), [[testHour + 20 * hourMs, 1]]);
    });
    it("says what is stored", async () => {
        assert.equal(await store.check(), "nothing stored yet");
        await write(houseEvents(100));
        assert.equal(await store.check(), "0.0 MB in 1 files, since 2025-11-21T11:00 UTC");
    });
    it("says so when the disk does not let it, and writes nothing twice afterwards", async () => {
        writeFileSync(place(), "a file in the way");
        await assert.rejects(store.write(piece([power(testHour, 1)])), /EEXIST|ENOTDIR/);
        await assert.rejects(store.check(), /timeline: /);
        await folder.remove();
        mkdirSync(folder.path);
        await write([power(testHour, 1)]);
        assert.deepEqual(await pointsOf(testHour, testHour + hourMs), [[testHour, 1]]);
    });

    describe("upkeep", () => {
        /** A value every minute for `hours` from testHour, and a change of state in each. */
        const hours = async (count: number): Promise<void> => {
            for (let hour = 0; hour < count; hour += 1) {
                const start = testHour + hour * hourMs;
                await write([...Array.from({ length: 60 }, (_, n) => power(start + n * minute, hour * 100 + n)), state(start + 30 * minute, `S${hour}`)]);
                await clock.pass(hourMs);
                await store.maintain();
            }
        };
        it("averages an hour into five-minute means once it is over, with count and range; happenings stay as they are", async () => {
            await write([...Array.from({ length: 60 }, (_, n) => power(testHour + n * minute, n)), power(testHour + 1, null, "silent"), state(testHour + 30 * minute, "ALERT")]);
            await clock.pass(hourMs);
            await store.maintain();
            assert.deepEqual(files("five"), [], "late rows may still come");
            await clock.pass(5 * minute);
            await store.maintain();
            const lines = readFileSync(join(place(), "five-20251121T11.rows"), "utf8").trimEnd().split("\n");
            assert.equal(lines.length, 1 + 12 + 1);
            assert.equal(lines[1], `${testHour}\tplug_power\track\t2\t{"count":5,"min":0,"max":4}`);
            assert.match(lines.at(-1) ?? "", /^\d+\tpower_state\track\t3\t\{"to":"ALERT"\}$/);
        });
        it("is done once, and again when late rows have come", async () => {
            await hours(2);
            const path = join(place(), "five-20251121T11.rows");
            const { ino } = statSync(path);
            await store.maintain();
            assert.equal(statSync(path).ino, ino, "not written again");
            await write([power(testHour + 1, 1000)]);
            await store.maintain();
            assert.match(readFileSync(path, "utf8"), /\t168\.\d+\t\{"count":6,"min":0,"max":1000\}/);
        });
        it("keeps each fineness for its time; nothing is lost on the way from one to the next", async () => {
            assert.deepEqual(defaultRetention, { raw: dayMs, five: 30 * dayMs, hour: 5 * 365 * dayMs });
            store = new EmbeddedTimeline({ folder: place(), clock, subject: "timeline", retention: { raw: 6 * hourMs, five: 2 * dayMs, hour: 20 * dayMs } });
            const count = 5 * 24;
            await hours(count);
            const now = clock.now();
            assert.ok(files("raw").length >= 6 && files("raw").length <= 8, `${files("raw").length} raw`);
            assert.ok(files("five").length >= 48 && files("five").length <= 75, `${files("five").length} five`);
            assert.equal(files("hour").length, 5);
            const pointsSince = async (age: number, maxPoints: number): Promise<number> => (await ask(now - age, now, { types: ["plug_power"], maxPoints }))[0]?.points.length ?? 0;
            assert.equal(await pointsSince(hourMs, 720), 60, "raw");
            assert.equal(await pointsSince(6 * hourMs, 48), 48, "as coarse as asked for");
            assert.ok((await pointsSince(2 * dayMs, 1e5)) >= 47 * 12, "five minutes");
            const all = (await ask(testHour, now, { types: ["plug_power"] }))[0]?.points ?? [];
            assert.equal(all.reduce((sum, { count: rows = 1 }) => sum + rows, 0), count * 60, "every row counts");
            const mean = all.reduce((sum, { value, count: rows = 1 }) => sum + (value ?? 0) * rows, 0) / (count * 60);
            assert.ok(Math.abs(mean - ((count - 1) * 50 + 29.5)) < 1e-6);
            const states = (await ask(testHour, now, { types: ["power_state"] }))[0]?.points ?? [];
            assert.deepEqual(states.map(({ metadata }) => metadata?.to), Array.from({ length: count }, (_, n) => `S${n}`), "each change of state is there for years");
        });
        it("removes what is older than all of it", async () => {
            await hours(30);
            await clock.pass(5 * 365 * dayMs + 2 * dayMs);
            await store.maintain();
            await store.maintain();
            assert.deepEqual(files("raw").concat(files("hour").filter((name) => name < "hour-20251122")), []);
        });
        it("removes nothing because the wall clock jumps", async () => {
            await hours(3);
            const before = files();
            clock.jumpWall(10 * 365 * dayMs);
            await store.maintain();
            clock.jumpWall(-20 * 365 * dayMs);
            await store.maintain();
            assert.deepEqual(files(), before);
        });
        it("removes what has had its time though another file cannot be averaged: a full disk must not stay full", async () => {
            await hours(2);
            mkdirSync(join(place(), "five-20251121T13.rows"));
            await write([power(testHour + 2 * hourMs, 1)]);
            await clock.pass(27 * hourMs);
            await assert.rejects(store.maintain());
            assert.deepEqual(files("raw"), ["raw-20251121T13.rows"]);
        });
        it("keeps the means of an hour that comes twice, because the clock was set back, and adds the new rows to them", async () => {
            store = new EmbeddedTimeline({ folder: place(), clock, subject: "timeline", retention: { raw: 2 * hourMs, five: 2 * dayMs, hour: 20 * dayMs } });
            await hours(6);
            const everything = async (): Promise<[number, string[]]> => {
                const series = await ask(testHour, testHour + 30 * dayMs, { maxPoints: 10 });
                const rows = series.flatMap(({ points }) => points).reduce((sum, { count = 1 }) => sum + count, 0);
                return [rows, series.flatMap(({ points }) => points.flatMap(({ metadata }) => (metadata === undefined ? [] : [metadata.to as string])))];
            };
            const before = await everything();
            assert.ok(!files("raw").includes("raw-20251121T11.rows"));
            // A machine without a battery for its clock, after a power cut.
            await store.close();
            clock = new VirtualClock(testHour);
            store = new EmbeddedTimeline({ folder: place(), clock, subject: "timeline", retention: { raw: 2 * hourMs, five: 2 * dayMs, hour: 20 * dayMs } });
            await write([power(testHour + 1, 5000), state(testHour + 2, "AGAIN")]);
            for (let hour = 0; hour < 6; hour += 1) {
                await clock.pass(hourMs);
                await store.maintain();
            }
            const after = await everything();
            assert.deepEqual([after[0], after[1].sort()], [before[0] + 2, [...before[1], "AGAIN"].sort()]);
            await clock.pass(5 * dayMs);
            await store.maintain();
            assert.deepEqual((await everything())[0], before[0] + 2, "in the hourly means, too");
        });
        it("keeps the hours of a day that comes again when only its hourly means are left", async () => {
            const retention = { raw: hourMs, five: 2 * dayMs, hour: 20 * dayMs };
            store = new EmbeddedTimeline({ folder: place(), clock, subject: "timeline", retention });
            await hours(3);
            for (let day = 0; day < 4; day += 1) {
                await clock.pass(dayMs);
                await store.maintain();
            }
            assert.deepEqual([files("raw"), files("five"), files("hour")], [[], [], ["hour-20251121.rows"]]);
            await store.close();
            clock = new VirtualClock(testHour + 5 * hourMs);
            store = new EmbeddedTimeline({ folder: place(), clock, subject: "timeline", retention });
            await write([power(testHour + 5 * hourMs, 7)]);
            for (let hour = 0; hour < 24; hour += 1) {
                await clock.pass(hourMs);
                await store.maintain();
            }
            const counted = (await ask(testHour, testHour + 30 * dayMs, { types: ["plug_power"], maxPoints: 10 })).flatMap(({ points }) => points).reduce((sum, { count = 1 }) => sum + count, 0);
            assert.equal(counted, 3 * 60 + 1);
        });
        it("clears away what a kill in the middle of its work has left", async () => {
            await write([power(testHour, 1)]);
            const torn = join(place(), "five-20251121T11.rows.0123abcd.tmp");
            writeFileSync(torn, "#12\n");
            utimesSync(torn, testHour / 1000, testHour / 1000);
            await clock.pass(2 * hourMs);
            await store.maintain();
            assert.deepEqual(files(), ["five-20251121T11.rows", "raw-20251121T11.rows"]);
        });
        it("removes nothing that it could not average", async () => {
            await hours(2);
            for (const name of files("five")) writeFileSync(join(place(), `${name}.keep`), "");
            mkdirSync(join(place(), "five-20251121T13.rows"));
            await write([power(testHour + 2 * hourMs, 1)]);
            await clock.pass(30 * hourMs);
            await assert.rejects(store.maintain());
            assert.ok(files("raw").includes("raw-20251121T13.rows"));
        });
    });
});
