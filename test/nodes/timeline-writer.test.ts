import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "../../nodes/timeline-writer/config";
import { historyMessages } from "../../nodes/timeline-writer/history";
import { statusOf } from "../../nodes/timeline-writer/status-text";
import type { TimelineStoreNode } from "../../nodes/timeline-store/timeline";
import timelineStore from "../../nodes/timeline-store/timeline-store";
import timelineWriter from "../../nodes/timeline-writer/timeline-writer";
import { Trouble } from "../../lib/kit/trouble";
import type { QueueState } from "../../lib/stores/timeline-queue";
import type { TimelineSeries } from "../../lib/stores/timeline-store";
import stored from "../fixtures/configs/timeline-writer.v1.json";
import { eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";

describe("timeline-writer's settings", () => {
    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored), { config: { store: "store-db", simulated: true, startHours: 1, types: "plug_power, solix_battery_soc", maxPoints: 720, shape: "chart" }, problems: [] });
    });
    for (const [change, problem] of [
        [{ store: "" }, "no timeline store"], [{ startHours: "-1" }, "startHours must be between 0 and 87600"], [{ maxPoints: "9999" }, "maxPoints must be between 1 and 5000"],
        [{ simulated: "false" }, "simulated is \"false\", which is neither true nor false"], [{ shape: "pie" }, "shape must be one of chart, series"],
    ] as const) {
        it(`say: ${problem}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }).problems, [problem]));
    }
});

describe("a timeline-writer's status", () => {
    const state = (more: Partial<Omit<QueueState, "away">> & { away?: NonNullable<QueueState["away"]> }): QueueState => ({ waiting: 0, dropped: 0, written: 0, refused: 0, repeated: 0, ...more });
    const away = (kind: "refused" | "auth" | "timeout"): NonNullable<QueueState["away"]> => ({ trouble: new Trouble(kind, "x"), since: 0 });
    const noon = new Date(2025, 10, 21, 12, 5).getTime();
    const cases: [string, QueueState, number | undefined, string][] = [
        ["nothing stored yet", state({}), undefined, "ok ready"], ["all stored", state({ written: 9 }), noon, "ok stored 12:05"],
        ["the database is away", state({ waiting: 40, away: away("refused") }), noon, "stale 40 waiting, connection refused"],
        ["the password is wrong", state({ waiting: 40, away: away("auth") }), noon, "error 40 waiting, login refused"],
        ["the room is used up", state({ waiting: 40, dropped: 7, away: away("timeout") }), noon, "critical 40 waiting, 7 given up, no answer"],
        ["the disk refuses", state({ waiting: 4, unsafe: 4, disk: "ENOSPC" }), noon, "warning 4 only in memory, disk refuses"],
        ["a backlog is worked off", state({ waiting: 9000 }), noon, "working catching up, 9000 waiting"],
    ];
    for (const [what, queue, at, wanted] of cases) {
        it(`says: ${wanted}, when ${what}`, () => {
            const { mood, text } = statusOf(queue, at);
            assert.equal(`${mood} ${text}`, wanted);
            assert.ok(text.length <= 40);
        });
    }
});

describe("a history as messages", () => {
    const series: TimelineSeries[] = [
        { event_type: "plug_power", source: "rack", points: [{ at: 1000.4, value: 5 }, { at: 2000, value: null }] },
        { event_type: "plug_power", source: "lamp", points: [{ at: 1000, value: 6, min: 5, max: 7, count: 2 }] },
    ];
    it("for a chart is a message a series, the first of which replaces", () => assert.deepEqual(historyMessages(series, "chart"), [
        { topic: "rack", payload: [{ x: 1000, y: 5 }], action: "replace", event_type: "plug_power", source: "rack" },
        { topic: "lamp", payload: [{ x: 1000, y: 6 }], action: "append", event_type: "plug_power", source: "lamp" },
    ]));
    it("names series by type too when there are several", () => assert.deepEqual(historyMessages([...series, { event_type: "gpu_power_draw", source: "gpu", points: [] }], "chart").map(({ topic }) => topic), ["rack plug_power", "lamp plug_power", "gpu gpu_power_draw"]));
    it("else is one message with everything", () => assert.deepEqual(historyMessages(series, "series"), [{ payload: series }]));
});

describe("a timeline-writer", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    beforeEach(() => (folder = temporaryFolder()));
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });
    const load = async (writer: Record<string, unknown> = {}, store: Record<string, unknown> | undefined = {}): Promise<void> => {
        const nodes: FlowNode[] = [
            { id: "n", type: "timeline-writer", name: "", store: "s", simulated: true, startHours: "0", types: "", maxPoints: "720", shape: "series", version: 1, ...writer, wires: [["out"]] },
            { id: "out", type: "helper" },
            { id: "catch", type: "catch", scope: ["n"], uncaught: false, wires: [["caught"]] },
            { id: "caught", type: "helper" },
            { id: "complete", type: "complete", scope: ["n"], uncaught: false, wires: [["done"]] },
            { id: "done", type: "helper" },
            ...(store === undefined ? [] : [{ id: "s", type: "timeline-store", name: "", kind: "embedded", rawHours: "24", fiveMinuteDays: "30", hourlyYears: "5", spoolMegabytes: "64", version: 1, ...store }]),
        ];
        flow = await loadFlow([timelineStore, timelineWriter], nodes, { userDir: folder.path });
    };
    const send = (msg: FlowMsg): void => flow.node("n").receive(msg as never);
    const reading = (watts: number, more: object = {}): object => ({ device: "rack", source: "kasa", at: Date.now(), quality: "good", watts, ...more });
    /** What the store has, as "type source value ..." */
    const history = async (question: unknown = 1): Promise<string[]> => {
        const before = flow.received("out").length;
        send({ history: question });
        await flow.until("out", before + 1);
        return (flow.received("out").at(-1)?.payload as TimelineSeries[]).map(({ event_type, source, points }) => `${event_type} ${source} ${points.map(({ value }) => value).join(" ")}`);
    };
    /** Rows are stored a moment after they were taken. */
    const until = async (wanted: string[]): Promise<void> => {
        let last: string[] = [];
        for (const end = performance.now() + 10_000; performance.now() < end;) {
            last = await history();
            if (JSON.stringify(last) === JSON.stringify(wanted)) return;
        }
        assert.deepEqual(last, wanted);
    };

    it("writes what readers and deciders send, and is done with each message once", async () => {
        await load();
        send({ reading: reading(42) });
        send({ payload: "CRITICAL", transition: { device: "rack", from: "HEALTHY", to: "CRITICAL", since: Date.now(), at: Date.now(), watts: 20, conclusive: true }, reading: reading(20) });
        send({ reading: reading(0, { quality: "missing", watts: undefined, error: "no route" }) });
        await flow.until("done", 3);
        await until(["plug_power rack 42", "power_state rack 3"]);
        assert.deepEqual(flow.received("caught"), []);
        assert.ok(flow.received("done").length >= 3);
    });
    it("writes a measurement once that comes on two ways", async () => {
        await load();
        const once = reading(42);
        send({ reading: once, power: { state: "HEALTHY" } });
        send({ reading: once, depletion: { perMinute: 1, at: Date.now() } });
        await until(["depletion_rate rack 1", "plug_power rack 42"]);
    });
    it("keeps fakes apart, or out", async () => {
        await load();
        send({ topic: "rack", payload: 24 });
        await until(["plug_power rack (simulated) 24"]);
        await flow.unload();
        await load({ simulated: false });
        send({ topic: "rack", payload: 25 });
        send({ reading: reading(26) });
        await until(["plug_power rack 26", "plug_power rack (simulated) 24"]);
    });
    it("takes rows of a flow's own", async () => {
        await load();
        send({ timeline: [{ event_type: "tariff", source: "grid", value: 0.31, metadata: { period: "peak" } }] });
        await until(["tariff grid 0.31"]);
    });
    it("takes them all, also those of one moment that differ in their metadata only", async () => {
        await load();
        send({ timeline: ["a", "b"].map((text) => ({ event_type: "timeline_note", source: "me", value: 1, metadata: { text } })) });
        await until(["timeline_note me 1 1"]);
    });
    it("answers a question with the message that asked, and chooses", async () => {
        await load();
        send({ timeline: [{ event_type: "a", source: "x", value: 1 }, { event_type: "b", source: "y", value: 2 }] });
        await until(["a x 1", "b y 2"]);
        assert.deepEqual(await history({ hours: 1, types: "b, c" }), ["b y 2"]);
        assert.deepEqual(await history({ sources: ["x"] }), ["a x 1"]);
        assert.deepEqual(await history({ from: 0, to: 1000 }), []);
        send({ history: true, topic: "kept", foreign: { here: true } } as FlowMsg);
        const before = flow.received("out").length;
        await flow.until("out", before + 1);
        assert.deepEqual(flow.received("out").at(-1)?.foreign, { here: true });
    });
    it("shows a chart the last hour again after a restart", async () => {
        await load();
        send({ reading: reading(41, { at: Date.now() - 60_000 }) });
        send({ reading: reading(42) });
        await until(["plug_power rack 41 42"]);
        await flow.unload();
        await load({ startHours: "1", shape: "chart", types: "plug_power" });
        const [msg] = await flow.until("out", 1);
        assert.deepEqual([msg?.topic, msg?.action, (msg?.payload as { y: number }[]).map(({ y }) => y)], ["rack", "replace", [41, 42]]);
    });
    it("loses nothing in a redeploy", async () => {
        await load();
        for (let n = 0; n < 50; n += 1) send({ reading: reading(n, { at: Date.now() - (50 - n) * 60_000 }) });
        await flow.until("done", 50);
        await flow.redeploy();
        await until([`plug_power rack ${Array.from({ length: 50 }, (_, n) => n).join(" ")}`]);
    });
    it("loses nothing that came right before a redeploy", async () => {
        await load();
        for (let n = 0; n < 120; n += 1) send({ reading: reading(n, { at: Date.now() - (120 - n) * 20_000 }) });
        // Delivered, and not yet written.
        await new Promise((resolve) => setImmediate(resolve));
        await flow.redeploy();
        await until([`plug_power rack ${Array.from({ length: 120 }, (_, n) => n).join(" ")}`]);
        assert.deepEqual(flow.received("caught"), []);
    });
    it("is done with a message when its rows are on the disk, not before", async () => {
        await load();
        const data = join(folder.path, "ridethrough");
        writeFileSync(data, "a file in the way");
        send({ reading: reading(41) });
        send({ reading: reading(-1, { quality: "missing", watts: undefined, error: "no route" }), topic: "no rows" });
        await flow.until("done", 1);
        await eventually(() => (flow.node<TimelineStoreNode>("s").timeline?.state.away ?? undefined) !== undefined, 10_000, () => "the disk's error");
        assert.deepEqual(flow.received("done").map(({ topic }) => topic), ["no rows"]);
        rmSync(data);
        await flow.until("done", 2);
        assert.match(readdirSync(join(data, "timeline-store", "s.timeline")).join(), /^raw-.*\.rows$/);
    });
    it("lets Catch know of a message whose row the store refuses", async () => {
        await load();
        send({ timeline: { event_type: "tariff", source: "grid", value: 1, created_at: 1000 } });
        const [caught] = await flow.until("caught", 1);
        assert.match((caught?.error as { message: string }).message, /older than what is kept in full/);
    });
    it("says when rows were last stored", async () => {
        await load();
        send({ reading: reading(42) });
        await eventually(() => /^stored \d\d:\d\d$/.test(flow.status("n")?.text ?? ""), 10_000, () => flow.status("n")?.text ?? "");
        assert.deepEqual([flow.status("n")?.fill, flow.status("n")?.shape], ["green", "dot"]);
    });

    describe("that is told something wrong", () => {
        const faults: [string, FlowMsg, RegExp][] = [
            ["text", { payload: "hello" }, /nothing written: expected msg\.reading/],
            ["a broken reading", { reading: { watts: 4 } }, /nothing written: msg\.reading\.device/],
            ["a broken row", { timeline: { source: "x" } }, /nothing written: a timeline row has no event_type/],
            ["a question that is none", { history: { hours: "soon" } }, /no history: hours must be above 0/],
            ["a question for too much", { history: { maxPoints: 1e6 } }, /no history: maxPoints must be between 1 and 5000/],
        ];
        for (const [what, msg, error] of faults) {
            it(`lets Catch know, once: ${what}`, async () => {
                await load();
                send(msg);
                const [caught] = await flow.until("caught", 1);
                assert.match((caught?.error as { message: string }).message, error);
                assert.deepEqual(flow.received("out"), []);
            });
        }
    });

    describe("whose store is not there", () => {
        const faults: [string, Record<string, unknown>, Record<string, unknown> | undefined, RegExp][] = [
            ["no store chosen", { store: "" }, {}, /no timeline store/],
            ["a store that was deleted", { store: "gone" }, {}, /missing or disabled/],
            ["a store with wrong settings", {}, { kind: "postgres", host: "" }, /no database server; no database; no user/],
            ["settings of its own that are wrong", { maxPoints: "many" }, {}, /maxPoints is not a whole number/],
        ];
        for (const [what, writer, store, text] of faults) {
            it(`has a red ring, and Catch hears of each message: ${what}`, async () => {
                await load(writer, store);
                send({ reading: reading(1) });
                const [caught] = await flow.until("caught", 1);
                assert.match((caught?.error as { message: string }).message, text);
                if (writer.store !== "gone") await eventually(() => flow.status("n")?.fill === "red" && flow.status("n")?.shape === "ring", 10_000, () => JSON.stringify(flow.status("n")));
            });
        }
    });
});
