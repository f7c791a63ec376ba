import { copyFile, link, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";

/** So many are kept of what was set aside of one file: a disk that damages it at each start fills nothing. */
const mostAside = 10;

/**
 * Puts a file out of the way that cannot be read or believed, so that it hinders no later start either; a person may look at it, or
 * bring it back. Never throws.
 * @param wallMs for its new name
 * @returns where it is now: a disk may refuse to move it
 */
export function setAside(path: string, wallMs: number): Promise<string> {
    return toAside(path, wallMs, (aside) => rename(path, aside));
}

/** The same, and the file stays where it is, too: for one that is not written any more, only replaced. */
export function copyAside(path: string, wallMs: number): Promise<string> {
    // A second name needs no room on a full disk. Not every file system has such.
    return toAside(path, wallMs, (aside) => link(path, aside).catch(() => copyFile(path, aside)));
}

/** Removes what was set aside of a file. Never throws. */
export async function forgetAside(path: string): Promise<void> {
    await removeAll(path, await marksOf(path));
}

async function toAside(path: string, wallMs: number, move: (aside: string) => Promise<void>): Promise<string> {
    const earlier = await marksOf(path);
    let mark = Math.round(wallMs);
    // A clock that was set back must not cost what was set aside then.
    while (earlier.includes(mark)) mark += 1;
    const aside = asideOf(path, mark);
    try {
        await move(aside);
    } catch {
        return path;
    }
    await removeAll(path, earlier.sort((one, other) => one - other).slice(0, Math.max(0, earlier.length + 1 - mostAside)));
    return aside;
}

function asideOf(path: string, mark: number): string {
    return `${path}.bad-${mark}`;
}

async function marksOf(path: string): Promise<number[]> {
    const before = asideOf(basename(path), 0).slice(0, -1);
    const names = await readdir(dirname(path)).catch((): string[] => []);
    return names.filter((name) => name.startsWith(before) && /^\d{1,15}$/.test(name.slice(before.length))).map((name) => Number(name.slice(before.length)));
}

async function removeAll(path: string, marks: readonly number[]): Promise<void> {
    for (const mark of marks) await rm(asideOf(path, mark), { force: true }).catch(() => undefined);
}
