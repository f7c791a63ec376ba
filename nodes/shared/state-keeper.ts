import type { Node } from "node-red";
import { errorText } from "../../lib/kit/trouble";
import type { StateFile } from "../../lib/stores/state-file";

/**
 * Saves a node's state without holding up what the node decides. A disk that refuses (full, read-only) is told once,
 * then not again until it works; the node goes on without it.
 */
export class StateKeeper<T> {
    #failing = false;
    constructor(readonly node: Node, readonly file: StateFile<T>) {}

    /** Begins to save `value` at once. Resolves when it is on the disk, or when the disk has refused; never rejects. */
    async save(value: T): Promise<void> {
        try {
            await this.file.save(value);
            if (this.#failing) this.node.log("the state can be saved again");
            this.#failing = false;
        } catch (error) {
            if (!this.#failing) this.node.warn(`the state can't be saved: ${errorText(error)}. Going on; a restart now would forget what happened since`);
            this.#failing = true;
        }
    }

    /** For closing: saves a last time, or removes the file of a node that is gone for good. */
    async close(value: T, removed: boolean): Promise<void> {
        if (removed) await this.file.remove();
        else await this.save(value);
    }
}
