import type { Node } from "node-red";
import { systemClock, type Clock } from "../../lib/kit/clock";
import { Trouble } from "../../lib/kit/trouble";
import type { TimelineEvent } from "../../lib/stores/timeline-event";
import type { QueueState } from "../../lib/stores/timeline-queue";
import type { Piece } from "../../lib/stores/timeline-store";
import { OutageReport } from "../shared/outage-report";

/** Tells people of a store that is away, of a disk that refuses, and of rows that were given up: each outage once. */
export class StoreReports {
    readonly #store: OutageReport;
    readonly #disk: OutageReport;
    readonly #refused: OutageReport;
    /** Rows given up, as far as that has been told. */
    #told = 0;
    #full = false;

    /** @param write puts a row into the timeline itself */
    constructor(readonly node: Node, readonly subject: string, readonly write: (event: TimelineEvent) => void, readonly clock: Clock = systemClock) {
        this.#store = new OutageReport(node);
        this.#disk = new OutageReport(node);
        this.#refused = new OutageReport(node);
    }

    changed({ away, disk, dropped, waiting }: QueueState): void {
        if (away !== undefined) this.#store.failed(away.trouble, {});
        else this.#store.over();
        if (disk !== undefined) this.#disk.failed(new Trouble("disk", `${this.subject}: waiting rows can't be saved, a crash now would lose them: ${disk}`), {});
        else this.#disk.over();
        if (dropped > this.#told) {
            if (!this.#full) this.node.warn(`${this.subject}: the room for waiting rows is full, the oldest are given up`);
            this.#full = true;
            // The hole is told by the timeline itself, once it can be.
            if (away === undefined && waiting === 0) this.#tell(dropped);
        }
    }

    refused({ rows: [row] }: Piece, trouble: Trouble): void {
        this.#refused.failed(new Trouble("failed", `${trouble.message}; left out: ${row?.event_type ?? "?"} of ${row?.source ?? "?"}`), {});
    }

    #tell(dropped: number): void {
        const count = dropped - this.#told;
        this.#told = dropped;
        this.#full = false;
        this.node.warn(`${this.subject}: ${count} rows were given up while it was away`);
        this.write({ event_type: "timeline_dropped", source: "timeline", value: count, metadata: {}, created_at: this.clock.now() });
    }
}
