import { Streams } from "../power/streams";
import type { TimelineEvent } from "./timeline-event";

/** Finds the measurement that comes twice because a flow leads it to the timeline on two ways. */
export class Repeats {
    readonly #last = new Streams<{ at: number; value: number | null }>(1024);

    /** Whether this very measurement came just before. Steps of a run are never taken for repeats: several may end in the same ms. */
    isRepeat({ event_type, source, value, metadata, created_at: at }: TimelineEvent): boolean {
        if (event_type.startsWith("shutdown_")) return false;
        // Several things may happen to a UPS at the same moment.
        const key = [event_type, source, ...(event_type === "ups_event" ? [String(metadata.kind)] : [])].join("\t");
        const last = this.#last.get(key);
        this.#last.set(key, { at, value });
        return last?.at === at && last.value === value;
    }
}
