import { rm } from "node:fs/promises";
import { removeLeftovers, writeAtomic } from "../kit/atomic-file";
import { systemClock, type Clock } from "../kit/clock";
import { JsonLinesFile, readJsonLines } from "../kit/json-lines";
import { copyAside, forgetAside, setAside } from "../kit/set-aside";
import { settledInTime } from "../kit/writers";
import { parseRecord, type QueueRecord } from "./queue";

/** What an outbox's file held. */
export interface LoadedRecords {
    records: QueueRecord[];
    /** The file had unreadable lines: a copy is kept here, where the disk allows that, and the readable ones are obeyed. */
    copiedTo?: string;
    /** Whether the file should be rewritten: torn, damaged, or with more in it than is still needed. */
    stale: boolean;
}

/** Where an outbox keeps its records. Calls come one at a time. */
export interface RecordFile {
    /** @param signal nobody waits for it any more: what it brings is not obeyed, so the next rewrite sets it aside */
    load(signal?: AbortSignal): Promise<LoadedRecords>;
    /** Resolves when the record is on the disk. */
    append(record: QueueRecord): Promise<void>;
    /** Replaces everything, so that a crash leaves either the old or the new records. */
    rewrite(records: QueueRecord[]): Promise<void>;
    close(): Promise<void>;
    remove(): Promise<void>;
}

/** The records of an outbox as JSON lines at `path`. All of it throws the system's error (ENOSPC, EROFS ...). */
export function outboxFile(path: string, clock: Clock = systemClock): RecordFile {
    const lines = new JsonLinesFile(path);
    let read = false;
    return {
        async load(signal) {
            await settledInTime(path, clock);
            await removeLeftovers(path, clock.wall());
            const { records: found, bad, torn } = await readJsonLines(path);
            read = signal?.aborted !== true;
            const records = found.map(parseRecord).filter((record) => record !== undefined);
            const stale = torn || records.some((record) => !("add" in record));
            if (bad.length === 0 && records.length === found.length) return { records, stale };
            // The copy first: whatever happens now, nothing that was readable or not is lost. Where there is none, the rewrite keeps it.
            const copiedTo = await copyAside(path, clock.wall());
            read &&= copiedTo !== path;
            return { records, copiedTo, stale: true };
        },
        append: (record) => lines.append(record),
        async rewrite(records) {
            await lines.close(); // its handle would go on writing to the replaced file
            // What could not be read at the start may be readable to a person later.
            if (!read) await setAside(path, clock.wall());
            read = true;
            await writeAtomic(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
        },
        close: () => lines.close(),
        async remove() {
            await lines.close();
            await rm(path, { force: true });
            await forgetAside(path);
        },
    };
}
