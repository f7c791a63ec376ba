import type { Quality, Quantity, Reading } from "../power/reading";
import { errorText } from "../kit/trouble";
import { NutTrouble } from "./nut-trouble";

/** Which variables of NUT hold a quantity, the best first, and between which bounds a value is believed. */
interface Source {
    names: readonly string[];
    from: number;
    to: number;
}

/**
 * Names and units as NUT's list of variables gives them (docs/nut-names.txt; RFC 9271, section 5). A runtime is taken as
 * the device claims it, 65535 s too: whether it is believed is for the deciders, who say so. The bounds of the voltages
 * keep out drivers that scale wrongly (a nominal voltage of 2300 V has been seen).
 */
const sources: Readonly<Partial<Record<Quantity, Source>>> = {
    charge: { names: ["battery.charge"], from: 0, to: 100 },
    runtime: { names: ["battery.runtime"], from: 0, to: Infinity },
    load: { names: ["ups.load"], from: 0, to: 1000 },
    watts: { names: ["ups.realpower", "output.realpower"], from: 0, to: 10_000_000 },
    volts: { names: ["input.voltage", "input.L1-N.voltage"], from: 0, to: 1000 },
    outputVolts: { names: ["output.voltage", "output.L1-N.voltage"], from: 0, to: 1000 },
    batteryVolts: { names: ["battery.voltage"], from: 0, to: 2000 },
    nominalVolts: { names: ["input.voltage.nominal"], from: 80, to: 500 },
    hertz: { names: ["input.frequency"], from: 0, to: 1000 },
    amps: { names: ["output.current"], from: 0, to: 100_000 },
    temperature: { names: ["ups.temperature", "battery.temperature"], from: -60, to: 200 },
    lowCharge: { names: ["battery.charge.low"], from: 0, to: 100 },
    lowRuntime: { names: ["battery.runtime.low"], from: 0, to: Infinity },
};

/** A status has a dozen words at most; what comes beyond that is noise. */
const longest = { flags: 32, flag: 40 };

/**
 * The reading of a UPS from the variables that a NUT server lists. A value that is no number ("", "NA", "nan") or that
 * cannot be is absent.
 * @param at event time in ms
 */
export function nutReading(variables: ReadonlyMap<string, string>, device: string, at: number): Reading {
    const flags = flagsOf(variables.get("ups.status") ?? "");
    const reading: Reading = { device, source: "nut", at, quality: "good", mains: mainsOf(flags), flags };
    for (const [quantity, source] of Object.entries(sources) as [Quantity, Source][]) {
        const value = valueOf(variables, source);
        if (value !== undefined) reading[quantity] = value;
    }
    if (reading.watts === undefined) deriveWatts(reading, variables);
    if (flags.includes("TEST") || /\bin progress\b/i.test(variables.get("ups.test.result") ?? "")) reading.testing = true;
    return reading;
}

/** The reading of a poll that brought none: `stale` when the server has old values only, else `missing`. */
export function failedReading(cause: unknown, device: string, at: number): Reading {
    const quality: Quality = cause instanceof NutTrouble && cause.state === "data-stale" ? "stale" : "missing";
    return { device, source: "nut", at, quality, error: errorText(cause) };
}

/** The words of a status. `ALARM` in front of them hides none; words that nobody knows are kept. */
function flagsOf(status: string): string[] {
    return status.split(/\s+/).filter((flag) => flag !== "").slice(0, longest.flags).map((flag) => flag.slice(0, longest.flag));
}

/** From OL and OB alone: DISCHRG comes on mains too, and WAIT means that the server has heard nothing yet. */
function mainsOf(flags: readonly string[]): "present" | "absent" | "unknown" {
    const [online, onBattery] = [flags.includes("OL"), flags.includes("OB")];
    if (online === onBattery || flags.includes("WAIT")) return "unknown";
    return online ? "present" : "absent";
}

function valueOf(variables: ReadonlyMap<string, string>, { names, from, to }: Source): number | undefined {
    for (const name of names) {
        const value = numberOf(variables.get(name));
        if (value !== undefined && value >= from && value <= to) return value;
    }
    return undefined;
}

/** Decimal numbers only: Number() alone would take "" for 0 and "0x20" for 32. */
function numberOf(text: string | undefined): number | undefined {
    return text !== undefined && /^\s*[+-]?\d+(?:\.\d*)?\s*$/.test(text) ? Number(text) : undefined;
}

/** Most devices tell no watts, but the load in % of their rating. Computed, and marked so: whole percents are coarse. */
function deriveWatts(reading: Reading, variables: ReadonlyMap<string, string>): void {
    const rating = numberOf(variables.get("ups.realpower.nominal"));
    if (reading.load === undefined || rating === undefined || rating <= 0) return;
    reading.watts = Math.round(reading.load * rating) / 100;
    reading.derived = ["watts"];
}
