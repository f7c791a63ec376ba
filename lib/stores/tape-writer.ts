import { mkdir, open, readdir, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { systemClock, type Clock } from "../kit/clock";
import { errorText } from "../kit/trouble";
import { parseHeader, tapeVersion } from "./tape";
import { writtenHeader, writtenLine, type TapeLine } from "./tape-line";
import { appendWhole } from "./timeline-segment";

export interface TapeWriterOptions {
    folder: string;
    /** A slug: names the files, "ups1-20260131T235959.jsonl". Nobody else's files are touched. */
    name: string;
    about: string;
    /** Size at which a new tape begins, and of all tapes of this name together. */
    tapeBytes: number;
    totalBytes: number;
    maxAgeMs: number;
    clock?: Clock;
}

export interface TapeWriterState {
    /** The tape that is being written, without its folder. */
    file?: string;
    bytes: number;
    /** Lines given up because the disk had no room for them. */
    lost: number;
    /** Why the disk refuses lines. */
    disk?: string;
}

/** A tape that was written so long ago at most goes on after a restart, in ms. */
const goesOnMs = 3_600_000;
/** So many lines wait for a disk that hangs or refuses; then the oldest are given up. */
const waitingLines = 5000;
/** Lines that were written already are not written twice: a message often takes several ways to the recorder. */
const remembered = 64;
const headerBytes = 16 << 10;
/** The most that a power cut can take, in ms. Each fsync wears an SD card. */
const syncMs = 10_000;

/**
 * Writes tapes, bounded by size and age. Lines wait in memory until `flush`, so that a slow disk holds nobody up; kill -9 costs
 * what has come since the last one. A disk that refuses costs the oldest lines beyond what memory holds, which are counted, and is never an error.
 */
export class TapeWriter {
    #waiting: TapeLine[] = [];
    #recent: string[] = [];
    #tape: OpenTape | undefined;
    #lost = 0;
    #disk: string | undefined;
    #syncAt = 0;
    #tail: Promise<void> = Promise.resolve();
    readonly #clock: Clock;
    readonly #pattern: RegExp;

    constructor(readonly options: TapeWriterOptions) {
        this.#clock = options.clock ?? systemClock;
        this.#pattern = new RegExp(`^${options.name}-\\d{8}T\\d{6}(-\\d+)?\\.jsonl$`);
    }

    get state(): TapeWriterState {
        return { bytes: this.#tape?.bytes ?? 0, lost: this.#lost, ...(this.#tape && { file: this.#tape.file }), ...(this.#disk !== undefined && { disk: this.#disk }) };
    }

    add(lines: readonly TapeLine[]): void {
        for (const line of lines) {
            const text = JSON.stringify(line);
            if (this.#recent.includes(text)) continue;
            if (this.#recent.push(text) > remembered) this.#recent.shift();
            this.#waiting.push(line);
        }
        this.#bound();
    }

    /** Writes what waits. Never throws; see `state.disk`. */
    flush(): Promise<void> {
        this.#tail = this.#tail.then(() => this.#write());
        return this.#tail;
    }

    /** Writes what waits and closes the file. */
    async close(): Promise<void> {
        await this.flush();
        await this.#shut();
    }

    async #write(): Promise<void> {
        const lines = this.#waiting.splice(0);
        const [first] = lines;
        if (first === undefined) return;
        try {
            // Somebody has removed the tape: what goes on into it nobody would ever find.
            if ((await this.#tape?.handle.stat())?.nlink === 0) await this.#shut();
            const tape = (this.#tape ??= await this.#open(first.at));
            const text = lines.map((line) => writtenLine(line, tape.began)).join("");
            await appendWhole(tape.handle, text);
            tape.bytes += Buffer.byteLength(text);
            this.#disk = undefined;
            if (tape.bytes >= this.options.tapeBytes) await this.#shut();
            else this.#sync(tape.handle);
        } catch (error) {
            this.#disk = errorText(error);
            this.#waiting.unshift(...lines);
            this.#bound();
            await this.#shut().catch(() => undefined);
        }
    }

    /** The tape of a moment ago where there is one, else a new one. */
    async #open(at: number): Promise<OpenTape> {
        const { folder } = this.options;
        await mkdir(folder, { recursive: true });
        const mine = await this.#own();
        return (await this.#goOn(mine.at(-1))) ?? (await this.#begin(at, mine));
    }

    async #goOn(last: OwnFile | undefined): Promise<OpenTape | undefined> {
        if (last === undefined || last.bytes >= this.options.tapeBytes || this.#clock.wall() - last.changed > goesOnMs) return undefined;
        const handle = await open(join(this.options.folder, last.file), "a+");
        try {
            const head = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
            const { began } = parseHeader(JSON.parse(head.buffer.toString("utf8", 0, head.bytesRead).split("\n")[0] ?? ""));
            if (began !== undefined) {
                // A torn last line (crash in the middle of a write) must not join the next one.
                const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, last.bytes - 1);
                if (buffer.toString() !== "\n") await handle.appendFile("\n");
                return { file: last.file, handle, began, bytes: last.bytes };
            }
        } catch {
            // Nobody can go on with what cannot be understood.
        }
        await handle.close();
        return undefined;
    }

    async #begin(at: number, mine: readonly OwnFile[]): Promise<OpenTape> {
        const { folder, name, about } = this.options;
        await this.#prune(mine);
        const second = new Date(this.#clock.wall()).toISOString().replace(/[-:]|\.\d+Z$/g, "");
        for (let more = 0; ; more += 1) {
            const file = `${name}-${second}${more === 0 ? "" : `-${more}`}.jsonl`;
            try {
                const handle = await open(join(folder, file), "ax", 0o600);
                const began = Math.floor(at);
                const header = writtenHeader({ version: tapeVersion, name: file.replace(/\.jsonl$/, ""), about, trigger: {}, began });
                await handle.writeFile(header).catch(async (error: unknown) => {
                    await handle.close();
                    await rm(join(folder, file), { force: true });
                    throw error;
                });
                return { file, handle, began, bytes: Buffer.byteLength(header) };
            } catch (error) {
                if ((error as NodeJS.ErrnoException).code !== "EEXIST" || more > 100) throw error;
            }
        }
    }

    /** The tapes of this name, oldest first. */
    async #own(): Promise<OwnFile[]> {
        const { folder } = this.options;
        const files = (await readdir(folder)).filter((file) => this.#pattern.test(file)).sort();
        const found = await Promise.all(files.map(async (file) => {
            const { size, mtimeMs } = await stat(join(folder, file));
            return { file, bytes: size, changed: mtimeMs };
        }));
        return found.sort((a, b) => a.changed - b.changed);
    }

    /** Makes room for one more. */
    async #prune(mine: readonly OwnFile[]): Promise<void> {
        const { folder, tapeBytes, totalBytes, maxAgeMs } = this.options;
        let total = mine.reduce((sum, { bytes }) => sum + bytes, tapeBytes);
        for (const { file, bytes, changed } of mine) {
            if (total <= totalBytes && this.#clock.wall() - changed <= maxAgeMs) continue;
            total -= bytes;
            await rm(join(folder, file), { force: true });
        }
    }

    #bound(): void {
        if (this.#waiting.length > waitingLines) this.#lost += this.#waiting.splice(0, this.#waiting.length - waitingLines).length;
    }

    /** Now and then, beside the work. */
    #sync(handle: FileHandle): void {
        if (this.#clock.monotonic() < this.#syncAt) return;
        this.#syncAt = this.#clock.monotonic() + syncMs;
        void handle.datasync().catch(() => undefined);
    }

    async #shut(): Promise<void> {
        const tape = this.#tape;
        this.#tape = undefined;
        await tape?.handle.close();
    }
}

interface OpenTape {
    file: string;
    handle: FileHandle;
    /** Event time in ms. */
    began: number;
    bytes: number;
}

interface OwnFile {
    file: string;
    bytes: number;
    /** Wall time in ms. */
    changed: number;
}
