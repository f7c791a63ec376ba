import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import helper from "node-red-node-test-helper";
import type { Reading } from "../../lib/power/reading";
import { Streams } from "../../lib/power/streams";
import { defaultTriggerConfig } from "../../lib/power/trigger-config";
import type { TriggerState } from "../../lib/power/trigger-state";
import { decideAmong } from "../../lib/power/trigger-streams";
import { readTape } from "../../lib/stores/tape-file";
import { listTapes, shippedFolder } from "../../lib/stores/tape-library";
import { parseCommand } from "../../nodes/tape-player/command";
import { parseConfig } from "../../nodes/tape-player/config";
import type { Replay } from "../../nodes/tape-player/replay";
import tapePlayer from "../../nodes/tape-player/tape-player";
import stored from "../fixtures/configs/tape-player.v1.json";
import { eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";
import { settle } from "../support/virtual-clock";

const caught: FlowNode[] = [{ id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" }];
const readingOf = (msg: FlowMsg): Reading => msg.reading as Reading;

describe("tape-player", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    const load = async (settings: object = {}): Promise<void> => {
        flow = await loadFlow([tapePlayer], [{ ...stored, ...settings, wires: [["out"], ["replay"]] }, { id: "out", type: "helper" }, { id: "replay", type: "helper" }, ...caught], { userDir: folder.path });
    };
    const tell = (payload: unknown): void => flow.node("player").receive({ payload });
    const replays = (): Replay[] => flow.received("replay").map((msg) => msg.replay as Replay);
    const ended = (count = 1): Promise<void> => eventually(() => replays().filter(({ state }) => state === "ended").length >= count, 10_000, () => `the end, got ${JSON.stringify(replays().at(-1))}`);
    /** A trigger behind the player, wired back. */
    const answering = (): void => {
        const streams = new Streams<TriggerState>();
        flow.node("out").on("input", (msg) => flow.node("player").receive({ payload: "stop", verdict: decideAmong(defaultTriggerConfig, streams, { reading: readingOf(msg as FlowMsg) }).verdict } as never));
    };
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
    const blip = async (): Promise<Awaited<ReturnType<typeof readTape>>> => readTape((await listTapes(shippedFolder)).find(({ name }) => name === "blip")?.path ?? "");

    it("sends a tape's readings as they were recorded, in their order and spacing, all of them simulated", async () => {
        await load({ speed: "max" });
        tell("play");
        await ended();
        const { readings } = await blip();
        const messages = flow.received("out");
        const base = readingOf(messages[0]!).at;
        assert.deepEqual(messages.map((msg) => ({ ...readingOf(msg), at: readingOf(msg).at - base })), readings.map(({ reading }, place) => ({ ...reading, simulated: true, ...(place === 0 && { begins: true }) })));
        assert.ok(Number.isInteger(base), "whole ms: differences of times are exact");
        assert.deepEqual([messages[0]?.topic, messages[0]?.payload], ["ups1", 270]);
    });
    it("at x1000 a two-minute tape takes an eighth of a second", async () => {
        await load({ speed: "1000" });
        const since = performance.now();
        tell("play");
        await ended();
        assert.ok(performance.now() - since >= 119, "no faster than asked for");
        // Once a second it says how far it is: a busy machine may take longer.
        assert.deepEqual([...new Set(replays().map(({ state }) => state))], ["playing", "ended"]);
    });
    it("every play begins anew, later than the one before: in one node, in two, and after a deploy", async () => {
        await load({ speed: "max" });
        tell("play");
        await ended();
        tell("ntp-jump");
        await ended(2);
        const before = flow.received("out").map(readingOf);
        await flow.redeploy();
        tell("play");
        await ended();
        const all = [...before, ...flow.received("out").map(readingOf)];
        const begins = all.flatMap(({ begins: first }, place) => (first ? [place] : []));
        assert.equal(begins.length, 3);
        for (const place of begins) assert.ok(all.slice(0, place).every(({ at }) => at < (all[place]?.at ?? 0)));
    });

    it("says what was decided next to what should have been, when verdicts come back to it", async () => {
        await load({ speed: "1000" });
        answering();
        tell("blip");
        await ended();
        assert.deepEqual([replays().at(-1)?.check, replays().at(-1)?.text], [{ met: 1, of: 1, missing: [], unexpected: [] }, "blip: as expected, 1 of 1"]);
        assert.deepEqual(flow.status("player"), { fill: "green", shape: "dot", text: "blip: as expected, 1 of 1" });
        tell({ tape: "cliff", speed: "max" });
        await ended(2);
        assert.equal(replays().at(-1)?.text, "cliff: as expected, 1 of 1");
    });
    it("waits for verdicts as long as they come", async () => {
        await load({ speed: "max" });
        const streams = new Streams<TriggerState>();
        const verdicts: unknown[] = [];
        flow.node("out").on("input", (msg) => void verdicts.push(decideAmong(defaultTriggerConfig, streams, { reading: readingOf(msg as FlowMsg) }).verdict));
        tell("blip");
        await eventually(() => verdicts.length === replays()[0]?.of);
        // In all longer than it waits for the next one.
        for (const some of [verdicts.splice(0, 1), verdicts.splice(0, 1), verdicts]) {
            for (const verdict of some) flow.node("player").receive({ verdict } as never);
            if (some !== verdicts) await new Promise((resolve) => setTimeout(resolve, 1200));
        }
        await ended();
        assert.equal(replays().at(-1)?.text, "blip: as expected, 1 of 1");
    });
    it("waits longer where the process is busy: what has had no turn is not missing", async () => {
        await load({ speed: "max" });
        const streams = new Streams<TriggerState>();
        const verdicts: unknown[] = [];
        const { length } = (await blip()).readings;
        flow.node("out").on("input", (msg) => {
            verdicts.push(decideAmong(defaultTriggerConfig, streams, { reading: readingOf(msg as FlowMsg) }).verdict);
            if (verdicts.length < length) return;
            for (const since = performance.now(); performance.now() - since < 1000;);
            setImmediate(() => verdicts.forEach((verdict) => flow.node("player").receive({ verdict } as never)));
        });
        tell("blip");
        await ended();
        assert.equal(replays().at(-1)?.text, "blip: as expected, 1 of 1");
    });
    it("and says what differs", async () => {
        await load({ speed: "max" });
        flow.node("out").on("input", (msg) => {
            const { device, at } = readingOf(msg as FlowMsg);
            flow.node("player").receive({ verdict: { device, at, simulated: true } } as never);
        });
        tell("blip");
        await ended();
        assert.equal(replays().at(-1)?.text, "blip: not as expected: missing: 00:01:34.0 ups1 cancelled (within 5 s)");
        assert.deepEqual([flow.status("player")?.fill, flow.status("player")?.text], ["yellow", "blip: not as expected, 0 of 1"]);
    });
    it("without verdicts it just ends; verdicts of real readings, and of other plays, are none of its own", async () => {
        await load({ speed: "max" });
        flow.node("out").on("input", (msg) => {
            const { device, at } = readingOf(msg as FlowMsg);
            for (const verdict of [{ device, at }, { device, at: at - 1e9, simulated: true }, { device: "other", at, simulated: true }, "odd"]) flow.node("player").receive({ verdict } as never);
        });
        tell("blip");
        await ended();
        assert.deepEqual([replays().at(-1)?.check, flow.status("player")?.text], [undefined, "blip: ended"]);
        assert.equal(flow.received("errors").length, 0);
    });

    it("stop stops, and another tape takes the place of the one that plays", async () => {
        await load({ speed: "1" });
        tell("blip");
        await flow.until("out", 1);
        tell({ tape: "cliff", speed: 20 });
        await eventually(() => replays().some(({ tape }) => tape === "cliff"));
        await eventually(() => flow.received("out").length >= 3);
        tell("stop");
        await eventually(() => replays().some(({ state, tape }) => `${tape} ${state}` === "cliff stopped"));
        assert.match(flow.status("player")?.text ?? "", /^cliff: stopped/);
        assert.deepEqual(replays().map(({ tape, state }) => `${tape} ${state}`).filter((text, place, all) => text !== all[place - 1]), ["blip playing", "blip stopped", "cliff playing", "cliff stopped"]);
        await settle(); // what was sent just before is on its way
        const count = flow.received("out").length;
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert.equal(flow.received("out").length, count);
    });
    it("of two tapes asked for at once plays the last one only", async () => {
        await load({ speed: "max" });
        tell("blip");
        tell("cliff");
        await ended();
        assert.deepEqual([...new Set(replays().map(({ tape }) => tape))], ["cliff"]);
    });
    it("a deploy ends the play", async () => {
        await load({ speed: "1" });
        tell("blip");
        await flow.until("out", 1);
        await flow.redeploy();
        assert.deepEqual(flow.status("player"), { fill: "grey", shape: "ring", text: "idle" });
    });

    describe("one's own tapes", () => {
        const record = (name: string, text: string): void => {
            mkdirSync(join(folder.path, "ridethrough", "tapes"), { recursive: true });
            writeFileSync(join(folder.path, "ridethrough", "tapes", `${name}.jsonl`), text);
        };
        const header = '{"kind":"tape","version":1,"name":"mine"}\n';
        it("play like shipped ones, with the power state that was recorded", async () => {
            await load({ speed: "max" });
            record("mine", `${header}{"kind":"reading","at":5000,"device":"plug","source":"kasa","quality":"good","watts":24}\n{"kind":"power","at":5000,"device":"plug","state":"CRITICAL","since":4000,"conclusive":true}\nnoise\n`);
            tell("mine");
            await ended();
            const [msg] = flow.received("out");
            const { power, payload } = msg as unknown as { power: { state: string; since: number; reading: Reading }; payload: number };
            assert.deepEqual([payload, power.state, readingOf(msg!).at - power.since, power.reading.simulated], [24, "CRITICAL", 1000, true]);
            assert.match(String((flow.node("player") as unknown as { warn: { args: unknown[][] } }).warn.args), /1 lines could not be understood/);
        });
        for (const [what, payload, says] of [["is not there", "flood", /there is no tape "flood": there are .*blip/], ["lies elsewhere", "../secret", /there is no tape/], ["is none", "noise", /tape noise\.jsonl: it is no tape/]] as const) {
            it(`a tape that ${what} goes to Catch`, async () => {
                await load();
                record("noise", "noise\n");
                writeFileSync(join(folder.path, "ridethrough", "secret.jsonl"), header);
                tell(payload);
                const [msg] = await flow.until("errors", 1);
                assert.match((msg?.error as { message: string }).message, says);
            });
        }
    });

    describe("the button and the dialog", () => {
        const post = async (path: string): Promise<Record<string, unknown>> => (await (helper.request().post(`/ridethrough/tape-player/${path}`).send({}) as unknown as Promise<{ body: Record<string, unknown> }>)).body;
        it("the button plays the tape of the settings, and stops it", async () => {
            await load({ speed: "1" });
            assert.deepEqual(await post("player"), { ok: true });
            await flow.until("out", 1);
            assert.deepEqual(await post("player"), { ok: true });
            await eventually(() => replays().at(-1)?.state === "stopped");
        });
        it("and says so when there is no such node", async () => {
            await load();
            for (const id of ["nobody", "out"]) assert.deepEqual(await post(id), { ok: false, error: "this player is not deployed" });
        });
        it("the dialog's list has the shipped tapes with what happens on them", async () => {
            await load();
            const { recorded, shipped } = (await post("tapes")) as { recorded: unknown[]; shipped: { name: string; about: string }[] };
            assert.deepEqual([recorded, shipped.map(({ name }) => name).sort()], [[], (await listTapes(shippedFolder)).map(({ name }) => name)]);
            assert.ok(shipped.every(({ about }) => about !== ""));
        });
    });

    describe("configuration", () => {
        it("the stored defaults", async () => {
            await load();
            assert.deepEqual([parseConfig(stored), parseConfig({ ...stored, speed: "max" }).config.speed], [{ config: { tape: "blip", speed: 60 }, problems: [] }, "max"]);
        });
        it("a wrong speed stops the node, loudly: input and button", async () => {
            await load({ speed: "5000" });
            assert.equal(flow.status("player")?.fill, "red");
            tell("play");
            const [msg] = await flow.until("errors", 1);
            assert.match((msg?.error as { message: string }).message, /nothing played: speed must be between 1 and 1000/);
            assert.deepEqual((await (helper.request().post("/ridethrough/tape-player/player").send({}) as unknown as Promise<{ body: { ok: boolean } }>)).body.ok, false);
        });
    });
});

describe("commands of tape-player", () => {
    const usual = { tape: "blip", speed: 60 } as const;
    const understood: [payload: unknown, command: object][] = [
        ["play", { do: "play", tape: "blip", speed: 60 }],
        ["Start", { do: "play", tape: "blip", speed: 60 }],
        [" stop ", { do: "stop" }],
        ["Slow drain", { do: "play", tape: "Slow drain", speed: 60 }],
        [{}, { do: "play", tape: "blip", speed: 60 }],
        [{ tape: "cliff", speed: "1000" }, { do: "play", tape: "cliff", speed: 1000 }],
        [{ speed: "max" }, { do: "play", tape: "blip", speed: "max" }],
        [{ tape: "stop" }, { do: "stop" }],
    ];
    for (const [payload, command] of understood) it(`understands ${JSON.stringify(payload)}`, () => assert.deepEqual(parseCommand(payload, usual), command));
    for (const payload of ["", " ", 25, null, undefined, true, [], { tape: 3 }, { tape: "" }, { speed: 0 }, { speed: 1001 }, { speed: "fast" }]) {
        it(`refuses ${JSON.stringify(payload)}`, () => assert.throws(() => parseCommand(payload, usual)));
    }
});
