import { alertText, isAlert, isBelievable, type Alert } from "./alert";
import { asOne, pairsIn } from "./blips";

/** An alert that was accepted and is not delivered yet. */
export interface Entry {
    /** Grows by one with each entry; the order of delivery. */
    id: number;
    alert: Alert;
    /** Event time in ms when the outbox took it: its age is counted from here, whatever the alert says of itself. */
    acceptedAt: number;
    /** How often it was posted while it waited. */
    times: number;
}

/** Why an entry was given up. */
export type DropReason = "full" | "old" | "refused";

/** A change of the queue, as a line of its file. Reading the file means applying its lines. */
export type QueueRecord =
    | { add: Entry }
    | { again: number; times: number }
    /** Delivered; its message told of `said` alerts that were dropped before. */
    | { done: number; said: number }
    | { drop: number; why: DropReason }
    /** What `join` opened is over, as `with` says: both are told as one. */
    | { join: number; with: number }
    /** The count of drops not told yet, and the last number that was given out. Opens a rewritten file. */
    | { lost: number; lastId: number };

export interface Queue {
    /** Oldest first. */
    readonly entries: readonly Entry[];
    readonly lastId: number;
    /** Alerts that were dropped since the last message that told of drops. */
    readonly lost: number;
    /** The latest entry of each key within the repeat window, delivered or not. */
    readonly latest: readonly Entry[];
}

export interface QueueLimits {
    /** Most entries. */
    entries: number;
    /** Oldest age in ms. */
    ageMs: number;
    /** Within this time in ms after the first, the same alert is a repeat. */
    repeatMs: number;
    /** What may be over in a moment waits for so long in ms. */
    blipMs: number;
}

export const queueLimits: QueueLimits = { entries: 1000, ageMs: 7 * 86_400_000, repeatMs: 60_000, blipMs: 6000 };
export const emptyQueue: Queue = { entries: [], lastId: 0, lost: 0, latest: [] };

/** The queue after a change. The one function that changes a queue: live and when its file is read. */
export function applyRecord(queue: Queue, record: QueueRecord): Queue {
    if ("add" in record) {
        const { add } = record;
        if (queue.entries.some(({ id }) => id === add.id)) return queue;
        const latest = queue.latest.filter(({ alert, acceptedAt }) => alert.key !== add.alert.key && add.acceptedAt - acceptedAt <= queueLimits.repeatMs);
        return { ...queue, entries: [...queue.entries, add], lastId: Math.max(queue.lastId, add.id), latest: [...latest, add] };
    }
    if ("again" in record) {
        return { ...queue, entries: queue.entries.map((entry) => (entry.id === record.again ? { ...entry, times: record.times } : entry)) };
    }
    if ("done" in record) {
        return { ...without(queue, record.done), lost: Math.max(0, queue.lost - record.said), lastId: Math.max(queue.lastId, record.done) };
    }
    if ("drop" in record) {
        const known = queue.entries.some(({ id }) => id === record.drop);
        const latest = queue.latest.filter(({ id }) => id !== record.drop);
        return { ...without(queue, record.drop), latest, lost: queue.lost + (known ? 1 : 0), lastId: Math.max(queue.lastId, record.drop) };
    }
    if ("join" in record) return { ...queue, entries: asOne(queue.entries, record.join, record.with) };
    return { ...queue, lost: record.lost, lastId: Math.max(queue.lastId, record.lastId) };
}

/** The records that make up the queue: what a rewritten file holds. */
export function snapshot({ entries, lost, lastId }: Queue): QueueRecord[] {
    return [{ lost, lastId }, ...entries.map((add) => ({ add }))];
}

/** What became of a posted alert. */
export interface Acceptance {
    records: QueueRecord[];
    /** The entry that stands for it. */
    id: number;
    /** It repeats the latest alert of its key, and is told with it. */
    repeat: boolean;
}

/**
 * Takes an alert into the queue. Only a repeat of the latest alert of its key is merged: after "critical, restored" a
 * second "critical" is news, and merging it would leave the reader with the wrong state.
 * @param at event time in ms
 * @param inFlight the entry that is just being delivered: it is neither changed nor dropped
 */
export function accept(queue: Queue, alert: Alert, at: number, inFlight?: number, limits = queueLimits): Acceptance {
    const same = queue.latest.find((other) => sameAlert(other.alert, alert) && Math.abs(at - other.acceptedAt) <= limits.repeatMs);
    if (same !== undefined) {
        const waiting = queue.entries.find(({ id }) => id === same.id && id !== inFlight);
        return { id: same.id, repeat: true, records: waiting === undefined ? [] : [{ again: same.id, times: waiting.times + 1 }] };
    }
    const add: Entry = { id: queue.lastId + 1, alert, acceptedAt: at, times: 1 };
    const joins = pairsIn([...queue.entries, add], inFlight);
    const records: QueueRecord[] = [{ add }, ...joins];
    const droppable = [...queue.entries, add].filter(({ id }) => id !== inFlight && !joins.some(({ join }) => join === id));
    for (let over = droppable.length + (inFlight === undefined ? 0 : 1) - limits.entries; over > 0; over -= 1) {
        const victim = droppable.find((entry) => entry.alert.severity !== "critical") ?? droppable[0];
        if (victim === undefined) break;
        droppable.splice(droppable.indexOf(victim), 1);
        records.push({ drop: victim.id, why: "full" });
    }
    return { records, id: add.id, repeat: false };
}

/** How long an entry has waited, in ms; undefined when the clock was wrong at one end. */
export function ageOf({ acceptedAt }: Entry, now: number): number | undefined {
    return !isBelievable(acceptedAt) || now < acceptedAt ? undefined : now - acceptedAt;
}

/** Drops what is too old to be told. An age that cannot be believed drops nothing. */
export function expire(queue: Queue, now: number, limits = queueLimits): QueueRecord[] {
    return queue.entries
        .filter((entry) => (ageOf(entry, now) ?? 0) > limits.ageMs)
        .map(({ id }) => ({ drop: id, why: "old" }));
}

/** A line of the file as a record; undefined for one that is none. */
export function parseRecord(value: unknown): QueueRecord | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const raw = value as Record<string, unknown>;
    const counts = (...keys: string[]): boolean => keys.every((key) => Number.isSafeInteger(raw[key]) && Number(raw[key]) >= 0);
    if (counts("again", "times") || counts("done", "said") || counts("join", "with") || counts("lost", "lastId")) return raw as QueueRecord;
    if (counts("drop") && typeof raw.why === "string") return raw as QueueRecord;
    const entry = raw.add as Partial<Entry> | null | undefined;
    if (typeof entry !== "object" || entry === null) return undefined;
    const { id, alert, acceptedAt, times } = entry;
    const sound = Number.isSafeInteger(id) && Number.isFinite(acceptedAt) && Number.isSafeInteger(times) && isAlert(alert);
    return sound ? { add: entry as Entry } : undefined;
}

function without(queue: Queue, gone: number): Queue {
    return { ...queue, entries: queue.entries.filter(({ id }) => id !== gone) };
}

function sameAlert(a: Alert, b: Alert): boolean {
    return a.key === b.key && alertText(a) === alertText(b);
}
