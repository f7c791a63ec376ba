import type { TimelineRow } from "./timeline-event";

/**
 * A row as one line of a file: created_at, type, source, value and metadata, separated by tabs. Names hold no control
 * characters and JSON text escapes them, so nothing needs quoting.
 */
export function rowLine({ created_at, event_type, source, value, metadata }: TimelineRow): string {
    return `${created_at}\t${event_type}\t${source}\t${value ?? ""}\t${metadata}\n`;
}

/** A row from its line (without the newline), or undefined when the line is damaged. */
export function parseRowLine(line: string): TimelineRow | undefined {
    const fields = line.split("\t");
    const [at = "", event_type = "", source = "", number = "", metadata = ""] = fields;
    const created_at = Number(at);
    const value = number === "" ? null : Number(number);
    if (fields.length !== 5 || at === "" || event_type === "" || !Number.isFinite(created_at) || !(value === null || Number.isFinite(value))) return undefined;
    return metadata.startsWith("{") && metadata.endsWith("}") ? { created_at, event_type, source, value, metadata } : undefined;
}

/** The metadata of a stored row as an object. */
export function metadataOf(row: Pick<TimelineRow, "metadata">): Record<string, unknown> {
    try {
        return JSON.parse(row.metadata) as Record<string, unknown>;
    } catch {
        return {};
    }
}
