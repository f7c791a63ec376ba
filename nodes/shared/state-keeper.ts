import type { Node } from "node-red";
import { systemClock, type Cancel, type Clock } from "../../lib/kit/clock";
import { errorText } from "../../lib/kit/trouble";
import type { StateFile } from "../../lib/stores/state-file";

/** A source that flickers wears out no disk: saves begin this far apart at least, ms. */
const saveGapMs = 50;

/**
 * Saves a node's state without holding up what the node decides. A disk that refuses (full, read-only) is told once,
 * then not again until it works; the node goes on without it.
 */
export class StateKeeper<T> {
    #failing = false;
    #began = -Infinity;
    #planned: { value: T; cancel: Cancel } | undefined;
    constructor(readonly node: Node, readonly file: StateFile<T>, readonly clock: Clock = systemClock) {}

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

    /**
     * Saves `value` as it is then, right after what is being sent now has been delivered. Cut off before that, a restart
     * knows what came before.
     * @param gapMs how far apart such saves begin at least
     */
    saveSoon(value: T, gapMs = saveGapMs): void {
        if (this.#planned !== undefined) return;
        const begin = (): void => {
            this.#planned = undefined;
            this.#began = this.clock.monotonic();
            void this.save(value);
        };
        const waitMs = this.#began + gapMs - this.clock.monotonic();
        if (waitMs > 0) {
            this.#planned = { value, cancel: this.clock.after(waitMs, begin) };
        } else {
            const immediate = setImmediate(begin);
            this.#planned = { value, cancel: () => clearImmediate(immediate) };
        }
    }

    /** For closing: saves a last time, or removes the file of a node that is gone for good. @param value absent: what waits to be saved, if anything does */
    async close(value: T | undefined, removed: boolean): Promise<void> {
        const last = value ?? this.#planned?.value;
        this.#planned?.cancel();
        this.#planned = undefined;
        if (removed) await this.file.remove();
        else if (last !== undefined) await this.save(last);
        else await this.file.settled();
    }
}
