import { open, readdir, readFile, rm, truncate, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { TimelineRow } from "./timeline-event";
import { parseRowLine, rowLine } from "./timeline-line";

/**
 * A stretch of the spool: rows that wait, and how many of them are stored already. Its file holds a line a row, and marks
 * "#12" that say that the first 12 rows are stored. Without a path it lives in memory only.
 */
export interface Segment {
    id: string;
    /** Place in the order of segments. */
    number: number;
    path?: string;
    /** Its rows where they are in memory; a damaged line is undefined, so that positions stay. */
    rows: (TimelineRow | undefined)[] | undefined;
    count: number;
    stored: number;
    /** Size of its rows as text. */
    bytes: number;
    handle?: FileHandle;
    /** Left by an earlier process: takes no more rows. A power cut may have cut it short, and its positions are the store's already. */
    adopted?: true;
}

/** Appends text whole or not at all. @throws the system's error (ENOSPC ...) */
export async function appendWhole(handle: FileHandle, text: string): Promise<void> {
    const { size } = await handle.stat();
    try {
        // writeFile goes on after a short write; write() would report half a line on a full disk as success.
        await handle.writeFile(text);
    } catch (error) {
        await handle.truncate(size).catch(() => undefined);
        throw error;
    }
}

/** The file of a segment: its name says its place in the order, and its id. */
export interface SegmentFile {
    path: string;
    number: number;
    id: string;
}

/** The files of segments in a folder, in their order. @throws the system's error */
export async function segmentFiles(folder: string): Promise<SegmentFile[]> {
    const names = (await readdir(folder)).map((name) => /^(\d{10})-([0-9a-f-]{36})\.rows$/.exec(name)).filter((match) => match !== null);
    return names.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, number, id = ""]) => ({ path: join(folder, name), number: Number(number), id }));
}

/** Makes the file of a segment that has none yet, with all its rows. @throws the system's error; there is no file then. */
export async function writeSegment(segment: Segment, folder: string): Promise<void> {
    const path = join(folder, `${String(segment.number).padStart(10, "0")}-${segment.id}.rows`);
    const handle = await open(path, "ax", 0o600);
    try {
        const lines = (segment.rows ?? []).map((row) => (row === undefined ? "\n" : rowLine(row)));
        await appendWhole(handle, `${lines.join("")}${segment.stored > 0 ? markLine(segment.stored) : ""}`);
    } catch (error) {
        await handle.close().catch(() => undefined);
        await rm(path, { force: true }).catch(() => undefined);
        throw error;
    }
    segment.path = path;
    segment.handle = handle;
}

export function markLine(stored: number): string {
    return `#${stored}\n`;
}

/**
 * What a segment's file holds. A torn last line was never reported as written: it is cut off.
 * @throws the system's error
 */
export async function readSegment(path: string): Promise<{ rows: (TimelineRow | undefined)[]; stored: number; bytes: number }> {
    const data = await readFile(path);
    const whole = data.lastIndexOf(0x0a) + 1;
    if (whole < data.length) await truncate(path, whole).catch(() => undefined);
    const lines = data.subarray(0, whole).toString("utf8").split("\n").slice(0, -1);
    const rows = lines.filter((line) => !line.startsWith("#")).map(parseRowLine);
    const marks = lines.filter((line) => /^#\d+$/.test(line)).map((line) => Number(line.slice(1)));
    return { rows, stored: Math.min(rows.length, Math.max(0, ...marks)), bytes: whole };
}
