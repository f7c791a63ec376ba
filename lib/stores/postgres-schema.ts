import { errorCode, errorText, Trouble } from "../kit/trouble";
import type { PostgresPool } from "./postgres-pool";

/** The columns of the timeline, and what they are made as where they do not exist. */
const columns = { event_type: "text", source: "text", value: "double precision", metadata: "jsonb", created_at: "timestamp with time zone" } as const;

/** Where the rows go. */
export interface TableName {
    /** Empty: the first of the user's search path. */
    schema: string;
    table: string;
}

/** What was found, or made. */
export interface PreparedTable {
    /** The names as SQL. */
    table: string;
    /** Undefined where the user may not create it: then a batch whose answer was lost is written twice. */
    ledger?: string;
    created: boolean;
    hypertable: boolean;
    /** For people: what to know about this table. */
    notes: string[];
}

/** An identifier as SQL, whatever is in it. @throws Trouble of kind "config" for one that PostgreSQL would cut or refuse */
export function quoteIdentifier(name: string): string {
    if (name === "" || name.includes("\0") || Buffer.byteLength(name) > 63) throw new Trouble("config", `"${name.slice(0, 80)}" is no name for a table or schema`, "use 1 to 63 bytes");
    return `"${name.replaceAll('"', '""')}"`;
}

function qualified({ schema, table }: TableName): string {
    return `${schema === "" ? "" : `${quoteIdentifier(schema)}.`}${quoteIdentifier(table)}`;
}

/**
 * Makes the table where it is missing: a hypertable where TimescaleDB is installed in the database. An existing table (S1's)
 * keeps its rows and columns; only columns that are missing are added, empty. Next to it the ledger is made: one row a
 * segment of the spool, which says how many of its rows are in the table.
 */
export async function prepareTable(pool: PostgresPool, name: TableName): Promise<PreparedTable> {
    const table = qualified(name);
    const found = await columnsOf(pool, table);
    const prepared: PreparedTable = { table, created: found === undefined, hypertable: false, notes: [] };
    if (found === undefined) await create(pool, name, prepared);
    else await complete(pool, table, found, prepared);
    const ledger = qualified({ ...name, table: `${name.table.slice(0, 50)}_ledger` });
    const usable = await makeLedger(pool, ledger, prepared.notes);
    return usable ? { ...prepared, ledger } : prepared;
}

/** The types of a table's columns; undefined where there is no such table. */
async function columnsOf(pool: PostgresPool, table: string): Promise<Map<string, string> | undefined> {
    const rows = await pool.rows<{ name: string | null; type: string | null }>(
        `SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
         FROM (SELECT to_regclass($1) AS oid) t LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE t.oid IS NOT NULL`, [table]);
    return rows.length === 0 ? undefined : new Map(rows.map(({ name, type }) => [name ?? "", type ?? ""]));
}

async function create(pool: PostgresPool, { schema, table: bare }: TableName, prepared: PreparedTable): Promise<void> {
    const { table, notes } = prepared;
    if (schema !== "" && (await pool.rows("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema])).length === 0) await pool.rows(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`);
    const definitions = Object.entries(columns).map(([column, type]) => `${column} ${type}${column === "value" || column === "metadata" ? "" : " NOT NULL"}${column === "created_at" ? " DEFAULT now()" : ""}`);
    await pool.rows(`CREATE TABLE IF NOT EXISTS ${table} (${definitions.join(", ")})`);
    await pool.rows(`CREATE INDEX IF NOT EXISTS ${quoteIdentifier(`${bare.slice(0, 40)}_type_time`)} ON ${table} (event_type, created_at)`);
    if ((await pool.rows("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")).length === 0) return;
    try {
        await pool.rows("SELECT create_hypertable($1::regclass, 'created_at', if_not_exists => true)", [table]);
        prepared.hypertable = true;
    } catch (error) {
        notes.push(`TimescaleDB made no hypertable of it: ${errorText(error)}`);
    }
}

async function complete(pool: PostgresPool, table: string, found: ReadonlyMap<string, string>, { notes }: PreparedTable): Promise<void> {
    for (const [column, type] of Object.entries(columns)) {
        if (!found.has(column)) {
            await pool.rows(`ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${column} ${type}`);
            notes.push(`added its missing column ${column}`);
        }
    }
    const value = found.get("value") ?? "";
    if (/^(small|big)?int/.test(value)) notes.push(`its column value is ${value}: fractions are rounded away`);
}

async function makeLedger(pool: PostgresPool, ledger: string, notes: string[]): Promise<boolean> {
    try {
        if ((await columnsOf(pool, ledger)) === undefined) await pool.rows(`CREATE TABLE IF NOT EXISTS ${ledger} (segment text PRIMARY KEY, rows bigint NOT NULL, updated_at timestamp with time zone NOT NULL DEFAULT now())`);
        return true;
    } catch (error) {
        if (errorCode(error) !== "42501") throw error;
        notes.push(`no right to create ${ledger}: a batch that is cut off in the middle may be stored twice`);
        return false;
    }
}
