import type { Point } from "./smooth";

/**
 * The slope of a line through points, per ms, after Theil and Sen: the median of the slopes of all pairs, each weighed by
 * the time between its points, since a pair that lies far apart knows better. A few wild points do not move it far.
 * Undefined when no two points differ in time.
 */
export function slopeThrough(points: readonly Point[]): number | undefined {
    const slopes: { value: number; weight: number }[] = [];
    points.forEach((to, place) => {
        for (const from of points.slice(0, place)) {
            const elapsed = to.at - from.at;
            if (elapsed !== 0) slopes.push({ value: (to.value - from.value) / elapsed, weight: Math.abs(elapsed) });
        }
    });
    return weightedMedian(slopes);
}

function weightedMedian(values: { value: number; weight: number }[]): number | undefined {
    values.sort((a, b) => a.value - b.value);
    let left = values.reduce((sum, { weight }) => sum + weight, 0) / 2;
    return values.find(({ weight }) => (left -= weight) <= 0)?.value;
}

/** The middle of the values, or the mean of the two in the middle; undefined of none. */
export function median(values: readonly number[]): number | undefined {
    const sorted = Float64Array.from(values).sort();
    const upper = sorted[Math.floor(sorted.length / 2)];
    const lower = sorted[Math.ceil(sorted.length / 2) - 1];
    return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}
