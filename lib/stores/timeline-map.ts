import { readingFrom, parseReading, streamOf } from "../power/reading";
import { isTime, parseEvent, recordOf, type TimelineEvent } from "./timeline-event";
import { readingEvents } from "./timeline-reading";
import { changeEvents, hostEvents, runEvents } from "./timeline-decisions";

/** The rows that a message gives, or why it gives none. */
export type MappedEvents = { events: TimelineEvent[] } | { error: string };

type Message = Readonly<Record<string, unknown>>;

/**
 * The rows of a message, whichever node it comes from. `msg.timeline` (a row, or a list of them) is taken as it is. Else
 * what the message tells decides: the progress or result of a run, a command, a change of state, a drill, and only when there
 * is none of them the reading that it carries, so that a transition does not write its reading a second time.
 * @param at event time in ms for what brings none
 */
export function eventsOf(msg: Message, at: number): MappedEvents {
    const mapped = mappedOf(msg, at);
    if ("error" in mapped || mapped.events.every((event) => isTime(event.created_at))) return mapped;
    // One row with a time that no store can keep would hold up all behind it.
    return { events: mapped.events.map((event) => (isTime(event.created_at) ? event : { ...event, created_at: at })) };
}

function mappedOf(msg: Message, at: number): MappedEvents {
    if (msg.timeline !== undefined && msg.timeline !== null) return ownEvents(msg.timeline, at);
    const told = [...runEvents(msg, at), ...changeEvents(msg, at)];
    if (told.length > 0) return { events: told };
    const ofHosts = hostEvents(msg, at);
    if (ofHosts !== undefined) return { events: ofHosts };
    const total = clusterEvents(msg, at);
    if (total !== undefined) return { events: total };
    const parsed = readingFrom(msg, at);
    if ("error" in parsed) return { error: `${parsed.error}, or msg.timeline, or what one of our nodes sends` };
    return { events: [...withFields(readingEvents(parsed.reading, detailsOf(msg)), msg), ...depletionEvents(msg, at)] };
}

function ownEvents(value: unknown, at: number): MappedEvents {
    const events: TimelineEvent[] = [];
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
        const parsed = parseEvent(each, at);
        if ("error" in parsed) return parsed;
        events.push(parsed.event);
    }
    return { events };
}

/** What readers know besides the reading: `msg.gpu` (S1's names), `msg.solix`, and `msg.metadata` from people's own flows. */
function detailsOf(msg: Message): Record<string, unknown> {
    const station = Object.entries(recordOf(msg.solix) ?? {}).filter(([key]) => key !== "fields");
    return { ...Object.fromEntries(station), ...recordOf(msg.gpu), ...recordOf(msg.metadata) };
}

/** All that a power station reports, some kB: with the first of its rows only, since the others tell of the same moment. */
function withFields(events: TimelineEvent[], msg: Message): TimelineEvent[] {
    const fields = recordOf(recordOf(msg.solix)?.fields);
    return fields === undefined ? events : events.map((event, place) => (place === 0 ? { ...event, metadata: { ...event.metadata, fields } } : event));
}

/** The total of all GPUs: S1's `{total_watts, nodes_reporting}`, also when some host is missing, which the metadata tells. */
function clusterEvents(msg: Message, at: number): TimelineEvent[] | undefined {
    const total = recordOf(msg.cluster) ?? recordOf(msg.payload);
    if (total === undefined || typeof total.nodes_reporting !== "number") return undefined;
    if (typeof total.total_watts !== "number" || !Number.isFinite(total.total_watts)) return [];
    const parsed = parseReading(msg.reading, at);
    const reading = "reading" in parsed ? parsed.reading : undefined;
    const source = reading === undefined ? "gpu_cluster" : streamOf(reading);
    return [{ event_type: "cluster_gpu_power_total", source, value: total.total_watts, metadata: { ...total, ...(reading?.simulated && { simulated: true }) }, created_at: reading?.at ?? at }];
}

function depletionEvents(msg: Message, at: number): TimelineEvent[] {
    const depletion = recordOf(msg.depletion);
    if (typeof depletion?.perMinute !== "number" || !Number.isFinite(depletion.perMinute)) return [];
    const parsed = readingFrom(msg, at);
    if ("error" in parsed) return [];
    const { at: created, perMinute, ...metadata } = depletion;
    return [{ event_type: "depletion_rate", source: streamOf(parsed.reading), value: perMinute, metadata, created_at: typeof created === "number" ? created : at }];
}
