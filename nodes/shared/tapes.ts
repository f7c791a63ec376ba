import { join } from "node:path";
import type { NodeAPI } from "node-red";
import { listTapes, type TapeEntry } from "../../lib/stores/tape-library";
import { dataFolder } from "./storage";

/** Where recorders write and players look first. */
export function tapesFolder(RED: NodeAPI): string {
    return join(dataFolder(RED), "tapes");
}

/** What dialogs show of tapes: no paths of this machine. */
export interface ListedTape {
    name: string;
    about: string;
    bytes: number;
    /** Wall time in ms of the last write. */
    changed: number;
}

/** The tapes in a folder, newest first. */
export async function listed(folder: string): Promise<ListedTape[]> {
    const tapes = await listTapes(folder);
    return tapes.sort((a, b) => b.changed - a.changed).map(({ name, about, bytes, changed }: TapeEntry) => ({ name, about, bytes, changed }));
}
