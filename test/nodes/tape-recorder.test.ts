import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import { readTape } from "../../lib/stores/tape-file";
import { parseConfig } from "../../nodes/tape-recorder/config";
import tapeRecorder from "../../nodes/tape-recorder/tape-recorder";
import stored from "../fixtures/configs/tape-recorder.v1.json";
import { eventually, loadFlow, temporaryFolder, type FlowNode, type LoadedFlow } from "../support/helper";

const caught: FlowNode[] = [{ id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" }];
const reading = (at: number, more: object = {}): object => ({ device: "ups1", source: "nut", at: 1_800_000_000_000 + at, quality: "good", charge: 90, ...more });

describe("tape-recorder", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    const load = async (settings: object = {}): Promise<void> => {
        flow = await loadFlow([tapeRecorder], [{ ...stored, ...settings, wires: [["out"]] }, { id: "out", type: "helper" }, ...caught], { userDir: folder.path });
    };
    const tapes = (): string => join(folder.path, "ridethrough", "tapes");
    const files = (): string[] => readdirSync(tapes());
    const tell = (msg: object): void => flow.node("recorder").receive(msg as never);
    const isRecording = (): boolean => flow.status("recorder")?.text?.startsWith("recording") ?? false;
    const post = async (path: string): Promise<Record<string, unknown>> => (await (helper.request().post(`/ridethrough/tape-recorder/${path}`).send({}) as unknown as Promise<{ body: Record<string, unknown> }>)).body;
    before((done) => {
        helper.startServer(done);
    });
    after((done) => {
        helper.stopServer(done);
    });
    beforeEach(() => {
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });

    it("passes every message on at once, unchanged, and writes what is on it", async () => {
        await load();
        const messages = [{ topic: "ups1", payload: 90, reading: reading(0), mine: { kept: true } }, { payload: "no reading" }, { verdict: { device: "ups1", at: 1_800_000_001_000, change: "shutdown", rule: "low-charge", text: "", findings: [] } }];
        for (const msg of messages) tell({ ...msg });
        const passed = await flow.until("out", 3);
        assert.deepEqual(passed.map(({ _msgid, ...msg }) => msg), messages);
        await eventually(isRecording);
        const { readings, decisions, header } = await readTape(join(tapes(), files()[0] ?? ""));
        assert.deepEqual([readings.map((entry) => entry.reading), decisions], [
            [{ device: "ups1", source: "nut", at: 0, quality: "good", charge: 90 }], [{ change: "shutdown", device: "ups1", rule: "low-charge", at: 1000 }],
        ]);
        assert.equal(header.began, 1_800_000_000_000);
    });
    it("loses nothing in a deploy, and goes on with the same tape", async () => {
        await load();
        tell({ reading: reading(0) });
        await flow.until("out", 1);
        await flow.redeploy();
        tell({ reading: reading(5000) });
        await eventually(isRecording);
        assert.equal(files().length, 1);
        assert.deepEqual((await readTape(join(tapes(), files()[0] ?? ""))).readings.map((entry) => entry.reading.at), [0, 5000]);
    });
    it("says once that the disk refuses, passes everything on, and goes on when the disk does", async () => {
        mkdirSync(join(folder.path, "ridethrough"));
        writeFileSync(tapes(), "in the way");
        await load();
        tell({ reading: reading(0) });
        await eventually(() => flow.status("recorder")?.text === "disk refuses");
        tell({ reading: reading(1000) });
        await flow.until("out", 2);
        const warnings = (): unknown[] => (flow.node("recorder") as unknown as { warn: { args: unknown[][] } }).warn.args;
        await new Promise((resolve) => setTimeout(resolve, 1200));
        assert.equal(warnings().length, 1);
        assert.match(String(warnings()[0]), /can't be written/);
        rmSync(tapes());
        await eventually(isRecording);
        assert.equal((await readTape(join(tapes(), files()[0] ?? ""))).readings.length, 2);
        assert.equal(flow.received("errors").length, 0);
    });
    it("lists its tapes for the dialog, and hands one out by its name only", async () => {
        await load();
        tell({ reading: reading(0) });
        await eventually(isRecording);
        const { tapes: list } = await post("tapes") as { tapes: { name: string; about: string; bytes: number }[] };
        const name = (files()[0] ?? "").replace(".jsonl", "");
        assert.deepEqual(list.map((tape) => [tape.name, tape.about]), [[name, "recorded by tape-recorder"]]);
        assert.ok(!JSON.stringify(list).includes(folder.path), "no path of this machine");
        assert.match(String((await post(`tapes/${name}`)).text), /^\{"kind":"tape"/);
        writeFileSync(join(folder.path, "ridethrough", "secret.jsonl"), "secret");
        for (const wrong of ["secret", encodeURIComponent("../secret"), encodeURIComponent("../secret.jsonl"), encodeURIComponent(join(folder.path, "ridethrough", "secret.jsonl"))]) {
            assert.deepEqual([(await post(`tapes/${wrong}`)).ok, (await post(`tapes/${wrong}`)).text], [false, undefined], wrong);
        }
    });

    describe("configuration", () => {
        it("the stored defaults", async () => {
            await load();
            assert.deepEqual(parseConfig(stored), { config: { tape: "ups1", verdicts: "changes", megabytes: 50, days: 30 }, problems: [] });
        });
        for (const [tape, slug] of [["../../etc/passwd", "etc_passwd"], ["/abs", "abs"], ["My Rack", "my_rack"], ["", "tape"], ["x".repeat(500), "x".repeat(60)]] as const) {
            it(`a tape called ${JSON.stringify(tape.slice(0, 20))} becomes ${slug.slice(0, 20)}: no name leaves the folder`, async () => {
                await load();
                assert.equal(parseConfig({ ...stored, tape }).config.tape, slug);
            });
        }
        it("a wrong one stops the recording, loudly, and no message", async () => {
            await load({ megabytes: "none" });
            assert.equal(flow.status("recorder")?.fill, "red");
            tell({ reading: reading(0) });
            await flow.until("out", 1);
            const [msg] = await flow.until("errors", 1);
            assert.match((msg?.error as { message: string }).message, /nothing recorded: megabytes/);
        });
    });
});
