/** A value at an event time in ms. */
export interface Point {
    at: number;
    value: number;
}

/** The newest points that have come in, two at most. */
export type Smoother = Point[];

/**
 * Median of three: each point becomes the median of itself and its neighbours, so that a single wild value vanishes and
 * a steady course stays as it is. The price is one point of delay.
 * @returns the smoothed point before the newest one, once there are three
 */
export function smooth(smoother: Smoother, next: Point): { smoother: Smoother; point?: Point } {
    const [before, middle] = smoother;
    if (before === undefined || middle === undefined) return { smoother: [...smoother, next] };
    const [, median = middle.value] = [before.value, middle.value, next.value].sort((a, b) => a - b);
    return { smoother: [middle, next], point: { at: middle.at, value: median } };
}
