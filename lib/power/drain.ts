import { followTrend, type Trend } from "./charge-trend";
import { smooth, type Point, type Smoother } from "./smooth";

/** A battery without a gauge: its charge is reckoned from the watts that are drawn. */
export interface DrainConfig {
    /** Usable Wh of the full battery. */
    batteryWh: number;
    /** % at which each outage begins. */
    startCharge: number;
    /** % of the battery's energy that reaches the output. */
    efficiency: number;
    windowMs: number;
}

/** What has been drawn so far. */
export interface Drain {
    smoother: Smoother;
    /** The last smoothed watts. */
    last?: Point | undefined;
    /** The usual time between two readings in ms. */
    intervalMs?: number | undefined;
    /** % of the battery drawn since the beginning, and the same while the battery was in use. */
    drawn: number;
    charge: number;
    /** ms in which nothing was measured although the battery may have been in use. */
    unmeasuredMs: number;
    /** Of `-drawn`, so that a drain falls as a charge does. */
    trend?: Trend | undefined;
}

/** %/h that a battery is believed to gain while mains is present: a slow charger, since nobody measures it. */
const rechargePerHour = 20;
const longestUsualIntervalMs = 120_000;
const shortestGapMs = 60_000;

/**
 * Adds watts to what has been drawn, by trapezoids between smoothed readings. What was drawn in a gap (3.5 usual
 * intervals without a reading, at least a minute) nobody knows: nothing is added for it, its length is counted, and the trend begins anew.
 * @param use what the battery does: carries the load, is charged, or nobody knows (then its charge stays)
 */
export function followDrain(before: Drain | undefined, watts: Point, use: "draining" | "charging" | "unknown", config: DrainConfig): Drain {
    const drain = before ?? { smoother: [], last: undefined, intervalMs: undefined, drawn: 0, charge: config.startCharge, unmeasuredMs: 0, trend: undefined };
    const { last, drawn, charge, unmeasuredMs } = drain;
    const { smoother, point } = smooth(drain.smoother, watts);
    if (point === undefined) return { ...drain, smoother };
    const trendFrom = (trend: Trend | undefined, total: number): Trend => followTrend(trend, { at: point.at, value: -total }, config.windowMs);
    if (last === undefined) return { ...drain, smoother, last: point, trend: trendFrom(undefined, drawn) };

    const elapsedMs = point.at - last.at;
    const usualMs = drain.intervalMs ?? Math.min(elapsedMs, longestUsualIntervalMs);
    const gap = elapsedMs > Math.max(3.5 * usualMs, shortestGapMs);
    const intervalMs = gap ? Math.min(elapsedMs, 2 * usualMs) : usualMs + (elapsedMs - usualMs) / 8;
    if (use === "charging") {
        const charged = Math.min(Math.max(config.startCharge, charge), charge + (rechargePerHour * elapsedMs) / 3_600_000);
        return { smoother, last: point, intervalMs, drawn: 0, charge: charged, unmeasuredMs: 0, trend: undefined };
    }
    if (gap) return { smoother, last: point, intervalMs, drawn, charge, unmeasuredMs: unmeasuredMs + elapsedMs, trend: trendFrom(undefined, drawn) };
    const wattHours = ((Math.max(0, last.value) + Math.max(0, point.value)) / 2) * (elapsedMs / 3_600_000);
    const percent = (wattHours / (config.batteryWh * (config.efficiency / 100))) * 100;
    const left = use === "draining" ? Math.max(0, charge - percent) : charge;
    return { smoother, last: point, intervalMs, drawn: drawn + percent, charge: left, unmeasuredMs, trend: trendFrom(drain.trend, drawn + percent) };
}

/** The same battery at the beginning of something new: what was drawn stays, where it was heading is forgotten. */
export function withoutTrend(drain: Drain): Drain {
    return { ...drain, trend: undefined };
}
