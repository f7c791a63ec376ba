import { backOffMs, type BackOff } from "../kit/back-off";
import { sleep, systemClock, type Clock } from "../kit/clock";
import { toTrouble, type Trouble } from "../kit/trouble";
import { toRow, type TimelineEvent } from "./timeline-event";
import type { Spool, SpoolState } from "./timeline-spool";
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

/**
 * Takes rows and brings them into a store, in order and each once, however often the store is away. Whoever hands in rows
 * never waits for the store: only for the spool, if at all.
 */
export class TimelineQueue {
    readonly #clock: Clock;
    readonly #stop = new AbortController();
    #collected: TimelineEvent[] = [];
    #saving: Promise<void> | undefined;
    #wake: () => void = () => undefined;
    #draining: Promise<void> | undefined;
    #piece: number;
    #counts = { written: 0, refused: 0, repeated: 0 };
    #away: QueueState["away"];

    constructor(readonly options: QueueOptions) {
        this.#clock = options.clock ?? systemClock;
        this.#piece = this.#pieceRows;
    }

    get state(): QueueState {
        return { ...this.options.spool.state, ...this.#counts, ...(this.#away !== undefined && { away: this.#away }) };
    }

    get #pieceRows(): number {
        return this.options.pieceRows ?? 5000;
    }

    /** Takes up what an earlier process left, and begins to store. */
    start(): void {
        this.#draining ??= this.options.spool.open().then(() => this.#drain());
    }

    /** Takes rows. Resolves when the spool has them: from then on a crash of this process loses none of them. Never throws. */
    accept(events: readonly TimelineEvent[]): Promise<void> {
        for (const event of events) this.#collected.push(event);
        this.#saving ??= sleep(this.options.lingerMs ?? 20, this.#clock, this.#stop.signal).then(() => this.#save());
        return this.#saving;
    }

    /** Saves what was taken, tries for `withinMs` to store it, and stops. What is left waits in the spool. */
    async close(withinMs = 300): Promise<void> {
        const { spool, store } = this.options;
        const end = this.#clock.monotonic() + withinMs;
        // Those that close at the same time hand in what they still have.
        await sleep(1, this.#clock);
        await this.#saving;
        while (spool.state.waiting > 0 && this.#away === undefined && this.#draining !== undefined && this.#clock.monotonic() < end) await sleep(10, this.#clock);
        this.#stop.abort();
        this.#wake();
        await Promise.race([this.#draining, sleep(withinMs, this.#clock)]);
        await this.#saving;
        await spool.close();
        await store.close();
    }

    async #save(): Promise<void> {
        this.#saving = undefined;
        const events = this.#collected.splice(0);
        await this.options.spool.append(events.map(toRow));
        this.#wake();
        this.#changed();
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
                this.#away = { trouble: toTrouble(error, this.options.subject), since: this.#away?.since ?? this.#clock.monotonic() };
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
        const written = await store.write(piece);
        if (written.kind === "written") {
            this.#counts.written += Math.max(0, Math.min(written.upTo, piece.to) - piece.from - written.repeated);
            this.#counts.repeated += written.repeated;
            this.#piece = Math.min(this.#pieceRows, this.#piece * 2);
            return spool.confirm(piece.segment, written.upTo);
        }
        if (piece.to - piece.from > 1) {
            this.#piece = Math.ceil((piece.to - piece.from) / 2);
            return;
        }
        if (piece.rows.length > 0) {
            this.#counts.refused += 1;
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
        const gone = this.options.spool.takeGone();
        if (gone.length > 0) await this.options.store.forget?.(gone);
    }

    #changed(): void {
        this.options.onChange?.(this.state);
    }
}
