import type { Point } from "./smooth";
import { median, slopeThrough } from "./theil-sen";

/**
 * Where a charge is heading. Batteries report whole percents, so between two steps the reported value says nothing; the
 * moment of a step says exactly where the charge stands. A trend therefore remembers the steps: half-way points in time
 * and value between two reports that differ.
 */
export interface Trend {
    /** 1 rising, -1 falling, 0 not moved yet. */
    heading: -1 | 0 | 1;
    /** The farthest value in that direction, and when it was reached: event time in ms. */
    reached: Point;
    /** The last value seen. */
    last: Point;
    /** The steps in that direction, oldest first. */
    steps: Point[];
    /** When the first step of this heading came, event time in ms. */
    headingSince?: number;
    /** Steps back since `reached`: the beginning of a new heading, or a report that flickers between two values. */
    back?: { reached: number; steps: Point[] };
}

/** %: a turn by less may be a report that flickers between two values. */
const turnPercent = 2;
const mostSteps = 30;
/** A window that holds fewer steps than this reaches further back ... */
const enoughSteps = 6;
/** ... up to so many times its length. */
const longestReach = 12;

/** Adds a (smoothed) value to a trend. `windowMs` spaces the steps that are kept, 30 to a window. */
export function followTrend(trend: Trend | undefined, next: Point, windowMs: number): Trend {
    if (trend === undefined) return { heading: 0, reached: next, last: next, steps: [] };
    const { heading, reached, last, steps: known, headingSince } = trend;
    const moved = Math.sign(next.value - reached.value);
    if (moved === 0) return { heading, reached, last: next, steps: known, ...(headingSince !== undefined && { headingSince }) };
    const stepFrom = (value: number): Point => ({ at: (last.at + next.at) / 2, value: (value + next.value) / 2 });

    if (heading === 0 || moved === heading) {
        const steps = keep(known, stepFrom(reached.value), windowMs);
        return { heading: moved === 1 ? 1 : -1, reached: next, last: next, steps, headingSince: headingSince ?? next.at };
    }
    const back = trend.back ?? { reached: reached.value, steps: [] };
    if (Math.sign(next.value - back.reached) !== moved) return { ...trend, last: next };
    const steps = keep(back.steps, stepFrom(back.reached), windowMs);
    if (Math.abs(next.value - reached.value) < turnPercent) return { ...trend, last: next, back: { reached: next.value, steps } };
    return { heading: moved === 1 ? 1 : -1, reached: next, last: next, steps, headingSince: steps[0]?.at ?? next.at };
}

function keep(steps: Point[], step: Point, windowMs: number): Point[] {
    const newest = steps.at(-1);
    if (newest !== undefined && step.at - newest.at < windowMs / mostSteps) return steps;
    return [...steps, step].slice(-mostSteps);
}

/** How fast a charge changes, and on what evidence. */
export interface Slope {
    /** %/min, above 0 when the charge falls. */
    perMinute: number;
    /** How many steps it rests on, and the time between the first and the last of them. */
    samples: number;
    spanMs: number;
}

/**
 * The slope of a trend over its window. While the window holds few steps it reaches further back, since a slow drain
 * shows a step in several minutes only. A drain whose next step is overdue is slowing down: it is given no more than the
 * waiting still allows. Undefined while there is too little evidence, but 0 for a charge that has not moved for long.
 */
export function slopeOf(trend: Trend, windowMs: number): Slope | undefined {
    const now = trend.last.at;
    const usable = trend.steps.filter((step) => now - step.at <= windowMs * longestReach);
    const within = usable.filter((step) => now - step.at <= windowMs);
    const steps = within.length >= enoughSteps ? within : usable.slice(-enoughSteps);
    const first = steps[0];
    const last = steps.at(-1);
    const { perMs, usualStep } = lineThrough(trend.steps, steps);
    if (first === undefined || last === undefined || perMs === undefined || !isEnough(steps)) {
        const still = now - trend.reached.at >= windowMs * longestReach;
        return still ? { perMinute: 0, samples: steps.length, spanMs: now - trend.reached.at } : undefined;
    }
    const waitedMs = now - trend.reached.at;
    const most = waitedMs > 0 ? (2 * usualStep) / waitedMs : Infinity;
    const perMinute = -Math.sign(perMs) * Math.min(Math.abs(perMs), most) * 60_000;
    return { perMinute, samples: steps.length, spanMs: last.at - first.at };
}

interface Line {
    perMs: number | undefined;
    /** % */
    usualStep: number;
}

/** The line last drawn through the newest steps of each list: most readings bring no step, and it is the costly part. */
const drawn = new WeakMap<readonly Point[], Line & { count: number }>();

function lineThrough(all: readonly Point[], newest: readonly Point[]): Line {
    const known = drawn.get(all);
    if (known?.count === newest.length) return known;
    const usualStep = median(newest.slice(1).map((step, place) => Math.abs(step.value - (newest[place] ?? step).value))) ?? 0;
    const line = { perMs: slopeThrough(newest), usualStep, count: newest.length };
    drawn.set(all, line);
    return line;
}

/** Three steps, or two that lie far apart: the moment of a step is known only to a poll interval. */
function isEnough(steps: readonly Point[]): boolean {
    const [first, second] = steps;
    return steps.length >= 3 || (first !== undefined && second !== undefined && Math.abs(second.value - first.value) >= 5);
}
