import { formatDuration } from "../kit/duration";
import { alertParts, type AlertParts } from "./alert";
import type { Outgoing } from "./channel";

/** From this age in ms on, a message says how late it is. */
const lateMs = 60_000;

/** The text of a message in pieces: those of its alert, and what the outbox has to say about it. Put together they are all of it. */
export interface OutgoingParts extends AlertParts {
    /** How often it was posted, and how many older alerts are missing: " (3 times)", or empty. */
    after: string;
}

export function outgoingParts({ alert, delayedMs, times, lost }: Outgoing): OutgoingParts {
    const { lead, title, rest } = alertParts(alert);
    const late = delayedMs >= lateMs ? `[delayed ${formatDuration(Math.round(delayedMs / 60_000) * 60_000)}] ` : "";
    const often = times > 1 ? ` (${times} times)` : "";
    const missing = lost > 0 ? `\n(${lost} older alert${lost === 1 ? " was" : "s were"} dropped: see the log)` : "";
    return { lead: late + lead, title, rest, after: often + missing };
}
