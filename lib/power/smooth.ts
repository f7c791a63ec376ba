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
export function smooth(smoother: Smoother, next: Point): { smoother: Smoother; point: Point | undefined } {
    const before = smoother[0];
    const middle = smoother[1];
    if (before === undefined || middle === undefined) return { smoother: [...smoother, next], point: undefined };
    return { smoother: [middle, next], point: { at: middle.at, value: middleOf(before.value, middle.value, next.value) } };
}

/** The one of three values that lies between the other two. */
export function middleOf(a: number, b: number, c: number): number {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
