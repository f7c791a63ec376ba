import type { Trouble } from "../kit/trouble";
import type { TimelineRow } from "./timeline-event";
import type { Place } from "./timeline-spool";

/** Rows that were handed in together, and who waits to hear what became of them. */
export interface Receipt {
    rows: readonly TimelineRow[];
    /** About what they take in memory. */
    bytes: number;
    /** Told once: nothing when a crash of this process loses none of the rows, else what is wrong. */
    tell: (trouble?: Trouble) => void;
}

interface Open extends Place {
    tell: Receipt["tell"];
    /** Why the store has refused one of the rows for good. */
    refusal?: Trouble;
}

/**
 * Those who wait to hear that their rows are safe, though a spool without a disk has them: until the rows are in the store,
 * on a disk after all, or given up. In the order in which the rows came.
 */
export class Receipts {
    #open: Open[] = [];

    /** The rows of several receipts went into the spool together. */
    placed(receipts: readonly Receipt[], { segment, from }: Place): void {
        let at = from;
        for (const { rows, tell } of receipts) {
            const to = at + rows.length;
            this.#open.push({ segment, from: at, to, tell });
            at = to;
        }
    }

    /** The store refuses the row at this position: its receipt will say so. */
    refused(segment: string, position: number, trouble: Trouble): void {
        const open = this.#open.find((each) => each.segment === segment && each.from <= position && position < each.to);
        if (open !== undefined) open.refusal ??= trouble;
    }

    /** Rows of a segment before `upTo` are in the store. */
    stored(segment: string, upTo: number): void {
        this.#settle((open) => open.segment === segment && open.to <= upTo);
    }

    /** All rows of these segments are on a disk. */
    saved(isSafe: (segment: string) => boolean): void {
        const known = new Map<string, boolean>();
        this.#settle(({ segment }) => known.get(segment) ?? known.set(segment, isSafe(segment)).get(segment) === true);
    }

    /** Segments went away before the store had them. */
    lost(segments: readonly string[], trouble: Trouble): void {
        this.#settle(({ segment }) => segments.includes(segment), trouble);
    }

    /** The oldest wait no longer, so that at most `most` do. */
    bound(most: number, trouble: () => Trouble): void {
        for (const { tell } of this.#open.splice(0, Math.max(0, this.#open.length - most))) tell(trouble());
    }

    #settle(which: (open: Open) => boolean, trouble?: Trouble): void {
        if (this.#open.length === 0) return;
        const [done, rest]: [Open[], Open[]] = [[], []];
        for (const open of this.#open) (which(open) ? done : rest).push(open);
        this.#open = rest;
        for (const { tell, refusal } of done) tell(trouble ?? refusal);
    }
}
