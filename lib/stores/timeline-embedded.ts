import { mkdir, open, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder, writeAtomic } from "../kit/atomic-file";
import { systemClock, type Clock } from "../kit/clock";
import { toTrouble, Trouble } from "../kit/trouble";
import { queryFiles } from "./embedded-query";
import { isTime, type TimelineRow } from "./timeline-event";
import { fileName, hourMs, listFiles, rowsOf, tiers } from "./timeline-files";
import { rowLine } from "./timeline-line";
import { appendWhole } from "./timeline-segment";
import type { Piece, TimelineQuery, TimelineSeries, TimelineStore, Written } from "./timeline-store";
import { defaultRetention, maintainFiles, type Retention } from "./timeline-upkeep";

export interface EmbeddedOptions {
    folder: string;
    retention?: Retention;
    clock?: Clock;
    /** How errors name the store. */
    subject: string;
}

/** Files that are open for appending at the same time: this hour's, and one for late rows. */
const mostOpen = 2;
/** The most that a power cut can take, in ms. Each fsync wears an SD card. */
const syncMs = 10_000;

/**
 * The timeline in files of its own: rows are appended as lines, older ones averaged (docs/decisions/embedded-timeline.md).
 * A row that `write` has taken survives kill -9; a power cut takes at most the last ten seconds.
 */
export class EmbeddedTimeline implements TimelineStore {
    readonly #open = new Map<string, FileHandle>();
    readonly #clock: Clock;
    #syncAt = 0;
    #tail: Promise<unknown> = Promise.resolve();

    constructor(readonly options: EmbeddedOptions) {
        this.#clock = options.clock ?? systemClock;
    }

    /** Takes the rows at the front of a piece that belong into one file. */
    write({ from, to, rows }: Piece): Promise<Written> {
        return this.#inTurn(async () => {
            const [first] = rows;
            if (first === undefined) return { kind: "written", upTo: to, repeated: 0 };
            // No file has a name for it: the queue would come with it for ever.
            if (!isTime(first.created_at)) return { kind: "refused", trouble: new Trouble("failed", `${this.options.subject}: ${first.created_at} is no time`) };
            const hour = Math.floor(first.created_at / hourMs);
            if ((hour + 1) * hourMs + this.#retention.raw < this.#now) {
                const date = new Date(first.created_at).toISOString().slice(0, 16);
                return { kind: "refused", trouble: new Trouble("failed", `${this.options.subject}: a row of ${date} is older than what is kept in full`) };
            }
            const name = fileName("raw", first.created_at);
            const mine = leading(rows, hour);
            const handle = this.#open.get(name) ?? (await this.#begin(name, first.created_at));
            try {
                await appendWhole(handle, mine.map(rowLine).join(""));
            } catch (error) {
                // Half a line may be left, and the handle of a file server that was away is good for nothing more: the next attempt opens it again.
                await this.#end(name);
                throw error;
            }
            await this.#sync();
            return { kind: "written", upTo: mine.length === rows.length ? to : from + mine.length, repeated: 0 };
        });
    }

    async query(query: TimelineQuery): Promise<TimelineSeries[]> {
        return this.#orTrouble(() => queryFiles(this.options.folder, this.#retention, this.#now, query));
    }

    async check(): Promise<string> {
        return this.#orTrouble(async () => {
            await mkdir(this.options.folder, { recursive: true });
            const probe = await open(this.options.folder, "r");
            await probe.close();
            const files = await listFiles(this.options.folder);
            const names = tiers.flatMap((tier) => [...files[tier].values()]);
            const sizes = await Promise.all(names.map(async (name) => (await stat(join(this.options.folder, name)).catch(() => ({ size: 0 }))).size));
            const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
            const oldest = Math.min(...tiers.flatMap((tier) => [...files[tier].keys()]));
            return names.length === 0 ? "nothing stored yet" : `${megabytes.toFixed(1)} MB in ${names.length} files, since ${new Date(oldest).toISOString().slice(0, 13)}:00 UTC`;
        });
    }

    async maintain(): Promise<void> {
        await this.#orTrouble(() => maintainFiles(this.options.folder, this.#retention, this.#now));
    }

    close(): Promise<void> {
        return this.#inTurn(async () => {
            for (const name of [...this.#open.keys()]) await this.#end(name);
        });
    }

    get #retention(): Retention {
        return this.options.retention ?? defaultRetention;
    }

    /** Neither clock alone may age the data: the wall clock can jump, and the steady one may have begun with a wrong time. */
    get #now(): number {
        return Math.min(this.#clock.now(), this.#clock.wall());
    }

    #inTurn<T>(work: () => Promise<T>): Promise<T> {
        const mine = this.#tail.then(work);
        this.#tail = mine.catch(() => undefined);
        return mine;
    }

    async #begin(name: string, at: number): Promise<FileHandle> {
        for (const other of [...this.#open.keys()].slice(0, Math.max(0, this.#open.size + 1 - mostOpen))) await this.#end(other);
        await mkdir(this.options.folder, { recursive: true });
        // Means that can't be read hold up no row.
        await this.#bringBack(name, at).catch(() => undefined);
        const handle = await open(join(this.options.folder, name), "a+", 0o600);
        try {
            const { size } = await handle.stat();
            const last = Buffer.alloc(1);
            // A line that a crash has torn must not join the next one.
            if (size > 0) await handle.read(last, 0, 1, size - 1);
            if (size > 0 && last.toString() !== "\n") await appendWhole(handle, "\n");
            if (size === 0) await syncFolder(this.options.folder);
        } catch (error) {
            await handle.close().catch(() => undefined);
            throw error;
        }
        this.#open.set(name, handle);
        return handle;
    }

    /** A clock that was set back brings an hour again of which only the means are left: they go on as its first rows, or they would be made anew without them. */
    async #bringBack(name: string, at: number): Promise<void> {
        const { folder } = this.options;
        const files = await listFiles(folder);
        const hour = Math.floor(at / hourMs) * hourMs;
        const means = files.five.get(hour);
        if (means === undefined || files.raw.has(hour)) return;
        const lines: string[] = [];
        for await (const rows of rowsOf(folder, means)) lines.push(...rows.map(rowLine));
        await writeAtomic(join(folder, name), lines.join(""));
    }

    async #sync(): Promise<void> {
        if (this.#clock.monotonic() < this.#syncAt) return;
        this.#syncAt = this.#clock.monotonic() + syncMs;
        // The rows are written: a disk that fails here is told by the next write.
        for (const handle of this.#open.values()) await handle.datasync().catch(() => undefined);
    }

    async #end(name: string): Promise<void> {
        const handle = this.#open.get(name);
        this.#open.delete(name);
        await handle?.datasync().catch(() => undefined);
        await handle?.close().catch(() => undefined);
    }

    async #orTrouble<T>(work: () => Promise<T>): Promise<T> {
        try {
            return await work();
        } catch (error) {
            throw toTrouble(error, this.options.subject);
        }
    }
}

/** The rows at the front that belong into one file. */
function leading(rows: readonly TimelineRow[], hour: number): readonly TimelineRow[] {
    const end = rows.findIndex(({ created_at }) => Math.floor(created_at / hourMs) !== hour);
    return end === -1 ? rows : rows.slice(0, end);
}
