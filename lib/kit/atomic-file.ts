import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Makes the names in a folder durable. Some file systems refuse to open or sync a folder: then there is nothing to do. */
export async function syncFolder(folder: string): Promise<void> {
    const handle = await open(folder, "r").catch(() => undefined);
    if (handle === undefined) return;
    await handle.sync().catch(() => undefined);
    await handle.close();
}

/**
 * Replaces `path` so that after a crash or a power cut it holds either the old or the new text, whole: temporary file,
 * fsync, rename, fsync of the folder. Makes the folder when it is missing. The file is readable by its owner only.
 * @throws the system's error (ENOSPC, EROFS ...); the old file is then unharmed.
 */
export async function writeAtomic(path: string, text: string): Promise<void> {
    const folder = dirname(path);
    const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
    try {
        const handle = await openNew(temporary);
        try {
            await handle.writeFile(text);
            await handle.sync();
        } finally {
            await handle.close();
        }
        await rename(temporary, path);
    } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw error;
    }
    await syncFolder(folder);
}

/** The folder is hardly ever missing, and each step back and forth to the disk takes time from whoever decides meanwhile. */
async function openNew(path: string): Promise<FileHandle> {
    try {
        return await open(path, "wx", 0o600);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        await mkdir(dirname(path), { recursive: true });
        return await open(path, "wx", 0o600);
    }
}

/** Removes temporary files that a crash in the middle of `writeAtomic(path)` left behind: those a minute away from `wallMs`. */
export function removeLeftovers(path: string, wallMs: number): Promise<void> {
    return removeLeftoversIn(dirname(path), (name) => name === basename(path), wallMs);
}

/** The same for all files of a folder whose names are `wanted`. */
export async function removeLeftoversIn(folder: string, wanted: (name: string) => boolean, wallMs: number): Promise<void> {
    for (const name of await readdir(folder).catch((): string[] => [])) {
        const target = /^(.+)\.[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
        if (target === undefined || !wanted(target)) continue;
        const found = await stat(join(folder, name)).catch(() => undefined);
        // Those of a clock that was set back since lie ahead.
        if (found !== undefined && Math.abs(found.mtimeMs - wallMs) > 60_000) await rm(join(folder, name), { force: true }).catch(() => undefined);
    }
}
