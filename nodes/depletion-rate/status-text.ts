import { formatDuration } from "../../lib/kit/duration";
import type { Depletion } from "../../lib/power/depletion";
import type { Quality } from "../../lib/power/reading";
import type { Mood } from "../shared/status";

export function moodOf({ perMinute, secondsToEmpty, secondsToThreshold, simulated }: Depletion, quality: Quality): Mood {
    if (simulated) return "rehearsal";
    if (quality !== "good") return "stale";
    if (perMinute === undefined) return "off";
    if (secondsToEmpty === undefined) return "ok";
    return secondsToThreshold === 0 ? "critical" : "warning";
}

/** The status after a reading: "-1.2 %/min, 42 min left", "+0.5 %/min", "idle, 100 %", or why there is no rate. */
export function textOf({ perMinute, secondsToEmpty, charge, note }: Depletion, quality: Quality): string {
    if (quality !== "good") return note ?? "no data";
    if (perMinute === undefined) return note ?? "no rate yet";
    if (perMinute === 0) return charge === undefined ? "idle" : `idle, ${Math.round(charge)} %`;
    if (secondsToEmpty === undefined) return `+${rate(-perMinute)} %/min`;
    return `-${rate(perMinute)} %/min, ${formatDuration(secondsToEmpty * 1000)} left`;
}

/** One decimal, below 1 two. */
function rate(perMinute: number): string {
    return perMinute.toFixed(perMinute < 1 ? 2 : 1);
}
