import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StateFile } from "../../../lib/stores/state-file";
import { failingAt } from "../../support/crashing-disk";
import { withDisk } from "../../support/open-files";
import { temporaryFolder } from "../../support/temporary-folder";
import { VirtualClock } from "../../support/virtual-clock";

interface Counter { count: number }
const parse = (value: unknown): Counter | undefined => {
    const { count } = value as Counter;
    return typeof count === "number" ? { count } : undefined;
};

describe("a state file", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    let made = 0;
    const fresh = (text?: string): StateFile<Counter> => {
        const own = join(folder.path, `${(made += 1)}`);
        if (text !== undefined) {
            mkdirSync(own);
            writeFileSync(join(own, "state.json"), text);
        }
        return new StateFile(join(own, "state.json"), parse, new VirtualClock(1000));
    };
    const again = (file: StateFile<Counter>): StateFile<Counter> => new StateFile(file.path, parse);

    it("that was never saved is none", async () => assert.deepEqual(await fresh().load(), { kind: "none" }));
    it("gives back what was saved", async () => {
        const file = fresh();
        await file.save({ count: 3 });
        assert.deepEqual(await again(file).load(), { kind: "loaded", value: { count: 3 } });
    });
    for (const [name, text] of [["empty", ""], ["cut short", '{"coun'], ["zeroed by a power cut", "\0".repeat(20)], ["of another shape", '{"count":"three"}'], ["null", "null"]] as const) {
        it(`that is ${name} is set aside and not obeyed`, async () => {
            const file = fresh(text);
            assert.deepEqual(await file.load(), { kind: "set-aside", movedTo: `${file.path}.bad-1000` });
            assert.equal(readFileSync(`${file.path}.bad-1000`, "utf8"), text);
            assert.deepEqual(await again(file).load(), { kind: "none" });
        });
    }
    it("that cannot be read rejects with the system's error", async () => {
        const file = fresh('{"count":1}');
        await failingAt(1, { code: "EIO", only: ["readFile"] }, () => assert.rejects(file.load(), { code: "EIO" }));
        assert.deepEqual(await file.load(), { kind: "loaded", value: { count: 1 } });
    });
    it("in whose place a folder lies is set aside, so that it can be saved again", async () => {
        const file = fresh();
        mkdirSync(file.path, { recursive: true });
        assert.deepEqual(await file.load(), { kind: "set-aside", movedTo: `${file.path}.bad-1000` });
        await file.save({ count: 1 });
    });
    it("that is damaged stays where it is when nobody waits for it any more: by then it may be a new one", async () => {
        const file = fresh("damaged");
        await assert.rejects(file.load(AbortSignal.abort(new Error("too late"))), /too late/);
        assert.equal(readFileSync(file.path, "utf8"), "damaged");
    });
    it("is read by the next one only when the one before has saved, and keeps the order of both, however slow the disk", async () => {
        const [before, now] = [fresh('{"count":1}')].flatMap((file) => [file, again(file)]) as [StateFile<Counter>, StateFile<Counter>];
        let go: () => void = () => undefined;
        const slow = new Promise<void>((resolve) => (go = resolve));
        await withDisk("sync", () => slow, async () => {
            const saves = [before.save({ count: 2 })];
            const loading = now.load();
            saves.push(now.save({ count: 3 }));
            go();
            assert.deepEqual(await loading, { kind: "loaded", value: { count: 2 } });
            await Promise.all(saves);
        });
        assert.deepEqual(await now.load(), { kind: "loaded", value: { count: 3 } });
    });
    it("takes the newest of many saves that nobody waited for, and each resolves when that one is on the disk", async () => {
        const file = fresh();
        const saves = Array.from({ length: 100 }, (_, count) => file.save({ count }));
        await saves[0];
        await Promise.all(saves);
        assert.deepEqual(await again(file).load(), { kind: "loaded", value: { count: 99 } });
    });
    it("resolves a save only when its own value, or a newer one, is on the disk", async () => {
        const file = fresh();
        for (let count = 0; count < 20; count += 1) {
            void file.save({ count: count * 10 });
            await file.save({ count: count * 10 + 1 });
            const onDisk = JSON.parse(readFileSync(file.path, "utf8")) as Counter;
            assert.equal(onDisk.count, count * 10 + 1);
        }
    });
    it("is settled when every save has ended", async () => {
        const file = fresh();
        void file.save({ count: 1 });
        void file.save({ count: 2 });
        await file.settled();
        assert.deepEqual(await again(file).load(), { kind: "loaded", value: { count: 2 } });
    });
    it("rejects a save that fails, and takes the next one", async () => {
        const file = fresh();
        writeFileSync(join(file.path, ".."), "in the way of the folder");
        await assert.rejects(file.save({ count: 1 }));
        const other = fresh();
        await other.save({ count: 2 });
        assert.deepEqual(await other.load(), { kind: "loaded", value: { count: 2 } });
    });
    it("leaves no temporary files", async () => {
        const file = fresh();
        await Promise.all([1, 2, 3].map((count) => file.save({ count })));
        assert.deepEqual(readdirSync(join(file.path, "..")), ["state.json"]);
    });
    it("clears away what a crash in the middle of a save left behind", async () => {
        const file = fresh('{"count":1}');
        const aside = { old: `${file.path}.0badcafe.tmp`, foreign: `${file.path}.mine`, underWay: `${file.path}.0badcaff.tmp` };
        for (const path of Object.values(aside)) writeFileSync(path, '{"cou');
        for (const path of [aside.old, aside.foreign]) utimesSync(path, 0, 0);
        utimesSync(aside.underWay, 990, 990);
        await new StateFile(file.path, parse, new VirtualClock(1_000_000)).load();
        assert.deepEqual(readdirSync(join(file.path, "..")).sort(), ["state.json", "state.json.0badcaff.tmp", "state.json.mine"]);
    });
    it("can be removed, also when there is none", async () => {
        const file = fresh();
        await file.remove();
        void file.save({ count: 1 });
        await file.remove();
        assert.deepEqual(await file.load(), { kind: "none" });
    });
});
