import type { Point } from "./smooth";

/**
 * The slope of a line through points, per ms, after Theil and Sen: the median of the slopes of all pairs, each weighed by
 * the time between its points, since a pair that lies far apart knows better. A few wild points do not move it far.
 * Undefined when no two points differ in time.
 */
export function slopeThrough(points: readonly Point[]): number | undefined {
    const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
    const weights = new Float64Array(slopes.length);
    let count = 0;
    points.forEach((to, place) => {
        for (let earlier = 0; earlier < place; earlier += 1) {
            const from = points[earlier] ?? to;
            const elapsed = to.at - from.at;
            if (elapsed === 0) continue;
            slopes[count] = (to.value - from.value) / elapsed;
            weights[count] = Math.abs(elapsed);
            count += 1;
        }
    });
    return weightedMedian(slopes.subarray(0, count), weights.subarray(0, count));
}

/** Halves the sorted values: numbers alone are sorted many times faster than pairs with their weights. */
function weightedMedian(values: Float64Array, weights: Float64Array): number | undefined {
    const weightUpTo = (limit: number): number => {
        let sum = 0;
        for (let place = 0; place < values.length; place += 1) if ((values[place] ?? 0) <= limit) sum += weights[place] ?? 0;
        return sum;
    };
    const half = weightUpTo(Infinity) / 2;
    const sorted = values.slice().sort();
    let low = 0;
    let high = sorted.length - 1;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (weightUpTo(sorted[middle] ?? 0) >= half) high = middle;
        else low = middle + 1;
    }
    return sorted[low];
}

/** The middle of the values, or the mean of the two in the middle; undefined of none. */
export function median(values: readonly number[]): number | undefined {
    const sorted = Float64Array.from(values).sort();
    const upper = sorted[Math.floor(sorted.length / 2)];
    const lower = sorted[Math.ceil(sorted.length / 2) - 1];
    return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}
