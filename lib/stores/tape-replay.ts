import { Streams } from "../power/streams";
import type { TriggerConfig } from "../power/trigger-config";
import type { TriggerState } from "../power/trigger-state";
import { decideAmong } from "../power/trigger-streams";
import type { Verdict } from "../power/verdict";
import type { Tape } from "./tape";
import { checkDecisions, decisionIn, expectationsOf, type TapeCheck } from "./tape-check";
import { playable } from "./tape-deck";

/** Any time does, since only differences count; a usual one, so that nothing hides behind an odd one. */
const base = 1_700_000_000_000;

/** What a tape leads to. */
export interface Replayed {
    /** One for each reading, in order; `at` is ms since the tape began. */
    verdicts: Verdict[];
    /** Undefined where nobody has said what should follow. */
    check?: TapeCheck;
}

/** Plays a tape through a trigger's decisions, without a flow and without waiting. */
export function replay(tape: Tape, config: TriggerConfig): Replayed {
    const streams = new Streams<TriggerState>();
    const verdicts = playable(tape, base).map((played) => onTape(decideAmong(config, streams, played).verdict, base));
    const expected = expectationsOf(tape);
    if (expected === undefined) return { verdicts };
    const seen = verdicts.map((verdict) => decisionIn(verdict, 0)).filter((decision) => decision !== undefined);
    return { verdicts, check: checkDecisions(expected, seen) };
}

/**
 * A verdict in the time of its tape: what two plays of one tape are compared by, byte for byte.
 * @param began event time in ms at which the tape began
 */
export function onTape(verdict: Verdict, began: number): Verdict {
    return { ...verdict, at: verdict.at - began };
}
