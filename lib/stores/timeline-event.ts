import { wellFormed } from "../kit/well-formed";

/** One row of the timeline, in the words of its columns (S1's table `unified_timeline`). */
export interface TimelineEvent {
    /** "plug_power", "solix_battery_soc", "power_state" ... */
    event_type: string;
    /** What it is about: a device, "gpu_node1", "gpu_cluster", a host. */
    source: string;
    /** The number that charts draw, in the unit that its type implies (W, %, °C ...); null when there is none. */
    value: number | null;
    /** Everything else worth keeping. */
    metadata: Readonly<Record<string, unknown>>;
    /** Event time in ms since the epoch. */
    created_at: number;
}

/** A row ready for a file or a database: its metadata is JSON text that PostgreSQL's jsonb takes. */
export interface TimelineRow extends Omit<TimelineEvent, "metadata"> {
    metadata: string;
}

/** Longest texts in characters: what is longer is cut, so that no message can fill the disk. */
const longest = { name: 200, metadata: 16_384 };
/** The end of the year 9999 in ms: databases and people can read no later time. */
const latestMs = 253_402_300_799_999;

/** Types whose rows are single happenings: never averaged, kept whole for the longest time. */
export function isHappening(eventType: string): boolean {
    return eventType === "power_state" || eventType === "ups_event" || eventType.startsWith("shutdown_") || eventType.startsWith("timeline_");
}

/** Checks a foreign value against the row contract. @param at event time in ms for one without */
export function parseEvent(value: unknown, at: number): { event: TimelineEvent } | { error: string } {
    const raw = recordOf(value);
    if (raw === undefined) return { error: "a timeline row is not an object" };
    for (const key of ["event_type", "source"] as const) {
        if (typeof raw[key] !== "string" || raw[key].trim() === "") return { error: `a timeline row has no ${key}` };
    }
    const number = raw.value ?? null;
    if (number !== null && !(typeof number === "number" && Number.isFinite(number))) return { error: "the value of a timeline row is not a number" };
    const metadata = recordOf(raw.metadata ?? {});
    if (metadata === undefined) return { error: "the metadata of a timeline row is not an object" };
    const created = timeOf(raw.created_at, at);
    if (created === undefined) return { error: "created_at of a timeline row is not a time in ms, and not an ISO date" };
    return { event: { event_type: raw.event_type as string, source: raw.source as string, value: number, metadata, created_at: created } };
}

/** A plain object, or undefined for anything else. */
export function recordOf(value: unknown): Record<string, unknown> | undefined {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** Whether it is a time in ms that every store can keep. */
export function isTime(ms: unknown): ms is number {
    return typeof ms === "number" && ms >= 0 && ms <= latestMs;
}

function timeOf(value: unknown, fallback: number): number | undefined {
    const ms = value === undefined || value === null ? fallback : value instanceof Date ? value.getTime() : typeof value === "string" ? Date.parse(value) : value;
    return isTime(ms) ? ms : undefined;
}

/** The row that is stored for an event. Never throws: metadata that is no JSON, or far too long, is replaced by a note. */
export function toRow({ event_type, source, value, metadata, created_at }: TimelineEvent): TimelineRow {
    return { event_type: cleanName(event_type), source: cleanName(source), value, metadata: metadataText(metadata), created_at: Math.round(created_at) };
}

function cleanName(name: string): string {
    if (/^[!-~]{1,200}$/.test(name)) return name;
    return wellFormed(name.slice(0, longest.name)).replace(/\p{Cc}+/gu, " ").trim() || "?";
}

function metadataText(metadata: TimelineEvent["metadata"]): string {
    try {
        const text = JSON.stringify(metadata);
        if (text.length > longest.metadata) return JSON.stringify({ note: `metadata of ${text.length} characters left out` });
        // jsonb takes neither NUL nor half a surrogate pair.
        return /\\u(0000|d[89a-f])/i.test(text) ? JSON.stringify(metadata, cleanText) : text;
    } catch {
        return JSON.stringify({ note: "metadata was no JSON" });
    }
}

function cleanText(_key: string, value: unknown): unknown {
    if (typeof value === "string") return wellFormed(value);
    const fields = recordOf(value);
    return fields === undefined ? value : Object.fromEntries(Object.entries(fields).map(([key, inner]) => [wellFormed(key), inner]));
}
