import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { EmbeddedTimeline } from "../lib/stores/timeline-embedded";
import { toRow, type TimelineEvent } from "../lib/stores/timeline-event";
import { PostgresTimeline } from "../lib/stores/timeline-postgres";
import { TimelineQueue } from "../lib/stores/timeline-queue";
import { Spool } from "../lib/stores/timeline-spool";
import type { TimelineStore } from "../lib/stores/timeline-store";
import type { FlowNode } from "../test/support/node-red";
import { startKasaPlug, type KasaPlug } from "../test/simulators/kasa-plug";
import { postgresPrograms, TestPostgres } from "../test/support/postgres";
import { temporaryFolder } from "../test/support/temporary-folder";
import { houseEvents } from "../test/support/timeline-rows";
import { atLeast, atMost, median, quantile, type Figure } from "./figure";
import { plugMessage, steadyWatts } from "./readings";
import { startRuntime, type Runtime } from "./runtime";

const rounds = 7;
const rowsARound = 60_000;
const embeddedRowsARound = 200_000;
/** Rows that come in at the same time. */
const together = 500;

/** What the timeline costs and carries: beside PostgreSQL's own COPY, beside a bulk insert, and to those who decide. */
export async function measureTimeline(): Promise<Figure[]> {
    if (postgresPrograms() === undefined) {
        return [{ name: "rows into PostgreSQL, decisions while it hangs", value: "not measured: PostgreSQL is not installed (Debian: postgresql-15)" }, ...(await embeddedRows())];
    }
    // A disk that is really synced: a batch costs what it costs.
    const server = await new TestPostgres(["fsync = on"]).create();
    try {
        return [...(await postgresRows(server)), ...(await embeddedRows()), ...(await decisions(server))];
    } finally {
        await server.remove();
    }
}

/** Rows a second through queue, spool and driver into PostgreSQL, and by COPY of the same rows into the same kind of table. */
async function postgresRows(server: TestPostgres): Promise<Figure[]> {
    const folder = temporaryFolder();
    const events = houseEvents(rowsARound);
    const file = join(folder.path, "rows.tsv");
    writeFileSync(file, events.map(toRow).map(({ event_type, source, value, metadata, created_at }) => `${[event_type, source, value, metadata.replaceAll("\\", "\\\\"), new Date(created_at).toISOString()].join("\t")}\n`).join(""));
    const psql = (sql: string): void => void execFileSync("psql", ["-qX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", String(server.port), "-U", "postgres", "-c", sql]);
    const results = { ours: [] as number[], copy: [] as number[] };
    for (let round = -1; round < rounds; round += 1) {
        const options = connection(server, `ours${round + 1}`);
        await prepare(options);
        const ours = await throughQueue(new PostgresTimeline(options), events, join(folder.path, `spool${round}`));
        const other = connection(server, `copy${round + 1}`);
        await prepare(other);
        const began = performance.now();
        psql(`\\copy ${other.table} (event_type, source, value, metadata, created_at) from '${file}'`);
        const copy = rowsARound / (performance.now() - began);
        if (round < 0) continue;
        results.ours.push(ours);
        results.copy.push(copy);
    }
    await folder.remove();
    return [atLeast("rows into PostgreSQL", ratio(results.ours, results.copy), 0.5, (value) => `${value.toFixed(2)} of COPY`, ` (${perSecond(results.ours)}, COPY ${perSecond(results.copy)})`)];
}

/** Rows a second through the queue into files, and in large pieces without it. */
async function embeddedRows(): Promise<Figure[]> {
    const folder = temporaryFolder();
    const events = houseEvents(embeddedRowsARound, { perTick: 60, from: Date.now() - 6 * 3_600_000 });
    const results = { ours: [] as number[], bulk: [] as number[] };
    for (let round = -1; round < rounds; round += 1) {
        const ours = await throughQueue(new EmbeddedTimeline({ folder: join(folder.path, `ours${round}`), subject: "files" }), events);
        const store = new EmbeddedTimeline({ folder: join(folder.path, `bulk${round}`), subject: "files" });
        const began = performance.now();
        const rows = events.map(toRow);
        for (let from = 0; from < rows.length;) {
            const written = await store.write({ segment: "bulk", from, to: rows.length, rows: rows.slice(from) });
            if (written.kind !== "written") throw written.trouble;
            from = written.upTo;
        }
        const bulk = embeddedRowsARound / (performance.now() - began);
        await store.close();
        if (round < 0) continue;
        results.ours.push(ours);
        results.bulk.push(bulk);
    }
    await folder.remove();
    return [atLeast("rows into the embedded store", ratio(results.ours, results.bulk), 0.7, (value) => `${value.toFixed(2)} of its bulk insert`, ` (${perSecond(results.ours)}, bulk ${perSecond(results.bulk)})`)];
}

/** Rows a ms from the first that is handed in to the last that is stored. */
async function throughQueue(store: TimelineStore, events: readonly TimelineEvent[], folder?: string): Promise<number> {
    let stored: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (stored = resolve));
    const queue = new TimelineQueue({
        store, spool: new Spool({ ...(folder !== undefined && { folder }), maxBytes: 256e6, maxMemoryBytes: 256e6 }), subject: "bench",
        onChange: ({ written }) => written >= events.length && stored(),
    });
    queue.start();
    const began = performance.now();
    for (let first = 0; first < events.length; first += together) {
        void queue.accept(events.slice(first, first + together));
        await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
    const took = performance.now() - began;
    await queue.close();
    return events.length / took;
}

const chainRounds = 15;
const transitionsARound = 200;
/** First rounds that are not counted: the code is not yet compiled. */
const warmUps = 2;

/** A chain that ends in a chart for all readings and in news, with one more node at both or without. */
interface Chain {
    name: string;
    /** Begins with a reader that asks a plug over TCP; else with the reading. */
    plug: boolean;
    beside?: "timeline-writer" | "bench-sink";
}
const chains: readonly Chain[] = [
    ...[true, false].flatMap((plug): Chain[] => [
        { name: `${plug ? "plug-" : ""}with`, plug, beside: "timeline-writer" }, { name: `${plug ? "plug-" : ""}sink`, plug, beside: "bench-sink" }, { name: `${plug ? "plug-" : ""}without`, plug },
    ]),
];

/** From a reading to its row, and what a writer costs those who decide while its database hangs. */
async function decisions(server: TestPostgres): Promise<Figure[]> {
    const plug = await startKasaPlug({ watts: 400 });
    const runtime = await startRuntime();
    const store = { id: "store", type: "timeline-store", kind: "postgres", host: "127.0.0.1", port: String(server.port), database: "postgres", table: "flow", tls: "off", deadline: "2", spoolMegabytes: "64", version: 1 };
    await prepare(connection(server, "flow"));
    await runtime.deploy([...chains.flatMap((chain) => nodesOf(chain, plug.port)), store], { store: { user: "postgres", password: "none" } });
    const probes = chains.map((chain) => new Probe(runtime, plug, chain));
    const seen = await readingToRow(runtime, server);

    server.freeze("SIGSTOP");
    const results = new Map<string, number[]>(chains.map(({ name }) => [name, []]));
    try {
        for (let round = -warmUps; round < chainRounds; round += 1) {
            const times = new Map(probes.map((probe) => [probe, [] as number[]]));
            // A reading at each chain in turn, in another order each time: what slows the machine down for a moment meets all alike.
            for (let index = 0; index < transitionsARound; index += 1) for (const probe of shuffled(probes)) times.get(probe)?.push(await probe.reading(index));
            if (round >= 0) for (const [{ chain }, taken] of times) results.get(chain.name)?.push(median(taken));
        }
    } finally {
        server.freeze("SIGCONT");
        await runtime.stop();
        await plug.stop();
    }
    const of = (name: string): number[] => results.get(name) ?? [];
    const micros = (name: string): string => `${(median(of(name)) * 1000).toFixed(0)} us`;
    const beside = (name: string, other: string): number => ratio(of(name), of(other));
    return [
        { name: "from a reading to its row in PostgreSQL", value: `p50 ${median(seen).toFixed(1)} ms, p99 ${quantile(seen, 0.99).toFixed(1)} ms` },
        atMost("plug to transition while the database hangs, p50", beside("plug-with", "plug-without"), 1.1, (value) => `${value.toFixed(2)} of without a writer`, ` (${micros("plug-with")}; a node that does nothing in its place: ${beside("plug-sink", "plug-without").toFixed(2)})`),
        atMost("deciders alone, the writer beside a node that does nothing", beside("with", "sink"), 1.1, (value) => value.toFixed(2), ` (${micros("with")}; of without either: ${beside("with", "without").toFixed(2)} and ${beside("sink", "without").toFixed(2)})`),
    ];
}

function nodesOf({ name, plug, beside }: Chain, port: number): FlowNode[] {
    const write = beside === undefined ? [] : [`${name}-write`];
    const reader = { type: "plug-reader", device: name, plugType: "kasa", host: "127.0.0.1", port: String(port), channels: "", interval: "86400", deadline: "5", payload: "watts", version: 1 };
    return [
        { id: `${name}-in`, ...(plug ? reader : { type: "bench-pass" }), wires: [[`${name}-depletion`]] },
        { id: `${name}-depletion`, type: "depletion-rate", source: "auto", batteryWh: "3840", startCharge: "100", efficiency: "90", window: "300", grace: "90", threshold: "20", version: 1, wires: [[`${name}-state`]] },
        { id: `${name}-state`, type: "power-classifier", warning: "150", alert: "80", critical: "30", dead: "5", hysteresis: "5", confirmations: "1", missedPolls: "5", loadIsConstant: true, version: 1, wires: [[`${name}-chart`, ...write], [`${name}-news`, ...write]] },
        { id: `${name}-chart`, type: "bench-sink", wires: [] },
        { id: `${name}-news`, type: "bench-sink", wires: [] },
        ...(beside !== undefined ? [{ id: `${name}-write`, type: beside, store: "store", simulated: true, startHours: "0", types: "", maxPoints: "720", shape: "chart", version: 1, wires: [[]] }] : []),
    ];
}

/** Drives one chain, a reading after the other. */
class Probe {
    /** After those of readingToRow: older readings would be late. */
    #second = 1000;
    #arrived: () => void = () => undefined;

    constructor(readonly runtime: Runtime, readonly plug: KasaPlug, readonly chain: Chain) {
        runtime.listen(`${chain.name}-news`, () => this.#arrived());
    }

    /** Hands in a reading that changes the state: ms until that has been told. */
    reading(index: number): Promise<number> {
        const { name, plug } = this.chain;
        const watts = index % 2 === 0 ? 20 : 400;
        this.#second += 1;
        const msg = plug ? {} : plugMessage(name, this.#second, watts);
        this.plug.setWatts(watts);
        return new Promise((resolve) => {
            const began = performance.now();
            this.#arrived = () => {
                const took = performance.now() - began;
                // A pause, so that what one reading left behind is not counted with the next.
                setTimeout(() => resolve(took), 1);
            };
            this.runtime.send(`${name}-in`, msg);
        });
    }
}

/** ms from handing a reading to a flow until another client of the database is told of its row. */
async function readingToRow(runtime: Runtime, server: TestPostgres): Promise<number[]> {
    await server.rows("CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''rows'', ''''); RETURN NULL; END'; CREATE TRIGGER tell AFTER INSERT ON flow EXECUTE FUNCTION tell()");
    const client = new Client({ host: "127.0.0.1", port: server.port, user: "postgres", database: "postgres" });
    await client.connect();
    await client.query("LISTEN rows");
    const times: number[] = [];
    for (let second = 0; second < 200; second += 1) {
        const told = new Promise((resolve) => client.once("notification", resolve));
        const began = performance.now();
        runtime.send("with-in", plugMessage("with", second, steadyWatts(second)));
        await told;
        times.push(performance.now() - began);
    }
    await client.end();
    await server.rows("DROP TRIGGER tell ON flow");
    return times;
}

function connection(server: TestPostgres, table: string): ConstructorParameters<typeof PostgresTimeline>[0] {
    return { host: "127.0.0.1", port: server.port, database: "postgres", user: "postgres", schema: "", table, tls: "off", deadlineMs: 20_000, subject: "bench" };
}

/** Makes the table, so that its making is not measured. */
async function prepare(options: ConstructorParameters<typeof PostgresTimeline>[0]): Promise<void> {
    const store = new PostgresTimeline(options);
    await store.check();
    await store.close();
}

function shuffled<T>(list: readonly T[]): T[] {
    return list.map((each) => ({ each, place: Math.random() })).sort((a, b) => a.place - b.place).map(({ each }) => each);
}

/** The median of ratios of rounds that ran one right after the other. */
function ratio(ours: readonly number[], theirs: readonly number[]): number {
    return median(ours.map((value, index) => value / (theirs[index] ?? NaN)));
}

function perSecond(rowsAMs: readonly number[]): string {
    return `${Math.round(median(rowsAMs))} k rows/s`;
}
