import type { PowerEventKind } from "./power-event";
import type { Quantity, Reading } from "./reading";

/** The numbers that people want to see with an event. */
const facts: Partial<Record<PowerEventKind, readonly Quantity[]>> = {
    "on-battery": ["charge", "runtime"], "on-mains": ["charge"],
    "low-battery": ["charge", "runtime"], "low-battery-ended": ["charge"],
    "overload": ["load"], "overload-ended": ["load"],
    "boost": ["volts"], "trim": ["volts"], "regulation-ended": ["volts"],
    "calibration": ["charge"], "calibration-ended": ["charge"],
    "forced-shutdown": ["charge", "runtime"],
};

/** A quantity for people. */
const says: Partial<Record<Quantity, (value: number) => string>> = {
    charge: (percent) => `charge ${percent} %`,
    runtime: (seconds) => `runtime ${lasting(seconds)}`,
    load: (percent) => `load ${percent} %`,
    volts: (volts) => `input ${volts} V`,
};

/**
 * The numbers behind an event, for people: "after 312 s, charge 64 %".
 * @param lastedMs how long it lasted, of an event that says that something is over
 */
export function detailOf(kind: PowerEventKind, reading: Reading, lastedMs?: number): string | undefined {
    const numbers = (facts[kind] ?? []).flatMap((quantity) => {
        const value = reading[quantity];
        return value === undefined ? [] : [says[quantity]?.(value) ?? ""];
    });
    const duration = lastedMs === undefined ? [] : [`after ${lasting(lastedMs / 1000)}`];
    return [...duration, ...numbers].join(", ") || undefined;
}

function lasting(seconds: number): string {
    if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
    if (seconds < 600) return `${Math.round(seconds)} s`;
    return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`;
}
