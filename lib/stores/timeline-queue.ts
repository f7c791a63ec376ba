import { backOffMs, type BackOff } from "../kit/back-off";
import { sleep, systemClock, type Clock } from "../kit/clock";
import { toTrouble, Trouble } from "../kit/trouble";
import { toRow, type TimelineEvent } from "./timeline-event";
import { Receipts, type Receipt } from "./timeline-receipts";
import { rowBytes, type Spool, type SpoolState } from "./timeline-spool";
import type { Piece, TimelineStore } from "./timeline-store";

export interface QueueOptions {
    spool: Spool;
    store: TimelineStore;
    clock?: Clock;
    /** How errors name the store: "timeline db". */
    subject: string;
    /** Waits between attempts while the store is away. */
    backOff?: BackOff;
    /** Rows that come within so many ms are saved together. */
    lingerMs?: number;
    /** Most rows in one call of the store. */
    pieceRows?: number;
    /** Most of those who hand in rows that wait at the same time to hear that a crash loses none of them. */
    mostReceipts?: number;
    /** Called after every change of `state`. Must not throw. */
    onChange?: (state: QueueState) => void;
    /** Called with each row that the store refuses for good. Must not throw. */
    onRefused?: (piece: Piece, trouble: Trouble) => void;
}

export interface QueueState extends SpoolState {
    /** Rows stored since the start. */
    written: number;
    /** Rows that the store refused because of what is in them. */
    refused: number;
    /** Rows that a repeated attempt found in the store already. */
    repeated: number;
    /** Why the store is away, and since when (monotonic ms). */
    away?: { trouble: Trouble; since: number };
}

/** A disk that takes so long for a write, in ms, is said to hang. */
const hangsMs = 5000;

/**
 * Takes rows and brings them into a store, in order and each once, however often the store is away. Whoever hands in rows
 * never waits for the store: only for the spool, if at all.
 */
export class TimelineQueue {
    readonly #clock: Clock;
    readonly #stop = new AbortController();
    /** Handed in, and not yet taken by the spool. */
    #collected: Receipt[] = [];
    #collectedBytes = 0;
    #crowdedOut = 0;
    readonly #receipts = new Receipts();
    #saving: Promise<void> | undefined;
    /** Under way to the spool, and since when (monotonic ms); and since when rows are under way to the store. */
    #handingOver: { receipts: readonly Receipt[]; since: number } | undefined;
    #writingSince: number | undefined;
    #gone: string[] = [];
    #wake: () => void = () => undefined;
    #draining: Promise<void> | undefined;
    /** How many rows the next call of the store gets, and how many it answers in time. */
    #piece: number;
    #inTime: number;
    #counts = { written: 0, refused: 0, repeated: 0 };
    #away: QueueState["away"];

    constructor(readonly options: QueueOptions) {
        this.#clock = options.clock ?? systemClock;
        this.#piece = this.#inTime = this.#pieceRows;
    }

    get state(): QueueState {
        const { waiting, unsafe, dropped } = this.options.spool.state;
        const { disk, away } = this.#why;
        const outside = [...(this.#handingOver?.receipts ?? []), ...this.#collected].reduce((sum, { rows }) => sum + rows.length, 0);
        return {
            waiting: waiting + outside, dropped: dropped + this.#crowdedOut, ...this.#counts,
            ...(unsafe !== undefined && { unsafe: unsafe + outside }), ...(disk !== undefined && { disk }), ...(away !== undefined && { away }),
        };
    }

    /** What keeps rows from a disk and from the store. */
    get #why(): Pick<QueueState, "disk" | "away"> {
        const { spool, subject } = this.options;
        const disk = spool.state.disk ?? (this.#hangs(this.#handingOver?.since) ? "it does not answer" : undefined);
        const since = this.#writingSince;
        // A database has its own deadline. Without a folder for the spool the store is a disk.
        const hung = since !== undefined && spool.options.folder === undefined && this.#hangs(since) ? { trouble: new Trouble("timeout", `${subject}: the disk does not answer`), since } : undefined;
        const away = this.#away ?? hung;
        return { ...(disk !== undefined && { disk }), ...(away !== undefined && { away }) };
    }

    get #pieceRows(): number {
        return this.options.pieceRows ?? 5000;
    }

    /** Takes up what an earlier process left, and begins to store. */
    start(): void {
        this.#draining ??= this.options.spool.open().then(() => this.#drain());
    }

    /**
     * Takes rows. Resolves when a crash of this process loses none of them, since they are in the store or on the spool's disk:
     * with nothing, or with the Trouble of a row that the store refused. Where there is no disk, or it refuses or hangs, that takes
     * a while; it resolves with a Trouble as soon as the rows are given up, or too many wait. Never rejects, holds up nobody.
     */
    accept(events: readonly TimelineEvent[]): Promise<Trouble | undefined> {
        if (events.length === 0) return Promise.resolve(undefined);
        return new Promise((tell) => {
            // As text from now on: what is done to the message later changes no row.
            const rows = events.map(toRow);
            const bytes = rows.reduce((sum, row) => sum + rowBytes(row), 0);
            this.#collected.push({ rows, bytes, tell });
            this.#collectedBytes += bytes;
            this.#crowdOut();
            this.#saving ??= this.#save();
        });
    }

    /** So many of the rows that were given up have been told of: `state.dropped` counts them no more. */
    toldDropped(count: number): Promise<void> {
        const here = Math.min(count, this.#crowdedOut);
        this.#crowdedOut -= here;
        return this.options.spool.toldDropped(count - here);
    }

    /** Saves what was taken, tries for `withinMs` to store it, and stops. What is left waits in the spool. */
    async close(withinMs = 300): Promise<void> {
        const { spool, store } = this.options;
        const began = this.#clock.monotonic();
        /** Whatever hangs, the next one gets its turn. */
        const until = (part: number): Promise<void> => sleep(began + part * withinMs - this.#clock.monotonic(), this.#clock);
        // Those that close at the same time hand in what they still have.
        await sleep(1, this.#clock);
        while ((this.#saving !== undefined || spool.state.waiting > 0) && this.#away === undefined && this.#draining !== undefined && this.#clock.monotonic() < began + withinMs) await sleep(10, this.#clock);
        this.#stop.abort();
        this.#wake();
        await Promise.race([Promise.all([this.#saving, this.#draining]), until(1.6)]);
        await Promise.race([spool.close(), until(2)]);
        this.#settle();
        for (const { tell } of [...(this.#handingOver?.receipts ?? []), ...this.#collected]) tell(this.#notSafe());
        await Promise.race([store.close(), until(2.3)]);
    }

    /** Hands to the spool what comes, a batch after the other, until there is nothing left. */
    async #save(): Promise<void> {
        const { spool, lingerMs = 20 } = this.options;
        while (this.#collected.length > 0) {
            await sleep(lingerMs, this.#clock, this.#stop.signal);
            const receipts = this.#collected.splice(0);
            this.#collectedBytes = 0;
            this.#handingOver = { receipts, since: this.#clock.monotonic() };
            const place = await spool.append(receipts.flatMap(({ rows }) => rows));
            this.#handingOver = undefined;
            this.#receipts.placed(receipts, place);
            this.#settle();
            this.#wake();
            this.#changed();
        }
        this.#saving = undefined;
    }

    async #drain(): Promise<void> {
        for (let failures = 0; !this.#stop.signal.aborted;) {
            const piece = await this.options.spool.head(this.#piece);
            if (piece === undefined) {
                await this.#tidy();
                await this.#news();
                continue;
            }
            try {
                await this.#store(piece);
                failures = 0;
                this.#away = undefined;
            } catch (error) {
                const trouble = toTrouble(error, this.options.subject);
                this.#away = { trouble, since: this.#away?.since ?? this.#clock.monotonic() };
                // The same piece would take as long again, and none behind it would ever get its turn.
                if (trouble.kind === "timeout") this.#piece = this.#inTime = Math.ceil((piece.to - piece.from) / 2);
                this.#settle();
                this.#changed();
                await sleep(backOffMs(failures, this.options.backOff ?? { minMs: 500, maxMs: 15_000 }), this.#clock, this.#stop.signal);
                failures += 1;
                continue;
            }
            this.#changed();
        }
    }

    /** Stores a piece. A piece that is refused is tried in ever smaller ones until the row itself is found, and left out. */
    async #store(piece: Piece): Promise<void> {
        const { spool, store, onRefused } = this.options;
        this.#writingSince = this.#clock.monotonic();
        const written = await store.write(piece).finally(() => (this.#writingSince = undefined));
        if (written.kind === "written") {
            this.#counts.written += Math.max(0, Math.min(written.upTo, piece.to) - piece.from - written.repeated);
            this.#counts.repeated += written.repeated;
            this.#inTime = Math.min(this.#pieceRows, this.#inTime + Math.ceil(this.#inTime / 16));
            this.#piece = Math.min(this.#inTime, this.#piece * 2);
            this.#receipts.stored(piece.segment, written.upTo);
            return spool.confirm(piece.segment, written.upTo);
        }
        if (piece.to - piece.from > 1) {
            this.#piece = Math.ceil((piece.to - piece.from) / 2);
            return;
        }
        if (piece.rows.length > 0) {
            this.#counts.refused += 1;
            this.#receipts.refused(piece.segment, piece.from, written.trouble);
            onRefused?.(piece, written.trouble);
            return this.#store({ ...piece, rows: [] });
        }
        throw written.trouble;
    }

    /** Waits for rows. */
    async #news(): Promise<void> {
        if (this.options.spool.state.waiting > 0 || this.#stop.signal.aborted) return;
        await new Promise<void>((resolve) => (this.#wake = resolve));
    }

    async #tidy(): Promise<void> {
        this.#settle();
        const gone = this.#gone.splice(0);
        if (gone.length > 0) await this.options.store.forget?.(gone);
    }

    /** Tells those whose rows are safe by now, or given up. */
    #settle(): void {
        const { spool } = this.options;
        const gone = spool.takeGone();
        this.#gone.push(...gone);
        this.#receipts.saved((segment) => spool.isSafe(segment));
        this.#receipts.lost(gone, this.#givenUp());
        this.#receipts.bound(this.#stop.signal.aborted ? 0 : this.#mostReceipts, () => this.#notSafe());
    }

    /** While the spool's disk hangs, rows wait in bounded memory: the oldest are given up. */
    #crowdOut(): void {
        const most = this.options.spool.options.maxMemoryBytes;
        // Whoever waits too long behind others waits no longer; the rows do.
        this.#collected.at(-1 - this.#mostReceipts)?.tell(this.#notSafe());
        while (this.#collected.length > 1 && this.#collectedBytes > most) {
            const [oldest] = this.#collected.splice(0, 1) as [Receipt];
            this.#collectedBytes -= oldest.bytes;
            this.#crowdedOut += oldest.rows.length;
            oldest.tell(this.#givenUp());
        }
        if (this.#hangs(this.#handingOver?.since)) this.#changed();
    }

    get #mostReceipts(): number {
        return this.options.mostReceipts ?? 10_000;
    }

    #notSafe(): Trouble {
        const { disk, away } = this.#why;
        return new Trouble("disk", `${this.options.subject}: rows wait in memory only, the end of this process loses them: ${disk ?? away?.trouble.message ?? "too many come at once"}`);
    }

    #givenUp(): Trouble {
        return new Trouble("disk", `${this.options.subject}: rows were given up, there was no room left for them to wait`);
    }

    #hangs(since: number | undefined): boolean {
        return since !== undefined && this.#clock.monotonic() - since > hangsMs;
    }

    #changed(): void {
        this.options.onChange?.(this.state);
    }
}
