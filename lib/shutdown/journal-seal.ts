import type { JsonLines } from "../kit/json-lines";
import { checksum } from "../kit/own-file";
import { parseRecord, type JournalRecord } from "./journal-records";

/*
 * Each line of a journal ends with a mark of its records and of the line before it: a line that was changed, taken
 * out or put in once more is noticed. Lines of older versions have none, and stand before all others.
 */

/** A line as it is written. @param before the mark of the line before it; empty at the beginning */
export function sealed(records: readonly JournalRecord[], before: string): { line: unknown[]; mark: string } {
    const mark = markOf(records, before);
    return { line: [...records, mark], mark };
}

/** The records of all lines and the last line's mark; undefined when one is not as it was written. */
export function unsealed({ records: lines, bad }: Pick<JsonLines, "records" | "bad">): { records: JournalRecord[]; mark: string } | undefined {
    // What ends with its mark was written to its end: it is no JSON because it was changed since.
    if (bad.some((line) => /,"[\w-]{16}"\]$/.test(line))) return undefined;
    const found: JournalRecord[] = [];
    // A line that the disk reported as lost may be there all the same: then the next one does not know it.
    const marks = [""];
    for (const line of lines) {
        const raw: unknown[] = Array.isArray(line) ? [...(line as unknown[])] : [line];
        const mark = typeof raw.at(-1) === "string" ? String(raw.pop()) : undefined;
        const records = raw.map(parseRecord).filter((record) => record !== undefined);
        if (records.length < raw.length) return undefined;
        if (mark === undefined ? marks.length > 1 : marks.includes(mark) || !marks.some((before) => markOf(raw, before) === mark)) return undefined;
        if (mark !== undefined) marks.unshift(mark);
        found.push(...records);
    }
    return { records: found, mark: marks[0] ?? "" };
}

function markOf(records: readonly unknown[], before: string): string {
    return checksum(`${before}${JSON.stringify(records)}`);
}
