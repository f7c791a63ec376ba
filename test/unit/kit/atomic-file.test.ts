import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { syncFolder, writeAtomic } from "../../../lib/kit/atomic-file";
import { temporaryFolder } from "../../support/temporary-folder";

describe("writeAtomic", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const path = (name: string): string => join(folder.path, name);

    it("writes the text whole, and makes the folders above it", async () => {
        await writeAtomic(path("a/b/state.json"), "one\n");
        assert.equal(readFileSync(path("a/b/state.json"), "utf8"), "one\n");
    });
    it("is readable by the owner only, also after an older file that everybody could read", async () => {
        writeFileSync(path("open.json"), "old");
        chmodSync(path("open.json"), 0o644);
        await writeAtomic(path("open.json"), "new");
        assert.equal(statSync(path("open.json")).mode & 0o777, 0o600);
    });
    it("leaves the old file and no temporary one when it fails", async () => {
        mkdirSync(path("taken"));
        writeFileSync(path("taken/inside"), "x");
        await assert.rejects(writeAtomic(path("taken"), "text"));
        assert.deepEqual(readdirSync(folder.path).filter((name) => name.includes(".tmp")), []);
        assert.equal(readFileSync(path("taken/inside"), "utf8"), "x");
    });
    it("never shows a reader half a file while writers race", async () => {
        const long = (letter: string): string => `${letter.repeat(200_000)}\n`;
        await writeAtomic(path("race"), long("a"));
        let writing = true;
        const writers = Promise.all(["b", "c", "d", "e"].map(async (letter) => {
            for (let round = 0; round < 5; round += 1) await writeAtomic(path("race"), long(letter));
        })).finally(() => (writing = false));
        while (writing) {
            const seen = readFileSync(path("race"), "utf8");
            assert.equal(seen.length, 200_001);
            assert.equal(new Set(seen).size, 2);
            await new Promise((resolve) => setImmediate(resolve));
        }
        await writers;
    });
});

describe("syncFolder", () => {
    it("does nothing for a folder that is not there", () => syncFolder("/nonexistent/folder"));
});
