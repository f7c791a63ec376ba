import type { Trouble } from "../kit/trouble";
import type { TimelineRow } from "./timeline-event";

/** Rows on their way into a store: a stretch of a segment of the spool. */
export interface Piece {
    /** The segment's unique id; with `from` and `to` it names these rows for ever. */
    segment: string;
    /** Position of the first row in its segment, and of the one after the last. */
    from: number;
    to: number;
    /** Fewer than `to - from` when damaged lines were left out; none when the store refused them. */
    rows: TimelineRow[];
}

/** What became of a piece. */
export type Written =
    /** Rows before `upTo` are in the table. `repeated`: how many of the piece had been there before, from an attempt whose answer was lost. */
    | { kind: "written"; upTo: number; repeated: number }
    /** The store is well, and says that something in these rows cannot be stored. */
    | { kind: "refused"; trouble: Trouble };

/** What a chart wants to know. */
export interface TimelineQuery {
    /** Event types and sources; none: all. */
    types: readonly string[];
    sources: readonly string[];
    /** Event times in ms: from, up to but without. */
    from: number;
    to: number;
    /** Most points a series. */
    maxPoints: number;
}

/** One point of a chart: a row, or the mean of several. */
export interface TimelinePoint {
    /** Event time in ms. */
    at: number;
    value: number | null;
    /** Of what is averaged, when there is more than one row. */
    min?: number;
    max?: number;
    count?: number;
    /** Only of happenings, which are never averaged. */
    metadata?: Record<string, unknown>;
}

/** The history of one type and source, oldest first. */
export interface TimelineSeries {
    event_type: string;
    source: string;
    points: TimelinePoint[];
}

/** Where the timeline is kept. */
export interface TimelineStore {
    /**
     * Puts a piece into the table. Called again with the same piece after a failure, it writes no row twice.
     * @throws Trouble when the store is away or not as it should be: the piece is to be tried again later
     */
    write(piece: Piece): Promise<Written>;
    /** @throws Trouble */
    query(query: TimelineQuery): Promise<TimelineSeries[]>;
    /** What a person who presses "Test" wants to read. @throws Trouble */
    check(): Promise<string>;
    /** Upkeep, called every few minutes: retention and downsampling. @throws Trouble */
    maintain?(): Promise<void>;
    /** Segments that no longer exist: nothing needs to be remembered of them. Never throws. */
    forget?(segments: readonly string[]): Promise<void>;
    close(): Promise<void>;
}
