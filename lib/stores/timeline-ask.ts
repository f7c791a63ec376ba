import { recordOf } from "./timeline-event";
import type { TimelineQuery } from "./timeline-store";

const hourMs = 3_600_000;
const points = { usual: 720, most: 5000 };

/**
 * A question for a chart from a message, an HTTP request or a dialog: `hours` back from now, or `from` and `to` (ms or ISO
 * dates), `types` and `sources` (lists, or texts with commas), `maxPoints`. A bare number means hours, true an hour.
 * @param now event time in ms
 */
export function parseQuery(value: unknown, now: number): { query: TimelineQuery } | { error: string } {
    const raw = value === true ? {} : typeof value === "number" || typeof value === "string" ? { hours: value } : recordOf(value);
    if (raw === undefined) return { error: "the question is neither a number of hours nor an object" };
    const hours = raw.hours === undefined ? 1 : Number(raw.hours);
    if (!(hours > 0 && hours <= 10 * 366 * 24)) return { error: "hours must be above 0, and at most ten years" };
    // Up to and with this moment.
    const to = raw.to === undefined ? now + 1 : timeOf(raw.to);
    const from = raw.from === undefined ? (to ?? now) - hours * hourMs : timeOf(raw.from);
    if (from === undefined || to === undefined || to <= from) return { error: "from and to must be times in ms or ISO dates, the earlier first" };
    const [types, sources] = [namesIn(raw.types), namesIn(raw.sources)];
    if (types === undefined || sources === undefined) return { error: "types and sources must be lists of names" };
    const maxPoints = raw.maxPoints === undefined ? points.usual : Number(raw.maxPoints);
    if (!(maxPoints >= 1 && maxPoints <= points.most)) return { error: `maxPoints must be between 1 and ${points.most}` };
    return { query: { types, sources, from, to, maxPoints: Math.floor(maxPoints) } };
}

function timeOf(value: unknown): number | undefined {
    const ms = typeof value === "number" ? value : typeof value === "string" ? (/^\d{9,}$/.test(value) ? Number(value) : Date.parse(value)) : NaN;
    return Number.isFinite(ms) ? ms : undefined;
}

/** Names from a list, or from a text with commas. */
function namesIn(value: unknown): string[] | undefined {
    if (value === undefined || value === null) return [];
    const list: unknown = typeof value === "string" ? value.split(",") : value;
    if (!Array.isArray(list) || !list.every((name): name is string => typeof name === "string")) return undefined;
    return list.map((name) => name.trim()).filter((name) => name !== "");
}
