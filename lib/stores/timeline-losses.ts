import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../kit/atomic-file";

/** The file in a spool's folder that holds how many rows were given up. */
const fileName = "dropped";

/** How many rows a spool had to give up. What nobody has been told of is not forgotten over a restart, where the disk lets us. */
export class Losses {
    #count = 0;
    /** @param folder the spool's; without one they are known to this process only */
    constructor(readonly folder: string | undefined) {}

    /** Rows given up that nobody has been told of. */
    get count(): number {
        return this.#count;
    }

    /** Takes up what an earlier process left. Never throws. */
    async load(): Promise<void> {
        if (this.folder === undefined) return;
        this.#count += Number(await readFile(join(this.folder, fileName), "utf8").catch(() => "0")) || 0;
    }

    /** So many more rows were given up, or so many have been told of. Never throws. */
    async add(change: number): Promise<void> {
        this.#count = Math.max(0, this.#count + change);
        if (this.folder === undefined || change === 0) return;
        const path = join(this.folder, fileName);
        await (this.#count === 0 ? rm(path, { force: true }) : writeAtomic(path, `${this.#count}\n`)).catch(() => undefined);
    }
}

/**
 * Puts a file out of the way that cannot be read, so that it hinders no later start either; a person may bring it back.
 * @returns where it is now: a disk may refuse that, too
 */
export async function setAside(path: string, wallMs: number): Promise<string> {
    const aside = `${path}.bad-${wallMs}`;
    return rename(path, aside).then(() => aside, () => path);
}
