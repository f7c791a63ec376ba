import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Outbox } from "../../../lib/alerts/outbox";
import { outboxFile } from "../../../lib/alerts/outbox-file";
import type { QueueRecord } from "../../../lib/alerts/queue";
import { eventually, temporaryFolder } from "../../support/helper";
import { alert, FakeChannel, Heard } from "./support";

const add = (id: number): QueueRecord => ({ add: { id, alert: alert(`n${id}`), acceptedAt: 1_770_000_000_000, times: 1 } });

describe("outboxFile", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let path: string;
    beforeEach(() => {
        folder = temporaryFolder();
        path = join(folder.path, "telegram-alert", "n1.outbox");
    });
    afterEach(() => folder.remove());

    it("is empty where there is none", async () => assert.deepEqual(await outboxFile(path).load(), { records: [], stale: false }));
    it("reads what it wrote, over an append, a rewrite and another append", async () => {
        const file = outboxFile(path);
        await file.append(add(1));
        await file.rewrite([{ lost: 0, lastId: 1 }, add(1)]);
        await file.append({ done: 1, said: 0 });
        await file.close();
        assert.deepEqual((await outboxFile(path).load()).records, [{ lost: 0, lastId: 1 }, add(1), { done: 1, said: 0 }]);
    });
    it("is for its owner's eyes only", async () => {
        const file = outboxFile(path);
        await file.append(add(1));
        assert.equal(statSync(path).mode & 0o777, 0o600);
        await file.rewrite([add(1)]);
        assert.equal(statSync(path).mode & 0o777, 0o600);
        await file.close();
    });
    for (const cut of [2, 15, 40]) {
        it(`loses only the line that was being written when ${cut} bytes of it are missing`, async () => {
            const file = outboxFile(path);
            await file.append(add(1));
            await file.append(add(2));
            await file.close();
            truncateSync(path, statSync(path).size - cut);
            const { records, copiedTo, stale } = await outboxFile(path).load();
            assert.deepEqual({ records, copiedTo, stale }, { records: [add(1)], copiedTo: undefined, stale: true });
        });
    }
    it("keeps a copy of a damaged file, and obeys the lines that are whole", async () => {
        const file = outboxFile(path);
        await file.append(add(1));
        await file.close();
        appendFileSync(path, "\u0000\u0000garbage\n{\"add\":{\"id\":\"x\"}}\n");
        appendFileSync(path, `${JSON.stringify(add(2))}\n`);
        const damaged = readFileSync(path, "utf8");
        const { records, copiedTo, stale } = await outboxFile(path).load();
        assert.deepEqual(records, [add(1), add(2)]);
        assert.ok(stale && copiedTo !== undefined);
        assert.equal(readFileSync(copiedTo, "utf8"), damaged);
    });
    it("does not overwrite what it could not read", async () => {
        const unread = outboxFile(join(folder.path, "unread.outbox"));
        writeFileSync(join(folder.path, "unread.outbox"), "precious\n");
        await unread.rewrite([add(1)]); // as after a load that failed
        const kept = readdirSync(folder.path).find((name) => name.startsWith("unread.outbox.bad-"));
        assert.equal(readFileSync(join(folder.path, kept ?? "nothing kept"), "utf8"), "precious\n");
    });
    it("does not overwrite what came when nobody waited for it any more", async () => {
        writeFileSync(join(folder.path, "late.outbox"), `${JSON.stringify(add(1))}\n`);
        const late = outboxFile(join(folder.path, "late.outbox"));
        await late.load(AbortSignal.abort());
        await late.rewrite([add(1)]);
        assert.equal(readdirSync(folder.path).filter((name) => name.startsWith("late.outbox.bad-")).length, 1);
    });
    it("sets nothing aside that it has read, and asks for a rewrite only where lines are over", async () => {
        const file = outboxFile(path);
        await file.append(add(1));
        assert.equal((await file.load()).stale, false);
        await file.append({ done: 1, said: 0 });
        assert.equal((await file.load()).stale, true);
        await file.rewrite([]);
        await file.close();
        assert.deepEqual(readdirSync(join(folder.path, "telegram-alert")), ["n1.outbox"]);
    });
    it("goes when it is removed", async () => {
        const file = outboxFile(path);
        await file.append(add(1));
        await file.remove();
        assert.equal(existsSync(path), false);
    });

    it("is told of as damaged once, and set aside once, also when no alert comes", async () => {
        const file = outboxFile(path);
        await file.append(add(1));
        await file.append({ done: 1, said: 0 });
        await file.close();
        appendFileSync(path, "damage\n");
        const told: boolean[] = [];
        for (let start = 0; start < 3; start += 1) {
            const heard = new Heard();
            const outbox = new Outbox({ file: outboxFile(path), channel: new FakeChannel(), events: heard });
            await eventually(() => heard.waiting === 0);
            await outbox.close();
            told.push(heard.copiedTo !== undefined);
        }
        assert.deepEqual(told, [true, false, false]);
        assert.equal(readdirSync(join(folder.path, "telegram-alert")).length, 2);
    });

    it("carries an outbox over a restart: damage is told, order and numbers go on", async () => {
        const channel = new FakeChannel();
        channel.fails = new Error("away");
        const first = new Outbox({ file: outboxFile(path), channel, events: new Heard() });
        for (const title of ["a", "b"]) await first.post(alert(title));
        await first.close();
        appendFileSync(path, "damage\n");
        channel.fails = undefined;
        const heard = new Heard();
        const second = new Outbox({ file: outboxFile(path), channel, events: heard });
        await second.post(alert("c"));
        await eventually(() => channel.titles.length === 3);
        await second.close();
        assert.deepEqual(channel.titles, ["a", "b", "c"]);
        assert.deepEqual(channel.delivered.map(({ id }) => id), [1, 2, 3]);
        assert.equal(heard.waiting, 2);
        assert.ok(heard.copiedTo);
    });
});
