import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Node } from "node-red";
import helper from "node-red-node-test-helper";
import { Trouble } from "../../lib/kit/trouble";
import type { TimelineEvent } from "../../lib/stores/timeline-event";
import type { QueueState } from "../../lib/stores/timeline-queue";
import { parseConfig } from "../../nodes/timeline-store/config";
import { StoreReports } from "../../nodes/timeline-store/reports";
import type { TimelineStoreNode } from "../../nodes/timeline-store/timeline";
import timelineStore from "../../nodes/timeline-store/timeline-store";
import stored from "../fixtures/configs/timeline-store.v1.json";
import { closeMs, eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../support/helper";
import { settle, VirtualClock } from "../support/virtual-clock";

const login = { user: "ridethrough", password: "secret" };

describe("timeline-store's settings", () => {
    it("of version 1 are read as the editor stored them", () => {
        assert.deepEqual(parseConfig(stored, login), {
            config: {
                subject: "db", spoolBytes: 64e6,
                place: { kind: "postgres", host: "192.0.2.20", port: 5433, database: "house", user: "ridethrough", password: "secret", schema: "power", table: "unified_timeline", tls: "off", deadlineMs: 10_000, subject: "db" },
            },
            problems: [],
        });
    });
    it("need nothing for files of its own: a day in full, 30 days of five minutes, five years of hours", () => {
        assert.deepEqual(parseConfig({ type: "timeline-store" }), {
            config: { subject: "timeline", spoolBytes: 64e6, place: { kind: "embedded", retention: { raw: 86_400_000, five: 30 * 86_400_000, hour: 5 * 365 * 86_400_000 } } }, problems: [],
        });
    });
    const folder = temporaryFolder();
    after(() => folder.remove());
    const cases: [Record<string, unknown>, { user?: string }, string[]][] = [
        [{ host: "", database: " " }, {}, ["no database server", "no database", "no user"]],
        [{ host: "${TIMELINE_HOST}" }, { user: "${TIMELINE_USER}" }, ["the environment variable TIMELINE_HOST is not set", "the environment variable TIMELINE_USER is not set"]],
        [{ kind: "sqlite" }, login, ["kind must be one of embedded, postgres"]],
        [{ port: "70000" }, login, ["port must be between 1 and 65535"]],
        [{ tls: "verify", caFile: join(folder.path, "none.pem") }, login, [`the certificate file can't be read: ENOENT: no such file or directory, open '${join(folder.path, "none.pem")}'`]],
        [{ kind: "embedded", rawHours: "100", fiveMinuteDays: "2" }, {}, ["each coarser history must be kept at least as long as the finer one"]],
        [{ kind: "embedded", rawHours: "a day" }, {}, ["rawHours is not a number"]],
        [{ spoolMegabytes: "1" }, login, ["spoolMegabytes must be between 4 and 65536"]],
    ];
    for (const [change, credentials, problems] of cases) it(`say: ${problems.join("; ").slice(0, 80)}`, () => assert.deepEqual(parseConfig({ ...stored, ...change }, credentials).problems, problems));
    it("take the authority from a file that holds one", () => {
        const path = join(folder.path, "ca.pem");
        writeFileSync(path, "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n");
        const { config, problems } = parseConfig({ ...stored, tls: "verify", caFile: path }, login);
        assert.deepEqual(problems, []);
        assert.ok(config.place.kind === "postgres" && config.place.ca?.includes("AA"));
        writeFileSync(path, "something else");
        assert.deepEqual(parseConfig({ ...stored, tls: "verify", caFile: path }, login).problems, [`${path} holds no certificate in PEM form`]);
    });
});

describe("what a store tells of itself", () => {
    let said: string[];
    let rows: TimelineEvent[];
    let reports: StoreReports;
    const clock = new VirtualClock(1_763_722_800_000);
    const state = (more: Partial<QueueState> = {}): QueueState => ({ waiting: 0, dropped: 0, written: 0, refused: 0, repeated: 0, ...more });
    const away = { trouble: new Trouble("refused", "db: connection refused (ECONNREFUSED)"), since: 0 };
    beforeEach(() => {
        said = [];
        rows = [];
        const say = (kind: string) => (text: string): void => void said.push(`${kind}: ${text}`);
        reports = new StoreReports({ error: say("error"), warn: say("warn"), log: say("log"), debug: () => undefined } as unknown as Node, "db", (event) => Promise.resolve(void rows.push(event)), clock);
    });
    it("an outage once, and its end", () => {
        for (let n = 0; n < 5; n += 1) reports.changed(state({ away, waiting: n }));
        reports.changed(state({ written: 5 }));
        reports.changed(state({ written: 6 }));
        assert.deepEqual(said, ["error: db: connection refused (ECONNREFUSED)", "log: working again after 5 failures"]);
    });
    it("a disk that refuses, once", () => {
        for (let n = 0; n < 3; n += 1) reports.changed(state({ disk: "ENOSPC: no space left on device", unsafe: n }));
        reports.changed(state());
        assert.deepEqual(said, ["error: db: waiting rows can't be saved, a crash now would lose them: ENOSPC: no space left on device", "log: working again after 3 failures"]);
    });
    it("rows that were given up: at once, and with their number in the timeline when it is back", async () => {
        reports.changed(state({ away, waiting: 100, dropped: 10 }));
        reports.changed(state({ away, waiting: 100, dropped: 30 }));
        reports.changed(state({ waiting: 20, dropped: 30 }));
        assert.deepEqual(rows, []);
        reports.changed(state({ dropped: 30 }));
        reports.changed(state({ dropped: 30 }));
        assert.deepEqual(rows, [{ event_type: "timeline_dropped", source: "timeline", value: 30, metadata: {}, created_at: 1_763_722_800_000 }]);
        await settle();
        reports.changed(state({ dropped: 5 }));
        assert.deepEqual(rows.map(({ value }) => value), [30, 5], "those of a later outage");
        assert.deepEqual(said.filter((text) => text.startsWith("warn")), [
            "warn: db: the room for waiting rows is full, the oldest are given up", "warn: db: 30 rows were given up while it was away",
            "warn: db: the room for waiting rows is full, the oldest are given up", "warn: db: 5 rows were given up while it was away",
        ]);
    });
    it("rows that the table refuses: the first of each type, and an hour later how many more there were", async () => {
        const refuse = (event_type: string, source = "rack"): void => reports.refused({ segment: "s", from: 0, to: 1, rows: [{ event_type, source, value: 1, metadata: "{}", created_at: 0 }] }, new Trouble("failed", "db: violates check constraint"));
        refuse("plug_power");
        for (let n = 0; n < 3; n += 1) refuse("plug_power", "lamp");
        refuse("tariff", "grid");
        await clock.pass(3_600_000);
        refuse("plug_power");
        await clock.pass(3_600_000);
        refuse("plug_power");
        assert.deepEqual(said, [
            "error: db: violates check constraint; left out: plug_power of rack", "error: db: violates check constraint; left out: tariff of grid",
            "error: db: violates check constraint; left out: plug_power of rack, and 3 more of this type before it", "error: db: violates check constraint; left out: plug_power of rack",
        ]);
    });
    it("a file of waiting rows that cannot be read", () => {
        reports.unreadable("/data/0000000001-x.rows.bad-1", "EIO: i/o error, read");
        assert.deepEqual(said, ["error: db: rows that waited in /data/0000000001-x.rows.bad-1 can't be read, and are left out: EIO: i/o error, read"]);
    });
});

describe("a timeline store", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    /** A database server that takes connections and never answers. */
    let silent: Server;
    const sockets = new Set<Socket>();
    let port = 0;
    before(async () => {
        silent = createServer((socket) => {
            sockets.add(socket);
            socket.on("error", () => undefined);
        });
        await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
        port = (silent.address() as { port: number }).port;
    });
    after(() => {
        for (const socket of sockets) socket.destroy();
        silent.close();
    });
    beforeEach(() => (folder = temporaryFolder()));
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });
    const load = async (config: Record<string, unknown> = {}): Promise<TimelineStoreNode> => {
        const store = { id: "s", type: "timeline-store", name: "", kind: "embedded", rawHours: "24", fiveMinuteDays: "30", hourlyYears: "5", spoolMegabytes: "64", version: 1, ...config };
        flow = await loadFlow([timelineStore], [store], { userDir: folder.path, credentials: { s: login } });
        return flow.node<TimelineStoreNode>("s");
    };
    const hung = (): Record<string, unknown> => ({ kind: "postgres", host: "127.0.0.1", port: String(port), database: "d", deadline: "0.3" });
    const ask = async (path: string, body: object): Promise<Record<string, unknown>> => ((await helper.request().post(`/ridethrough/timeline-store/${path}`).send(body)) as { body: Record<string, unknown> }).body;
    const event = (n: number): TimelineEvent => ({ event_type: "plug_power", source: "rack", value: n, metadata: {}, created_at: Date.now() + n });

    it("takes rows at once though its database never answers, and keeps them over a restart", async () => {
        const before = await load(hung());
        await before.timeline?.accept([event(1), event(2)]);
        assert.equal(before.timeline?.state.waiting, 2);
        await eventually(() => before.timeline?.state.away !== undefined, 10_000, () => "the time-out");
        assert.equal(before.timeline?.state.away?.trouble.kind, "timeout");
        const started = performance.now();
        await flow.unload();
        assert.ok(performance.now() - started < closeMs, "a deploy does not wait for it");
        const after = await load(hung());
        await eventually(() => after.timeline?.state.waiting === 2, 10_000, () => "the rows from before");
    });
    it("keeps its history when it is removed", async () => {
        const node = await load();
        await node.timeline?.accept([event(1)]);
        await eventually(() => node.timeline?.state.written === 1, 10_000, () => "stored");
        await (node as unknown as { close(removed: boolean): Promise<void> }).close(true);
        assert.equal(readdirSync(join(folder.path, "ridethrough", "timeline-store", "s.timeline")).length, 1);
    });
    it("whose disk refuses holds rows in memory, and stores them when it works again", async () => {
        const data = join(folder.path, "ridethrough");
        writeFileSync(data, "a file in the way");
        const node = await load();
        const told = node.timeline?.accept([event(1), event(2)]);
        await eventually(() => node.timeline?.state.away?.trouble.kind === "disk" || node.timeline?.state.away !== undefined, 10_000, () => "the disk's error");
        assert.equal(node.timeline?.state.waiting, 2);
        rmSync(data);
        mkdirSync(data);
        assert.equal(await told, undefined);
        assert.equal(node.timeline?.state.written, 2);
    });
    it("answers charts over HTTP", async () => {
        const node = await load();
        await node.timeline?.accept([event(1)]);
        await eventually(() => node.timeline?.state.written === 1, 10_000, () => "stored");
        const { ok, series } = await ask("s/query", { hours: 1, types: ["plug_power"] });
        assert.equal(ok, true);
        assert.deepEqual((series as { source: string; points: { value: number }[] }[]).map(({ source, points }) => [source, points.map(({ value }) => value)]), [["rack", [1]]]);
        assert.deepEqual(await ask("s/query", { hours: 0 }), { ok: false, error: "hours must be above 0, and at most ten years" });
        assert.deepEqual(await ask("other/query", {}), { ok: false, error: "there is no such store, or its settings are wrong" });
    });

    describe("whose dialog is tested", () => {
        const dialog = { kind: "postgres", host: "127.0.0.1", database: "d", user: "ridethrough", password: "typed", deadline: "0.3" };
        it("says what files hold, and makes none for the store that is not deployed", async () => {
            await load();
            assert.deepEqual(await ask("test", { id: "s", kind: "embedded" }), { ok: true, text: "nothing stored yet" });
        });
        it("says what is wrong before it asks anybody", async () => {
            await load();
            assert.deepEqual(await ask("test", { id: "s", ...dialog, host: "" }), { ok: false, error: "no database server" });
        });
        it("says so in time when the server does not answer", async () => {
            await load();
            assert.deepEqual(await ask("test", { id: "s", ...dialog, port: String(port) }), { ok: false, error: "timeline at 127.0.0.1: no answer in time" });
        });
        it("sends the stored password to the deployed server only", async () => {
            await load(hung());
            const refused = { ok: false, error: "type the password again: the stored one is only sent to the deployed server" };
            for (const change of [{ port: String(port + 1) }, { host: "192.0.2.1", port: String(port) }, { port: String(port), id: "other" }]) {
                assert.deepEqual(await ask("test", { id: "s", ...dialog, password: "__PWRD__", ...change }), refused);
            }
            assert.deepEqual(await ask("test", { id: "s", ...dialog, password: "__PWRD__", port: String(port) }), { ok: false, error: "timeline at 127.0.0.1: no answer in time" });
        });
        it("leaves nothing behind", () => assert.ok(!existsSync(join(folder.path, "ridethrough", "timeline-store", "new.timeline"))));
    });
});
