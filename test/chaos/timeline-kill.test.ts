import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { EmbeddedTimeline } from "../../lib/stores/timeline-embedded";
import { listFiles, rowsOf } from "../../lib/stores/timeline-files";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

describe("the embedded timeline under kill -9", function () {
    this.timeout(120_000);
    const folder = temporaryFolder();
    after(() => folder.remove());

    /** Writes until it is killed; the number after the last row that was told as stored. */
    async function writeAndDie(first: number, ms: number): Promise<number> {
        const child = spawn(process.execPath, ["--import", "tsx", join(__dirname, "timeline-child.ts"), folder.path, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
        let said = "";
        child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
        await new Promise((resolve) => child.stdout.once("data", resolve));
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
            taken.push([first, await writeAndDie(first, 20 + ((round * 37) % 150))]);
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
});

describe("a flow's messages to the embedded timeline under kill -9", function () {
    this.timeout(120_000);
    const folder = temporaryFolder();
    let red: NodeRed | undefined;
    after(async () => {
        await red?.stop();
        folder.remove();
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
            await red.until("done", 100 + 37 * round, 20_000);
            await red.kill();
            for (const { payload } of red.received("done")) done.add(payload as number);
        }
        const found: number[] = [];
        const place = join(folder.path, "ridethrough", "timeline-store", "store.timeline");
        for (const name of (await listFiles(place)).raw.values()) {
            for await (const chunk of rowsOf(place, name)) found.push(...chunk.map(({ value }) => value ?? -1));
        }
        assert.equal(new Set(found).size, found.length, "none twice");
        assert.deepEqual([...done].filter((n) => !found.includes(n)), [], "lost");
        assert.ok(done.size > 600, `${done.size} messages`);
    });
});
