import type { Clock } from "../../lib/kit/clock";

/** A clock that stands still until a test moves it. Timers fire in order while it moves. */
export class VirtualClock implements Clock {
    #ms: number;
    #wallOffset = 0;
    #timers: { at: number; run: () => void }[] = [];

    constructor(start = 1_700_000_000_000) {
        this.#ms = start;
    }
    now(): number {
        return this.#ms;
    }
    monotonic(): number {
        return this.#ms;
    }
    wall(): number {
        return this.#ms + this.#wallOffset;
    }
    after(ms: number, run: () => void): () => void {
        const timer = { at: this.#ms + Math.max(0, ms), run };
        this.#timers.push(timer);
        return () => {
            this.#timers = this.#timers.filter((other) => other !== timer);
        };
    }
    /** How many timers are waiting. */
    get pending(): number {
        return this.#timers.length;
    }
    /** Moves the wall clock only, as NTP or a person does. */
    jumpWall(ms: number): void {
        this.#wallOffset += ms;
    }
    /** Lets `ms` pass in which no timer is due and nobody is busy: a long time at once, and no promise runs. */
    leap(ms: number): void {
        this.#ms += ms;
    }
    /** Lets `ms` pass: fires what is due, in order, and gives promises a chance to run after each. */
    async pass(ms: number): Promise<void> {
        const end = this.#ms + ms;
        await settle();
        for (;;) {
            const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
            if (due === undefined) break;
            this.#timers = this.#timers.filter((timer) => timer !== due);
            this.#ms = Math.max(this.#ms, due.at);
            due.run();
            await settle();
        }
        this.#ms = end;
        await settle();
    }
}

/** Lets pending promise callbacks and immediate I/O callbacks run. */
export async function settle(): Promise<void> {
    for (let round = 0; round < 5; round += 1) await new Promise((resolve) => setImmediate(resolve));
}
