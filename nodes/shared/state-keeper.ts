import type { Node } from "node-red";
import { systemClock, type Cancel, type Clock } from "../../lib/kit/clock";
import { withDeadline } from "../../lib/kit/deadline";
import { errorText } from "../../lib/kit/trouble";
import type { StateFile } from "../../lib/stores/state-file";
import type { FlowMessage } from "./wire";

/** A source that flickers wears out no disk: saves begin this far apart at least, ms. */
const saveGapMs = 50;
/** A disk that takes longer is said to hang, ms. */
const savePatienceMs = 10_000;
/** A disk that fails now and then is told of this often at most, ms. */
const tellGapMs = 3_600_000;

/**
 * Saves a node's state without holding up what the node decides. A disk that refuses or hangs (full, read-only, gone) reaches
 * Catch once, then not again until it works; the node goes on without it.
 */
export class StateKeeper<T> {
    #failing = false;
    #toldAt = -Infinity;
    #began = -Infinity;
    #planned: { value: T; cancel: Cancel } | undefined;
    constructor(readonly node: Node, readonly file: StateFile<T>, readonly clock: Clock = systemClock) {}

    /** Begins to save `value` at once. Resolves when it is on the disk, or when the disk has refused or hangs; never rejects. */
    async save(value: T): Promise<void> {
        const saving = this.file.save(value);
        try {
            await withDeadline({ ms: savePatienceMs, subject: "the disk", clock: this.clock }, () => saving);
            if (this.#failing) this.node.log("the state can be saved again");
            this.#failing = false;
        } catch (error) {
            if (!this.#failing) this.#tell(`the state can't be saved: ${errorText(error)}. Going on; a restart now would forget what happened since`);
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

    #tell(text: string): void {
        const now = this.clock.monotonic();
        if (now - this.#toldAt < tellGapMs) return this.node.warn(text);
        this.#toldAt = now;
        this.node.error(text, { topic: "state", payload: text } as FlowMessage);
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
