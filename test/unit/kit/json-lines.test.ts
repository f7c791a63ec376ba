import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JsonLinesFile, readJsonLines } from "../../../lib/kit/json-lines";
import { timesOpen, withDisk } from "../../support/open-files";
import { temporaryFolder } from "../../support/temporary-folder";

describe("a JSON-lines file", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    let count = 0;
    const fresh = (text?: string): string => {
        const path = join(folder.path, `${(count += 1)}`, "run.jsonl");
        if (text !== undefined) {
            mkdirSync(join(path, ".."));
            writeFileSync(path, text);
        }
        return path;
    };
    const append = async (path: string, ...records: unknown[]): Promise<void> => {
        const file = new JsonLinesFile(path);
        for (const record of records) await file.append(record);
        await file.close();
    };

    it("that is missing is an empty one", async () => assert.deepEqual(await readJsonLines(fresh()), { records: [], bad: [], torn: false }));
    it("gives back what was appended, in order", async () => {
        const path = fresh();
        await append(path, { a: 1 }, "two", null);
        assert.deepEqual(await readJsonLines(path), { records: [{ a: 1 }, "two", null], bad: [], torn: false });
    });
    it("keeps the order of appends that nobody waited for", async () => {
        const file = new JsonLinesFile(fresh());
        const all = Array.from({ length: 50 }, (_, n) => file.append({ n }));
        await Promise.all(all);
        await file.close();
        assert.deepEqual((await readJsonLines(file.path)).records, Array.from({ length: 50 }, (_, n) => ({ n })));
    });
    it("is readable by the owner only", async () => {
        const path = fresh();
        await append(path, 1);
        assert.equal(statSync(path).mode & 0o777, 0o600);
        chmodSync(path, 0o644);
        await append(path, 2);
        assert.equal(statSync(path).mode & 0o777, 0o600, "also where somebody has opened it to others");
    });
    it("goes on after what is there already", async () => {
        const path = fresh();
        await append(path, 1);
        await append(path, 2);
        assert.equal(readFileSync(path, "utf8"), "1\n2\n");
    });
    it("is open once while it is used, and not when it is closed", async () => {
        const file = new JsonLinesFile(fresh());
        await file.append(1);
        await file.append(2);
        assert.equal(timesOpen(file.path), 1);
        await file.close();
        assert.equal(timesOpen(file.path), 0);
    });
    it("is closed only when the appends under way are done", async () => {
        const file = new JsonLinesFile(fresh());
        await withDisk("sync", () => new Promise((resolve) => setTimeout(resolve, 5)), async () => {
            void file.append(1);
            await file.close();
            assert.deepEqual([readFileSync(file.path, "utf8"), timesOpen(file.path)], ["1\n", 0]);
        });
    });

    describe("on a disk", () => {
        const noSpace = Object.assign(new Error("no space left"), { code: "ENOSPC" });
        it("has each line, and its own name, before the append is done", async () => {
            const file = new JsonLinesFile(fresh());
            const synced: string[] = [];
            await withDisk("sync", async (handle) => void synced.push((await handle.stat()).isDirectory() ? "folder" : readFileSync(file.path, "utf8")), async () => {
                await file.append(1);
                await file.append(2);
            });
            await file.close();
            assert.deepEqual(synced, ["folder", "1\n", "1\n2\n"]);
        });
        it("that is full cuts half a line off again, says so, and goes on when there is room", async () => {
            const file = new JsonLinesFile(fresh());
            await file.append(1);
            await withDisk("writeFile", async (handle, line) => {
                await handle.write(String(line).slice(0, 3));
                throw noSpace;
            }, async () => {
                await assert.rejects(file.append({ long: "line" }), noSpace);
                assert.equal(readFileSync(file.path, "utf8"), "1\n");
            });
            await withDisk("sync", () => { throw noSpace; }, () => assert.rejects(file.append(2), noSpace));
            await file.append(3);
            await file.close();
            assert.equal(readFileSync(file.path, "utf8"), "1\n3\n");
        });
        it("that fails while the file is opened leaves nothing open", async () => {
            const file = new JsonLinesFile(fresh("1\n"));
            await withDisk("read", () => { throw noSpace; }, () => assert.rejects(file.append(2), noSpace));
            assert.equal(timesOpen(file.path), 0);
            await file.append(3);
            await file.close();
            assert.equal(readFileSync(file.path, "utf8"), "1\n3\n");
        });
    });
    it("is made again when somebody has removed it while it was in use", async () => {
        const file = new JsonLinesFile(fresh());
        await file.append(1);
        rmSync(join(file.path, ".."), { recursive: true });
        await file.append(2);
        await file.close();
        assert.equal(readFileSync(file.path, "utf8"), "2\n");
    });
    it("is opened again after an error: a handle of a file server that was away never works again", async () => {
        const file = new JsonLinesFile(fresh());
        await file.append(1);
        let stale: unknown;
        await withDisk("sync", (handle) => {
            stale ??= handle;
            if (handle === stale) throw Object.assign(new Error("stale file handle"), { code: "ESTALE" });
        }, async () => {
            await assert.rejects(file.append(2), { code: "ESTALE" });
            await file.append(3);
        });
        await file.close();
        assert.equal(readFileSync(file.path, "utf8"), "1\n3\n");
    });
    it("in whose place a folder, a pipe or a link lies is garbage, and holds nobody up", async () => {
        const path = fresh("");
        rmSync(path);
        const lay = [() => mkdirSync(path), () => spawnSync("mkfifo", [path]), () => symlinkSync("/dev/zero", path)];
        for (const each of lay) {
            each();
            if (!lstatSync(path, { throwIfNoEntry: false })) continue; // no mkfifo here
            await assert.rejects(readJsonLines(path), { kind: "garbage" });
            rmSync(path, { recursive: true });
        }
    });
    it("drops a torn last line and says so, at every place where it can tear", async () => {
        const path = fresh();
        await append(path, { step: 1 }, { step: 2 });
        const whole = statSync(path).size;
        for (let size = whole - 2; size > '{"step":1}\n'.length; size -= 1) {
            truncateSync(path, size);
            assert.deepEqual(await readJsonLines(path), { records: [{ step: 1 }], bad: [], torn: true }, `cut at ${size}`);
        }
    });
    it("never joins the next record to a torn line", async () => {
        const path = fresh('{"step":1}\n{"st');
        await append(path, { step: 3 });
        assert.deepEqual(await readJsonLines(path), { records: [{ step: 1 }, { step: 3 }], bad: ['{"st'], torn: false });
    });
    it("counts a last line that lost only its newline, before and after the next append", async () => {
        const path = fresh('{"step":1}\n{"step":2}');
        assert.deepEqual(await readJsonLines(path), { records: [{ step: 1 }, { step: 2 }], bad: [], torn: false });
        await append(path, { step: 3 });
        assert.deepEqual((await readJsonLines(path)).records, [{ step: 1 }, { step: 2 }, { step: 3 }]);
    });
    it("skips damaged lines in the middle, and hands them back", async () => {
        assert.deepEqual(await readJsonLines(fresh('{"a":1}\n\0\0\0\n\n  \nnonsense\n{"b":2}\n  ')), { records: [{ a: 1 }, { b: 2 }], bad: ["\0\0\0", "nonsense"], torn: false });
    });
    it("opens again for an append after, or during, a close", async () => {
        const file = new JsonLinesFile(fresh());
        const first = file.append(1);
        const closing = file.close();
        const second = file.append(2);
        await Promise.all([first, closing, second]);
        await file.close();
        await file.append(3);
        await file.close();
        assert.deepEqual((await readJsonLines(file.path)).records, [1, 2, 3]);
    });
    it("rejects when it cannot be written, and tries again at the next append", async () => {
        const path = fresh();
        writeFileSync(join(path, ".."), "in the way of the folder");
        const file = new JsonLinesFile(path);
        await assert.rejects(file.append(1), (error: NodeJS.ErrnoException) => error.code === "EEXIST" || error.code === "ENOTDIR");
        rmSync(join(path, ".."));
        await file.append(2);
        await file.close();
        assert.equal(readFileSync(path, "utf8"), "2\n");
    });
});
