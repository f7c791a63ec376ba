import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../lib/kit/clock";
import { EmbeddedTimeline } from "../../lib/stores/timeline-embedded";
import { dayMs, hourMs, listFiles, rowsOf } from "../../lib/stores/timeline-files";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

describe("the embedded timeline under kill -9", function () {
    this.timeout(480_000);
    const folder = temporaryFolder();
    after(() => folder.remove());

    /** Works until it is killed, so many ms after it has told so many numbers; the last number that it told. */
    async function workAndDie(script: string, args: readonly string[], ms: number, numbers = 1): Promise<number> {
        const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, script), folder.path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
        while (said.split("\n").length <= numbers) await new Promise((resolve) => child.stdout.once("data", resolve));
        await new Promise((resolve) => setTimeout(resolve, ms));
        const gone = new Promise((resolve) => child.once("close", resolve));
        child.kill("SIGKILL");
        await gone;
        return Number(said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1));
    }

    it("loses no row that it had taken, in 12 kills, and goes on after each", async () => {
        const taken: [number, number][] = [];
        for (let round = 0; round < 12; round += 1) {
            const first = round * 10_000_000;
            taken.push([first, await workAndDie("timeline-child.ts", [String(first)], 20 + ((round * 37) % 150))]);
        }
        const found = new Set<number>();
        let rows = 0;
        for (const name of (await listFiles(folder.path)).raw.values()) {
            for await (const chunk of rowsOf(folder.path, name)) {
                for (const { value } of chunk) found.add(value ?? -1);
                rows += chunk.length;
            }
        }
        assert.equal(found.size, rows, "none twice");
        for (const [first, end] of taken) {
            assert.ok(end > first, "the round wrote something");
            for (let n = first; n < end; n += 1) assert.ok(found.has(n), `row ${n} is lost`);
        }
        const store = new EmbeddedTimeline({ folder: folder.path, subject: "files" });
        const [series] = await store.query({ types: [], sources: [], from: Date.now() - 3_600_000, to: Date.now() + 1, maxPoints: 100 });
        assert.equal(series?.points.reduce((sum, { count = 1 }) => sum + count, 0), rows);
        await store.close();
    });

    it("loses nothing, and counts nothing twice, when it is killed while it averages and removes", async () => {
        await folder.remove();
        const rounds: [string, number, number][] = [];
        // A time to come: what a kill leaves behind is old by then.
        for (let round = 0, hour = 600_000; round < 6; round += 1) {
            const last = await workAndDie("timeline-upkeep-child.ts", [String(hour), `round${round}`], (round * 5) % 13, 15 + ((round * 7) % 10));
            rounds.push([`round${round}`, hour, last]);
            hour = last + 2;
        }
        const end = ((rounds.at(-1)?.[2] ?? 0) + 24 * 7) * hourMs;
        const store = new EmbeddedTimeline({ folder: folder.path, subject: "files", clock: { ...systemClock, now: () => end, wall: () => end }, retention: { raw: 3 * hourMs, five: 2 * dayMs, hour: 3650 * dayMs } });
        await store.maintain();
        const { raw, five, hour: days } = await listFiles(folder.path);
        assert.deepEqual([raw.size, five.size, readdirSync(folder.path).filter((name) => name.endsWith(".tmp"))], [0, 0, []]);
        assert.ok(days.size > 2, `${days.size} days`);
        const series = await store.query({ types: [], sources: [], from: 0, to: end, maxPoints: 1 });
        for (const [source, first, last] of rounds) {
            const rows = (type: string): number => (series.find((one) => one.source === source && one.event_type === type)?.points ?? []).reduce((sum, { count = 1 }) => sum + count, 0);
            const hours = last - first + 1;
            // The hour that it was just writing may be there, and was not told.
            assert.ok([hours, hours + 1].includes(rows("power_state")), `${source}: ${rows("power_state")} states of ${hours} hours`);
            assert.ok([hours * 19, (hours + 1) * 19].includes(rows("plug_power")), `${source}: ${rows("plug_power")} rows of ${hours} hours`);
        }
        await store.close();
    });
});

describe("a flow's messages to the embedded timeline under kill -9", function () {
    this.timeout(480_000);
    const folder = temporaryFolder();
    let red: NodeRed | undefined;
    after(async () => {
        await red?.stop();
        await folder.remove();
    });
    const rows = "const n0 = context.get('n') ?? Number(env.get('FIRST')); context.set('n', n0 + 5); return [Array.from({ length: 5 }, (_, i) => ({ payload: n0 + i, timeline: { event_type: 'plug_power', source: 'rack', value: n0 + i, metadata: { n: n0 + i } } }))];";
    const flow = [
        { id: "tab", type: "tab", label: "load" },
        { id: "tick", z: "tab", type: "inject", props: [], repeat: "0.005", once: true, onceDelay: "0.1", x: 0, y: 0, wires: [["make"]] },
        { id: "make", z: "tab", type: "function", func: rows, outputs: 1, x: 0, y: 0, wires: [["write"]] },
        { id: "write", z: "tab", type: "timeline-writer", store: "store", simulated: true, startHours: "0", types: "", maxPoints: "720", shape: "chart", version: 1, x: 0, y: 0, wires: [[]] },
        { id: "complete", z: "tab", type: "complete", scope: ["write"], x: 0, y: 0, wires: [["done"]] },
        { id: "done", z: "tab", type: "debug", active: false, complete: "payload", x: 0, y: 0, wires: [] },
        { id: "store", type: "timeline-store", name: "", kind: "embedded", rawHours: "24", fiveMinuteDays: "30", hourlyYears: "5", spoolMegabytes: "64", version: 1 },
    ];

    it("are all there that a Complete node told as done, in 6 kills, none twice", async () => {
        const done = new Set<number>();
        for (let round = 0; round < 6; round += 1) {
            red = await startNodeRed({ userDir: folder.path, env: { FIRST: String(round * 1_000_000) } });
            if (round === 0) await red.deploy(flow);
            await red.until("done", 100 + 37 * round, 90_000);
            await red.kill();
            for (const { payload } of red.received("done")) done.add(payload as number);
        }
        const found: number[] = [];
        const place = join(folder.path, "ridethrough", "timeline-store", "store.timeline");
        for (const name of (await listFiles(place)).raw.values()) {
            for await (const chunk of rowsOf(place, name)) found.push(...chunk.map(({ value }) => value ?? -1));
        }
        const stored = new Set(found);
        assert.equal(stored.size, found.length, "none twice");
        assert.deepEqual([...done].filter((n) => !stored.has(n)), [], "lost");
        assert.ok(done.size > 600, `${done.size} messages`);
    });
});
