import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { EmbeddedTimeline } from "../../lib/stores/timeline-embedded";
import { listFiles, rowsOf } from "../../lib/stores/timeline-files";
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
