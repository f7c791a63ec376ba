import { checkDecisions, decisionIn, expectationsOf, type TapeCheck } from "../../lib/stores/tape-check";
import { recordOf } from "../../lib/stores/timeline-event";
import type { Decision, Tape } from "../../lib/stores/tape";
import type { Verdict } from "../../lib/power/verdict";

/** What comes back to a player of one play: the verdicts of the triggers behind it. */
export class Audience {
    /** How many verdicts of this play have come back. */
    heard = 0;
    #decisions = new Map<string, Decision>();
    /** Event time in ms of the newest verdict of each device. */
    #reached = new Map<string, number>();
    /** Event time in ms of the last reading of each device. */
    readonly #last: ReadonlyMap<string, number>;

    /** @param base event time in ms at which the tape began */
    constructor(readonly tape: Tape, readonly base: number) {
        this.#last = new Map(tape.readings.map(({ reading }) => [reading.device, base + reading.at]));
    }

    /** Takes a verdict; one that is real, or of another play, means nothing here. The same one may come on several wires. */
    hear(value: unknown): void {
        const verdict = recordOf(value) as Partial<Verdict> | undefined;
        if (verdict?.simulated === undefined || typeof verdict.device !== "string" || typeof verdict.at !== "number" || verdict.at < this.base || !this.#last.has(verdict.device)) return;
        this.heard += 1;
        this.#reached.set(verdict.device, verdict.at);
        const decision = decisionIn(verdict as Verdict, this.base);
        if (decision) this.#decisions.set(JSON.stringify(decision), decision);
    }

    /** Whether the verdict of each device's last reading has come. */
    get hasHeardAll(): boolean {
        return this.#reached.size > 0 && [...this.#reached].every(([device, at]) => at === this.#last.get(device));
    }

    /** How it went; undefined where no verdicts came back, or nobody has said what should follow. */
    check(): TapeCheck | undefined {
        const expected = expectationsOf(this.tape);
        return expected === undefined || this.#reached.size === 0 ? undefined : checkDecisions(expected, [...this.#decisions.values()]);
    }
}
