import { formatDuration } from "../../lib/kit/duration";
import type { Depletion } from "../../lib/power/depletion";
import type { Quality } from "../../lib/power/reading";
import type { Mood } from "../shared/status";

/** The status after a reading: "-1.2 %/min, 42 min left", "+0.5 %/min", "idle, 100 %", or why there is no rate. */
export function statusOf(depletion: Depletion, quality: Quality): { mood: Mood; text: string } {
    const mood = (usual: Mood): Mood => (depletion.simulated ? "rehearsal" : usual);
    const { perMinute, secondsToEmpty, secondsToThreshold, charge, note } = depletion;
    if (quality !== "good") return { mood: mood("stale"), text: note ?? "no data" };
    if (perMinute === undefined) return { mood: mood("off"), text: note ?? "no rate yet" };
    if (perMinute === 0) return { mood: mood("ok"), text: charge === undefined ? "idle" : `idle, ${Math.round(charge)} %` };
    if (secondsToEmpty === undefined) return { mood: mood("ok"), text: `+${rate(-perMinute)} %/min` };
    return { mood: mood(secondsToThreshold === 0 ? "critical" : "warning"), text: `-${rate(perMinute)} %/min, ${formatDuration(secondsToEmpty * 1000)} left` };
}

/** One decimal, below 1 two. */
function rate(perMinute: number): string {
    return perMinute.toFixed(perMinute < 1 ? 2 : 1);
}
