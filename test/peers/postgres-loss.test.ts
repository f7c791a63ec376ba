import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PostgresTimeline } from "../../lib/stores/timeline-postgres";
import { TimelineQueue, type QueueOptions } from "../../lib/stores/timeline-queue";
import { Spool } from "../../lib/stores/timeline-spool";
import { Cable } from "../support/cable";
import { eventually } from "../support/eventually";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { postgresPrograms, TestPostgres } from "../support/postgres";
import { temporaryFolder } from "../support/temporary-folder";
import { houseEvents } from "../support/timeline-rows";

/** How long the server stays away, in s. */
const outageSeconds = Number(process.env.RIDETHROUGH_OUTAGE_SECONDS ?? 60);

/** Whatever breaks between us and the database, every row gets there, once, and in order. */
describe("rows on their way to a real PostgreSQL", function () {
    this.timeout((outageSeconds + 300) * 1000);
    let server: TestPostgres;
    let cable: Cable;
    let folder: ReturnType<typeof temporaryFolder>;
    let queue: TimelineQueue | undefined;
    let table = 0;
    before(async function () {
        if (postgresPrograms() === undefined) this.skip();
        server = await new TestPostgres().create();
        cable = await new Cable(() => server.port).lay();
    });
    after(async () => {
        await cable?.remove();
        await server?.remove();
    });
    beforeEach(() => {
        folder = temporaryFolder();
        table += 1;
    });
    afterEach(async () => {
        await queue?.close();
        queue = undefined;
        await folder.remove();
    });

    const open = (more: Partial<QueueOptions> = {}, spool = join(folder.path, "spool"), deadlineMs = 2000): TimelineQueue => {
        const store = new PostgresTimeline({ host: "127.0.0.1", port: cable.port, database: "postgres", user: "postgres", schema: "", table: `t${table}`, tls: "off", deadlineMs, subject: "db" });
        const made = new TimelineQueue({ store, spool: new Spool({ folder: spool, maxBytes: 64e6, maxMemoryBytes: 16e6 }), subject: "db", backOff: { minMs: 50, maxMs: 500 }, ...more });
        made.start();
        queue = made;
        return made;
    };
    /** Hands in `perSecond` rows a second for so long, as a flow does. */
    const load = async (into: TimelineQueue, seconds: number, perSecond: number, first = 0): Promise<number> => {
        const tick = 50;
        let next = first;
        for (const began = performance.now(); performance.now() - began < seconds * 1000;) {
            const due = first + Math.floor(((performance.now() - began) / 1000) * perSecond);
            void into.accept(houseEvents(Math.max(1, due - next), { first: next }));
            next = Math.max(due, next + 1);
            await new Promise((resolve) => setTimeout(resolve, tick));
        }
        return next;
    };
    /**
     * The numbers of the rows in the table, in the order of the transactions that brought them. Not by ctid: the server puts
     * rows into the room that a batch left which was broken off.
     */
    const there = async (): Promise<number[]> => (await server.rows<{ n: number }>(`SELECT (metadata->>'n')::float8 AS n FROM t${table} ORDER BY xmin::text::bigint, n`)).map(({ n }) => n);
    const range = (end: number): number[] => Array.from({ length: end }, (_, n) => n);
    const arrived = async (into: TimelineQueue, count: number): Promise<void> => {
        await eventually(() => into.state.waiting === 0, 150_000, () => JSON.stringify(into.state));
        assert.deepEqual(await there(), range(count), "all of them, once, in order");
        assert.equal(into.state.dropped, 0);
    };

    it(`are none the fewer after the server was stopped for ${outageSeconds} s under load`, async () => {
        const mine = open();
        const before = await load(mine, 2, 300);
        await server.stop("fast");
        const meanwhile = await load(mine, outageSeconds, 300, before);
        assert.ok(mine.state.waiting > 0 && mine.state.away !== undefined);
        await server.start();
        const after = await load(mine, 2, 300, meanwhile);
        await arrived(mine, after);
    });
    it("are none the fewer after the server crashed, again and again", async () => {
        const mine = open();
        let next = 0;
        for (let round = 0; round < 4; round += 1) {
            next = await load(mine, 0.5, 2000, next);
            await server.stop("immediate");
            next = await load(mine, 0.3, 2000, next);
            await server.start();
        }
        await arrived(mine, next);
    });
    it("are taken while the server hangs, and arrive when it goes on", async () => {
        const mine = open({}, undefined, 500);
        const before = await load(mine, 0.3, 500);
        server.freeze("SIGSTOP");
        try {
            await mine.accept(houseEvents(1000, { first: before }));
            await eventually(() => mine.state.away?.trouble.kind === "timeout", 60_000, () => JSON.stringify(mine.state));
        } finally {
            server.freeze("SIGCONT");
        }
        await arrived(mine, before + 1000);
    });
    it("arrive through a server that is slow, and one that is too slow for a while", async () => {
        await server.rows(`CREATE TABLE t${table} (event_type text, source text, value float8, metadata jsonb, created_at timestamptz);
            CREATE TABLE pace${table} AS SELECT 0.2::float8 AS seconds;
            CREATE FUNCTION slow${table}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep((SELECT seconds FROM pace${table})); RETURN NULL; END';
            CREATE TRIGGER slow AFTER INSERT ON t${table} EXECUTE FUNCTION slow${table}()`);
        const mine = open({ pieceRows: 200 }, undefined, 600);
        const slow = await load(mine, 1, 500);
        await server.rows(`UPDATE pace${table} SET seconds = 3`);
        const tooSlow = await load(mine, 1, 500, slow);
        await eventually(() => mine.state.away?.trouble.kind === "timeout", 60_000, () => JSON.stringify(mine.state));
        await server.rows(`UPDATE pace${table} SET seconds = 0`);
        await arrived(mine, tooSlow);
    });
    it("arrive through a server that never takes all that waits within its time", async () => {
        await server.rows(`CREATE TABLE t${table} (event_type text, source text, value float8, metadata jsonb, created_at timestamptz);
            CREATE FUNCTION slow${table}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END';
            CREATE TRIGGER slow BEFORE INSERT ON t${table} FOR EACH ROW EXECUTE FUNCTION slow${table}()`);
        const mine = open({}, undefined, 600);
        await mine.accept(houseEvents(1500));
        await arrived(mine, 1500);
    });
    it("are none the fewer, and none twice, when the connection is killed in the middle of a batch", async () => {
        const mine = open({ pieceRows: 500 });
        let next = 0;
        for (let round = 0; round < 15; round += 1) {
            const accepting = mine.accept(houseEvents(4000, { first: next }));
            next += 4000;
            await accepting;
            if (round % 2 === 0) cable.cut();
            else await server.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ridethrough'");
        }
        await arrived(mine, next);
    });
    it("are not stored twice when the answer to a batch is lost: its place in the ledger tells", async () => {
        // One that came too late would be asked for again, too.
        const mine = open({}, undefined, 60_000);
        const before = await load(mine, 0.3, 300);
        await eventually(() => mine.state.waiting === 0, 60_000, () => JSON.stringify(mine.state));
        for (let round = 1; round <= 5; round += 1) {
            cable.loseAnswerTo = /INSERT INTO/;
            await mine.accept(houseEvents(100, { first: before + (round - 1) * 100 }));
            await eventually(() => mine.state.repeated === round * 100, 60_000, () => JSON.stringify(mine.state));
        }
        assert.equal(cable.lost, 5);
        await arrived(mine, before + 500);
    });
    it("wait in memory while the disk of the spool is full, and arrive all the same", async function () {
        if (process.getuid?.() !== 0) this.skip();
        const small = join(folder.path, "small");
        mkdirSync(small);
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", small]);
        try {
            const mine = open({}, join(small, "spool"));
            const before = await load(mine, 0.5, 500);
            await server.stop();
            const meanwhile = await load(mine, 3, 3000, before);
            await eventually(() => {
                const { disk = "", unsafe = 0, waiting } = mine.state;
                return /ENOSPC/.test(disk) && unsafe > 1000 && waiting > unsafe;
            }, 60_000, () => JSON.stringify(mine.state));
            await server.start();
            const after = await load(mine, 1, 500, meanwhile);
            await arrived(mine, after);
            await eventually(() => mine.state.disk === undefined, 60_000, () => JSON.stringify(mine.state));
            await mine.close();
            queue = undefined;
        } finally {
            execFileSync("umount", [small]);
        }
    });

    describe("from a Node-RED that is killed", () => {
        let red: NodeRed;
        const generator = "const rows = []; const n0 = context.get('n') ?? Date.now(); for (let n = n0; n < n0 + 5; n += 1) rows.push({ payload: n, timeline: { event_type: 'plug_power', source: 'rack', value: n, metadata: { n } } }); context.set('n', n0 + 5); return [rows];";
        // Fewer than a row a ms: numbers of a later start are higher.
        const flow = (): { id: string; type: string; [key: string]: unknown }[] => [
            { id: "tab", type: "tab", label: "load" },
            { id: "tick", z: "tab", type: "inject", props: [], repeat: "0.02", once: true, onceDelay: "0.1", x: 0, y: 0, wires: [["make"]] },
            { id: "make", z: "tab", type: "function", func: generator, outputs: 1, x: 0, y: 0, wires: [["write"]] },
            { id: "write", z: "tab", type: "timeline-writer", store: "store", simulated: true, startHours: "0", maxPoints: "720", shape: "chart", version: 1, x: 0, y: 0, wires: [[]] },
            { id: "complete", z: "tab", type: "complete", scope: ["write"], x: 0, y: 0, wires: [["taken"]] },
            { id: "taken", z: "tab", type: "debug", active: false, complete: "payload", x: 0, y: 0, wires: [] },
            { id: "store", type: "timeline-store", kind: "postgres", host: "127.0.0.1", port: String(cable.port), database: "postgres", table: `t${table}`, tls: "off", deadline: "2", spoolMegabytes: "64", version: 1 },
        ];
        const start = async (): Promise<void> => {
            red = await startNodeRed({ userDir: folder.path });
            await red.deploy(flow(), { credentials: { store: { user: "postgres", password: "none" } } });
        };
        const taken = (): number[] => red.received("taken").map(({ payload }) => payload as number);
        afterEach(() => red.stop());

        for (const [what, away] of [["the database is away and rows wait in the spool", true], ["batches are on their way", false]] as const) {
            it(`survive kill -9 while ${what}: all that a message was done for, none twice`, async () => {
                const done: number[] = [];
                for (let round = 0; round < 2; round += 1) {
                    await start();
                    await red.until("taken", 100, 60_000);
                    if (away) await server.stop();
                    const already = taken().length;
                    await red.until("taken", already + 300, 60_000);
                    await red.kill();
                    done.push(...taken());
                    if (away) await server.start();
                }
                await start();
                await red.until("taken", 1, 60_000);
                await eventually(() => /^stored/.test(red.status("write")?.text ?? ""), 60_000, () => JSON.stringify(red.status("write")));
                const last = taken().at(-1) ?? 0;
                let found: number[] = [];
                for (const end = performance.now() + 60_000; performance.now() < end && !found.includes(last);) {
                    found = await there();
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }
                const rows = new Set(found);
                assert.deepEqual(done.filter((n) => !rows.has(n)), [], "lost");
                assert.equal(found.length, rows.size, "twice");
                assert.deepEqual(found, [...found].sort((a, b) => a - b), "in order");
            });
        }
    });
});
