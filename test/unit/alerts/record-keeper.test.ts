import assert from "node:assert/strict";
import type { LoadedRecords } from "../../../lib/alerts/outbox-file";
import type { QueueRecord } from "../../../lib/alerts/queue";
import { RecordKeeper } from "../../../lib/alerts/record-keeper";
import type { Trouble } from "../../../lib/kit/trouble";
import { settle, VirtualClock } from "../../support/virtual-clock";
import { MemoryDisk } from "./support";

const done = (id: number): QueueRecord => ({ done: id, said: 0 });
const all: QueueRecord[] = [{ lost: 0, lastId: 7 }];

describe("the keeper of an outbox's records", () => {
    let disk: MemoryDisk;
    let clock: VirtualClock;
    let said: (Trouble | undefined)[];
    let keeper: RecordKeeper;
    beforeEach(() => {
        disk = new MemoryDisk();
        clock = new VirtualClock();
        said = [];
        keeper = new RecordKeeper(disk, () => all, (trouble) => void said.push(trouble), clock);
    });

    it("appends", async () => {
        await keeper.keep([done(1), done(2)]);
        await keeper.keep([done(3)]);
        assert.deepEqual([disk.records, disk.rewrites], [[done(1), done(2), done(3)], 0]);
    });
    it("touches no disk for nothing", async () => {
        disk.fails = new Error("away");
        await keeper.keep([]);
        assert.deepEqual(said, []);
    });
    it("writes the whole queue first where the file needs it, and appends again then", async () => {
        disk.records = [done(1)];
        assert.deepEqual(await keeper.load(), { records: [done(1)], stale: true });
        await keeper.keep([done(2)]);
        await keeper.keep([done(3)]);
        assert.deepEqual([disk.records, disk.rewrites, disk.appends], [[...all, done(3)], 1, 1]);
    });
    it("writes the whole queue when there would be more than 500 lines, those that were read included", async () => {
        disk.load = () => Promise.resolve({ records: Array<QueueRecord>(498).fill(done(1)), stale: false });
        await keeper.load();
        await keeper.keep([done(2), done(3)]);
        assert.equal(disk.rewrites, 0);
        await keeper.keep([done(4)]);
        assert.deepEqual([disk.rewrites, disk.records], [1, all]);
        for (let line = 0; line < 500; line += 1) await keeper.keep([done(5)]);
        assert.equal(disk.rewrites, 1);
        await keeper.keep([done(6)]);
        assert.equal(disk.rewrites, 2);
    });

    describe("with a file that can't be read", () => {
        const load = async (loading: (signal?: AbortSignal) => Promise<LoadedRecords>): Promise<LoadedRecords> => {
            disk.load = loading;
            const loaded = keeper.load();
            await clock.pass(5000);
            return loaded;
        };
        for (const [what, loading, message] of [
            ["fails", () => Promise.reject(Object.assign(new Error("bad sector"), { code: "EIO" })), /^alert queue: storage failed \(EIO\); what waited there from before is not sent, and is set aside$/],
            ["hangs", () => new Promise<LoadedRecords>(() => undefined), /^alert queue: no answer within 5 s; what waited/],
        ] as const) {
            it(`because the disk ${what}: begins anew, says so once, and adds nothing to it`, async () => {
                assert.deepEqual(await load(loading), { records: [], stale: true });
                assert.equal(keeper.failing, true);
                assert.match(said[0]?.message ?? "", message);
                await keeper.keep([done(1)]);
                await settle();
                assert.deepEqual([disk.records, disk.appends, disk.rewrites], [all, 0, 1]);
                assert.deepEqual([said.length, said[1], keeper.failing], [2, undefined, false]);
            });
        }
        it("tells the file that nobody waits for it any more", async () => {
            let given: AbortSignal | undefined;
            await load((signal) => {
                given = signal;
                return new Promise(() => undefined);
            });
            assert.equal(given?.aborted, true);
        });
    });

    it("goes on in memory while the disk fails, says so once, and writes all of it when it works again", async () => {
        disk.fails = Object.assign(new Error("full"), { code: "ENOSPC" });
        await keeper.keep([done(1)]);
        await keeper.keep([done(2)]);
        await settle();
        assert.deepEqual([said.map((trouble) => trouble?.kind), keeper.failing], [["disk"], true]);
        disk.fails = undefined;
        await keeper.keep([done(3)]);
        await settle();
        assert.deepEqual([disk.records, said.map((trouble) => trouble?.kind), keeper.failing], [all, ["disk", undefined], false]);
    });
    it("waits for what is being written before it closes or removes", async () => {
        const order: string[] = [];
        disk.append = async () => {
            await settle();
            order.push("appended");
        };
        disk.close = () => Promise.resolve(void order.push("closed"));
        disk.remove = () => Promise.resolve(void order.push("removed"));
        void keeper.keep([done(1)]);
        await keeper.close();
        void keeper.keep([done(2)]);
        await keeper.remove();
        assert.deepEqual(order, ["appended", "closed", "appended", "removed"]);
    });
});
