import { quantities, type Quantity, type Reading } from "./reading";

/** The numbers of a device, and since when (event time in ms) none of them has moved. */
export interface Stillness {
    since: number;
    /** In the order of `moving`; null where a quantity was not measured. */
    values: (number | null)[];
}

const fixed: ReadonlySet<Quantity> = new Set(["nominalVolts", "lowCharge", "lowRuntime"]);
/** The quantities that move while a battery is drained. */
const moving = quantities.filter((quantity) => !fixed.has(quantity));
/** Fewer numbers may well stand still by themselves. */
const enough = 3;

/** Follows whether anything moves. Undefined while too little is measured to tell. */
export function followStillness(before: Stillness | undefined, reading: Reading): Stillness | undefined {
    let measured = 0;
    let same = before !== undefined;
    const values = moving.map((quantity, place) => {
        const value = reading[quantity] ?? null;
        if (value !== null) measured += 1;
        if (before?.values[place] !== value) same = false;
        return value;
    });
    if (measured < enough) return undefined;
    return same && before !== undefined ? before : { since: reading.at, values };
}
