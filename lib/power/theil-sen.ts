import { middleOf, type Point } from "./smooth";

/**
 * The slope of a line through points, per ms, after Theil and Sen: the median of the slopes of all pairs, each weighed by
 * the time between its points, since a pair that lies far apart knows better. A few wild points do not move it far.
 * Undefined when no two points differ in time.
 */
export function slopeThrough(points: readonly Point[]): number | undefined {
    let count = 0;
    for (const to of points) {
        for (const from of points) {
            if (from === to) break;
            const elapsed = to.at - from.at;
            if (elapsed === 0) continue;
            slopes[count] = (to.value - from.value) / elapsed;
            weights[count] = Math.abs(elapsed);
            count += 1;
        }
    }
    return weightedMedian(count);
}

/** The slopes of all pairs and their weights, 435 of thirty points: room that is used again from call to call. */
const slopes: number[] = [];
const weights: number[] = [];

/**
 * The least slope that, with all below it, has half of the weight. As in quicksort the slopes are parted at one of them
 * again and again, but only the part that holds the answer is looked at further.
 */
function weightedMedian(count: number): number | undefined {
    let half = 0;
    for (let place = 0; place < count; place += 1) half += (weights[place] ?? 0) / 2;
    let from = 0;
    let to = count;
    let below = 0;
    while (from < to) {
        const pivot = middleOf(slopes[from] ?? 0, slopes[(from + to) >> 1] ?? 0, slopes[to - 1] ?? 0);
        // What is less moves to the front, what is more to the back, what is alike stays in between.
        let less = from;
        let more = to;
        let lessWeight = 0;
        let alikeWeight = 0;
        for (let place = from; place < more;) {
            const slope = slopes[place] ?? 0;
            if (slope < pivot) {
                lessWeight += weights[place] ?? 0;
                swap(place, less);
                less += 1;
                place += 1;
            } else if (slope > pivot) {
                more -= 1;
                swap(place, more);
            } else {
                alikeWeight += weights[place] ?? 0;
                place += 1;
            }
        }
        if (below + lessWeight >= half) {
            to = less;
            continue;
        }
        below += lessWeight + alikeWeight;
        if (below >= half) return pivot;
        from = more;
    }
    return undefined;
}

function swap(one: number, other: number): void {
    const slope = slopes[one] ?? 0;
    const weight = weights[one] ?? 0;
    slopes[one] = slopes[other] ?? 0;
    weights[one] = weights[other] ?? 0;
    slopes[other] = slope;
    weights[other] = weight;
}

/** The middle of the values, or the mean of the two in the middle; undefined of none. */
export function median(values: readonly number[]): number | undefined {
    const sorted = new Float64Array(values).sort();
    const upper = sorted[Math.floor(sorted.length / 2)];
    const lower = sorted[Math.ceil(sorted.length / 2) - 1];
    return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}
