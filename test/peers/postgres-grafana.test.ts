import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reading } from "../../lib/power/reading";
import { toRow, type TimelineEvent } from "../../lib/stores/timeline-event";
import { eventsOf } from "../../lib/stores/timeline-map";
import { PostgresTimeline } from "../../lib/stores/timeline-postgres";
import { repository } from "../support/node-red";
import { postgresPrograms, TestPostgres } from "../support/postgres";
import { testHour } from "../support/timeline-rows";

interface Query {
    rawSql: string;
    format: string;
}
interface Dashboard {
    __inputs: { name: string; pluginId: string }[];
    uid: string;
    schemaVersion: number;
    templating: { list: { name: string; current: { value: string } }[] };
    annotations: { list: { name: string; target: Query }[] };
    panels: { id: number; type: string; title: string; gridPos: { x: number; y: number; w: number; h: number }; targets?: Query[] }[];
}

const dashboard = JSON.parse(readFileSync(join(repository, "docs/grafana/ridethrough-postgres.json"), "utf8")) as Dashboard;
const queries = [
    ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((query) => [title, query] as const)),
    ...dashboard.annotations.list.map(({ name, target }) => [`annotation ${name}`, target] as const),
];
const minute = 60_000;

/** What Grafana makes of a query before it sends it: its variables and its PostgreSQL macros. */
function expand({ rawSql }: Query, variables: Readonly<Record<string, string>>, from: number, to: number): string {
    const iso = (ms: number): string => `'${new Date(ms).toISOString()}'`;
    return rawSql
        .replace(/\$__timeGroupAlias\((\w+),\s*\$__interval\)/g, (_, column: string) => `floor(extract(epoch from ${column})/60)*60 AS "time"`)
        .replace(/\$__timeFilter\((\w+)\)/g, (_, column: string) => `${column} BETWEEN ${iso(from)} AND ${iso(to)}`)
        .replace(/\$(\w+)/g, (whole, name: string) => variables[name] ?? whole);
}

/** An evening with an outage, as our nodes tell it. */
function evening(simulated?: true): TimelineEvent[] {
    const taint = { ...(simulated && { simulated }) };
    const readings = (at: number): Record<string, unknown>[] => {
        const of = (reading: Partial<Reading> & Pick<Reading, "device" | "source">, more: object = {}): Record<string, unknown> => ({ reading: { at, quality: "good", ...reading, ...taint }, ...more });
        return [
            of({ device: "rack", source: "kasa", watts: 400 }, { depletion: { perMinute: 1.2, at, method: "watts", ...taint } }),
            of({ device: "solix", source: "anker", charge: 80, watts: 390, flows: { input: 0, output: 390, grid: 0, battery: 390 } }),
            of({ device: "ups", source: "nut", charge: 99, runtime: 1200, load: 20, watts: 100, mains: "absent", flags: ["OB"] }),
            of({ device: "gpu_node_0", source: "nvidia", watts: 72, temperature: 40, load: 3 }, { gpu: { node: "node", power_limit_w: 300 } }),
            { cluster: { total_watts: 72, nodes_reporting: 1, nodes_expected: 2, hosts: [] }, reading: { device: "gpu_cluster", source: "cluster", at, quality: "missing", ...taint } },
        ];
    };
    const change = (at: number, from: string, to: string): Record<string, unknown> => ({ transition: { device: "rack", from, to, since: at, at, conclusive: true, ...taint } });
    const step = { id: "nas/power-off", host: "nas", kind: "power-off", label: "shutdown -h +2", state: "done", startedAt: testHour + 12 * minute, endedAt: testHour + 13 * minute };
    const run = { run: "r1", reason: "rack CRITICAL at 24 W", mode: "live", startedAt: testHour + 11 * minute, steps: [step], ...taint };
    const messages = [
        ...Array.from({ length: 30 }, (_, n) => readings(testHour + n * minute)).flat(),
        change(testHour + 8 * minute, "HEALTHY", "WARNING"), change(testHour + 10 * minute, "WARNING", "CRITICAL"), change(testHour + 25 * minute, "CRITICAL", "HEALTHY"), change(testHour + 28 * minute, "HEALTHY", "DEAD"),
        { progress: { ...run, changed: step, text: "nas: sent" } },
        { result: { ...run, outcome: "completed", endedAt: testHour + 14 * minute, text: "all down" } },
        { timeline: { event_type: "timeline_dropped", source: "timeline", value: 12, created_at: testHour + 29 * minute } },
    ];
    return messages.flatMap((msg) => {
        const mapped = eventsOf(msg, testHour);
        assert.ok("events" in mapped, JSON.stringify(msg));
        return mapped.events;
    });
}

describe("the Grafana dashboard for PostgreSQL", function () {
    this.timeout(180_000);
    let server: TestPostgres;
    before(async function () {
        if (postgresPrograms() === undefined) this.skip();
        server = await new TestPostgres().create();
        for (const [table, events] of [["real", evening()], ["faked", evening(true)]] as const) {
            const store = new PostgresTimeline({ host: "127.0.0.1", port: server.port, database: "postgres", user: "postgres", schema: "", table, tls: "off", deadlineMs: 60_000, subject: "db" });
            const written = await store.write({ segment: "s", from: 0, to: events.length, rows: events.map(toRow) });
            assert.equal(written.kind, "written", JSON.stringify(written));
            await store.close();
        }
    });
    after(() => server?.remove());
    const ask = (query: Query, table: string, fakes = "hidden"): Promise<Record<string, unknown>[]> => server.rows(expand(query, { table, fakes }, testHour - minute, testHour + 60 * minute));

    it("asks for its data source when it is imported", () => {
        assert.deepEqual(dashboard.__inputs.map(({ name, pluginId }) => [name, pluginId]), [["DS_TIMELINE", "grafana-postgresql-datasource"]]);
        assert.ok(dashboard.schemaVersion >= 39 && dashboard.uid !== "");
        assert.deepEqual(dashboard.templating.list.map(({ name, current }) => [name, current.value]), [["table", "unified_timeline"], ["fakes", "hidden"]]);
    });
    it("has panels of its own ids that do not lie on each other", () => {
        const { panels } = dashboard;
        assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
        for (const [index, { title, gridPos: a }] of panels.entries()) {
            for (const { title: other, gridPos: b } of panels.slice(index + 1)) {
                assert.ok(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y, `${title} and ${other}`);
            }
        }
    });
    it("shows power, charge, GPUs, outages and shutdown runs", () => {
        const titles = dashboard.panels.map(({ title }) => title).join();
        for (const wanted of ["Power", "Charge", "GPU power", "Outages", "Runs", "Steps"]) assert.ok(titles.includes(wanted), wanted);
    });
    for (const [title, query] of queries) {
        it(`${title}: gives rows, of the time that is shown only`, async () => {
            assert.match(query.rawSql, /\$__timeFilter\(created_at\)/);
            const rows = await ask(query, "real");
            assert.ok(rows.length > 0);
            assert.ok(rows.every((row) => Object.values(row).some((value) => value !== null)));
            if (query.format === "time_series") for (const row of rows) assert.ok(row.time !== null && typeof row.metric === "string" && typeof row.value === "number", JSON.stringify(row));
        });
    }
    for (const title of ["Power now", "Charge now"]) {
        it(`${title}: says of when a number is that is not of now`, async () => {
            const query = queries.find(([name]) => name === title)?.[1];
            assert.ok(query);
            const names = async (): Promise<string[]> => (await ask(query, "real")).map(({ metric }) => metric as string);
            for (const name of await names()) assert.match(name, /^\w+, 2025-11-21 \d\d:\d\d \S+$/);
            await server.rows("CREATE TABLE fresh AS SELECT event_type, source, value, metadata, now() AS created_at FROM real");
            const rows = await server.rows<{ metric: string }>(expand(query, { table: "fresh", fakes: "hidden" }, Date.now() - minute, Date.now() + minute));
            await server.rows("DROP TABLE fresh");
            assert.ok(rows.length > 0 && rows.every(({ metric }) => /^\w+$/.test(metric)), JSON.stringify(rows));
        });
    }
    it("hides fakes unless they are asked for", async () => {
        const query = queries.find(([title]) => title === "Power")?.[1];
        assert.ok(query);
        assert.deepEqual(await ask(query, "faked"), []);
        assert.ok((await ask(query, "faked", "shown")).length > 0);
    });
    it("counts an outage from the first bad state to the next HEALTHY, and one that goes on", async () => {
        const query = queries.find(([title]) => title === "Outages")?.[1];
        assert.ok(query);
        const rows = await ask(query, "real");
        assert.deepEqual(rows.map(({ source, worst, began, ended }) => [source, worst, (began as Date).getTime() - testHour, ended === null ? null : (ended as Date).getTime() - testHour]), [
            ["rack", "DEAD", 28 * minute, null], ["rack", "CRITICAL", 8 * minute, 25 * minute],
        ]);
        assert.equal(rows[1]?.seconds, 17 * 60);
    });
});
