import { systemClock, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { toTrouble, Trouble } from "../kit/trouble";
import type { LoadedRecords, RecordFile } from "./outbox-file";
import type { QueueRecord } from "./queue";

/** Longest time in ms that anybody waits for the disk. */
const diskDeadlineMs = 5000;
/** Records in the file that make it worth rewriting. */
const rewriteAt = 500;

/**
 * Writes the changes of a queue behind it, in order. A failing disk (full, read-only, gone, hung) stops nothing: the
 * queue lives on in memory, and the next change tries to write all of it.
 */
export class RecordKeeper {
    #tail: Promise<void> = Promise.resolve();
    #written = 0;
    #stale = false;
    #trouble: Trouble | undefined;

    /**
     * @param whole what the file has to hold now
     * @param onDisk told once when the disk begins to fail, and once (undefined) when it works again
     */
    constructor(readonly file: RecordFile, readonly whole: () => QueueRecord[], readonly onDisk: (trouble: Trouble | undefined) => void, readonly clock: Clock = systemClock) {}

    /** The disk fails: what happens now is kept in memory only. */
    get failing(): boolean {
        return this.#trouble !== undefined;
    }

    /** Never rejects: what cannot be read is said, and an empty queue goes on. */
    async load(): Promise<LoadedRecords> {
        try {
            const loaded = await withDeadline({ ms: diskDeadlineMs, subject: "alert queue", clock: this.clock }, (signal) => this.file.load(signal));
            this.#stale = loaded.stale;
            this.#written = loaded.records.length;
            return loaded;
        } catch (error) {
            // Numbers begin anew: nothing may be appended to what another life has written.
            this.#stale = true;
            const { kind, message } = toTrouble(error, "alert queue");
            this.#say(new Trouble(kind, `${message}; what waited there from before is not sent, and is set aside`));
            return { records: [], stale: true };
        }
    }

    /** Resolves when the records are on the disk, or when the disk has failed (which is said) or is known to fail. */
    async keep(records: QueueRecord[]): Promise<void> {
        if (records.length === 0) return;
        this.#tail = this.#tail.then(() => this.#write(records));
        if (this.failing) return;
        await withDeadline({ ms: diskDeadlineMs, subject: "alert queue", clock: this.clock }, () => this.#tail)
            .catch((error: unknown) => this.#say(toTrouble(error, "alert queue")));
    }

    async close(): Promise<void> {
        await this.#tail;
        await this.file.close();
    }

    async remove(): Promise<void> {
        await this.#tail;
        await this.file.remove();
    }

    async #write(records: QueueRecord[]): Promise<void> {
        try {
            if (this.#stale || this.#written + records.length > rewriteAt) {
                const all = this.whole();
                await this.file.rewrite(all);
                // Many waiting alerts must not mean a rewrite at every change: count from here.
                this.#written = 0;
                this.#stale = false;
            } else {
                for (const record of records) await this.file.append(record);
                this.#written += records.length;
            }
            this.#say(undefined);
        } catch (error) {
            this.#stale = true;
            this.#say(toTrouble(error, "alert queue"));
        }
    }

    #say(trouble: Trouble | undefined): void {
        if ((trouble === undefined) === (this.#trouble === undefined)) return;
        this.#trouble = trouble;
        this.onDisk(trouble);
    }
}
