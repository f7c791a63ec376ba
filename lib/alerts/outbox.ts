import { sleep, systemClock, type Cancel, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { toTrouble, type Trouble } from "../kit/trouble";
import type { Alert } from "./alert";
import { heldMs, pairsIn } from "./blips";
import { Refused, type Channel } from "./channel";
import type { RecordFile } from "./outbox-file";
import { afterFailure, hurry, readyPace, type Pace } from "./pace";
import { accept, ageOf, applyRecord, emptyQueue, expire, queueLimits, snapshot, type DropReason, type Entry, type QueueLimits, type QueueRecord } from "./queue";
import { RecordKeeper } from "./record-keeper";

/** How a message got there. */
export interface Delivery {
    /** Event time in ms of the delivery. */
    at: number;
    /** Attempts since the outbox was opened. */
    attempts: number;
    /** From acceptance to delivery, in ms. */
    delayedMs: number;
    /** How often the alert was posted while it waited. */
    times: number;
}

/** What an outbox tells its owner. None of these may throw. */
export interface OutboxEvents<Carry> {
    /** `carry` is absent for what was loaded from the disk. */
    delivered(alert: Alert, delivery: Delivery, carry: Carry | undefined): void;
    /** An attempt failed. `retryInMs` until the next. */
    failed(trouble: Trouble, retryInMs: number, alert: Alert, carry: Carry | undefined): void;
    /** An alert was given up: its text goes to the log, so that it is not lost without a trace. */
    dropped(alert: Alert, why: DropReason, carry: Carry | undefined): void;
    /** The disk began to fail, or works again (undefined). */
    disk(trouble: Trouble | undefined): void;
    /** What waited on the disk was read; damaged lines, if any, are kept in `copiedTo`. */
    loaded(waiting: number, copiedTo: string | undefined): void;
}

export interface OutboxOptions<Carry> {
    file: RecordFile;
    channel: Channel;
    events: OutboxEvents<Carry>;
    clock?: Clock;
    limits?: QueueLimits;
    random?: () => number;
}

/** Longest attempt in ms; channels have shorter deadlines of their own. */
const attemptDeadlineMs = 60_000;

/**
 * Delivers alerts at least once, oldest first, through a channel that may be away for days. What was accepted survives
 * restarts and power cuts. Nothing here makes the sender wait: `post` only promises durability.
 */
export class Outbox<Carry = undefined> {
    readonly #options: Required<OutboxOptions<Carry>>;
    readonly #keeper: RecordKeeper;
    readonly #stop = new AbortController();
    readonly #loaded: Promise<void>;
    readonly #running: Promise<void>;
    readonly #carries = new Map<number, Carry>();
    #queue = emptyQueue;
    #pace: Pace = readyPace;
    #inFlight: number | undefined;
    /** Something critical came in during the present attempt. */
    #urgent = false;
    #attempts = { id: 0, count: 0 };
    #closed = false;
    #wake: () => void = () => undefined;

    constructor(options: OutboxOptions<Carry>) {
        this.#options = { clock: systemClock, limits: queueLimits, random: Math.random, ...options };
        const { file, events, clock } = this.#options;
        this.#keeper = new RecordKeeper(file, () => snapshot(this.#queue), (trouble) => events.disk(trouble), clock);
        this.#loaded = this.#load();
        this.#running = this.#loaded.then(() => this.#run());
    }

    /** How many alerts wait. */
    get waiting(): number {
        return this.#queue.entries.length;
    }

    /**
     * Takes an alert. Resolves when it is safe on the disk (or when the disk fails, which `disk` tells), long before it
     * is delivered; never rejects. `repeat`: it was the same as the latest of its key and is told with that one.
     * @param carry goes back to `delivered`; it is not stored
     */
    async post(alert: Alert, carry?: Carry): Promise<{ repeat: boolean }> {
        await this.#loaded;
        return this.#accept(alert, carry);
    }

    /**
     * Takes an alert only if one that it ends is still to be told: for a reader who wants to hear of the beginning but
     * not of the end. Says whether it was taken; else as `post`.
     */
    async finish(alert: Alert, carry?: Carry): Promise<boolean> {
        await this.#loaded;
        if (!this.#queue.entries.some(({ alert: { key, opens } }) => opens && key === alert.key)) return false;
        return !(await this.#accept(alert, carry)).repeat;
    }

    async #accept(alert: Alert, carry: Carry | undefined): Promise<{ repeat: boolean }> {
        const { clock, limits } = this.#options;
        const { records, id, repeat } = accept(this.#queue, alert, clock.now(), this.#inFlight, limits);
        if (!repeat && carry !== undefined) this.#carries.set(id, carry);
        const kept = this.#change(records);
        if (alert.severity === "critical") {
            this.#urgent = true;
            this.#pace = hurry(this.#pace, clock.monotonic());
        }
        this.#wake();
        await kept;
        return { repeat };
    }

    /** Ends deliveries; what waits stays on the disk. An attempt under way gets `graceMs` to end well. */
    async close(graceMs = 500): Promise<void> {
        await this.#end(graceMs);
        await this.#keeper.close();
    }

    /** Ends deliveries and forgets what waits. */
    async remove(): Promise<void> {
        await this.#end(0);
        await this.#keeper.remove();
    }

    async #end(graceMs: number): Promise<void> {
        this.#closed = true;
        this.#wake();
        if (graceMs > 0) {
            const patience = new AbortController();
            await Promise.race([this.#running, sleep(graceMs, this.#options.clock, patience.signal)]);
            patience.abort();
        }
        this.#stop.abort();
        await this.#running;
    }

    async #load(): Promise<void> {
        const { records, copiedTo } = await this.#keeper.load();
        this.#queue = records.reduce(applyRecord, this.#queue);
        // Or the same damage would be told at each start.
        if (copiedTo !== undefined) void this.#keeper.keep(snapshot(this.#queue));
        await this.#change(pairsIn(this.#queue.entries));
        this.#options.events.loaded(this.waiting, copiedTo);
    }

    async #run(): Promise<void> {
        const { clock, limits } = this.#options;
        for (;;) {
            await this.#change(expire(this.#queue, clock.now(), limits));
            const [oldest] = this.#queue.entries;
            const waitMs = oldest === undefined ? Infinity : Math.max(this.#pace.notBefore - clock.monotonic(), heldMs(this.#queue.entries, ageOf(oldest, clock.now()), limits.blipMs));
            if (this.#closed) return;
            if (oldest === undefined || waitMs > 0) await this.#rest(waitMs);
            else await this.#attempt(oldest);
        }
    }

    /** Until `ms` have passed or something has happened. */
    #rest(ms: number): Promise<void> {
        return new Promise((resolve) => {
            const cancel: Cancel = ms === Infinity ? () => undefined : this.#options.clock.after(ms, () => this.#wake());
            this.#wake = () => {
                cancel();
                resolve();
            };
        });
    }

    async #attempt(entry: Entry): Promise<void> {
        const { clock, channel, events, random } = this.#options;
        const { alert, times, id } = entry;
        const { lost } = this.#queue;
        this.#attempts = { id, count: this.#attempts.id === id ? this.#attempts.count + 1 : 1 };
        this.#inFlight = id;
        this.#urgent = false;
        const delayedMs = ageOf(entry, clock.now()) ?? 0;
        try {
            await withDeadline({ ms: attemptDeadlineMs, subject: "alert", clock, signal: this.#stop.signal },
                (signal) => channel.send({ id, alert, delayedMs, times, lost }, signal));
        } catch (error) {
            if (this.#stop.signal.aborted) return;
            const trouble = toTrouble(error, "alert");
            const advice = trouble instanceof Refused ? trouble.advice : { next: "retry" as const };
            const now = clock.monotonic();
            const pace = afterFailure(this.#pace, advice, now, random);
            this.#pace = this.#urgent ? hurry(pace, now) : pace;
            this.#inFlight = undefined;
            events.failed(trouble, this.#pace.notBefore - now, alert, this.#carries.get(id));
            // What ended while its beginning was on the way is told with it, now that it has to wait.
            await this.#change(advice.next === "discard" ? [{ drop: id, why: "refused" }] : pairsIn(this.#queue.entries));
            return;
        }
        const delivery: Delivery = { at: clock.now(), attempts: this.#attempts.count, delayedMs: ageOf(entry, clock.now()) ?? 0, times };
        const carry = this.#carries.get(id);
        this.#carries.delete(id);
        this.#pace = readyPace;
        this.#inFlight = undefined;
        const kept = this.#change([{ done: id, said: lost }]);
        events.delivered(alert, delivery, carry);
        await kept; // before the next is sent: after a crash at most one is sent twice
    }

    /** Changes the queue at once and the disk behind it; settles when the disk has it or has failed. */
    #change(records: QueueRecord[]): Promise<void> {
        const before = this.#queue;
        this.#queue = records.reduce(applyRecord, this.#queue);
        for (const record of records) {
            if ("join" in record) this.#carries.delete(record.join);
            if (!("drop" in record)) continue;
            const gone = [...before.entries, ...records.flatMap((other) => ("add" in other ? [other.add] : []))].find(({ id }) => id === record.drop);
            if (gone !== undefined) this.#options.events.dropped(gone.alert, record.why, this.#carries.get(gone.id));
            this.#carries.delete(record.drop);
        }
        return this.#keeper.keep(records);
    }
}
