import { fakeMark } from "../../lib/power/command";
import { withInterval } from "../../lib/power/passing";
import type { Reading } from "../../lib/power/reading";
import type { TriggerState } from "../../lib/power/trigger-state";

/** A real stream that somebody listens to. Times of arrival are monotonic, ms. */
interface Heard {
    reading: Reading;
    arrivedAt: number;
    /** The newest intervals between its readings, in event time, ms: the longest one is usual. */
    intervals: number[];
    /** When the last reading was made up for its silence. */
    saidAt?: number;
}

const leastSilenceMs = 15_000;
const silentPolls = 3;
/** Nobody knows yet how often a source speaks: a slow one must not be taken for silent. */
const firstGuessMs = 30_000;
/** On mains nothing hangs on a silent source: its health is told again now and then. */
const seldomMs = 60_000;
/** A stream that was last heard longer ago than this before a restart is taken for gone, with its reader. */
const forgottenMs = 3_600_000;

/**
 * Notices that a real stream has fallen silent altogether: readers tell of each failed poll, but a reader that is gone tells
 * nothing. What it makes up are missing readings, in the stream's own event time. Simulated streams just end.
 */
export class Silence {
    #heard = new Map<string, Heard>();

    /** A reading has come in. One that was measured at the same moment as the last is that again: who repeats it tells nothing new. */
    hear(stream: string, reading: Reading, now: number): void {
        if (reading.simulated) return;
        const before = this.#heard.get(stream);
        const elapsedMs = before === undefined ? 0 : reading.at - before.reading.at;
        if (before !== undefined && elapsedMs === 0) return;
        this.#heard.set(stream, { reading, arrivedAt: now, intervals: elapsedMs > 0 ? withInterval(before?.intervals, elapsedMs) : (before?.intervals ?? []) });
    }

    /** A stream from before a restart, which must be heard again if it was on battery. `at`: event time now. */
    expect(stream: string, state: TriggerState, at: number, now: number): void {
        const agoMs = at - state.order.at;
        if (stream.endsWith(fakeMark) || state.known.on !== "battery" || agoMs > forgottenMs || this.#heard.has(stream)) return;
        this.#heard.set(stream, { reading: { device: stream, source: state.known.source, at: Math.max(at, state.order.at), quality: "missing" }, arrivedAt: now, intervals: state.intervals ?? [] });
    }

    /** How long nothing can be due, ms: until then nobody needs to look, whatever comes in. */
    quietMs(now: number): number {
        return Math.min(leastSilenceMs, ...[...this.#heard.values()].map((heard) => heard.arrivedAt + limitMs(heard) - now));
    }

    /** The missing readings that are due now. */
    due(stateOf: (stream: string) => TriggerState | undefined, now: number): Reading[] {
        const made: Reading[] = [];
        for (const [stream, heard] of this.#heard) {
            const silentMs = now - heard.arrivedAt;
            if (silentMs < limitMs(heard)) continue;
            const usualMs = usualMsOf(heard);
            const { known, missed } = stateOf(stream) ?? {};
            const pauseMs = known?.on === "battery" || (missed?.count ?? 0) < silentPolls ? usualMs : Math.max(seldomMs, usualMs);
            if (heard.saidAt !== undefined && now - heard.saidAt < pauseMs) continue;
            heard.saidAt = now;
            const { device, source, at } = heard.reading;
            made.push({ device, source, at: at + silentMs, quality: "missing", error: `${device}: nothing new has come in for ${Math.round(silentMs / 1000)} s; is its reader deployed, and wired to this trigger?` });
        }
        return made;
    }
}

function usualMsOf({ intervals }: Heard): number {
    return intervals.length === 0 ? firstGuessMs : Math.max(...intervals);
}

/** So long a stream may say nothing. */
function limitMs(heard: Heard): number {
    return Math.max(leastSilenceMs, silentPolls * usualMsOf(heard));
}
