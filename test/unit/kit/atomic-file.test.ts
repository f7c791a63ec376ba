import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeLeftovers, syncFolder, writeAtomic } from "../../../lib/kit/atomic-file";
import { timesOpen, withDisk } from "../../support/open-files";
import { temporaryFolder } from "../../support/temporary-folder";

describe("writeAtomic", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const path = (name: string): string => join(folder.path, name);

    it("writes the text whole, and makes the folders above it", async () => {
        await writeAtomic(path("a/b/state.json"), "one\n");
        assert.equal(readFileSync(path("a/b/state.json"), "utf8"), "one\n");
        assert.equal(statSync(path("a/b/state.json")).mode & 0o777, 0o600);
    });
    it("is on the disk before it takes the place of the old one, and its name is when it is done", async () => {
        await writeAtomic(path("order/state.json"), "old");
        const seen: string[] = [];
        await withDisk("sync", () => void seen.push(readFileSync(path("order/state.json"), "utf8")), () => writeAtomic(path("order/state.json"), "new"));
        assert.deepEqual(seen, ["old", "new"]);
        assert.equal(timesOpen(path("order")), 0);
    });
    it("leaves the old file, no temporary one and nothing open when the disk fails at the last moment", async () => {
        await writeAtomic(path("full/state.json"), "old");
        const noSpace = Object.assign(new Error("no space left"), { code: "ENOSPC" });
        await withDisk("sync", () => { throw noSpace; }, async () => {
            await assert.rejects(writeAtomic(path("full/state.json"), "new"), noSpace);
            assert.equal(timesOpen(path("full")), 0);
        });
        assert.equal(readFileSync(path("full/state.json"), "utf8"), "old");
        assert.deepEqual(readdirSync(path("full")), ["state.json"]);
    });
    it("is done all the same where a folder can't be synced", async () => {
        await withDisk("sync", async (handle) => { if ((await handle.stat()).isDirectory()) throw new Error("not here"); }, () => writeAtomic(path("order/state.json"), "newer"));
        assert.equal(readFileSync(path("order/state.json"), "utf8"), "newer");
    });
    it("says what stands in the way of the folder", async () => {
        writeFileSync(path("file"), "");
        await assert.rejects(writeAtomic(path("file/state.json"), "x"), { code: "ENOTDIR" });
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

describe("removeLeftovers", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const now = 1_770_000_000_000;
    for (const [name, ageMs, stays] of [
        ["state.json.0123abcd.tmp", 60_001, false],
        ["state.json.0123abce.tmp", 60_000, true],
        ["state.json.0123abcf.tmp", -5000, true],
        ["other.json.0123abcd.tmp", 600_000, true],
        ["state.json.bad-1770000000000", 600_000, true],
        ["state.json.0123abcd.tmp.old", 600_000, true],
        ["state.json.notours.tmp", 600_000, true],
        ["state.json", 600_000, true],
    ] as const) {
        it(`${stays ? "leaves" : "removes"} ${name} of ${ageMs / 1000} s ago`, async () => {
            const path = join(folder.path, name);
            writeFileSync(path, "");
            utimesSync(path, (now - ageMs) / 1000, (now - ageMs) / 1000);
            await removeLeftovers(join(folder.path, "state.json"), now);
            assert.equal(existsSync(path), stays);
        });
    }
    it("finds nothing in a folder that is not there", () => removeLeftovers("/nonexistent/state.json", now));
});
