/** The nominal voltages of the world's grids, V. */
export const gridVoltages = [100, 110, 115, 120, 127, 200, 208, 220, 230, 240] as const;

/** How far from a grid's voltage, V, another one still means that grid. */
const snapVolts = 15;
/** A device whose claim is further than this, V, from what is measured is not believed. */
const doubtVolts = 25;
/** So many measurements make a nominal voltage. */
const observations = 10;
/** Below and above this, V, no input on mains is measured. */
const plausible = { from: 50, to: 600 };
/** Beyond this, % of the nominal, a voltage is told without waiting. */
const severePercent = 15;
/** Within this, % of what the device claims, a measurement speaks for the claim. */
const fitsPercent = 10;

/** What is known of the mains' nominal voltage. */
export interface Nominal {
    /** V as the device claims it, brought to a grid's. */
    claimed?: number;
    /** V as measured, where it stands against the claim or in its place. */
    detected?: number;
    /** Enough was measured to believe `claimed` or `detected`. */
    settled: boolean;
    /** V measured since; while not settled, or while `detected` contradicts the claim. */
    seen: readonly number[];
}

/** The nominal voltage in force, V, as far as it is known. */
export function nominalVolts({ claimed, detected }: Nominal): number | undefined {
    return detected ?? claimed;
}

/** The grid whose voltage this is, V; undefined when none is near. */
export function gridOf(volts: number): number | undefined {
    const nearest = gridVoltages.reduce((best, grid) => (Math.abs(grid - volts) < Math.abs(best - volts) ? grid : best));
    return Math.abs(nearest - volts) <= snapVolts ? nearest : undefined;
}

export function isPlausible(volts: number): boolean {
    return volts >= plausible.from && volts <= plausible.to;
}

/**
 * What is known of the nominal voltage after one more measurement on mains. Devices are known to claim 230 V on a grid of
 * 120 V: ten measurements whose median is another grid's voltage, and more than 25 V from the claim, outweigh it. Should
 * they have been a long brownout, ten in a row that fit the claim bring it back.
 * @param claim V as the device claims it, undefined when it claims none
 * @returns with the `news` for people, when the nominal voltage in force changes against the claim
 */
export function followNominal(before: Nominal | undefined, volts: number, claim: number | undefined): { nominal: Nominal; news?: string } {
    const claimed = claim === undefined ? before?.claimed : (gridOf(claim) ?? claim);
    const known = before !== undefined && before.claimed === claimed ? before : { settled: false, seen: [] };
    const nominal: Nominal = { ...known, ...(claimed !== undefined && { claimed }) };
    if (nominal.settled) return claimed === undefined || nominal.detected === undefined ? { nominal } : backToClaim(nominal, claimed, volts);
    const seen = [...nominal.seen, volts];
    if (seen.length < observations) return { nominal: { ...nominal, seen } };
    const median = medianOf(seen);
    const grid = gridOf(median);
    // Neither a claim nor a grid: the next ten may tell.
    if (claimed === undefined && grid === undefined) return { nominal: { ...nominal, seen: [] } };
    const settled: Nominal = { ...nominal, settled: true, seen: [] };
    if (grid === undefined || (claimed !== undefined && Math.abs(median - claimed) <= doubtVolts)) return { nominal: settled };
    const detected: Nominal = { ...settled, detected: grid };
    return claimed === undefined ? { nominal: detected } : { nominal: detected, news: `measured ${round(median)} V: taken for a grid of ${grid} V, not of ${claimed} V as the UPS claims` };
}

function backToClaim(nominal: Nominal, claimed: number, volts: number): { nominal: Nominal; news?: string } {
    const fits = Math.abs(volts - claimed) <= (claimed * fitsPercent) / 100;
    const seen = fits ? [...nominal.seen, volts] : [];
    if (seen.length < observations) return { nominal: { ...nominal, seen } };
    return { nominal: { claimed, settled: true, seen: [] }, news: `measured ${round(medianOf(seen))} V: a grid of ${claimed} V, as the UPS claims` };
}

function medianOf(values: readonly number[]): number {
    const sorted = values.toSorted((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export type VoltageKind = "voltage-normal" | "brownout" | "over-voltage";

/** Where a voltage lies, whether so far out that it is told without waiting, and the numbers for people. */
export interface VoltagePlace {
    kind: VoltageKind;
    severe: boolean;
    detail: string;
}

/**
 * Where a voltage on mains lies in the band of `percent` around the nominal. Undefined when nothing can be said: the
 * nominal voltage is not known, or this measurement may turn out to be of another grid.
 */
export function placeOf(nominal: Nominal, volts: number, percent: number): VoltagePlace | undefined {
    const middle = nominalVolts(nominal);
    if (middle === undefined) return undefined;
    if (!nominal.settled && Math.abs(volts - middle) > doubtVolts && gridOf(volts) !== undefined) return undefined;
    const severe = Math.abs(volts - middle) > (middle * severePercent) / 100;
    const low = (middle * (100 - percent)) / 100;
    const high = (middle * (100 + percent)) / 100;
    if (volts < low) return { kind: "brownout", severe, detail: `${round(volts)} V, below ${round(low)} V (${middle} V - ${percent} %)` };
    if (volts > high) return { kind: "over-voltage", severe, detail: `${round(volts)} V, above ${round(high)} V (${middle} V + ${percent} %)` };
    return { kind: "voltage-normal", severe: false, detail: `${round(volts)} V` };
}

function round(value: number): number {
    return Math.round(value * 10) / 10;
}

/** A saved Nominal, or undefined for anything else. What was only seen in part is measured again. */
export function parseNominal(value: unknown): Nominal | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const { claimed, detected, settled } = value as Partial<Record<keyof Nominal, unknown>>;
    const volts = (raw: unknown): raw is number => typeof raw === "number" && isPlausible(raw);
    return { settled: settled === true && (volts(claimed) || volts(detected)), seen: [], ...(volts(claimed) && { claimed }), ...(volts(detected) && { detected }) };
}
