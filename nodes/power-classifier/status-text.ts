import type { ClassifierStep } from "../../lib/power/classify";
import type { PowerState } from "../../lib/power/power-state";
import type { Mood } from "../shared/status";

const moods: Record<PowerState, Mood> = { HEALTHY: "ok", WARNING: "warning", ALERT: "warning", CRITICAL: "critical", DEAD: "critical", UNKNOWN: "stale" };

export function moodOf({ state, classified }: ClassifierStep): Mood {
    if (classified.reading.simulated) return "rehearsal";
    return state.missed ? "stale" : moods[state.state];
}

/**
 * The status after a reading: "CRITICAL 24 W", "HEALTHY 24 W, CRITICAL 1/2", "HEALTHY, missed 2/5"; "WARNING about 120 W" where watts are not measured.
 * @param named names the device, for a node that watches several
 */
export function textOf({ state, classified }: ClassifierStep, missedPolls: number, named: boolean): string {
    const { reading, confirming } = classified;
    const device = named ? `${reading.device} ` : "";
    if (state.missed && state.state === "UNKNOWN") return `${device}no data since ${timeOfDay(state.missed.since)}`;
    if (state.missed) return `${device}${state.state}, missed ${state.missed.failures}/${missedPolls}`;
    const watts = reading.watts === undefined ? "" : ` ${reading.derived?.includes("watts") ? "about " : ""}${formatWatts(reading.watts)}`;
    const doubt = confirming ? `, ${confirming.state} ${confirming.seen}/${confirming.needed}` : "";
    return `${device}${state.state}${watts}${doubt}`;
}

/** Whole watts, below 10 W with one decimal. */
function formatWatts(watts: number): string {
    return `${Math.abs(watts) < 10 ? Number(watts.toFixed(1)) : Math.round(watts)} W`;
}

function timeOfDay(at: number): string {
    return new Date(at).toTimeString().slice(0, 5);
}
