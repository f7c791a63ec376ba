import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { toTrouble, Trouble } from "../kit/trouble";
import { withoutMark } from "../kit/well-formed";
import { parseHeader, TapeBuilder, type Tape } from "./tape";

/** What a tape may have at most: days of readings once a second. What is larger is no tape, or none to hold in memory. */
export const tapeLimits = { bytes: 64 << 20, lineBytes: 256 << 10, lines: 500_000 };

const chunkBytes = 64 << 10;

/**
 * Reads a tape a chunk at a time, so that the process does other things in between. A torn last line is dropped, lines that
 * are damaged or too long are left out; both are said.
 * @throws Trouble: "garbage" for what is no tape, "config" for a missing file, else what the disk says
 */
export async function readTape(path: string, limits = tapeLimits): Promise<Tape> {
    const subject = `tape ${basename(path)}`;
    try {
        return await read(path, limits);
    } catch (error) {
        if (error instanceof Trouble) throw new Trouble(error.kind, `${subject}: ${error.message}`);
        if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Trouble("config", `${subject}: there is no such file`);
        throw toTrouble(error, subject);
    }
}

async function read(path: string, limits: typeof tapeLimits): Promise<Tape> {
    const handle = await open(path, "r");
    try {
        const { size } = await handle.stat();
        if (size > limits.bytes) throw new Trouble("garbage", `it has ${inMegabytes(size)}, more than ${inMegabytes(limits.bytes)}`);
        let builder: TapeBuilder | undefined;
        let torn = false;
        let count = 0;
        for await (const { text, ended } of linesOf(handle, limits)) {
            count += 1;
            if (count > limits.lines) throw new Trouble("garbage", `it has more than ${limits.lines} lines`);
            if (text.trim() === "") continue;
            const value = parsed(count === 1 ? withoutMark(text) : text);
            // A last line that only lacks its newline is whole.
            if (!ended && value === undefined) torn = true;
            else if (builder === undefined) builder = new TapeBuilder(parseHeader(value));
            else builder.add(value);
        }
        if (builder === undefined) throw new Trouble("garbage", "it is empty");
        return builder.finish(torn);
    } finally {
        await handle.close();
    }
}

/** The lines of a file. One that is too long comes as far as there was room, so that it can't be parsed. */
async function* linesOf(handle: FileHandle, limits: typeof tapeLimits): AsyncGenerator<{ text: string; ended: boolean }> {
    const chunk = Buffer.alloc(chunkBytes);
    let rest = Buffer.alloc(0);
    for (let at = 0; at < limits.bytes;) {
        const { bytesRead } = await handle.read(chunk, 0, chunkBytes, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        const data = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
        let from = 0;
        for (let end = data.indexOf(0x0a, from); end >= 0; end = data.indexOf(0x0a, from)) {
            yield { text: data.subarray(from, Math.min(end, from + limits.lineBytes)).toString("utf8"), ended: true };
            from = end + 1;
        }
        // However long a line gets, no more of it is kept.
        rest = Buffer.from(data.subarray(from, from + limits.lineBytes));
    }
    if (rest.length > 0) yield { text: rest.toString("utf8"), ended: false };
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text) as unknown;
    } catch {
        return undefined;
    }
}

function inMegabytes(bytes: number): string {
    return `${(bytes / (1 << 20)).toFixed(1)} MB`;
}
