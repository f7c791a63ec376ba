import type { Cancel, Clock } from "../kit/clock";
import type { Classified } from "../power/power-state";
import type { Reading } from "../power/reading";
import type { Tape, TapeReading } from "./tape";

/** How fast a tape is played: tape seconds to a real one, or without waiting. */
export type Speed = number | "max";

/** What is played: at event times, tainted. */
export interface Played {
    reading: Reading;
    power?: Classified;
}

export interface PlayOptions {
    speed: Speed;
    /** Event time in whole ms at which the tape begins. */
    base: number;
    clock: Clock;
    emit: (played: Played, place: number) => void;
    /** Called once, when the last one has been played; never after `stop`. */
    ended: () => void;
}

/** A gap on the tape (a recorder that was off, a clock that jumped) is waited for no longer than this many tape ms. */
const longestGapMs = 60_000;
/** So many are played without giving others a turn. */
const atOnce = 50;

/** Plays a tape's readings in the order of their arrival. Returns what stops it. */
export function playTape(tape: Tape, { speed, base, clock, emit, ended }: PlayOptions): Cancel {
    const { readings } = tape;
    const moved = mover(base);
    const due = dueTimes(readings, speed);
    const started = clock.monotonic();
    let place = 0;
    let stopped = false;
    let cancel: Cancel = () => undefined;
    const turn = (): void => {
        const elapsed = clock.monotonic() - started;
        for (let count = 0; !stopped && count < atOnce && place < readings.length && (due[place] ?? 0) <= elapsed; count += 1) {
            place += 1;
            emit(moved(readings[place - 1] as TapeReading), place - 1);
        }
        if (stopped) return;
        if (place < readings.length) cancel = clock.after((due[place] ?? 0) - elapsed, turn);
        else ended();
    };
    cancel = clock.after(0, turn);
    return () => {
        stopped = true;
        cancel();
    };
}

/**
 * A tape's readings as deciders take them: at event times from `base` on, tainted, and the first of each device begins its
 * stream anew, so that every play finds nothing known.
 */
export function playable({ readings }: Tape, base: number): Played[] {
    const moved = mover(base);
    return readings.map((entry) => moved(entry));
}

/** One reading after the other: days of them at once would hold up all of Node-RED for seconds. */
function mover(base: number): (entry: TapeReading) => Played {
    const begun = new Set<string>();
    return ({ reading, power }) => {
        const begins = !begun.has(reading.device);
        begun.add(reading.device);
        const { estimated } = reading;
        const shifted: Reading = {
            ...reading,
            at: base + reading.at,
            ...(estimated && { estimated: { ...estimated, since: base + estimated.since } }),
            simulated: true,
            ...(begins && { begins: true }),
        };
        return { reading: shifted, ...(power && { power: { ...power, since: base + power.since, reading: shifted } }) };
    };
}

/** When each reading is played: real ms since the play began. */
function dueTimes(readings: readonly TapeReading[], speed: Speed): number[] {
    let due = 0;
    let before = readings[0]?.reading.at ?? 0;
    return readings.map(({ reading: { at } }) => {
        if (speed !== "max") due += Math.min(longestGapMs, Math.max(0, at - before)) / speed;
        before = at;
        return due;
    });
}
