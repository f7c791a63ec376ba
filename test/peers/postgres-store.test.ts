import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { isHappening, toRow, type TimelineEvent } from "../../lib/stores/timeline-event";
import { PostgresTimeline, type PostgresOptions } from "../../lib/stores/timeline-postgres";
import type { Piece } from "../../lib/stores/timeline-store";
import { freePort } from "../support/free-port";
import { postgresPrograms, TestPostgres } from "../support/postgres";
import { houseEvents, testHour } from "../support/timeline-rows";

describe("the timeline in a real PostgreSQL", function () {
    this.timeout(180_000);
    let server: TestPostgres;
    const open: PostgresTimeline[] = [];
    before(async function () {
        if (postgresPrograms() === undefined) this.skip();
        server = await new TestPostgres().create();
    });
    after(() => server?.remove());
    afterEach(async () => {
        await Promise.all(open.splice(0).map((store) => store.close()));
    });

    const store = (options: Partial<PostgresOptions> = {}): PostgresTimeline => {
        const one = new PostgresTimeline({ host: "127.0.0.1", port: server.port, database: "postgres", user: "postgres", schema: "", table: "unified_timeline", tls: "off", deadlineMs: 60_000, subject: "timeline test", ...options });
        open.push(one);
        return one;
    };
    const piece = (segment: string, from: number, events: TimelineEvent[]): Piece => ({ segment, from, to: from + events.length, rows: events.map(toRow) });
    const count = async (table: string): Promise<number> => (await server.rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n ?? -1;

    describe("the table", () => {
        it("is made where it is missing, with S1's columns", async () => {
            await store({ table: "fresh" }).write(piece("s", 0, houseEvents(3)));
            const columns = await server.rows<{ column_name: string; data_type: string }>("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'fresh' ORDER BY ordinal_position");
            assert.deepEqual(columns.map(({ column_name, data_type }) => [column_name, data_type]), [
                ["event_type", "text"], ["source", "text"], ["value", "double precision"], ["metadata", "jsonb"], ["created_at", "timestamp with time zone"],
            ]);
            const [row] = await server.rows<Record<string, unknown>>("SELECT * FROM fresh WHERE metadata->>'n' = '1'");
            assert.deepEqual(row, { event_type: "gpu_power_draw", source: "source_1", value: 100.505, metadata: houseEvents(2)[1]?.metadata, created_at: new Date(testHour) });
        });
        it("of S1 keeps its rows, its own columns and its types", async () => {
            await server.rows(`CREATE TABLE s1 (id serial PRIMARY KEY, event_type varchar(100) NOT NULL, source varchar(100), value numeric, metadata json, created_at timestamp DEFAULT now())`);
            await server.rows(`INSERT INTO s1 (event_type, source, value, metadata, created_at) SELECT 'gpu_power_draw', 'gpu_gpu2', 72.5, '{"node": "gpu2",  "n": 1}', '2025-01-01'::timestamp + n * interval '1 minute' FROM generate_series(1, 100) n`);
            const before = await server.rows("SELECT *, ctid, xmin, metadata::text FROM s1 ORDER BY id");
            const timeline = store({ table: "s1" });
            await timeline.write(piece("s", 0, houseEvents(20)));
            assert.deepEqual(await server.rows("SELECT *, ctid, xmin, metadata::text FROM s1 ORDER BY id LIMIT 100"), before, "not one of them was rewritten");
            assert.equal(await count("s1"), 120);
            const series = await timeline.query({ types: ["gpu_power_draw"], sources: [], from: Date.UTC(2025, 0, 1), to: testHour + 3_600_000, maxPoints: 5_000_000 });
            assert.deepEqual(series.map(({ source, points }) => [source, points.length]).filter(([source]) => source === "gpu_gpu2" || source === "source_1"), [["gpu_gpu2", 100], ["source_1", 1]]);
        });
        it("gets columns that it lacks, and its rows are not touched by that", async () => {
            await server.rows("CREATE TABLE older (event_type text, source text, value float8, created_at timestamptz)");
            await server.rows("INSERT INTO older SELECT 'a', 'b', n, now() FROM generate_series(1, 10) n");
            const before = await server.rows("SELECT ctid, xmin FROM older");
            const notes: string[] = [];
            await store({ table: "older", onNotes: (told) => notes.push(...told) }).write(piece("s", 0, houseEvents(1)));
            assert.deepEqual((await server.rows("SELECT ctid, xmin FROM older")).slice(0, 10), before);
            assert.deepEqual(notes, ["added its missing column metadata"]);
        });
        it("may have any name", async () => {
            const odd = { schema: 'Strom "Haus"', table: "time line; DROP TABLE fresh --" };
            const timeline = store(odd);
            await timeline.write(piece("s", 0, houseEvents(5)));
            assert.equal(await count('"Strom ""Haus"""."time line; DROP TABLE fresh --"'), 5);
            assert.equal(await count("fresh"), 3);
        });
        it("becomes a hypertable where TimescaleDB is in the database, an existing one does not", async () => {
            // Stands in for the extension, which Debian has not: what we ask of it is one function.
            await server.rows("CREATE DATABASE scaled");
            const inside = store({ database: "scaled" });
            const sql = (text: string): void => void execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres", "-d", "scaled", "-c", text]);
            sql("SET allow_system_table_mods = on; INSERT INTO pg_extension VALUES (99999, 'timescaledb', 10, 2200, false, '2.17.2', NULL, NULL)");
            sql("CREATE TABLE asked (relation text, column_name text, careful bool); CREATE FUNCTION create_hypertable(relation regclass, time_column_name name, if_not_exists bool DEFAULT false) RETURNS void LANGUAGE sql AS 'INSERT INTO asked VALUES ($1::text, $2, $3)'");
            assert.match(await inside.check(), /created as a hypertable/);
            sql("DO 'BEGIN ASSERT (SELECT (relation, column_name, careful) = (''unified_timeline'', ''created_at'', true) FROM asked); END'");
            assert.match(await store({ database: "scaled" }).check(), /there, about/);
            sql("DO 'BEGIN ASSERT (SELECT count(*) = 1 FROM asked); END'");
        });
    });

    describe("a piece", () => {
        it("that comes again after its answer was lost is found out and not written again", async () => {
            const timeline = store({ table: "once" });
            const events = houseEvents(300);
            assert.deepEqual(await timeline.write(piece("a", 0, events.slice(0, 100))), { kind: "written", upTo: 100, repeated: 0 });
            assert.deepEqual(await timeline.write(piece("a", 0, events.slice(0, 100))), { kind: "written", upTo: 100, repeated: 100 });
            assert.deepEqual(await timeline.write(piece("a", 100, events.slice(100, 200))), { kind: "written", upTo: 200, repeated: 0 });
            assert.deepEqual(await timeline.write(piece("a", 150, events.slice(150, 300))), { kind: "written", upTo: 200, repeated: 50 }, "the rest is sent from there");
            assert.deepEqual(await timeline.write(piece("a", 200, events.slice(200, 300))), { kind: "written", upTo: 300, repeated: 0 });
            assert.equal(await count("once"), 300);
        });
        it("goes in when the database is an older copy of itself", async () => {
            const timeline = store({ table: "restored" });
            const events = houseEvents(200);
            await timeline.write(piece("a", 0, events.slice(0, 100)));
            await server.rows("UPDATE restored_ledger SET rows = 40; DELETE FROM restored WHERE (metadata->>'n')::int >= 40");
            assert.deepEqual(await timeline.write(piece("a", 100, events.slice(100))), { kind: "written", upTo: 200, repeated: 0 });
            assert.equal(await count("restored"), 140);
        });
        it("is kept out by two writers at once only once", async () => {
            const [one, two] = [store({ table: "race" }), store({ table: "race" })];
            await one.check();
            const results = await Promise.all([one, two].map((timeline) => timeline.write(piece("a", 0, houseEvents(1000)))));
            assert.deepEqual(results.map((written) => (written.kind === "written" ? written.repeated : -1)).sort((a, b) => a - b), [0, 1000]);
            assert.equal(await count("race"), 1000);
        });
        it("that the table refuses is told apart from a server in trouble", async () => {
            await server.rows("CREATE TABLE strict (event_type text, source text, value float8 CHECK (value < 120), metadata jsonb, created_at timestamptz)");
            const refused = await store({ table: "strict" }).write(piece("a", 0, houseEvents(300)));
            assert.equal(refused.kind, "refused");
            assert.match(refused.kind === "refused" ? refused.trouble.message : "", /violates check constraint "strict_value_check"/);
            assert.equal(await count("strict"), 0, "all or nothing");
        });
        it("holds every text that Unicode has", async () => {
            const source = "kitchen\t\n\"plug\" \\ 'x' {a,b} NULL ünïcödé 🔌 \u0000 \ud800";
            await store({ table: "texts" }).write(piece("a", 0, [{ event_type: "plug_power", source, value: null, metadata: { note: source, "k\u0000": [source], nested: { deep: "\udfff" } }, created_at: testHour }]));
            const [row] = await server.rows<{ source: string; value: null; metadata: Record<string, unknown> }>("SELECT source, value, metadata FROM texts");
            assert.equal(row?.source, "kitchen \"plug\" \\ 'x' {a,b} NULL ünïcödé 🔌  \ufffd");
            assert.equal(row?.value, null);
            assert.equal(row?.metadata.note, "kitchen\t\n\"plug\" \\ 'x' {a,b} NULL ünïcödé 🔌  \ufffd");
        });
        it("leaves nothing in the ledger once its segment is forgotten", async () => {
            const timeline = store({ table: "tidy" });
            for (const segment of ["a", "b", "c"]) await timeline.write(piece(segment, 0, houseEvents(2)));
            await timeline.forget(["a", "c"]);
            assert.deepEqual(await server.rows("SELECT segment FROM tidy_ledger"), [{ segment: "b" }]);
        });
        it("goes in without a ledger where the user may not make one", async () => {
            await server.rows("CREATE TABLE guarded (event_type text, source text, value float8, metadata jsonb, created_at timestamptz); CREATE ROLE guest LOGIN; GRANT INSERT, SELECT ON guarded TO guest; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
            const notes: string[] = [];
            const timeline = store({ table: "guarded", user: "guest", onNotes: (told) => notes.push(...told) });
            assert.deepEqual(await timeline.write(piece("a", 0, houseEvents(7))), { kind: "written", upTo: 7, repeated: 0 });
            assert.equal(await count("guarded"), 7);
            assert.match(notes.join(), /no right to create "guarded_ledger": a batch that is cut off in the middle may be stored twice/);
        });
    });

    describe("a query", () => {
        it("gives means with their range, and happenings one by one", async () => {
            const timeline = store({ table: "asked" });
            const state = (at: number, to: string): TimelineEvent => ({ event_type: "power_state", source: "rack", value: 3, metadata: { to }, created_at: at });
            await timeline.write(piece("a", 0, [...houseEvents(720, { perTick: 1 }), state(testHour + 1000, "CRITICAL"), state(testHour + 1001, "HEALTHY")]));
            const series = await timeline.query({ types: [], sources: [], from: testHour, to: testHour + 3_600_000, maxPoints: 60 });
            assert.deepEqual(series.map(({ event_type, points }) => [event_type, points.length]), [["plug_power", 60], ["power_state", 2]]);
            const [first] = series[0]?.points ?? [];
            const values = houseEvents(12, { perTick: 1 }).map(({ value }) => value ?? 0);
            assert.deepEqual([first?.at, first?.min, first?.max, first?.count], [testHour, Math.min(...values), Math.max(...values), 12]);
            assert.ok(Math.abs((first?.value ?? 0) - values.reduce((sum, value) => sum + value, 0) / 12) < 1e-9);
            assert.deepEqual(series[1]?.points, [{ at: testHour + 1000, value: 3, metadata: { to: "CRITICAL" } }, { at: testHour + 1001, value: 3, metadata: { to: "HEALTHY" } }]);
        });
        it("takes the same types for happenings as the embedded store does", async () => {
            const timeline = store({ table: "happenings" });
            const types = ["plug_power", "power_state", "ups_event", "ups_charge", "shutdown_command", "shutdown_step", "shutdown_result", "shutdown_drill", "shutdown_health", "timeline_dropped"];
            await timeline.write(piece("a", 0, types.flatMap((event_type) => [0, 1].map((value) => ({ event_type, source: "ups", value, metadata: { kind: "on-battery" }, created_at: testHour + value })))));
            const series = await timeline.query({ types: [], sources: [], from: testHour, to: testHour + 3_600_000, maxPoints: 1 });
            assert.deepEqual(series.filter(({ points }) => points.length === 2).map(({ event_type }) => event_type).sort(), types.filter(isHappening).sort());
        });
        it("chooses by type, source and time", async () => {
            const timeline = store({ table: "chosen" });
            await timeline.write(piece("a", 0, houseEvents(200)));
            const ask = async (types: string[], sources: string[], from = 0, to = testHour * 2): Promise<string[]> => (await timeline.query({ types, sources, from, to, maxPoints: 100_000 })).map(({ source, points }) => `${source} ${points.length}`);
            assert.equal((await ask([], [])).length, 20);
            assert.deepEqual(await ask(["solix_battery_soc"], ["source_3", "source_4"]), ["source_3 1"]);
            assert.deepEqual(await ask(["plug_power"], ["source_0"], testHour + 5000, testHour + 5000), []);
            assert.deepEqual(await ask(["nothing"], []), []);
        });
    });

    describe("a server that is not as it should be", () => {
        const failures: [string, () => Promise<Partial<PostgresOptions>> | Partial<PostgresOptions>, string, RegExp][] = [
            ["nothing listens", async () => ({ port: await freePort() }), "refused", /timeline test: connection refused/],
            ["an unknown database", () => ({ database: "nowhere" }), "config", /database "nowhere" does not exist: create the database/],
            ["an unknown user", () => ({ user: "nobody_here" }), "auth", /role "nobody_here" does not exist: check user and password/],
            ["a table without the right to write", async () => {
                await server.rows("CREATE TABLE locked (event_type text, source text, value float8, metadata jsonb, created_at timestamptz); CREATE ROLE reader LOGIN");
                return { table: "locked", user: "reader" };
            }, "config", /permission denied for table locked: the user needs INSERT/],
            ["TLS where the server has none", () => ({ tls: "verify" }), "config", /does not support SSL connections: switch TLS off/],
            ["a name that is too long", () => ({ table: "x".repeat(64) }), "config", /is no name for a table/],
        ];
        for (const [what, make, kind, text] of failures) {
            it(`is told: ${what}`, async () => {
                const timeline = store(await make());
                await assert.rejects(timeline.write(piece("a", 0, houseEvents(1))), (error: { kind?: string; message: string }) => {
                    assert.deepEqual([error.kind, text.test(error.message)], [kind, true], error.message);
                    return true;
                });
            });
        }
        it("is told: no password where one is asked for, or the wrong one; a right one works", async () => {
            const strict = await new TestPostgres([], "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256").create();
            try {
                await strict.rows("CREATE ROLE asked LOGIN SUPERUSER PASSWORD 'right'");
                const with_ = (password?: string): Promise<string> => store({ port: strict.port, user: "asked", ...(password !== undefined && { password }) }).check();
                await assert.rejects(with_(), /asks for a password|password authentication failed/);
                await assert.rejects(with_("wrong"), /password authentication failed for user "asked": check user and password/);
                assert.match(await with_("right"), /^PostgreSQL \d+\.\d+.*; table "unified_timeline" created/);
            } finally {
                await strict.remove();
            }
        });
        it("is told in time when it hangs, and works again when it goes on", async () => {
            const timeline = store({ table: "hung", deadlineMs: 2000 });
            // It is connected, and the table is there, when that was in time for once: a busy machine may take longer.
            const first = (): Promise<boolean> => timeline.write(piece("a", 0, houseEvents(10))).then(() => true, () => false);
            for (let tries = 0; !(await first()); tries += 1) assert.ok(tries < 10, "never in time");
            server.freeze("SIGSTOP");
            try {
                await assert.rejects(timeline.write(piece("a", 10, houseEvents(10))), { kind: "timeout" });
                await assert.rejects(timeline.check(), { kind: "timeout" });
                const started = performance.now();
                await timeline.close();
                assert.ok(performance.now() - started < 30_000, "closing does not wait for a hung server");
            } finally {
                server.freeze("SIGCONT");
            }
            const again = store({ table: "hung" });
            const events = houseEvents(20);
            const written = await again.write(piece("a", 10, events.slice(10)));
            assert.equal(written.kind, "written");
            assert.equal(await count("hung"), 20, "the piece that hung is there once, whoever brought it");
        });
        it("is not believed when it speaks something else", async () => {
            const odd = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
            try {
                await new Promise((resolve) => odd.once("listening", resolve));
                await assert.rejects(store({ port: (odd.address() as { port: number }).port }).check());
            } finally {
                odd.close();
            }
        });
    });

    describe("over TLS", () => {
        let secure: TestPostgres;
        before(async () => {
            secure = new TestPostgres(["ssl = on", "ssl_cert_file = '../server.crt'", "ssl_key_file = '../server.key'"], "hostssl all all 127.0.0.1/32 trust\nhost all postgres 127.0.0.1/32 trust");
            execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=db.example", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", join(secure.folder, "server.key"), "-out", join(secure.folder, "server.crt")], { stdio: "ignore" });
            chmodSync(join(secure.folder, "server.key"), 0o600);
            secure.own(join(secure.folder, "server.key"));
            await secure.create().catch(async (error: unknown) => {
                await secure.remove();
                throw error;
            });
        });
        after(() => secure?.remove());
        it("talks encrypted to a server whose authority it knows", async () => {
            const ca = readFileSync(join(secure.folder, "server.crt"), "utf8");
            assert.match(await store({ port: secure.port, tls: "verify", ca }).check(), /^PostgreSQL [\d.]+.*, encrypted;/);
        });
        it("refuses a server that nobody vouches for", async () => {
            await assert.rejects(store({ port: secure.port, tls: "verify" }).check(), { kind: "auth", message: /self.signed certificate: enter the file of the certificate authority/ });
        });
        it("refuses a server with another name", async () => {
            const ca = readFileSync(join(secure.folder, "server.crt"), "utf8");
            await assert.rejects(store({ host: "localhost", port: secure.port, tls: "verify", ca }).check(), { kind: "auth" });
        });
    });
});
