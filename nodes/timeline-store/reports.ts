import type { Node } from "node-red";
import { systemClock, type Clock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import { Streams } from "../../lib/power/streams";
import type { TimelineEvent } from "../../lib/stores/timeline-event";
import type { QueueState } from "../../lib/stores/timeline-queue";
import type { Piece } from "../../lib/stores/timeline-store";
import { OutageReport } from "../shared/outage-report";

/** Refused rows of one type are told so often, in ms. */
const refusedMs = 3_600_000;

/** Tells people of a store that is away, of a disk that refuses, and of rows that were given up: each outage once. */
export class StoreReports {
    readonly #store: OutageReport;
    readonly #disk: OutageReport;
    /** Of each type of row that was refused: when that was last told (monotonic ms), and how many have been refused since. */
    readonly #refused = new Streams<{ toldAt: number; since: number }>();
    /** Rows given up that the timeline is just being told of. */
    #telling = 0;
    #full = false;

    /** @param tell puts a row into the timeline that tells how many were given up. Never rejects. */
    constructor(readonly node: Node, readonly subject: string, readonly tell: (event: TimelineEvent, count: number) => Promise<void>, readonly clock: Clock = systemClock) {
        this.#store = new OutageReport(node);
        this.#disk = new OutageReport(node);
    }

    changed({ away, disk, dropped, waiting }: QueueState): void {
        if (away !== undefined) this.#store.failed(away.trouble, {});
        else this.#store.over();
        if (disk !== undefined) this.#disk.failed(new Trouble("disk", `${this.subject}: waiting rows can't be saved, a crash now would lose them: ${disk}`), {});
        else this.#disk.over();
        if (dropped > this.#telling) {
            if (!this.#full) this.node.warn(`${this.subject}: the room for waiting rows is full, the oldest are given up`);
            this.#full = true;
            // The hole is told by the timeline itself, once it can be.
            if (away === undefined && waiting === 0) this.#tellOf(dropped - this.#telling);
        }
    }

    /** A row that the store refuses for good: the first of its type, and later, once an hour, with how many more there were. */
    refused({ rows: [row] }: Piece, trouble: Trouble): void {
        const { event_type: type = "?", source = "?" } = row ?? {};
        const known = this.#refused.get(type);
        const now = this.clock.monotonic();
        if (known !== undefined && now - known.toldAt < refusedMs) return this.#refused.set(type, { ...known, since: known.since + 1 });
        this.#refused.set(type, { toldAt: now, since: 0 });
        const more = known === undefined || known.since === 0 ? "" : `, and ${known.since} more of this type before it`;
        this.node.error(`${trouble.message}; left out: ${type} of ${source}${more}`, {});
    }

    /** A file of rows that waited over a restart. */
    unreadable(path: string, trouble: string): void {
        this.node.error(`${this.subject}: rows that waited in ${path} can't be read, and are left out: ${trouble}`, {});
    }

    #tellOf(count: number): void {
        this.#telling += count;
        this.#full = false;
        this.node.warn(`${this.subject}: ${count} rows were given up while it was away`);
        const event = { event_type: "timeline_dropped", source: "timeline", value: count, metadata: {}, created_at: this.clock.now() };
        void this.tell(event, count).then(() => (this.#telling -= count));
    }
}
