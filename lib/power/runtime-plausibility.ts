import { isRuntime } from "./evidence";

/** A claimed runtime in its course. s, and ms for times. */
export interface RuntimeCourse {
    now: number;
    /** The one before, on battery or on mains. */
    before: number | undefined;
    /** For how long it has not moved on battery. */
    stillMs: number;
}

/**
 * Why a claimed runtime is not believed; undefined when it is. Devices count down; one that says nothing (0, 65535), that
 * does not move for long, or that grows on battery while it reckons anew after a transfer, is no evidence.
 */
export function whyImplausible({ now, before, stillMs }: RuntimeCourse, frozenMs: number): string | undefined {
    if (!isRuntime(now)) return `runtime ${now} s is no runtime: ignored`;
    if (stillMs >= frozenMs) return `runtime ${Math.round(now)} s has not moved for ${Math.round(stillMs / 1000)} s on battery: ignored`;
    if (before !== undefined && now > before) return `runtime ${Math.round(now)} s is rising on battery (it was ${Math.round(before)} s): ignored`;
    return undefined;
}
