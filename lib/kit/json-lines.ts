import { constants } from "node:fs";
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "./atomic-file";
import { notThroughLinks, readOwn } from "./own-file";

/** What a JSON-lines file held. */
export interface JsonLines {
    records: unknown[];
    /** Whole lines that were no JSON. */
    bad: string[];
    /** The last line broke off in the middle (the process or the power went while it was written) and was dropped. */
    torn: boolean;
}

/**
 * Reads a JSON-lines file; a missing file is an empty one. A torn last line is dropped, and said to be.
 * @throws Trouble of kind "garbage" for a file that is none of ours, see readOwn
 */
export async function readJsonLines(path: string): Promise<JsonLines> {
    const lines = ((await readOwn(path)) ?? "").split("\n");
    const last = lines.pop() ?? "";
    const result: JsonLines = { records: [], bad: [], torn: false };
    for (const line of lines) {
        if (line.trim() !== "" && !take(line, result.records)) result.bad.push(line);
    }
    // Only the newline was lost when the last line parses: the next append ends that line, so it counts from now on.
    result.torn = last.trim() !== "" && !take(last, result.records);
    return result;
}

function take(line: string, records: unknown[]): boolean {
    try {
        records.push(JSON.parse(line));
        return true;
    } catch {
        return false;
    }
}

/**
 * An append-only file of JSON lines. Appends are written in the order of the calls; each resolves when its line is on
 * the disk (fsync), so that a record that was reported as written survives a power cut.
 */
export class JsonLinesFile {
    #handle: FileHandle | undefined;
    #tail: Promise<unknown> = Promise.resolve();

    constructor(readonly path: string) {}

    /** @throws the system's error (ENOSPC, EROFS ...). Later appends are tried again. */
    append(record: unknown): Promise<void> {
        const line = `${JSON.stringify(record)}\n`;
        const written = this.#tail.then(() => this.#write(line));
        this.#tail = written.catch(() => undefined);
        return written;
    }

    /** Waits for the appends under way and closes the file. A later append opens it again. */
    async close(): Promise<void> {
        await this.#tail;
        await this.#drop();
    }

    async #drop(): Promise<void> {
        const handle = this.#handle;
        this.#handle = undefined;
        // All that was written is on the disk already.
        await handle?.close().catch(() => undefined);
    }

    /** The open file. One that somebody has removed meanwhile would take records into nowhere. */
    async #ours(): Promise<FileHandle> {
        if (this.#handle !== undefined && (await this.#handle.stat().catch(() => undefined))?.nlink === 0) await this.#drop();
        return this.#handle ?? this.#open();
    }

    async #write(line: string): Promise<void> {
        const handle = await this.#ours();
        let size: number | undefined;
        try {
            ({ size } = await handle.stat());
            // writeFile goes on after a short write; write() would report half a line on a full disk as success.
            await handle.writeFile(line);
            await handle.sync();
        } catch (error) {
            // Half a line would swallow the next record: cut it off again where the disk lets us.
            if (size !== undefined) await handle.truncate(size).catch(() => undefined);
            // Where it does not, the next append ends it. A handle of a file server that was away is good for nothing more.
            await this.#drop();
            throw error;
        }
    }

    async #open(): Promise<FileHandle> {
        await mkdir(dirname(this.path), { recursive: true });
        const handle = await open(this.path, constants.O_APPEND | constants.O_CREAT | constants.O_RDWR | notThroughLinks, 0o600);
        try {
            // Where somebody has opened it to others. Some file systems know no such thing.
            await handle.chmod(0o600).catch(() => undefined);
            // A torn last line (crash in the middle of a write) must not join the next record.
            const { size } = await handle.stat();
            if (size > 0) {
                const last = Buffer.alloc(1);
                await handle.read(last, 0, 1, size - 1);
                if (last.toString() !== "\n") await handle.write("\n");
            } else {
                await syncFolder(dirname(this.path));
            }
        } catch (error) {
            await handle.close().catch(() => undefined);
            throw error;
        }
        this.#handle = handle;
        return handle;
    }
}
