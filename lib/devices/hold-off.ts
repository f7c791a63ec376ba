import { backOffMs } from "../kit/back-off";
import type { Clock } from "../kit/clock";
import type { Trouble } from "../kit/trouble";

/** After a refused password: few enough tries that no device locks us out, soon enough that a mended one is noticed. */
const afterRefusal = { minMs: 1000, maxMs: 60_000 };
/**
 * After "too many requests": Shelly's firmware 2.0 frees a place for a new nonce about 2 s after it was asked for one
 * (home-assistant/core issue 178327), so two early tries; then a real lock-out is left in peace.
 */
const earlyTries = 2;
const earlyMs = 3000;
const afterLockOut = { minMs: 120_000, maxMs: 600_000 };

/** Keeps away for a while from a device that does not want to be asked. */
export class HoldOff {
    #trouble: Trouble | undefined;
    #until = 0;
    #refusals = 0;
    #rejections = 0;

    constructor(readonly clock: Clock) {}

    /** @throws the Trouble that keeps us away, while it does */
    check(): void {
        if (this.#trouble !== undefined && this.clock.monotonic() < this.#until) throw this.#trouble;
    }

    /** Notes a failure. Only the kinds "auth" and "busy" keep us away. */
    failed(trouble: Trouble): void {
        if (trouble.kind === "auth") this.#keepAway(trouble, backOffMs(this.#refusals++, afterRefusal));
        if (trouble.kind === "busy") this.#keepAway(trouble, this.#rejections++ < earlyTries ? earlyMs : backOffMs(this.#rejections - earlyTries - 1, afterLockOut));
    }

    succeeded(): void {
        this.#trouble = undefined;
        this.#refusals = 0;
        this.#rejections = 0;
    }

    #keepAway(trouble: Trouble, ms: number): void {
        this.#trouble = trouble;
        this.#until = this.clock.monotonic() + ms;
    }
}
