import { existsSync } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Trouble } from "../kit/trouble";
import { withoutMark } from "../kit/well-formed";
import { parseHeader } from "./tape";

/** A tape as lists show it. */
export interface TapeEntry {
    /** What it is called: the file's name without ".jsonl". */
    name: string;
    path: string;
    bytes: number;
    /** Wall time in ms at which the file was last written. */
    changed: number;
    /** From its header; empty where that can't be read. */
    about: string;
}

const extension = ".jsonl";
/** A header is read to here. */
const headerBytes = 16 << 10;

/** The tapes that come with the package. Their folder lies beside the compiled code's, and beside the source's. */
export const shippedFolder = [join(__dirname, "../.."), join(__dirname, "../../..")].map((root) => join(root, "examples", "tapes")).find(existsSync) ?? "";

/** The tapes in a folder, by name. A folder that is missing has none. */
export async function listTapes(folder: string): Promise<TapeEntry[]> {
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return [];
        throw error;
    });
    const entries = await Promise.all(names.filter((name) => name.endsWith(extension)).sort().map((name) => entryOf(join(folder, name))));
    return entries.filter((entry) => entry !== undefined);
}

async function entryOf(path: string): Promise<TapeEntry | undefined> {
    try {
        const { size, mtimeMs } = await stat(path);
        return { name: basename(path, extension), path, bytes: size, changed: mtimeMs, about: await aboutOf(path) };
    } catch {
        // Removed in the meantime.
        return undefined;
    }
}

async function aboutOf(path: string): Promise<string> {
    const handle = await open(path, "r");
    try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
        return parseHeader(JSON.parse(withoutMark(buffer.subarray(0, bytesRead).toString("utf8")).split("\n")[0] ?? "")).about;
    } catch {
        return "";
    } finally {
        await handle.close();
    }
}

/**
 * The file of a tape by its name, however it is spelt ("Slow drain", "slow-drain"); recorded ones before shipped ones. A name
 * that is no file's own never leads out of the folders.
 * @throws Trouble of kind "config" that says which tapes there are
 */
export async function findTape(name: string, folders: readonly string[]): Promise<TapeEntry> {
    const lists = await Promise.all(folders.map(listTapes));
    const all = lists.flat();
    const found = all.find((tape) => tape.name === name.trim()) ?? all.find((tape) => plain(tape.name) === plain(name));
    if (found !== undefined) return found;
    throw new Trouble("config", `there is no tape "${name.trim()}"`, all.length === 0 ? undefined : `there are ${all.slice(-30).map((tape) => tape.name).join(", ")}`);
}

function plain(name: string): string {
    return basename(name.trim().toLowerCase(), extension).replace(/[\s_-]+/g, "-");
}
