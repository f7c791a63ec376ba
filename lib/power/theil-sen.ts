import type { Point } from "./smooth";

/**
 * The slope of a line through points, per ms, after Theil and Sen: the median of the slopes of all pairs, each weighed by
 * the time between its points, since a pair that lies far apart knows better. A few wild points do not move it far.
 * Undefined when no two points differ in time.
 */
export function slopeThrough(points: readonly Point[]): number | undefined {
    let count = 0;
    for (const [place, to] of points.entries()) {
        for (let earlier = 0; earlier < place; earlier += 1) {
            const from = points[earlier] ?? to;
            const elapsed = to.at - from.at;
            if (elapsed === 0) continue;
            slopes[count] = (to.value - from.value) / elapsed;
            weights[count] = Math.abs(elapsed);
            count += 1;
        }
    }
    return count === 0 ? undefined : weightedMedian(count);
}

/** The slopes of all pairs and their weights, 435 of thirty points: room that is used again from call to call. */
const slopes: number[] = [];
const weights: number[] = [];
const buckets = new Float64Array(64);

/**
 * The least of the first `count` slopes that, with all below it, has half of the weight. Sorting them all would cost
 * several times as much: they are spread over buckets by value, and only the one that holds the answer is looked at further.
 */
function weightedMedian(count: number): number {
    let half = 0;
    for (let place = 0; place < count; place += 1) half += (weights[place] ?? 0) / 2;
    let below = 0;
    let left = count;
    for (;;) {
        let least = Infinity;
        let most = -Infinity;
        for (let place = 0; place < left; place += 1) {
            const slope = slopes[place] ?? 0;
            if (slope < least) least = slope;
            if (slope > most) most = slope;
        }
        const perBucket = (buckets.length - 1) / (most - least);
        // All alike, or nothing that numbers could tell apart.
        if (!(perBucket > 0 && perBucket < Infinity)) return least;

        buckets.fill(0);
        for (let place = 0; place < left; place += 1) {
            const bucket = ((slopes[place] ?? 0) - least) * perBucket | 0;
            buckets[bucket] = (buckets[bucket] ?? 0) + (weights[place] ?? 0);
        }
        let chosen = 0;
        while (chosen < buckets.length - 1 && below + (buckets[chosen] ?? 0) < half) {
            below += buckets[chosen] ?? 0;
            chosen += 1;
        }
        let kept = 0;
        for (let place = 0; place < left; place += 1) {
            const slope = slopes[place] ?? 0;
            if (((slope - least) * perBucket | 0) !== chosen) continue;
            slopes[kept] = slope;
            weights[kept] = weights[place] ?? 0;
            kept += 1;
        }
        left = kept;
    }
}

/** The middle of the values, or the mean of the two in the middle; undefined of none. */
export function median(values: readonly number[]): number | undefined {
    const sorted = new Float64Array(values).sort();
    const upper = sorted[Math.floor(sorted.length / 2)];
    const lower = sorted[Math.ceil(sorted.length / 2) - 1];
    return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}
