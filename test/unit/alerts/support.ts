import type { Alert } from "../../../lib/alerts/alert";
import type { Channel, Outgoing } from "../../../lib/alerts/channel";
import type { Delivery, OutboxEvents } from "../../../lib/alerts/outbox";
import type { RecordFile } from "../../../lib/alerts/outbox-file";
import type { DropReason, QueueRecord } from "../../../lib/alerts/queue";
import type { Trouble } from "../../../lib/kit/trouble";

export const alert = (title: string, more: Partial<Alert> = {}): Alert => ({ severity: "info", title, text: "", at: 0, key: title, ...more });

/** What a disk holds; it outlives the outbox that wrote it. */
export class MemoryDisk implements RecordFile {
    records: QueueRecord[] = [];
    /** While set, every write fails with it. */
    fails: Error | undefined;
    /** While true, writes neither end nor fail. */
    hangs = false;
    appends = 0;
    rewrites = 0;
    closed = 0;

    load(): Promise<{ records: QueueRecord[]; stale: boolean }> {
        return Promise.resolve({ records: this.records.map((record) => structuredClone(record)), stale: this.records.length > 0 });
    }
    append(record: QueueRecord): Promise<void> {
        return this.#write(() => {
            this.appends += 1;
            this.records.push(structuredClone(record));
        });
    }
    rewrite(records: QueueRecord[]): Promise<void> {
        return this.#write(() => {
            this.rewrites += 1;
            this.records = records.map((record) => structuredClone(record));
        });
    }
    close(): Promise<void> {
        this.closed += 1;
        return Promise.resolve();
    }
    remove(): Promise<void> {
        this.records = [];
        return Promise.resolve();
    }
    async #write(change: () => void): Promise<void> {
        if (this.hangs) await new Promise<never>(() => undefined);
        if (this.fails !== undefined) throw this.fails;
        change();
    }
}

/** The disk as an outbox sees it that was killed: what it still wants to write never arrives. */
export function severed(disk: MemoryDisk): { file: RecordFile; sever(): void } {
    let alive = true;
    const never = (): Promise<never> => new Promise(() => undefined);
    const file: RecordFile = {
        load: () => disk.load(),
        append: (record) => (alive ? disk.append(record) : never()),
        rewrite: (records) => (alive ? disk.rewrite(records) : never()),
        close: () => disk.close(),
        remove: () => disk.remove(),
    };
    return { file, sever: () => void (alive = false) };
}

/** A channel that fails or hangs as a test wants. */
export class FakeChannel implements Channel {
    delivered: Outgoing[] = [];
    tried: Outgoing[] = [];
    /** Thrown by every attempt while set. */
    fails: Error | undefined;
    hangs = false;

    async send(message: Outgoing, signal: AbortSignal): Promise<void> {
        this.tried.push(message);
        if (this.hangs) await new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
        if (this.fails !== undefined) throw this.fails;
        this.delivered.push(message);
    }
    get titles(): string[] {
        return this.delivered.map(({ alert: { title } }) => title);
    }
}

/** Writes down what an outbox tells. */
export class Heard implements OutboxEvents<string> {
    delivered_: { title: string; delivery: Delivery; carry: string | undefined }[] = [];
    failures: { trouble: Trouble; retryInMs: number }[] = [];
    drops: { title: string; why: DropReason }[] = [];
    disks: (string | undefined)[] = [];
    waiting: number | undefined;
    copiedTo: string | undefined;

    delivered(one: Alert, delivery: Delivery, carry: string | undefined): void {
        this.delivered_.push({ title: one.title, delivery, carry });
    }
    failed(trouble: Trouble, retryInMs: number): void {
        this.failures.push({ trouble, retryInMs });
    }
    dropped(one: Alert, why: DropReason): void {
        this.drops.push({ title: one.title, why });
    }
    disk(trouble: Trouble | undefined): void {
        this.disks.push(trouble?.kind);
    }
    loaded(waiting: number, copiedTo: string | undefined): void {
        this.waiting = waiting;
        this.copiedTo = copiedTo;
    }
}
