import type { Cancel, Clock } from "../kit/clock";
import { delayMs, type PlannedStep } from "./steps";

/** So long before the first host goes down nothing is put back any more, ms: to call it off takes a moment, and it may not have got the order at once. */
const callOffMs = 20_000;

/** The point from which on a run is not put back any more: when its first host goes down. */
export class CommitPoint {
    passed = false;
    readonly #counting: Cancel[] = [];

    /**
     * @param goesDown whether a host that counts down still does, or may, by its final command's step
     * @param told hears that the point is passed, and the words for it when it was by a host that counted down
     */
    constructor(readonly clock: Clock, readonly goesDown: (step: PlannedStep) => boolean, readonly told: (text?: string) => void) {}

    /** A host is being told to go down, or was so many ms ago: at once, or it counts down and can be called off until shortly before. */
    sent(step: PlannedStep, agoMs = 0): void {
        const { action, view: { host } } = step;
        const delay = action.verb === "act" && action.action.undo !== undefined ? delayMs(action) : 0;
        if (delay <= callOffMs) return this.#pass();
        if (delay - callOffMs <= agoMs) return this.goesDown(step) ? this.#pass() : undefined;
        this.#counting.push(this.clock.after(delay - callOffMs - agoMs, () => {
            if (this.goesDown(step)) this.#pass(`${host} goes down in ${callOffMs / 1000} s: nothing is put back any more`);
        }));
    }

    #pass(text?: string): void {
        if (this.passed) return;
        this.passed = true;
        this.told(text);
    }

    /** The run has ended. */
    letGo(): void {
        this.#counting.forEach((cancel) => cancel());
    }
}
