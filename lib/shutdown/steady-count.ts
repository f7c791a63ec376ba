/**
 * ms that have passed since some moment, over restarts. `wall` is the wall clock's last believable word; `steady` that of
 * this process's own clock, absent in one that has just read the count from a file.
 */
export interface SteadyCount {
    ms: number;
    wall: number;
    steady?: number;
}

/** A machine without a battery for its clock (Raspberry Pi) begins in 1970 and is right only when it has asked the network. */
const believableFrom = Date.UTC(2025, 0, 1);

/**
 * Counts on. A clock that is set forward makes everything older, one that is set back makes nothing younger: while we run
 * the steady clock counts, and the wall clock where it says more. So what is aged by it can look younger than it is only by
 * time in which we did not run, or had not saved the count, and only when the wall clock was set back meanwhile.
 */
export function countOn({ ms, wall, steady }: SteadyCount, now: { wall: number; steady: number }): Required<SteadyCount> {
    const byWall = now.wall >= believableFrom && wall >= believableFrom ? now.wall - wall : 0;
    const bySteady = steady === undefined ? 0 : now.steady - steady;
    return { ms: ms + Math.max(0, byWall, bySteady), wall: now.wall >= believableFrom ? now.wall : wall, steady: now.steady };
}
