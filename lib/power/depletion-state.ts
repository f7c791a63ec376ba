import type { Trend } from "./charge-trend";
import type { Depletion } from "./depletion";
import type { Drain } from "./drain";
import { afterRestart, parseOrder, type Order } from "./order";
import type { Smoother } from "./smooth";

/**
 * What a depletion estimate remembers of one stream. Here and in what it holds, every field is always there: objects of
 * one shape are what the engine handles fast, and there is a new one for each reading.
 */
export interface DepletionState {
    order: Order;
    /** Event time in ms of the first reading. */
    firstAt: number;
    /** What the source last said about mains, when it knows. */
    mains: "present" | "absent" | undefined;
    /** Event time in ms of the transfer to battery. */
    onBatterySince: number | undefined;
    /** The reported charge. */
    smoother: Smoother;
    trend: Trend | undefined;
    /** The charge reckoned from watts. */
    drain: Drain | undefined;
    /** The last estimate. */
    last: Depletion | undefined;
}

/** A saved state after a restart, or undefined for anything that is none. */
export function parseDepletionState(value: unknown): DepletionState | undefined {
    if (!isRecord(value)) return undefined;
    const order = parseOrder(value.order);
    const { firstAt, mains, onBatterySince, smoother, trend, drain, last } = value;
    const believed = order !== undefined && isNumber(firstAt) && isPoints(smoother)
        && (mains === undefined || mains === "present" || mains === "absent")
        && (onBatterySince === undefined || isNumber(onBatterySince))
        && (trend === undefined || isTrend(trend)) && (drain === undefined || isDrain(drain))
        && (last === undefined || (isRecord(last) && isNumber(last.at)));
    return believed ? wholeState({ ...value, order: afterRestart(order) } as unknown as DepletionState) : undefined;
}

/** JSON leaves out what is undefined. */
function wholeState({ order, firstAt, mains, onBatterySince, smoother, trend, drain, last }: DepletionState): DepletionState {
    return { order, firstAt, mains, onBatterySince, smoother, trend: trend && wholeTrend(trend), drain: drain && wholeDrain(drain), last };
}

function wholeDrain({ smoother, last, intervalMs, drawn, charge, unmeasuredMs, trend }: Drain): Drain {
    return { smoother, last, intervalMs, drawn, charge, unmeasuredMs, trend: trend && wholeTrend(trend) };
}

function wholeTrend({ heading, reached, last, steps, headingSince, back }: Trend): Trend {
    return { heading, reached, last, steps, headingSince, back };
}

function isTrend(value: unknown): boolean {
    return isRecord(value) && (value.heading === 0 || value.heading === 1 || value.heading === -1) && isPoints([value.reached, value.last]) && isPoints(value.steps)
        && (value.headingSince === undefined || isNumber(value.headingSince))
        && (value.back === undefined || (isRecord(value.back) && isNumber(value.back.reached) && isPoints(value.back.steps)));
}

function isDrain(value: unknown): boolean {
    return isRecord(value) && isPoints(value.smoother) && [value.drawn, value.charge, value.unmeasuredMs].every(isNumber)
        && (value.last === undefined || isPoints([value.last])) && (value.intervalMs === undefined || isNumber(value.intervalMs))
        && (value.trend === undefined || isTrend(value.trend));
}

function isPoints(value: unknown): boolean {
    return Array.isArray(value) && value.every((point) => isRecord(point) && isNumber(point.at) && isNumber(point.value));
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null;
}

function isNumber(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}
