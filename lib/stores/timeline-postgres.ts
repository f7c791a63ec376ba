import { PostgresPool, type PostgresConnection } from "./postgres-pool";
import { prepareTable, type PreparedTable, type TableName } from "./postgres-schema";
import { isRefusal, postgresTrouble } from "./postgres-trouble";
import { queryPostgres } from "./postgres-query";
import type { TimelineRow } from "./timeline-event";
import type { Piece, TimelineQuery, TimelineSeries, TimelineStore, Written } from "./timeline-store";

export type PostgresOptions = PostgresConnection & TableName & {
    /** Told once, when the table is ready: notes for people. Must not throw. */
    onNotes?: (notes: readonly string[]) => void;
};

/**
 * The timeline in PostgreSQL. Rows of a piece and its place in the ledger are written by one statement, so they are
 * there together or not at all. A piece whose answer was lost is found out by its place: it is not written again.
 */
export class PostgresTimeline implements TimelineStore {
    readonly #pool: PostgresPool;
    #prepared: Promise<PreparedTable> | undefined;

    constructor(readonly options: PostgresOptions) {
        this.#pool = new PostgresPool(options);
    }

    async write(piece: Piece): Promise<Written> {
        try {
            const table = await this.#table();
            return await this.#write(table, piece, piece.from);
        } catch (error) {
            const trouble = postgresTrouble(error, this.options.subject);
            if (isRefusal(error)) return { kind: "refused", trouble };
            // Someone may have dropped or changed the table meanwhile.
            if (trouble.kind === "config") this.#prepared = undefined;
            throw trouble;
        }
    }

    async query(query: TimelineQuery): Promise<TimelineSeries[]> {
        return this.#orTrouble(async () => queryPostgres(this.#pool, (await this.#table()).table, query));
    }

    async check(): Promise<string> {
        return this.#orTrouble(async () => {
            this.#prepared = undefined;
            const [server] = await this.#pool.rows<{ version: string; encrypted: boolean | null }>(
                "SELECT current_setting('server_version') AS version, (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted");
            const { table, created, hypertable, notes } = await this.#table();
            const size = await this.#pool.rows<{ rows: number }>("SELECT greatest(reltuples, 0)::float8 AS rows FROM pg_class WHERE oid = to_regclass($1)", [table]);
            const what = created ? `created${hypertable ? " as a hypertable" : ""}` : `there, about ${size[0]?.rows ?? 0} rows`;
            return [`PostgreSQL ${server?.version ?? "?"}${server?.encrypted ? ", encrypted" : ""}`, `table ${table} ${what}`, ...notes].join("; ");
        });
    }

    async forget(segments: readonly string[]): Promise<void> {
        try {
            const { ledger } = await this.#table();
            // What a killed process left behind goes with age: by then nobody has those rows any more.
            if (ledger !== undefined) await this.#pool.rows(`DELETE FROM ${ledger} WHERE segment = ANY($1) OR updated_at < now() - interval '90 days'`, [segments]);
        } catch {
            // A few rows too many in the ledger harm nobody.
        }
    }

    close(): Promise<void> {
        return this.#pool.close();
    }

    #table(): Promise<PreparedTable> {
        this.#prepared ??= prepareTable(this.#pool, this.options).then(
            (prepared) => {
                this.options.onNotes?.(prepared.notes);
                return prepared;
            },
            (error: unknown) => {
                this.#prepared = undefined;
                throw error;
            },
        );
        return this.#prepared;
    }

    /** @param expected how many of the segment's rows the ledger should know of */
    async #write({ table, ledger }: PreparedTable, piece: Piece, expected: number): Promise<Written> {
        const { segment, from, to, rows } = piece;
        const insert = `INSERT INTO ${table} (created_at, event_type, source, value, metadata)
            SELECT to_timestamp(at / 1000), type, source, value, metadata::jsonb
            FROM (SELECT unnest($1::float8[]) AS at, unnest(${texts("$2")}) AS type, unnest(${texts("$3")}) AS source, unnest($4::float8[]) AS value, unnest(${texts("$5")}) AS metadata) AS r`;
        if (ledger === undefined) {
            if (rows.length > 0) await this.#pool.rows(insert, columnsOf(rows));
            return { kind: "written", upTo: to, repeated: 0 };
        }
        const [answer] = await this.#pool.rows<{ placed: number }>(
            `WITH place AS (
                INSERT INTO ${ledger} AS l (segment, rows) VALUES ($6, $7)
                ON CONFLICT (segment) DO UPDATE SET rows = excluded.rows, updated_at = now() WHERE l.rows = $8
                RETURNING 1
            ), stored AS (${insert} WHERE EXISTS (SELECT 1 FROM place))
            SELECT count(*)::int AS placed FROM place`,
            [...columnsOf(rows), segment, to, expected]);
        if (answer?.placed === 1) return { kind: "written", upTo: to, repeated: 0 };
        const [known] = await this.#pool.rows<{ rows: number }>(`SELECT rows::float8 AS rows FROM ${ledger} WHERE segment = $1`, [segment]);
        const there = known?.rows ?? 0;
        // Fewer than we were told: the database is an older copy of itself. These rows it does not have.
        if (there <= from) return this.#write({ table, ledger, created: false, hypertable: false, notes: [] }, piece, there);
        return { kind: "written", upTo: there, repeated: Math.min(there, to) - from };
    }

    async #orTrouble<T>(work: () => Promise<T>): Promise<T> {
        try {
            return await work();
        } catch (error) {
            throw postgresTrouble(error, this.options.subject);
        }
    }
}

/**
 * The columns as one text each. Texts are joined by tabs, which no row has in it (TimelineRow): both sides split and join
 * them at a fraction of the price of quoted array elements.
 */
function columnsOf(rows: readonly TimelineRow[]): string[] {
    const numbers = (values: readonly (number | null)[]): string => `{${values.map((value) => value ?? "NULL").join(",")}}`;
    return [
        numbers(rows.map(({ created_at }) => created_at)),
        rows.map(({ event_type }) => event_type).join("\t"),
        rows.map(({ source }) => source).join("\t"),
        numbers(rows.map(({ value }) => value)),
        rows.map(({ metadata }) => metadata).join("\t"),
    ];
}

/** SQL for a list of texts from a parameter. */
function texts(parameter: string): string {
    return `string_to_array(${parameter}::text, E'\\t')`;
}
