import type { PostgresPool } from "./postgres-pool";
import type { TimelineQuery, TimelineSeries } from "./timeline-store";

/** Most rows of happenings, and most points, that one query gives. */
const limits = { happenings: 2000, points: 50_000 };

/** SQL for isHappening. */
const happening = "(event_type IN ('power_state', 'ups_event') OR starts_with(event_type, 'shutdown_') OR starts_with(event_type, 'timeline_'))";
const wanted = "created_at >= to_timestamp($1::float8 / 1000) AND created_at < to_timestamp($2::float8 / 1000) AND (cardinality($3::text[]) = 0 OR event_type = ANY($3)) AND (cardinality($4::text[]) = 0 OR source = ANY($4))";
const epoch = (time: string): string => `(extract(epoch FROM (${time})::timestamptz) * 1000)::float8`;

interface PointRow {
    event_type: string;
    source: string;
    at: number;
    value: number | null;
    min: number | null;
    max: number | null;
    count: number;
    metadata: string | null;
}

/** The history from a table (as SQL): means over equal stretches of time, happenings one by one. */
export async function queryPostgres(pool: PostgresPool, table: string, { types, sources, from, to, maxPoints }: TimelineQuery): Promise<TimelineSeries[]> {
    const which = [from, to, types, sources];
    const points = await pool.rows<PointRow>(
        `SELECT event_type, source, ${epoch("min(created_at)")} AS at, avg(value)::float8 AS value, min(value)::float8 AS min, max(value)::float8 AS max, count(*)::int AS count, NULL AS metadata
         FROM ${table} WHERE ${wanted} AND NOT ${happening}
         GROUP BY event_type, source, floor((${epoch("created_at")} - $1::float8) / $5::float8) ORDER BY event_type, source, at LIMIT ${limits.points}`,
        [...which, Math.max(1, (to - from) / maxPoints)]);
    const happenings = await pool.rows<PointRow>(
        `SELECT * FROM (SELECT event_type, source, ${epoch("created_at")} AS at, value::float8 AS value, NULL::float8 AS min, NULL::float8 AS max, 1 AS count, metadata::text AS metadata
         FROM ${table} WHERE ${wanted} AND ${happening} ORDER BY created_at DESC LIMIT ${limits.happenings}) newest ORDER BY event_type, source, at`, which);
    const series = new Map<string, TimelineSeries>();
    for (const { event_type, source, at, value, min, max, count, metadata } of [...points, ...happenings]) {
        const key = `${event_type}\t${source}`;
        const one = series.get(key) ?? { event_type, source, points: [] };
        series.set(key, one);
        one.points.push({ at, value, ...(count > 1 && min !== null && max !== null && { min, max, count }), ...(metadata !== null && { metadata: JSON.parse(metadata) as Record<string, unknown> }) });
    }
    return [...series.values()];
}
