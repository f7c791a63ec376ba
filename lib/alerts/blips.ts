import type { Alert } from "./alert";
import type { Entry, QueueRecord } from "./queue";

/** What has begun and ended before it was told: its two entries. */
type Join = Extract<QueueRecord, { join: number }>;

/**
 * The pairs of a beginning and its end among waiting alerts, that can be told as one. Not those with something critical
 * in between: who reads that has to know how it came.
 * @param inFlight the entry that is just being delivered: it may arrive, so it stays what it is
 */
export function pairsIn(entries: readonly Entry[], inFlight?: number): Join[] {
    const open = new Map<string, number>();
    const pairs: Join[] = [];
    for (const { id, alert: { key, severity, opens, closes } } of entries) {
        const begun = open.get(key);
        if (severity === "critical") open.clear();
        else if (closes !== undefined && begun !== undefined) pairs.push({ join: begun, with: id });
        open.delete(key);
        if (opens && severity !== "critical" && id !== inFlight) open.set(key, id);
    }
    return pairs;
}

/** The entries with a pair made one, in the place of its end. */
export function asOne(entries: readonly Entry[], begun: number, ended: number): readonly Entry[] {
    if (!entries.some(({ id }) => id === begun) || !entries.some(({ id }) => id === ended)) return entries;
    return entries.filter(({ id }) => id !== begun).map((entry) => (entry.id === ended ? { ...entry, alert: together(entry.alert) } : entry));
}

function together({ closes, at, key, simulated, ...end }: Alert): Alert {
    return { ...(closes ?? end), at, key, ...(simulated && { simulated }) };
}

/**
 * How long in ms the oldest alert waits for its own end. Those behind it wait with it, since the order is kept;
 * something critical lets them all go.
 * @param age of the oldest in ms; undefined when it can't be believed
 */
export function heldMs(entries: readonly Entry[], age: number | undefined, blipMs: number): number {
    const [oldest] = entries;
    if (oldest?.alert.opens === undefined || age === undefined || entries.some(({ alert: { severity } }) => severity === "critical")) return 0;
    return Math.max(0, blipMs - age);
}
