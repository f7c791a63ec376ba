import type { Cancel, Clock } from "./clock";

/** A timer may fire so much before its time, ms: the round that it began is that of the tick to come. */
const earlyMs = 5;

/** Who waits for a moment, and how to call it off. */
interface Tick {
    runs: Set<() => void>;
    cancel: Cancel;
}

/** The ticks of each clock that somebody waits for, by their time. */
const ahead = new WeakMap<Clock, Map<number, Tick>>();

/**
 * Calls `run` once, at the first whole multiple of `intervalMs` (of the clock's monotonic time) after `since`, or at once when that is past. One
 * timer serves all that wait for the same moment, in the order in which they began to wait. The callback must not throw.
 */
export function atNextTick(clock: Clock, since: number, intervalMs: number, run: () => void): Cancel {
    const due = (Math.floor((since + earlyMs) / intervalMs) + 1) * intervalMs;
    const left = due - clock.monotonic();
    if (left <= 0) return clock.after(0, run);
    let ticks = ahead.get(clock);
    if (ticks === undefined) ahead.set(clock, (ticks = new Map<number, Tick>()));
    return join(ticks.get(due) ?? begin(ticks, due, clock, left), run);
}

function begin(ticks: Map<number, Tick>, due: number, clock: Clock, left: number): Tick {
    const runs = new Set<() => void>();
    const cancelTimer = clock.after(left, () => {
        ticks.delete(due);
        for (const run of runs) run();
    });
    const tick = {
        runs,
        cancel() {
            cancelTimer();
            ticks.delete(due);
        },
    };
    ticks.set(due, tick);
    return tick;
}

function join({ runs, cancel }: Tick, run: () => void): Cancel {
    const mine = (): void => run();
    runs.add(mine);
    return () => {
        if (runs.delete(mine) && runs.size === 0) cancel();
    };
}
