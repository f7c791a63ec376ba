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
    headingSince: number | undefined;
    /** Steps back since `reached`: the beginning of a new heading, or a report that flickers between two values. */
    back: { reached: number; steps: Point[] } | undefined;
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
    if (trend === undefined) return { heading: 0, reached: next, last: next, steps: [], headingSince: undefined, back: undefined };
    const { heading, reached, last, steps: known, headingSince } = trend;
    const moved = Math.sign(next.value - reached.value);
    if (moved === 0) return { heading, reached, last: next, steps: known, headingSince, back: undefined };

    if (heading === 0 || moved === heading) {
        const steps = keep(known, halfWay(last.at, reached.value, next), windowMs);
        return { heading: moved === 1 ? 1 : -1, reached: next, last: next, steps, headingSince: headingSince ?? next.at, back: undefined };
    }
    const back = trend.back ?? { reached: reached.value, steps: [] };
    if (Math.sign(next.value - back.reached) !== moved) return { heading, reached, last: next, steps: known, headingSince, back: trend.back };
    const steps = keep(back.steps, halfWay(last.at, back.reached, next), windowMs);
    if (Math.abs(next.value - reached.value) < turnPercent) return { heading, reached, last: next, steps: known, headingSince, back: { reached: next.value, steps } };
    return { heading: moved === 1 ? 1 : -1, reached: next, last: next, steps, headingSince: steps[0]?.at ?? next.at, back: undefined };
}

function halfWay(at: number, value: number, to: Point): Point {
    return { at: (at + to.at) / 2, value: (value + to.value) / 2 };
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
    const { steps } = trend;
    const now = trend.last.at;
    const within = countWithin(windowMs, steps, now);
    const count = within >= enoughSteps ? within : Math.min(enoughSteps, countWithin(windowMs * longestReach, steps, now));
    const waitedMs = now - trend.reached.at;
    const first = steps[steps.length - count];
    const last = steps.at(-1);
    const line = first && last && isEnough(first, steps[steps.length - count + 1], count) ? lineThrough(count, steps) : undefined;
    if (first === undefined || last === undefined || line?.perMs === undefined) {
        return waitedMs >= windowMs * longestReach ? { perMinute: 0, samples: count, spanMs: waitedMs } : undefined;
    }
    const most = waitedMs > 0 ? (2 * usualStep(line, steps)) / waitedMs : Infinity;
    const perMinute = -Math.sign(line.perMs) * Math.min(Math.abs(line.perMs), most) * 60_000;
    return { perMinute, samples: count, spanMs: last.at - first.at };
}

/** How many steps are no older than `ms`: the newest ones. */
function countWithin(ms: number, steps: readonly Point[], now: number): number {
    let older = 0;
    while (now - (steps[older]?.at ?? now) > ms) older += 1;
    return steps.length - older;
}

/** A line through the newest steps of a list. */
interface Line {
    count: number;
    perMs: number | undefined;
    /** The height of a step in %, once it was asked for. */
    usualStep: number | undefined;
}

/** The line last drawn through each list: most readings bring no step, and it is the costly part. */
const drawn = new WeakMap<readonly Point[], Line>();

function lineThrough(count: number, steps: readonly Point[]): Line {
    const known = drawn.get(steps);
    if (known?.count === count) return known;
    const line: Line = { count, perMs: slopeThrough(steps.slice(-count)), usualStep: undefined };
    drawn.set(steps, line);
    return line;
}

function usualStep(line: Line, steps: readonly Point[]): number {
    if (line.usualStep !== undefined) return line.usualStep;
    const newest = steps.slice(-line.count);
    line.usualStep = median(newest.slice(1).map((step, place) => Math.abs(step.value - (newest[place] ?? step).value))) ?? 0;
    return line.usualStep;
}

/** Three steps, or two that lie far apart: the moment of a step is known only to a poll interval. */
function isEnough(first: Point, second: Point | undefined, count: number): boolean {
    return count >= 3 || (second !== undefined && Math.abs(second.value - first.value) >= 5);
}
