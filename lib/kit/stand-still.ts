import type { Clock } from "./clock";

/** Less than this is the wall clock being corrected, or a busy machine, ms. */
const leastMs = 30_000;

/** Notices that the machine was suspended: event time and the steady clock stand still meanwhile, the wall clock does not. */
export class StandStill {
    #wall: number;
    #steady: number;

    constructor(readonly clock: Clock) {
        this.#wall = clock.wall();
        this.#steady = clock.monotonic();
    }

    /**
     * For how many ms the steady clock stood still since this was last asked; 0 where it did not. A wall clock that was set
     * forward looks the same; one that was set back tells nothing.
     */
    take(): number {
        const [wall, steady] = [this.clock.wall(), this.clock.monotonic()];
        const missing = wall - this.#wall - (steady - this.#steady);
        this.#wall = wall;
        this.#steady = steady;
        return missing > leastMs ? missing : 0;
    }
}
