import { randomUUID } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { systemClock, type Clock } from "../kit/clock";
import { setAside } from "../kit/set-aside";
import { errorText } from "../kit/trouble";
import type { TimelineRow } from "./timeline-event";
import { rowLine } from "./timeline-line";
import { Losses } from "./timeline-losses";
import { appendWhole, markLine, readSegment, segmentFiles, writeSegment, type Segment, type SegmentFile } from "./timeline-segment";
import type { Piece } from "./timeline-store";

export interface SpoolOptions {
    /** Where rows wait; without one they wait in memory only. */
    folder?: string;
    /** Most bytes on the disk, and most bytes of rows that wait in memory because the disk refuses them (or there is no folder). */
    maxBytes: number;
    maxMemoryBytes: number;
    clock?: Clock;
    /** Called when a file of an earlier process, or some of its lines, can't be read; the spool goes on without them. Must not throw. */
    onUnreadable?: (path: string, trouble: string) => void;
}

/** Where rows are in the spool. */
export interface Place {
    segment: string;
    /** Position of the first row in its segment, and of the one after the last. */
    from: number;
    to: number;
}

export interface SpoolState {
    /** Rows that wait. */
    waiting: number;
    /** Of these, rows that a crash would lose, because the disk refuses them. Undefined when there is no folder anyway. */
    unsafe?: number;
    /** Rows given up because there was no room, the oldest, that the timeline has not been told of yet (see `toldDropped`); over restarts, too. */
    dropped: number;
    /** Why the disk refuses rows. */
    disk?: string;
}

/** What a row takes, in bytes: about. */
export function rowBytes({ metadata }: TimelineRow): number {
    return metadata.length + 60;
}

/** How often a disk that refuses is tried again, in ms. */
const diskRetryMs = 2000;
/** The most that a power cut can take, in ms, next to what the disk itself holds back. */
const syncMs = 10_000;

/**
 * The queue in front of a store. A row that `append` has taken survives kill -9 (it is in the system's page cache), and is
 * handed out in the order of arrival until it is confirmed. Rows wait in segments of bounded size, so that an outage
 * of days needs no memory. When the room is used up the oldest segment is given up, and counted.
 */
export class Spool {
    #segments: Segment[] = [];
    #next = 1;
    #tail: Promise<unknown> = Promise.resolve();
    #disk: string | undefined;
    #retryAt = 0;
    #syncAt = 0;
    #closed = false;
    #gone: string[] = [];
    readonly #clock: Clock;
    readonly #losses: Losses;
    readonly #segmentBytes: number;

    constructor(readonly options: SpoolOptions) {
        this.#clock = options.clock ?? systemClock;
        this.#losses = new Losses(options.folder, this.#clock);
        this.#segmentBytes = Math.min(4 << 20, options.maxBytes / 8, options.maxMemoryBytes / 4);
    }

    get state(): SpoolState {
        const waiting = this.#segments.reduce((sum, { count, stored }) => sum + count - stored, 0);
        const unsafe = this.#segments.reduce((sum, { path, count, stored }) => sum + (path === undefined ? count - stored : 0), 0);
        return { waiting, dropped: this.#losses.count, ...(this.options.folder !== undefined && { unsafe }), ...(this.#disk !== undefined && { disk: this.#disk }) };
    }

    /** So many of the rows that were given up have been told of. Never throws. */
    toldDropped(count: number): Promise<void> {
        return this.#inTurn(() => this.#losses.add(-count));
    }

    /** Takes up what an earlier process left. Never throws: a folder that cannot be used is told by `state.disk`. */
    open(): Promise<void> {
        return this.#inTurn(async () => {
            const { folder } = this.options;
            if (folder === undefined) return;
            try {
                await mkdir(folder, { recursive: true });
                await this.#losses.load();
                for (const file of await segmentFiles(folder)) {
                    await this.#adopt(file).catch(async (error: unknown) => this.options.onUnreadable?.(await setAside(file.path, this.#clock.wall()), errorText(error)));
                }
            } catch (error) {
                this.#refused(error);
            }
        });
    }

    /** Resolves when the rows are as safe as they can be made now, with where they are; see `isSafe`. Never throws. */
    append(rows: readonly TimelineRow[]): Promise<Place> {
        return this.#inTurn(async () => {
            const bytes = rows.reduce((sum, row) => sum + rowBytes(row), 0);
            await this.#rescue();
            const segment = this.#last();
            try {
                if (segment.handle !== undefined) await appendWhole(segment.handle, rows.map(rowLine).join(""));
            } catch (error) {
                this.#refused(error);
                // These rows, and those after them, wait in a segment of their own.
                await this.#shut(segment);
                const place = this.#add(this.#fresh(), rows, bytes);
                await this.#bound();
                return place;
            }
            const place = this.#add(segment, rows, bytes);
            this.#sync(segment);
            if (segment.path === undefined) await this.#rescue();
            await this.#bound();
            if (this.#closed) await this.#shut(segment);
            return place;
        });
    }

    /** Whether a segment that still waits is on the disk, so that a crash of this process loses none of its rows. */
    isSafe(id: string): boolean {
        return this.#segments.some((segment) => segment.id === id && segment.path !== undefined);
    }

    /** The oldest rows that are not confirmed, at most `limit` of them. */
    head(limit: number): Promise<Piece | undefined> {
        return this.#inTurn(async () => {
            await this.#rescue();
            for (let segment = this.#segments[0]; segment !== undefined; segment = this.#segments[0]) {
                if (segment.stored >= segment.count) {
                    if (segment === this.#segments.at(-1)) return undefined;
                    await this.#remove(segment);
                    continue;
                }
                const rows = segment.rows ?? (await this.#load(segment));
                if (rows === undefined) continue;
                const to = Math.min(segment.count, segment.stored + limit);
                return { segment: segment.id, from: segment.stored, to, rows: rows.slice(segment.stored, to).filter((row) => row !== undefined) };
            }
            return undefined;
        });
    }

    /** Rows of `segment` before `upTo` are stored. Never throws. */
    confirm(id: string, upTo: number): Promise<void> {
        return this.#inTurn(async () => {
            const segment = this.#segments.find((other) => other.id === id);
            // After the close the files belong to whoever opened them since; the store knows what it has.
            if (segment === undefined || this.#closed) return;
            segment.stored = Math.max(segment.stored, Math.min(upTo, segment.count));
            const done = segment.stored >= segment.count;
            // Nothing is in danger any more; the next row will tell whether the disk is well.
            if (this.state.waiting === 0) this.#disk = undefined;
            if (done && (segment !== this.#segments.at(-1) || segment.bytes > this.#segmentBytes / 4)) return this.#remove(segment);
            await this.#mark(segment).catch(() => undefined);
        });
    }

    /** Ids of segments that have gone since the last call. */
    takeGone(): string[] {
        return this.#gone.splice(0);
    }

    /** Closes the files; what waits stays on the disk. */
    close(): Promise<void> {
        return this.#inTurn(async () => {
            this.#closed = true;
            this.#retryAt = 0;
            await this.#rescue();
            for (const segment of [...this.#segments]) await (segment.stored >= segment.count ? this.#remove(segment) : this.#shut(segment));
        });
    }

    #inTurn<T>(work: () => Promise<T>): Promise<T> {
        const mine = this.#tail.then(work);
        this.#tail = mine.catch(() => undefined);
        return mine;
    }

    async #adopt({ path, number, id }: SegmentFile): Promise<void> {
        this.#next = Math.max(this.#next, number + 1);
        const { rows, stored, bytes } = await readSegment(path);
        const damaged = rows.slice(stored).filter((row) => row === undefined).length;
        if (damaged > 0) this.options.onUnreadable?.(path, `${damaged} of its lines ${damaged === 1 ? "is" : "are"} damaged`);
        const segment: Segment = { id, number, path, rows: this.#segments.length === 0 ? rows : undefined, count: rows.length, stored, bytes, adopted: true };
        if (stored < rows.length) this.#segments.push(segment);
        else await this.#remove(segment);
    }

    /** The segment that takes new rows. */
    #last(): Segment {
        const last = this.#segments.at(-1);
        const takes = last !== undefined && !last.adopted && last.rows !== undefined && last.bytes < this.#segmentBytes && (last.handle !== undefined || last.path === undefined);
        return takes ? last : this.#fresh();
    }

    #fresh(): Segment {
        const before = this.#segments.at(-1);
        // The first and the last segment keep their rows in memory, those between as far as there is room.
        const held = this.#segments.reduce((sum, { rows, bytes }) => sum + (rows === undefined ? 0 : bytes), 0);
        if (before?.path !== undefined && before !== this.#segments[0] && held > this.options.maxMemoryBytes) before.rows = undefined;
        if (before !== undefined) void this.#shut(before);
        const segment: Segment = { id: randomUUID(), number: this.#next++, rows: [], count: 0, stored: 0, bytes: 0 };
        this.#segments.push(segment);
        return segment;
    }

    #add(segment: Segment, rows: readonly TimelineRow[], bytes: number): Place {
        const from = segment.count;
        for (const row of rows) segment.rows?.push(row);
        segment.count += rows.length;
        segment.bytes += bytes;
        return { segment: segment.id, from, to: segment.count };
    }

    /** Brings segments that live in memory only to the disk, oldest first, as far as it takes them. */
    async #rescue(): Promise<void> {
        const { folder } = this.options;
        if (folder === undefined || this.#clock.monotonic() < this.#retryAt) return;
        try {
            for (const segment of this.#segments.filter(({ path, count, stored }) => path === undefined && stored < count)) {
                await mkdir(folder, { recursive: true });
                await writeSegment(segment, folder);
                if (segment !== this.#segments.at(-1)) await this.#shut(segment);
            }
            this.#disk = undefined;
        } catch (error) {
            this.#refused(error);
        }
    }

    /** Without the mark the store is asked about these rows again after a restart: no harm where it knows what it has. */
    async #mark(segment: Segment): Promise<void> {
        if (segment.path === undefined) return;
        segment.handle ??= await open(segment.path, "a");
        await appendWhole(segment.handle, markLine(segment.stored));
    }

    /** Against a power cut, now and then and beside the work: each fsync wears an SD card. */
    #sync({ handle }: Segment): void {
        if (handle === undefined || this.#clock.monotonic() < this.#syncAt) return;
        this.#syncAt = this.#clock.monotonic() + syncMs;
        void handle.datasync().catch(() => undefined);
    }

    #refused(error: unknown): void {
        this.#disk = errorText(error);
        this.#retryAt = this.#clock.monotonic() + diskRetryMs;
    }

    /** A segment that cannot be read back is given up, and counted; its file is left for a person. */
    async #load(segment: Segment): Promise<Segment["rows"]> {
        try {
            const { rows } = await readSegment(segment.path ?? "");
            segment.rows = rows;
            segment.count = rows.length;
        } catch (error) {
            await this.#losses.add(segment.count - segment.stored);
            this.options.onUnreadable?.(await setAside(segment.path ?? "", this.#clock.wall()), errorText(error));
            await this.#remove(segment);
        }
        return segment.rows;
    }

    async #bound(): Promise<void> {
        for (const [isOurs, limit] of [[({ path }: Segment) => path !== undefined, this.options.maxBytes], [({ path }: Segment) => path === undefined, this.options.maxMemoryBytes]] as const) {
            for (let mine = this.#segments.filter(isOurs); mine.length > 1 && mine.reduce((sum, { bytes }) => sum + bytes, 0) > limit; mine = this.#segments.filter(isOurs)) {
                const [oldest] = mine as [Segment];
                await this.#losses.add(oldest.count - oldest.stored);
                await this.#remove(oldest);
            }
        }
    }

    async #remove(segment: Segment): Promise<void> {
        this.#segments = this.#segments.filter((other) => other !== segment);
        this.#gone.push(segment.id);
        await this.#shut(segment);
        if (segment.path !== undefined) await rm(segment.path, { force: true }).catch(() => undefined);
    }

    async #shut(segment: Segment): Promise<void> {
        const { handle } = segment;
        delete segment.handle;
        await handle?.close().catch(() => undefined);
    }
}
