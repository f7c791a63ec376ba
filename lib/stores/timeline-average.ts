import { isHappening, type TimelineRow } from "./timeline-event";
import { metadataOf } from "./timeline-line";

/** What is known of a stretch of time of one series. */
export interface Stretch {
    /** Event time in ms of its first row. */
    at: number;
    sum: number;
    count: number;
    min: number;
    max: number;
}

/** Rows of one type and source: the stretches by their number, or, of happenings, the rows themselves. */
export interface Averaged {
    event_type: string;
    source: string;
    stretches: Map<number, Stretch>;
    happenings: TimelineRow[];
}

/** Averages rows over stretches of equal length. Rows that are means already weigh as much as what they stand for. */
export class Averages {
    readonly #series = new Map<string, Averaged>();

    /** @param from where stretch 0 begins; @param widthMs how long each is */
    constructor(readonly from: number, readonly widthMs: number) {}

    /** In the order of type and source. */
    get series(): Averaged[] {
        return [...this.#series.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
    }

    add(row: TimelineRow): void {
        const key = `${row.event_type}\t${row.source}`;
        let one = this.#series.get(key);
        if (one === undefined) this.#series.set(key, (one = { event_type: row.event_type, source: row.source, stretches: new Map(), happenings: [] }));
        if (isHappening(row.event_type)) one.happenings.push(row);
        else if (row.value !== null) this.#measure(one, row, row.value);
    }

    /** As rows of the store: happenings as they are, means with their count and range. */
    *rows(): Generator<TimelineRow> {
        for (const { event_type, source, stretches, happenings } of this.series) {
            yield* happenings;
            for (const [number, { sum, count, min, max }] of [...stretches].sort(([a], [b]) => a - b)) {
                yield { event_type, source, value: sum / count, metadata: JSON.stringify({ count, min, max }), created_at: this.from + number * this.widthMs };
            }
        }
    }

    #measure(one: Averaged, row: TimelineRow, value: number): void {
        const { count, min, max } = weightOf(row, value);
        const number = Math.floor((row.created_at - this.from) / this.widthMs);
        const known = one.stretches.get(number);
        if (known === undefined) {
            one.stretches.set(number, { at: row.created_at, sum: value * count, count, min, max });
            return;
        }
        known.at = Math.min(known.at, row.created_at);
        known.sum += value * count;
        known.count += count;
        known.min = Math.min(known.min, min);
        known.max = Math.max(known.max, max);
    }
}

function weightOf(row: TimelineRow, value: number): { count: number; min: number; max: number } {
    if (row.metadata.startsWith('{"count":')) {
        const { count, min, max } = metadataOf(row);
        if (typeof count === "number" && count >= 1 && typeof min === "number" && typeof max === "number") return { count, min, max };
    }
    return { count: 1, min: value, max: value };
}
