/** How long something took; `cut`: it was cut off by its limit, and would have taken longer. */
export interface Sample {
    ms: number;
    cut?: true;
}

/** What real runs have measured. Only the newest count. It grows in place: in a run of many hosts there is no time for copies. */
export interface Measured {
    /** By "host/action". */
    durations: Record<string, Sample[]>;
    /** W of a plug while its machine was off, by device. */
    darkWatts: Record<string, number[]>;
}

export const nothingMeasured = (): Measured => ({ durations: {}, darkWatts: {} });

const kept = 20;
const mostKeys = 2000;

/** Adds a time to what is known. */
export function addDuration({ durations }: Measured, key: string, sample: Sample): void {
    add(durations, key, sample);
}

/** Adds W of a dark machine to what is known. */
export function addDarkWatts({ darkWatts }: Measured, device: string, watts: number): void {
    add(darkWatts, device, watts);
}

/** What is known under a key; a device may well be called "constructor". */
export function listOf<V>(lists: Readonly<Record<string, V[]>>, key: string): V[] | undefined {
    return Object.hasOwn(lists, key) ? lists[key] : undefined;
}

function add<V>(lists: Record<string, V[]>, key: string, value: V): void {
    const list = listOf(lists, key);
    if (list !== undefined) {
        list.push(value);
        list.splice(0, list.length - kept);
        return;
    }
    // Not assigned: it may be called "__proto__".
    Object.defineProperty(lists, key, { value: [value], configurable: true, enumerable: true, writable: true });
}

/** Fewer measurements than this say nothing. */
const fewest = 3;
/** The part of all times that the bound is to hold. */
const part = 0.95;

/**
 * A time in ms that 95 % stay within, after Kaplan and Meier: a time that was cut off counts as longer than its limit, not as
 * the limit. Undefined while too little is known, or when too many were cut off to say.
 */
export function upperMs(samples: readonly Sample[]): number | undefined {
    if (samples.filter(({ cut }) => !cut).length < fewest) return undefined;
    const sorted = samples.toSorted((a, b) => a.ms - b.ms || Number(a.cut ?? false) - Number(b.cut ?? false));
    let left = 1;
    for (const [place, { ms, cut }] of sorted.entries()) {
        if (cut) continue;
        left *= 1 - 1 / (sorted.length - place);
        if (left <= 1 - part + 1e-9) return ms;
    }
    return undefined;
}

/** W of a plug that mean off, when nothing was measured: more than its own error, less than any machine. */
const unlearnedWatts = 3;

/** W up to which a plug says that its machine is off: what was seen before, with some room. */
export function darkBound(watts: readonly number[] | undefined): number {
    const most = Math.max(...(watts ?? []), -Infinity);
    return most === -Infinity ? unlearnedWatts : Math.max(unlearnedWatts, most * 1.3, most + 1);
}

/** Measurements as they were saved, of the newest steps and devices; undefined for anything else. */
export function parseMeasured(value: unknown): Measured | undefined {
    const { durations, darkWatts } = (typeof value === "object" && value !== null ? value : {}) as Partial<Record<keyof Measured, unknown>>;
    if (!isRecord(durations) || !isRecord(darkWatts)) return undefined;
    if (!Object.values(durations).every((list) => Array.isArray(list) && list.every((sample: unknown) => isRecord(sample) && isTime(sample.ms)))) return undefined;
    if (!Object.values(darkWatts).every((list) => Array.isArray(list) && list.every(isTime))) return undefined;
    return { durations: newest(durations), darkWatts: newest(darkWatts) } as Measured;
}

/** Plans come and go, a process knows a few of them only: to count at each start is enough. */
function newest<V>(lists: Record<string, V>): Record<string, V> {
    return Object.fromEntries(Object.entries(lists).slice(-mostKeys));
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): boolean {
    return typeof value === "number" && Number.isFinite(value);
}
