import { fakeMark } from "./command";
import type { Streams } from "./streams";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerState } from "./trigger-state";

/** What another source says of power. */
export interface Witness {
    stream: string;
    source: string;
    /** Event time in ms of the reading that showed it. */
    at: number;
    shows: "absent" | "present";
}

/** What the other kinds of source say together: one that agrees suffices; those that see power contradict where none agrees. */
export type Testimony = "agree" | "contradict" | "silent";

/**
 * What the other streams with the same taint show. Only what was known before the moment `at` counts, so that it makes no
 * difference in which order the readings of one moment come.
 */
export function witnessesOf(streams: Streams<TriggerState>, stream: string, simulated: boolean, at: number): Witness[] {
    const witnesses: Witness[] = [];
    for (const [name, state] of streams.entries()) {
        if (name === stream || name.endsWith(fakeMark) !== simulated) continue;
        const known = (state.order.at === at ? state.moment?.before : state)?.known;
        if (known?.shows === undefined || known.at === undefined) continue;
        witnesses.push({ stream: name, source: known.source, at: known.at, shows: known.shows });
    }
    return witnesses;
}

/** What sources of another kind than `source` say at the event time `at`. */
export function testimonyOf(config: Pick<TriggerConfig, "witnessMs">, source: string, at: number, witnesses: readonly Witness[] = []): Testimony {
    const heard = witnesses.filter((witness) => witness.source !== source && Math.abs(at - witness.at) <= config.witnessMs);
    if (heard.some((witness) => witness.shows === "absent")) return "agree";
    return heard.length > 0 ? "contradict" : "silent";
}
