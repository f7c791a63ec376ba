import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { removeLeftoversIn, writeAtomic } from "../kit/atomic-file";
import { systemClock, type Clock } from "../kit/clock";

/** The file in a spool's folder that holds how many rows were given up. */
const fileName = "dropped";

/** How many rows a spool had to give up. What nobody has been told of is not forgotten over a restart, where the disk lets us. */
export class Losses {
    #count = 0;
    /** @param folder the spool's; without one they are known to this process only */
    constructor(readonly folder: string | undefined, readonly clock: Clock = systemClock) {}

    /** Rows given up that nobody has been told of. */
    get count(): number {
        return this.#count;
    }

    /** Takes up what an earlier process left. Never throws. */
    async load(): Promise<void> {
        if (this.folder === undefined) return;
        await removeLeftoversIn(this.folder, (name) => name === fileName, this.clock.wall());
        const text = await readFile(join(this.folder, fileName), "utf8").catch(() => "");
        if (/^\d{1,15}\n$/.test(text)) this.#count += Number(text);
    }

    /** So many more rows were given up, or so many have been told of. Never throws. */
    async add(change: number): Promise<void> {
        this.#count = Math.max(0, this.#count + change);
        if (this.folder === undefined || change === 0) return;
        const path = join(this.folder, fileName);
        await (this.#count === 0 ? rm(path, { force: true }) : writeAtomic(path, `${this.#count}\n`)).catch(() => undefined);
    }
}
