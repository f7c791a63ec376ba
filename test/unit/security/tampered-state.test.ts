import { deepEqual, equal, match, ok } from "node:assert/strict";
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Alert } from "../../../lib/alerts/alert";
import { Outbox } from "../../../lib/alerts/outbox";
import { outboxFile } from "../../../lib/alerts/outbox-file";
import { JsonLinesFile } from "../../../lib/kit/json-lines";
import { mostOwnBytes } from "../../../lib/kit/own-file";
import { beginCharge, parseChargeModel, withLoad } from "../../../lib/power/charge-model";
import { classify } from "../../../lib/power/classify";
import { parseClassifierState } from "../../../lib/power/classifier-state";
import { estimateDepletion } from "../../../lib/power/depletion";
import { parseDepletionState } from "../../../lib/power/depletion-state";
import type { MemberEvidence } from "../../../lib/power/quorum-member";
import { parseQuorumState } from "../../../lib/power/quorum-state";
import { hearMember } from "../../../lib/power/quorum-step";
import type { Reading } from "../../../lib/power/reading";
import { decide } from "../../../lib/power/trigger";
import { parseTriggerState } from "../../../lib/power/trigger-state";
import { parseUpsState, savedUpsState, stepUpsEvents } from "../../../lib/power/ups-events";
import { parseBook } from "../../../lib/shutdown/evidence";
import { addDarkWatts, addDuration, nothingMeasured, parseMeasured } from "../../../lib/shutdown/measured";
import { StateFile } from "../../../lib/stores/state-file";
import { parseConfig as parseDepletion } from "../../../nodes/depletion-rate/config";
import { parseConfig as parseClassifier } from "../../../nodes/power-classifier/config";
import { parseConfig as parseGroup } from "../../../nodes/redundancy-group/config";
import { parseConfig as parseTrigger } from "../../../nodes/shutdown-trigger/config";
import depletion from "../../fixtures/configs/depletion-rate.v1.json";
import classifier from "../../fixtures/configs/power-classifier.v1.json";
import group from "../../fixtures/configs/redundancy-group.v1.json";
import trigger from "../../fixtures/configs/shutdown-trigger.v1.json";
import { eventually } from "../../support/eventually";
import { assertUnpolluted, mutated, pollution } from "../../support/hostile";
import { temporaryFolder } from "../../support/temporary-folder";

/** As a drill that has shown that everything works. */
const proven = { count: { ms: 1000, wall: 1000 }, hosts: [{ host: "nas", of: "x", at: 1000, wall: 1000, ok: false, ms: 12, problems: ["stop web: sudo does not allow it"] }] };

describe("a state file that somebody else has had his hands on", function () {
    const folder = temporaryFolder();
    after(() => folder.remove());
    let files = 0;
    const evidence = (path: string): StateFile<unknown> => new StateFile(path, (value) => (parseBook(value) === undefined ? undefined : value));
    const saved = async (): Promise<{ path: string; text: string }> => {
        const path = join(folder.path, `${(files += 1)}.json`);
        await evidence(path).save(proven);
        return { path, text: readFileSync(path, "utf8") };
    };
    const isSetAside = async (path: string, what: string): Promise<void> => {
        const loaded = await evidence(path).load();
        equal(loaded.kind, "set-aside", what);
        deepEqual(await evidence(path).load(), { kind: "none" }, what);
    };

    it("is what it was when nobody has", async () => {
        const { path } = await saved();
        deepEqual(await evidence(path).load(), { kind: "loaded", value: proven });
        equal(statSync(path).mode & 0o777, 0o600);
    });

    it("is set aside for any bit that was turned over", async () => {
        const { path, text } = await saved();
        const bytes = Buffer.from(text);
        // The line break at the end says nothing; a checksum by another name is none, and all the rest is as it was.
        const harmless = new Set([..."checksum"].map((_letter, place) => text.indexOf("checksum") + place));
        for (let place = 0; place < bytes.length - 1; place += 1) {
            const turned = Buffer.from(bytes);
            turned[place] = (turned[place] ?? 0) ^ (1 << (place % 8));
            writeFileSync(path, turned);
            if (!harmless.has(place)) await isSetAside(path, `byte ${place}: ${turned.toString("latin1")}`);
            else deepEqual(parseBook(JSON.parse(turned.toString("latin1"))), parseBook(proven));
        }
    });

    it("is set aside cut off anywhere", async () => {
        const { path, text } = await saved();
        for (let size = 0; size < text.length - 1; size += 7) {
            writeFileSync(path, text.slice(0, size));
            await isSetAside(path, `cut at ${size}`);
        }
    });

    for (const [what, change] of [
        ["a host that is said to be proven", (text: string) => text.replace('"ok":false', '"ok":true').replace(/"problems":\[[^\]]*\]/, '"problems":[]')],
        ["another host", (text: string) => text.replace('"nas"', '"evil"')],
        ["a command", (text: string) => text.replace('"of"', '"argv":["reboot"],"of"')],
        ["keys that reach for prototypes", (text: string) => text.replace('{"checksum"', '{"__proto__":{"polluted":true},"checksum"')],
        ["the checksum of nothing", (text: string) => text.replace(/"checksum":"[^"]*"/, '"checksum":""')],
    ] as const) {
        it(`is set aside with ${what}`, async () => {
            const { path, text } = await saved();
            const changed = change(text);
            ok(changed !== text);
            writeFileSync(path, changed);
            await isSetAside(path, changed);
            assertUnpolluted();
        });
    }

    it("of an earlier version, without a checksum, is taken when it is sound", async () => {
        const { path } = await saved();
        writeFileSync(path, JSON.stringify(proven));
        deepEqual(await evidence(path).load(), { kind: "loaded", value: proven });
    });

    it("is set aside when it is a link, and what it leads to is left alone", async () => {
        const [{ path, text }, other] = [await saved(), await saved()];
        const link = `${path}.link`;
        symlinkSync(other.path, link);
        const loaded = await evidence(link).load();
        ok(loaded.kind === "set-aside" && lstatSync(loaded.movedTo).isSymbolicLink());
        symlinkSync(other.path, link);
        await evidence(link).save({ ...proven, count: { ms: 2000, wall: 2000 } });
        deepEqual([lstatSync(link).isSymbolicLink(), readFileSync(other.path, "utf8")], [false, text]);
    });

    it("is set aside unread when it has a hundred megabytes", async () => {
        const { path } = await saved();
        truncateSync(path, 100 << 20);
        ok(100 << 20 > mostOwnBytes);
        await isSetAside(path, "huge");
    });
});

describe("what is stored of a decider's memory", function () {
    const t0 = Date.UTC(2026, 10, 21, 14);
    /** An outage, second by second: on mains, on battery, then nothing but silence and what is left. */
    const readings = Array.from({ length: 60 }, (_, second): Reading => ({
        device: "ups_a", source: "nut", at: t0 + second * 1000, quality: second % 17 === 16 ? "missing" : "good",
        ...(second % 17 !== 16 && { watts: second < 20 ? 420 : 24, charge: 100 - second, runtime: 3000 - second * 10, load: 20, volts: second < 20 ? 230 : 0, mains: second < 20 ? "present" as const : "absent" as const, flags: second < 20 ? ["OL"] : ["OB", "DISCHRG"] }),
    }));
    const evidenceOf = ({ at, mains, quality }: Reading): MemberEvidence => ({
        member: "ups_a", at, rank: 2, health: quality === "missing" ? "unknown" : mains === "present" ? "healthy" : "critical", supply: mains === "present" ? "mains" : "battery", conclusive: true, why: "charge",
    });
    const [classifierConfig, depletionConfig, triggerConfig, groupConfig] = [parseClassifier(classifier).config, parseDepletion(depletion).config, parseTrigger(trigger).config, parseGroup(group).config];
    const upsConfig = { connectionGraceMs: 60_000, flapThreshold: 5, bandPercent: 10, voltageDwellMs: 30_000 };

    interface Memory<State> {
        name: string;
        parse(value: unknown): State | undefined;
        step(before: State | undefined, reading: Reading): State;
    }
    const memory = <State>(name: string, parse: Memory<State>["parse"], step: Memory<State>["step"]): Memory<unknown> => ({ name, parse, step: (before, reading) => step(before as State | undefined, reading) });
    const memories = [
        memory("the classifier's", parseClassifierState, (before, reading) => classify(classifierConfig, before, reading).state),
        memory("the depletion rate's", parseDepletionState, (before, reading) => estimateDepletion(depletionConfig, before, reading).state),
        memory("the trigger's", parseTriggerState, (before, reading) => decide(triggerConfig, before, { reading }).state),
        memory("the group's", parseQuorumState, (before, reading) => hearMember(groupConfig, before, evidenceOf(reading)).state),
        memory("the UPS's", parseUpsState, (before, reading) => savedUpsState(stepUpsEvents(upsConfig, before, reading).state)),
        memory("of how charge goes on", parseChargeModel, (before, { at, watts = 0 }) => withLoad(before ?? beginCharge({ capacityWh: 1000, charge: 80, at, watts: 50 }), { at, watts })),
        memory("of what runs have measured", parseMeasured, (before = nothingMeasured(), { at, watts = 0 }) => {
            addDuration(before, "constructor", { ms: at - t0 });
            addDarkWatts(before, "plug", watts);
            return before;
        }),
    ];
    for (const { name, parse, step } of memories) {
        it(`leads to no error when it was changed anywhere: it is not believed, or gone on with (${name})`, () => {
            const through = (state: unknown, from: number, to: number): unknown => readings.slice(from, to).reduce<unknown>((before, reading) => step(before, reading), state);
            const stored = JSON.parse(JSON.stringify(through(undefined, 0, 40))) as Record<string, unknown>;
            ok(parse(stored) !== undefined, "as it was, it is believed");
            let [believed, refused] = [0, 0];
            for (const changed of mutated(stored, [null, {}, [], [[]], "", "CRITICAL", "__proto__", "constructor", true, 0, -1, 1e308, pollution()])) {
                const state = parse(changed);
                if (state === undefined) refused += 1;
                else {
                    believed += 1;
                    try {
                        equal(typeof JSON.stringify(through(state, 40, 60)), "string");
                    } catch (error) {
                        throw new Error(`${String(error)} after ${JSON.stringify(changed)}`, { cause: error });
                    }
                }
            }
            ok(believed > 0 && refused > 0, `${believed} believed, ${refused} refused`);
            assertUnpolluted();
        });
    }
});

describe("a file of waiting alerts that somebody else has had his hands on", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const alert = (title: string, more: object = {}): object => ({ severity: "info", title, text: "", at: 1, key: title, ...more });
    const line = (id: number, its: object): string => `${JSON.stringify({ add: { id, alert: its, acceptedAt: Date.now(), times: 1 } })}\n`;

    it("has its good alerts told, and none that would hold up the others or be anything but text", async () => {
        const path = join(folder.path, "alerts.outbox");
        writeFileSync(path, [
            line(1, alert("first")), line(2, alert("", { title: { toString: 1 } })), line(3, alert("when", { at: 1e308 })), line(4, alert("how", { severity: "constructor" })), line(5, alert("what", { detail: ["<b>"] })),
            line(6, alert("more", { closes: { title: 1 } })), '{"add":{"__proto__":{"id":7}}}\n', '{"drop":-1}\n', "nonsense\n", line(8, alert("last", { command: "reboot" })),
        ].join(""));
        const told: string[] = [];
        const outbox = new Outbox({
            file: outboxFile(path), channel: { send: ({ alert: { title } }: { alert: Alert }) => { told.push(title); return Promise.resolve(); } },
            events: { delivered: () => undefined, failed: () => undefined, dropped: () => undefined, disk: () => undefined, loaded: () => undefined },
        });
        await eventually(() => told.length >= 2, 10_000, () => told.join());
        await outbox.close();
        deepEqual(told, ["first", "last"]);
        match(readdirSync(folder.path).join(), /alerts\.outbox\.bad-\d+/);
        assertUnpolluted();
    });

    it("is neither read nor written through a link", async () => {
        const [target, path] = [join(folder.path, "target"), join(folder.path, "link.outbox")];
        writeFileSync(target, "mine\n");
        symlinkSync(target, path);
        await new JsonLinesFile(path).append({ x: 1 }).then(() => ok(false), (error: NodeJS.ErrnoException) => equal(error.code, "ELOOP"));
        await outboxFile(path).load().then(() => ok(false), (error: Error) => match(error.message, /is a link/));
        equal(readFileSync(target, "utf8"), "mine\n");
    });
});
