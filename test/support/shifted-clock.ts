import { systemClock, type Clock } from "../../lib/kit/clock";

/** The real clock, and a way to jump: for code that really waits on sockets while the test lets hours go by. */
export interface ShiftedClock extends Clock {
    /** Moves every reading of the clock, as if so much time had gone by. Timers do not fire by it. */
    pass(ms: number): void;
    /** Moves the wall clock only. */
    jumpWall(ms: number): void;
}

/** @param hurry timers take this part of their time: waits of seconds do not slow the test */
export function shiftedClock(hurry = 1): ShiftedClock {
    let passed = 0;
    let jumped = 0;
    return {
        now: () => systemClock.now() + passed,
        monotonic: () => systemClock.monotonic() + passed,
        wall: () => systemClock.wall() + passed + jumped,
        after: (ms, run) => systemClock.after(ms * hurry, run),
        pass: (ms) => void (passed += ms),
        jumpWall: (ms) => void (jumped += ms),
    };
}
