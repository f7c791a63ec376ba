import type { Node } from "node-red";
import { errorText } from "../../lib/kit/trouble";
import type { FlowMessage } from "./wire";

/**
 * Lets Catch hear of a continuing failure once: from its first error until `over`. Later errors of the same outage go to
 * the debug log only, so that a device that is away for a night does not fill the log.
 */
export class OutageReport {
    #failures = 0;
    constructor(readonly node: Node) {}

    /** How many failures in a row there have been. */
    get failures(): number {
        return this.#failures;
    }

    /** Counts a failure. The first one of an outage is logged and reaches Catch, with `msg`. */
    failed(error: unknown, msg: FlowMessage): void {
        this.#failures += 1;
        if (this.#failures === 1) this.node.error(errorText(error), msg);
        else this.node.debug(`${errorText(error)} (failure ${this.#failures} in a row)`);
    }

    /** The outage is over. */
    over(): void {
        if (this.#failures > 0) this.node.log(`working again after ${this.#failures} failure${this.#failures === 1 ? "" : "s"}`);
        this.#failures = 0;
    }
}
