import { systemClock, type Clock } from "../../lib/kit/clock";

/** The real clock, run faster, and with a way to jump: for code that really waits on sockets while the test lets hours go by. */
export interface ShiftedClock extends Clock {
    /** Moves every reading of the clock, as if so much time had gone by. Timers do not fire by it. */
    pass(ms: number): void;
    /** Moves the wall clock only. */
    jumpWall(ms: number): void;
}

/** @param speed seconds of this clock in a real second */
export function shiftedClock(speed = 1): ShiftedClock {
    const start = systemClock.monotonic();
    let passed = 0;
    let jumped = 0;
    const ahead = (): number => (systemClock.monotonic() - start) * (speed - 1) + passed;
    return {
        now: () => systemClock.now() + ahead(),
        monotonic: () => systemClock.monotonic() + ahead(),
        wall: () => systemClock.wall() + ahead() + jumped,
        after: (ms, run) => systemClock.after(ms / speed, run),
        pass: (ms) => void (passed += ms),
        jumpWall: (ms) => void (jumped += ms),
    };
}
