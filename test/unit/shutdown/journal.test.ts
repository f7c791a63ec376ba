import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RunJournal } from "../../../lib/shutdown/journal";
import { emptyMemory, parseRecord, remember, spentBefore, type JournalMemory, type JournalRecord } from "../../../lib/shutdown/journal-records";
import { withDisk } from "../../support/open-files";
import { temporaryFolder } from "../../support/temporary-folder";
import { VirtualClock } from "../../support/virtual-clock";

const at = 1_700_000_000_000;
const begin: JournalRecord = { kind: "run", run: "r1", stream: "plug", reason: "plug CRITICAL", boot: "b", at };
const intent: JournalRecord = { kind: "intent", run: "r1", step: "nas/power-off", at: at + 1 };
const result: JournalRecord = { kind: "result", run: "r1", step: "nas/power-off", state: "done", at: at + 2 };
const end: JournalRecord = { kind: "end", run: "r1", outcome: "completed", at: at + 3 };

describe("the journal's memory", () => {
    const memoryOf = (...records: JournalRecord[]): JournalMemory => records.reduce(remember, emptyMemory());

    it("has an open run until its end", () => {
        const { open } = memoryOf(begin, intent, result);
        assert.deepEqual([open?.run, open?.startedAt, open?.last.at, [...open?.intents.keys() ?? []], open?.results.get("nas/power-off")?.state], ["r1", at, at + 2, ["nas/power-off"], "done"]);
        assert.equal(memoryOf(begin, intent, result, end).open, undefined);
    });

    it("knows that an outage has been dealt with until power is healthy again", () => {
        assert.equal(memoryOf(begin, end).ran.get("plug"), "live");
        assert.equal(memoryOf(begin, end, { kind: "restored", stream: "plug", at }).ran.size, 0);
        assert.equal(memoryOf(begin, end, { kind: "restored", stream: "ups", at }).ran.get("plug"), "live");
    });

    it("does not forget a real run over a later rehearsal", () => assert.equal(memoryOf(begin, end, { kind: "dealt", stream: "plug", mode: "rehearsal", at }).ran.get("plug"), "live"));

    it("lets an outage of an earlier boot be spent, unless its run is unfinished, or nobody knows which boot it was", () => {
        const spent = (...records: JournalRecord[]): [string, unknown][] => [...spentBefore("c", memoryOf(...records), at).reduce(remember, memoryOf(...records)).ran];
        const joined: JournalRecord = { kind: "dealt", stream: "ups", mode: "live", at };
        assert.deepEqual(spent(begin, end), [["plug", "rehearsal"]]);
        assert.deepEqual(spent({ ...begin, boot: "c" }, end), [["plug", "live"]]);
        assert.deepEqual(spent(begin), [["plug", "live"]]);
        assert.deepEqual(spent(begin, joined, end), [["ups", "live"], ["plug", "rehearsal"]]);
        assert.deepEqual(spent(begin, { ...joined, boot: "b" }, end), [["plug", "rehearsal"], ["ups", "rehearsal"]]);
        assert.deepEqual(spent({ ...joined, mode: "rehearsal", boot: "b" }), [["ups", "rehearsal"]]);
    });

    it("knows for how long a person holds the run, until it is released", () => {
        const hold: JournalRecord = { kind: "hold", run: "r1", on: true, ms: 60_000, at: at + 1, up: 5 };
        assert.deepEqual(memoryOf(begin, hold).open?.held, { ms: 60_000, at: at + 1, up: 5 });
        assert.equal(memoryOf(begin, hold, { kind: "hold", run: "r1", on: false, at: at + 2 }).open?.held, undefined);
        assert.equal(memoryOf(begin, { ...hold, run: "other" }).open?.held, undefined);
    });

    it("does not mix up runs", () => {
        const { open } = memoryOf(begin, { ...intent, run: "other" }, { ...result, run: "other" }, { ...end, run: "other" });
        assert.deepEqual([open?.run, open?.intents.size, open?.results.size], ["r1", 0, 0]);
    });

    for (const wrong of [
        null, 1, "run", [], {}, { ...begin, kind: "constructor" }, { ...begin, at: "now" }, { ...begin, stream: undefined }, { ...result, state: "running" }, { ...result, error: 1 },
        { ...end, outcome: "won" }, { kind: "dealt", stream: "plug", mode: "maybe", at }, { ...intent, step: 5 }, { ...result, startedAt: "x" }, { ...begin, only: ["nas"] }, { kind: "dealt", stream: "plug", mode: "live", boot: 1, at },
        { kind: "dealt", stream: "plug", mode: "live", calledOff: "yes", at }, { kind: "hold", run: "r1", on: true, at }, { kind: "hold", run: "r1", on: true, ms: -1, at }, { kind: "hold", run: "r1", on: "true", ms: 1, at }, { kind: "token", run: "r1", at }, { kind: "token", run: "r1", mark: 1, at },
    ]) {
        it(`does not take ${JSON.stringify(wrong)} for a record`, () => assert.equal(parseRecord(wrong), undefined));
    }
});

describe("the journal on disk", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let path: string;
    let complaints: string[];
    const journal = (): RunJournal => new RunJournal(path, (text) => void complaints.push(text));

    beforeEach(() => {
        folder = temporaryFolder();
        path = join(folder.path, "deep", "run.journal");
        complaints = [];
    });
    afterEach(() => folder.remove());

    it("is empty at first", async () => assert.deepEqual(await journal().load(), { memory: emptyMemory(), warnings: [] }));

    it("gives back what was noted, in order", async () => {
        const first = journal();
        await Promise.all([begin, intent, result].map((record) => first.note(record)));
        await first.close();
        const { memory, warnings } = await journal().load();
        assert.deepEqual(memory, [begin, intent, result].reduce(remember, emptyMemory()));
        assert.deepEqual(warnings, []);
    });

    it("commits what waits for the disk together", async () => {
        const first = journal();
        await Promise.all(Array.from({ length: 100 }, (_, index) => first.note({ ...intent, step: `s${index}` })));
        await first.close();
        assert.ok((await readFile(path, "utf8")).split("\n").length < 10);
    });

    it("has every record that it reported as noted", async () => {
        const first = journal();
        await first.note(begin);
        assert.equal((await journal().load()).memory.open?.run, "r1");
        await first.close();
    });

    it("tolerates a line that broke off when the power went, and says so", async () => {
        const first = journal();
        await first.note(begin);
        await first.close();
        await writeFile(path, '[{"kind":"int', { flag: "a" });
        const { memory, warnings } = await journal().load();
        assert.equal(memory.open?.run, "r1");
        assert.match(warnings[0] ?? "", /broken line/);
        const second = journal();
        await second.note(intent);
        await second.close();
        assert.equal((await journal().load()).memory.open?.intents.size, 1);
    });

    it("that was tampered with is set aside and not obeyed", async () => {
        const first = journal();
        await first.note(begin);
        await first.close();
        await writeFile(path, '[{"kind":"result","run":"r1","step":"nas/power-off","state":"magic","at":1}]\n', { flag: "a" });
        const { memory, warnings } = await journal().load();
        assert.deepEqual(memory, emptyMemory());
        assert.match(warnings[0] ?? "", /set aside/);
        assert.match((await readdir(join(folder.path, "deep"))).join(), /run\.journal\.bad-\d+/);
    });

    it("that cannot be written is complained of once and holds nothing up", async () => {
        await mkdir(path, { recursive: true });
        const first = journal();
        await first.note(begin);
        await first.note(intent);
        await first.close();
        assert.equal(complaints.length, 1);
        assert.match(complaints[0] ?? "", /going on without it/);
    });

    it("that can be read but not shortened, on a full disk, is obeyed", async () => {
        path = join(folder.path, "j".repeat(250)); // a temporary file beside it would have too long a name
        await writeFile(path, `${JSON.stringify([begin, ...Array<JournalRecord>(1001).fill(intent), end])}\n`);
        const { memory, warnings } = await journal().load();
        assert.equal(memory.ran.get("plug"), "live");
        assert.match(warnings.join(), /stays long/);
    });

    it("on a disk that hangs is not waited for for ever", async () => {
        const first = journal();
        await first.note(begin);
        await first.close();
        const clock = new VirtualClock();
        let go: () => void = () => undefined;
        const hung = new Promise<void>((resolve) => (go = resolve));
        await withDisk("readFile", () => hung, async () => {
            const loading = new RunJournal(path, () => undefined, clock).load();
            await clock.pass(5000);
            const { memory, warnings } = await loading;
            assert.deepEqual(memory, emptyMemory());
            assert.match(warnings.join(), /no answer within 5 s; starting without it/);
        });
        go();
    });

    it("that cannot be read is as good as none, and says so", async () => {
        await mkdir(path, { recursive: true });
        const { memory, warnings } = await journal().load();
        assert.deepEqual(memory, emptyMemory());
        assert.equal(warnings.length, 1);
    });

    it("is shortened when it has grown long, without forgetting the outage", async () => {
        const first = journal();
        await Promise.all([begin, ...Array.from({ length: 1200 }, () => intent), end].map((record) => first.note(record)));
        await first.close();
        await journal().load();
        assert.ok((await readFile(path, "utf8")).length < 200);
        const { ran, boots } = (await journal().load()).memory;
        assert.deepEqual([ran.get("plug"), boots.get("plug")], ["live", "b"]);
    });

    it("is shortened without forgetting whose outage a person has called off", async () => {
        const first = journal();
        const dealt: JournalRecord = { kind: "dealt", stream: "ups", mode: "live", at };
        await Promise.all([begin, ...Array.from({ length: 1200 }, () => intent), { ...end, outcome: "cancelled" as const }, dealt].map((record) => first.note(record)));
        await first.close();
        const before = (await journal().load()).memory;
        const { memory, warnings } = await journal().load();
        assert.deepEqual([before.calledOff, warnings], [new Set(["plug"]), []]);
        assert.deepEqual(memory, before);
        assert.equal(remember(memory, { kind: "restored", stream: "plug", at }).calledOff.size, 0);
    });

    it("is read by the next one when the one before has written all that it had noted, however slow the disk", async () => {
        const clock = new VirtualClock();
        const first = new RunJournal(path, (text) => void complaints.push(text), clock);
        await first.note(begin);
        let go: () => void = () => undefined;
        const slow = new Promise<void>((resolve) => (go = resolve));
        await withDisk("sync", () => slow, async () => {
            const notes = [intent, result].map((record) => first.note(record));
            const closed = first.close();
            await clock.pass(300);
            await closed;
            const next = new RunJournal(path, (text) => void complaints.push(text), clock);
            const loading = next.load();
            await new Promise((resolve) => setTimeout(resolve, 50));
            go();
            const { memory, warnings } = await loading;
            assert.deepEqual([memory, warnings], [[begin, intent, result].reduce(remember, emptyMemory()), []]);
            await Promise.all(notes);
            await next.note(end);
            await next.close();
        });
        assert.deepEqual(await journal().load(), { memory: [begin, intent, result, end].reduce(remember, emptyMemory()), warnings: [] });
        assert.deepEqual(complaints, ["the journal: no answer within 0.3 s"]);
    });

    it("is read as it is when the one before can't write any more: a run under way is better known than not", async () => {
        const clock = new VirtualClock();
        const first = new RunJournal(path, (text) => void complaints.push(text), clock);
        await first.note(begin);
        let go: () => void = () => undefined;
        const hung = new Promise<void>((resolve) => (go = resolve));
        await withDisk("sync", () => hung, async () => {
            const note = first.note(intent);
            const closed = first.close();
            await clock.pass(300);
            await closed;
            const loading = new RunJournal(path, () => undefined, clock).load();
            await clock.pass(4000);
            const { memory, warnings } = await loading;
            assert.deepEqual([memory.open?.run, warnings], ["r1", []]);
            go();
            await note;
        });
    });

    it("is gone after its node was removed", async () => {
        const first = journal();
        await first.note(begin);
        await first.remove();
        assert.deepEqual(await readdir(join(folder.path, "deep")), []);
    });

    it("takes nothing after it was closed", async () => {
        const first = journal();
        await first.close();
        await first.note(begin);
        assert.equal((await journal().load()).memory.open, undefined);
    });
});
