import { rm } from "node:fs/promises";
import { removeLeftovers, writeAtomic } from "../kit/atomic-file";
import { systemClock, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { JsonLinesFile, readJsonLines } from "../kit/json-lines";
import { forgetAside, setAside } from "../kit/set-aside";
import { toTrouble, Trouble } from "../kit/trouble";
import { settledInTime, writes } from "../kit/writers";
import { emptyMemory, remember, type JournalMemory, type JournalRecord } from "./journal-records";
import { sealed, unsealed } from "./journal-seal";

/** What the journal knew at the start. */
export interface Recovered {
    memory: JournalMemory;
    /** What a person should know about the file itself. */
    warnings: string[];
    /** What was known before is lost: nobody knows whether a run was under way, or has been. */
    lost?: true;
}

/** The journal is shortened at a start when it holds more records than this and no run is open. */
const longJournal = 1000;
/** A step never waits longer than this for the disk, ms. */
const diskPatienceMs = 2000;
/** Nor does a command at the start, until the journal has been read, ms. */
const loadPatienceMs = 5000;
const closePatienceMs = 300;

/**
 * The sequencer's memory on disk: JSON lines, each a list of records that were committed together (one fsync for all that
 * were waiting), sealed. Nothing here can stop a shutdown: a journal that cannot be written is complained of once, and the run
 * goes on.
 */
export class RunJournal {
    readonly #file: JsonLinesFile;
    #waiting: { records: JournalRecord[]; written: Promise<void> } | undefined;
    #writing: Promise<void> = Promise.resolve();
    /** Of the last line on the disk. */
    #mark = "";
    #complained = false;
    #closed = false;

    /** @param complain hears once in a while of a disk that does not take records */
    constructor(readonly path: string, readonly complain: (text: string) => void, readonly clock: Clock = systemClock) {
        this.#file = new JsonLinesFile(path);
    }

    /** Never rejects: a journal that cannot be believed is set aside, one that cannot be read is as good as none. */
    async load(): Promise<Recovered> {
        return withDeadline({ ms: loadPatienceMs, subject: "the journal", clock: this.clock }, (signal) => this.#load(signal))
            .catch((error: unknown) => ({ memory: emptyMemory(), warnings: [`${toTrouble(error, "the journal").message}; starting without it`], lost: true }));
    }

    async #load(signal: AbortSignal): Promise<Recovered> {
        const warnings: string[] = [];
        await settledInTime(this.path, this.clock);
        await removeLeftovers(this.path, this.clock.wall());
        const lines = await readJsonLines(this.path).catch((error: unknown) => {
            if (error instanceof Trouble && error.kind === "garbage") return undefined;
            throw error;
        });
        signal.throwIfAborted();
        const read = lines && unsealed(lines);
        if (lines === undefined || read === undefined) {
            const aside = await setAside(this.path, this.clock.wall());
            return { memory: emptyMemory(), warnings: [`the journal was damaged and set aside as ${aside}; starting without it`], lost: true };
        }
        if (lines.bad.length > 0 || lines.torn) warnings.push("the journal ends or continues after a broken line: its process was killed while writing");
        const { records: known, mark } = read;
        this.#mark = mark;
        const memory = known.reduce(remember, emptyMemory());
        if (known.length > longJournal && memory.open === undefined) {
            const short = [...memory.ran].map(([stream, mode]): JournalRecord => {
                const boot = memory.boots.get(stream);
                return { kind: "dealt", stream, mode, ...(boot !== undefined && { boot }), ...(memory.calledOff.has(stream) && { calledOff: true }), at: this.clock.now() };
            });
            // A full disk must not cost the memory that has just been read.
            const { line, mark: first } = short.length === 0 ? { line: undefined, mark: "" } : sealed(short, "");
            await writeAtomic(this.path, line === undefined ? "" : `${JSON.stringify(line)}\n`)
                .then(() => { this.#mark = first; })
                .catch((error: unknown) => warnings.push(`${toTrouble(error, "the journal").message}; it stays long`));
        }
        return { memory, warnings };
    }

    /** Resolves when the record is on the disk, or when waiting any longer would hold up a shutdown. Never rejects. */
    async note(record: JournalRecord): Promise<void> {
        if (this.#closed) return;
        const written = this.#append(record).then(() => {
            this.#complained = false;
        });
        // Once the disk has shown that it is no help, it is still tried, but not waited for.
        if (this.#complained) return void written.catch(() => undefined);
        await withDeadline({ ms: diskPatienceMs, subject: "the journal", clock: this.clock }, () => written).catch((error: unknown) => {
            if (!this.#complained) this.complain(`${toTrouble(error, "the journal").message}; going on without it: after a restart this run may not be finished`);
            this.#complained = true;
        });
    }

    #append(record: JournalRecord): Promise<void> {
        if (this.#waiting !== undefined) {
            this.#waiting.records.push(record);
            return this.#waiting.written;
        }
        const batch = { records: [record], written: Promise.resolve() };
        this.#waiting = batch;
        batch.written = this.#writing.then(() => {
            this.#waiting = undefined;
            const { line, mark } = sealed(batch.records, this.#mark);
            return this.#file.append(line).then(() => { this.#mark = mark; });
        });
        this.#writing = batch.written.catch(() => undefined);
        return batch.written;
    }

    /** Takes no more records and waits for those under way, on a slow disk not to the end: whoever reads this journal next does. */
    async close(): Promise<void> {
        const over = this.#end();
        await withDeadline({ ms: closePatienceMs, subject: "the journal", clock: this.clock }, () => over)
            .catch((error: unknown) => this.complain(toTrouble(error, "the journal").message));
    }

    /** Closes and forgets everything. @throws the system's error */
    async remove(): Promise<void> {
        await writes(this.path, this.#end().then(() => rm(this.path, { force: true })));
        await forgetAside(this.path);
    }

    #end(): Promise<void> {
        this.#closed = true;
        return writes(this.path, this.#writing.then(() => this.#file.close()));
    }
}
