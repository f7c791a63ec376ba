import { deepEqual, equal, match, ok } from "node:assert/strict";
import { appendFileSync, chmodSync, existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootId } from "../../../lib/kit/boot";
import { settled } from "../../../lib/kit/writers";
import { RunJournal } from "../../../lib/shutdown/journal";
import { emptyMemory, remember, type JournalRecord } from "../../../lib/shutdown/journal-records";
import { sealed } from "../../../lib/shutdown/journal-seal";
import { parsePlan } from "../../../lib/shutdown/plan";
import { Sequencer } from "../../../lib/shutdown/sequencer";
import type { RunResult } from "../../../lib/shutdown/progress";
import { eventually } from "../../support/eventually";
import { FakeHosts, ok as done } from "../../support/fake-hosts";
import { temporaryFolder } from "../../support/temporary-folder";
import { VirtualClock } from "../../support/virtual-clock";

const { plan } = parsePlan({
    hosts: [
        { name: "app", services: ["web"], steps: [{ action: "command", params: { command: ["flush", "--all"], undo: ["fill"] } }, { action: "stop-docker" }] },
        { name: "nas", services: ["db"], after: ["app"] },
    ],
});
/** What this plan can ever make a host do, and nothing else may come out of a file. */
const possible = /^(?:app: (?:systemctl stop -- web|flush --all|fill|sh -c .*)|nas: systemctl stop -- db|(?:app|nas): shutdown -(?:h \+2|c))$/s;

describe("a journal that somebody else has had his hands on", function () {
    const folder = temporaryFolder();
    let folders = 0;
    /** As it was when Node-RED ended in the middle of the run: app is done with, nas has been told to stop db. */
    let text = "";
    const lines = (): string[] => text.split("\n").slice(0, -1);
    /** Those of its first so many lines: how many records went to the disk together is the disk's affair. */
    const records = (of = Infinity): JournalRecord[] => lines().slice(0, of).flatMap((line) => (JSON.parse(line) as (JournalRecord | string)[]).filter((entry): entry is JournalRecord => typeof entry !== "string"));

    interface Story {
        hosts: FakeHosts;
        warnings: string[];
        results: RunResult[];
        sequencer: Sequencer<string>;
        clock: VirtualClock;
        path: string;
    }
    const start = (path: string, hosts = new FakeHosts()): Story => {
        const clock = new VirtualClock();
        const [warnings, results]: [string[], RunResult[]] = [[], []];
        const sequencer = new Sequencer<string>({
            setup: () => ({ plan, switches: { dryRun: false, enabled: true, problems: [], unready: [] }, access: (host) => ({ ...hosts.access(host), root: true }) }),
            clock, boot: "boot", uptimeMs: () => clock.monotonic(), paceMs: 0, stableMs: 0, journal: new RunJournal(path, (complaint) => void warnings.push(complaint), clock),
            voice: { progress: () => undefined, result: (result) => void results.push(result), warn: (warning) => void warnings.push(warning) },
        });
        return { hosts, warnings, results, sequencer, clock, path };
    };
    const end = async ({ sequencer, clock, path }: Story): Promise<void> => {
        const closing = sequencer.close(false);
        await clock.pass(1000);
        await closing;
        await settled(path);
    };
    const fresh = (): string => join(folder.path, `${(folders += 1)}.journal`);
    const asides = (path: string): string[] => readdirSync(folder.path).filter((name) => join(folder.path, name).startsWith(`${path}.bad-`)).map((name) => join(folder.path, name));

    before(async () => {
        const path = fresh();
        const hosts = new FakeHosts();
        hosts.obey = (command) => (command.includes("stop -- db") ? new Promise(() => undefined) : done);
        const story = start(path, hosts);
        await story.sequencer.handle({ action: "shutdown", reason: "plug CRITICAL", at: story.clock.now(), stream: "plug", conclusive: true });
        await eventually(() => { void story.clock.pass(10); return hosts.told.some((told) => told.endsWith("stop -- db")); });
        const written = (): string => readFileSync(path, "utf8");
        await eventually(() => written().split("\n").length > 6);
        await end(story);
        text = written();
        ok(lines().length >= 6, text);
    });
    after(() => folder.remove());

    it("is gone on with when nobody has: what is left is done, and what does harm twice is not", async () => {
        const path = fresh();
        writeFileSync(path, text);
        const story = start(path);
        await eventually(() => { void story.clock.pass(50); return story.results.length > 0; }, 50_000);
        deepEqual(story.hosts.told, ["nas: systemctl stop -- db", "app: shutdown -h +2", "nas: shutdown -h +2"]);
        await end(story);
    });

    const foreign = (record: object): string => `${JSON.stringify([{ run: "r1", at: 1, ...record }])}\n`;
    const changes: [what: string, change: () => string | Buffer][] = [
        ["in which a result is another one", () => text.replace('"state":"done"', '"state":"failed"')],
        ["in which a step has another host", () => text.replaceAll("app/", "nas/")],
        ["without one of its lines", () => `${lines().toSpliced(2, 1).join("\n")}\n`],
        ["without its first line", () => `${lines().slice(1).join("\n")}\n`],
        ["with two lines the other way round", () => `${[lines()[0], lines()[2], lines()[1], ...lines().slice(3)].join("\n")}\n`],
        ["with a line that is there twice", () => `${text}${lines()[0]}\n`],
        ["with a line that is written by nobody", () => text + foreign({ kind: "intent", step: "nas/power-off" })],
        ["with a run that nobody has begun", () => text + foreign({ kind: "run", stream: "plug", reason: "CRITICAL", boot: "boot" })],
        ["with a record that is a command", () => text + foreign({ kind: "result", step: "app/stop-docker", state: "done", command: "reboot", argv: ["reboot"] })],
        ["that says the run has ended", () => text + foreign({ kind: "end", outcome: "completed", run: records()[0]?.kind === "run" ? (records()[0] as { run: string }).run : "" })],
        ["without its seals in the end", () => `${lines().slice(0, -2).join("\n")}\n${lines().slice(-2).map((line) => line.replace(/,"[\w-]{16}"\]$/, "]")).join("\n")}\n`],
        ["with the seal of another line", () => text.replace(/,"[\w-]{16}"\]\n$/, `${/,"[\w-]{16}"\]/.exec(lines()[0] ?? "")?.[0]}\n`)],
        ["with keys that reach for prototypes", () => text.replace('{"kind":"run"', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"kind":"run"')],
        ["that is JSON of something else", () => '{"version":1,"hosts":["evil"]}\n'],
        ["that is a list of lists of lists", () => `${"[".repeat(100_000)}${"]".repeat(100_000)}\n`],
        ["that is another run's, sealed by nobody", () => foreign({ kind: "run", stream: "plug", reason: "CRITICAL", boot: "boot", command: ["rm", "-rf", "/"] }).replace('{"run"', '{"step":"evil","run"') + foreign({ kind: "intent", step: 5 })],
    ];
    for (const [what, change] of changes) {
        it(`${what}, is set aside as it is, told of, and not obeyed`, async () => {
            const path = fresh();
            const changed = change();
            ok(String(changed) !== text, "nothing was changed");
            writeFileSync(path, changed);
            const story = start(path);
            await story.sequencer.ready;
            await story.clock.pass(60_000);
            deepEqual([story.hosts.told, story.hosts.opened, story.results, story.sequencer.run, story.sequencer.spent], [[], [], [], undefined, []]);
            equal(story.warnings.length, 1, story.warnings.join("\n"));
            match(story.warnings[0] ?? "", /^the journal was damaged and set aside as /);
            const [aside] = asides(path);
            deepEqual(readFileSync(aside ?? ""), Buffer.from(changed));
            equal((Object.prototype as { polluted?: unknown }).polluted, undefined);
            await end(story);
        });
    }

    it("is never believed with a bit turned over: set aside, or without a last line that it seems to have lost", async () => {
        const bytes = Buffer.from(`${lines().slice(0, 4).join("\n")}\n`);
        const [shorter, untouched] = [3, 4].map((count) => records(count).reduce(remember, emptyMemory()));
        const path = fresh();
        let tolerated = 0;
        for (let place = 0; place < bytes.length; place += 1) {
            const turned = Buffer.from(bytes);
            turned[place] = (turned[place] ?? 0) ^ (1 << (place % 8));
            writeFileSync(path, turned);
            const { memory, warnings } = await new RunJournal(path, () => undefined).load();
            const where = `byte ${place} of ${bytes.length}: ${turned.subarray(Math.max(0, place - 20), place + 20).toString("latin1")}`;
            if (!existsSync(path)) deepEqual([memory, warnings.length], [emptyMemory(), 1], where);
            else {
                tolerated += 1;
                ok(warnings.length === 1 || place === bytes.length - 1, where);
                deepEqual(memory, place === bytes.length - 1 && warnings.length === 0 ? untouched : shorter, where);
            }
        }
        ok(tolerated <= 25, `${tolerated} changes are taken for a line that broke off`);
    });

    it("cut off anywhere, makes a host do nothing that is not in the plan, and tells of it where a line is broken", async () => {
        const path = fresh();
        const [first = ""] = lines();
        for (let size = 0; size < text.length; size += 37) {
            writeFileSync(path, text.slice(0, size));
            const story = start(path);
            await story.sequencer.ready;
            if (size > first.length) await eventually(() => { void story.clock.pass(50); return story.results.length > 0; }, 50_000);
            for (const told of story.hosts.told) match(told, possible);
            ok(size <= first.length || story.warnings.length > 0, `cut at ${size}`);
            if (size > 0 && !text.slice(0, size).endsWith("\n") && !lines().includes(text.slice(0, size).split("\n").at(-1) ?? "")) match(story.warnings.join("\n"), /broken line/);
            await end(story);
        }
    });

    it("that is well sealed may still name steps, hosts and guests that are not in the plan: they are told of, and left alone", async () => {
        const path = fresh();
        const clock = new VirtualClock();
        const run = { run: "r1", at: clock.now(), up: clock.monotonic() };
        const written: JournalRecord[] = [
            { kind: "run", ...run, stream: "plug", reason: "$(reboot) `id`", boot: "boot" },
            { kind: "intent", ...run, step: "evil/power-off" }, { kind: "result", ...run, step: "evil/power-off", state: "done" },
            { kind: "result", ...run, step: "app/reboot; id", state: "done", did: ["web"] }, { kind: "intent", ...run, step: "../../etc/passwd" },
            { kind: "result", ...run, run: "r2", step: "nas/power-off", state: "done" },
        ];
        writeFileSync(path, `${JSON.stringify(sealed(written, "").line)}\n`);
        const story = start(path);
        await eventually(() => { void story.clock.pass(50); return story.results.length > 0; }, 50_000);
        for (const told of story.hosts.told) match(told, possible);
        deepEqual(story.hosts.told.filter((told) => told.includes("shutdown")), ["app: shutdown -h +2", "nas: shutdown -h +2"]);
        deepEqual([...new Set(story.hosts.opened)].sort(), ["app", "nas"]);
        match(story.warnings[1] ?? "", /^the journal tells of steps that the plan does not have, and is not believed in that: evil\/power-off, \.\.\/\.\.\/etc\/passwd, app\/reboot; id$/);
        await end(story);
    });

    for (const did of ["web;reboot", "$(id)", "-rf", "", "a b", "web\nid", "a".repeat(300)]) {
        it(`that wants ${JSON.stringify(did.slice(0, 12))} started again is set aside`, async () => {
            const path = fresh();
            const written = records().map((record) => (record.kind === "result" && record.step === "app/stop-docker" ? { ...record, did: [did] } : record));
            ok(written.some((record) => "did" in record));
            writeFileSync(path, `${JSON.stringify(sealed(written, "").line)}\n`);
            deepEqual((await new RunJournal(path, () => undefined).load()).memory, emptyMemory());
            equal(asides(path).length, 1);

            const other = fresh();
            const heard: JournalRecord = { kind: "did", run: "r1", step: "app/stop-docker", names: ["web", did], at: 1 };
            writeFileSync(other, `${JSON.stringify(sealed([...records().slice(0, 1), heard], "").line)}\n`);
            deepEqual((await new RunJournal(other, () => undefined).load()).memory, emptyMemory());
        });
    }

    it("that is a link to another file is neither read nor written, and the file stays as it is", async () => {
        const [target, path] = [fresh(), fresh()];
        writeFileSync(target, text);
        symlinkSync(target, path);
        const story = start(path);
        await story.sequencer.ready;
        match(story.warnings.join("\n"), /set aside/);
        deepEqual([story.hosts.told, lstatSync(asides(path)[0] ?? "").isSymbolicLink(), readFileSync(target, "utf8")], [[], true, text]);
        // Put there anew while it runs: what is to be written goes nowhere else either.
        symlinkSync(target, path);
        await new RunJournal(path, (complaint) => void story.warnings.push(complaint)).note(records()[0] as JournalRecord);
        match(story.warnings.at(-1) ?? "", /going on without it/);
        equal(readFileSync(target, "utf8"), text);
        await end(story);
    });

    it("of a hundred megabytes is set aside unread", async () => {
        const path = fresh();
        writeFileSync(path, text);
        truncateSync(path, 100 << 20);
        const began = process.memoryUsage().rss;
        const { memory, warnings } = await new RunJournal(path, () => undefined).load();
        deepEqual([memory, warnings.length, asides(path).length], [emptyMemory(), 1, 1]);
        ok(process.memoryUsage().rss - began < 50 << 20);
    });

    it("that others may write is closed to them with the next record", async () => {
        const path = fresh();
        writeFileSync(path, text);
        chmodSync(path, 0o666);
        const journal = new RunJournal(path, () => undefined);
        await journal.load();
        await journal.note({ kind: "end", run: "r1", outcome: "cancelled", at: 1 });
        await journal.close();
        equal(statSync(path).mode & 0o777, 0o600);
        deepEqual((await new RunJournal(path, () => undefined).load()).warnings, []);
    });

    it("of an earlier version, without seals, is gone on with, and sealed from there on", async () => {
        const path = fresh();
        writeFileSync(path, `${lines().map((line) => line.replace(/,"[\w-]{16}"\]$/, "]")).join("\n")}\n`);
        const story = start(path);
        await eventually(() => { void story.clock.pass(50); return story.results.length > 0; }, 50_000);
        deepEqual(story.hosts.told, ["nas: systemctl stop -- db", "app: shutdown -h +2", "nas: shutdown -h +2"]);
        await end(story);
        match(readFileSync(path, "utf8"), /"kind":"end".*,"[\w-]{16}"\]\n$/);
        appendFileSync(path, foreign({ kind: "restored", stream: "plug" }));
        match((await new RunJournal(path, () => undefined).load()).warnings.join(), /set aside/);
    });

    it("knows this machine's boot by what nobody else can set", () => match(bootId(), /^(?:[0-9a-f-]{36}|up since \d+)$/));
});
