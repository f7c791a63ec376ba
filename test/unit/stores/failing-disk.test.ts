import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Outbox } from "../../../lib/alerts/outbox";
import { outboxFile } from "../../../lib/alerts/outbox-file";
import { JsonLinesFile, readJsonLines } from "../../../lib/kit/json-lines";
import { RunJournal } from "../../../lib/shutdown/journal";
import type { JournalRecord } from "../../../lib/shutdown/journal-records";
import { StateFile } from "../../../lib/stores/state-file";
import { everywhere, failingAt } from "../../support/crashing-disk";
import { temporaryFolder } from "../../support/temporary-folder";
import { alert, FakeChannel, Heard } from "../alerts/support";

/** The disk fails once, or stays away for the rest of an action, at each call of it; then it is back. Or the process was killed there. */
describe("a disk that fails between any two calls", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    beforeEach(() => (folder = temporaryFolder()));
    afterEach(() => folder.remove());
    const path = (name: string): string => join(folder.path, name);
    const clean = (): void => {
        for (const name of readdirSync(folder.path)) rmSync(path(name), { recursive: true });
    };
    /** Left by a crash, long ago. */
    const leftovers = (): string[] => {
        const found = readdirSync(folder.path).filter((name) => name.endsWith(".tmp"));
        for (const name of found) utimesSync(path(name), 0, 0);
        return found;
    };
    const settled = (promise: Promise<unknown>): Promise<boolean> => promise.then(() => true, () => false);

    it("leaves a state as it was or as it is to be, and takes the next save", async () => {
        const open = (): StateFile<unknown> => new StateFile<unknown>(path("n.json"), (value) => value);
        const seen = await everywhere(async (_fault, failing, where) => {
            clean();
            const file = open();
            await file.save({ n: 1 });
            let saved = false;
            await failing(async () => (saved = await settled(file.save({ n: 2 }))));
            const loaded = await open().load();
            assert.ok(loaded.kind === "loaded", `${where()}: ${loaded.kind}`);
            const { n } = loaded.value as { n: number };
            assert.ok(n === 2 || (n === 1 && !saved), `${where()}: ${n}, saved: ${saved}`);
            await file.save({ n: 3 });
            leftovers();
            assert.deepEqual(await open().load(), { kind: "loaded", value: { n: 3 } }, where());
            assert.deepEqual(readdirSync(folder.path), ["n.json"], where());
        });
        assert.deepEqual(seen.sort(), ["open", "rename", "sync", "writeFile"]);
    });

    it("never makes a state that was sound a damaged one, nor loses the damaged one, while it is read", async () => {
        for (const text of ['{"n":1}', '{"n":']) {
            await everywhere(async (_fault, failing, where) => {
                clean();
                writeFileSync(path("n.json"), text);
                const file = new StateFile<unknown>(path("n.json"), (value) => value);
                await failing(() => settled(file.load()));
                const found = await file.load();
                const names = readdirSync(folder.path);
                assert.equal(names.length, 1, `${where()}: ${names.join()}`);
                assert.equal(found.kind === "loaded", text === '{"n":1}', where());
            });
        }
    });

    it("costs a file of lines only what was not reported as written, and joins no two", async () => {
        const seen = await everywhere(async (_fault, failing, where) => {
            clean();
            const file = new JsonLinesFile(path("n.jsonl"));
            await file.append({ n: 1 });
            let written = false;
            await failing(async () => (written = await settled(file.append({ n: 2, text: "a long line" }))));
            await file.append({ n: 3 });
            await file.close();
            const { records, bad } = await readJsonLines(path("n.jsonl"));
            const numbers = records.map((record) => (record as { n: number }).n);
            assert.deepEqual(numbers.filter((n) => n !== 2), [1, 3], where());
            assert.ok(numbers.includes(2) || !written, where());
            assert.ok(bad.length <= 1, where());
        });
        assert.deepEqual(seen.sort(), ["stat", "sync", "writeFile"]);
    });

    it("never costs a sequencer its journal", async () => {
        const dealt = (stream: string): JournalRecord => ({ kind: "dealt", stream, mode: "live", at: 1000 });
        await everywhere(async (_fault, failing, where) => {
            clean();
            const said: string[] = [];
            const journal = new RunJournal(path("n.journal"), (text) => said.push(text));
            await journal.load();
            await journal.note(dealt("one"));
            await failing(() => journal.note(dealt("two")));
            const complained = said.length;
            await journal.note(dealt("three"));
            await journal.close();
            const { memory, lost } = await new RunJournal(path("n.journal"), (text) => said.push(text)).load();
            assert.equal(lost, undefined, where());
            assert.deepEqual([...memory.ran.keys()].filter((stream) => stream !== "two"), ["one", "three"], where());
            assert.ok(memory.ran.has("two") || complained === 1, where());
            assert.ok(said.length <= 1, `${where()}: ${said.join(" | ")}`);
        });
    });

    for (const killed of [false, true]) {
        it(`loses no alert: ${killed ? "one that was reported as kept is there after a kill" : "all are told when the disk is back"}`, async () => {
            await everywhere(async (_fault, failing, where) => {
                clean();
                const channel = new FakeChannel();
                channel.fails = new Error("away");
                const heard = new Heard();
                const disk: unknown[] = [];
                heard.disk = (trouble) => void disk.push(trouble);
                const first = new Outbox({ file: outboxFile(path("n.outbox")), channel, events: heard });
                await first.post(alert("a"));
                await failing(() => first.post(alert("b")));
                const told = disk.length;
                if (!killed) {
                    await first.post(alert("c"));
                    assert.equal(disk.filter((trouble) => trouble !== undefined).length, told, `${where()}: told once`);
                    await first.close();
                }
                leftovers();
                channel.fails = undefined;
                const second = new Outbox({ file: outboxFile(path("n.outbox")), channel, events: new Heard() });
                await second.post(alert("d"));
                while (second.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
                await second.close();
                const titles = channel.titles.filter((title) => title !== "b" || told === 0 || !killed);
                assert.deepEqual(titles, killed && told > 0 ? ["a", "d"] : killed ? ["a", "b", "d"] : ["a", "b", "c", "d"], where());
                if (killed) await first.close();
                assert.deepEqual(readdirSync(folder.path).filter((name) => name.endsWith(".tmp")), [], where());
            });
        });
    }

    for (const [what, only] of [
        ["takes nothing more", ["copyFile", "writeFile", "write"]],
        ["takes no new names either", ["copyFile", "writeFile", "write", "link", "rename"]],
    ] as const) {
        it(`tells the alerts that can be read of a damaged file when it ${what}, and keeps the file`, async () => {
            const channel = new FakeChannel();
            channel.fails = new Error("away");
            const first = new Outbox({ file: outboxFile(path("n.outbox")), channel, events: new Heard() });
            await first.post(alert("a"));
            await first.close();
            writeFileSync(path("n.outbox"), "damage\n", { flag: "a" });
            channel.fails = undefined;
            await failingAt(1, { code: "ENOSPC", lasting: true, only }, async () => {
                const second = new Outbox({ file: outboxFile(path("n.outbox")), channel, events: new Heard() });
                await second.post(alert("b"));
                while (second.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
                await second.close();
            });
            assert.deepEqual(channel.titles, ["a", "b"]);
            assert.match(readdirSync(folder.path).map((name) => readFileSync(path(name), "utf8")).join(""), /^damage$/m);
        });
    }

    it("is no folder that can't be read: a name that can't be made keeps nobody from going on", async () => {
        mkdirSync(path("n.json.bad-1"));
        writeFileSync(path("n.json"), "damaged");
        const file = new StateFile<unknown>(path("n.json"), (value) => value);
        assert.equal((await file.load()).kind, "set-aside");
        await file.save({ n: 1 });
        assert.equal((await file.load()).kind, "loaded");
    });
});
