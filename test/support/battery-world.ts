import type { TriggerInput } from "../../lib/power/trigger-input";
import type { Reading } from "../../lib/power/reading";

/** What happens to the mains and to the UPS, one after the other. */
export const happenings = ["mains", "outage", "flicker", "sag", "calibration", "self-test", "unsaid self-test", "off", "bypass", "bare bypass", "forced", "new battery"] as const;
export interface Phase {
    what: (typeof happenings)[number];
    lasts: number;
}

/** A UPS as it is. %, s and %/min. */
export interface Ups {
    start: number;
    perMinute: number;
    /** 0: the charger is broken. */
    chargesPerMinute: number;
    /** Below this charge an old battery gives way under load; its gauge has not known. 0: never. */
    collapse: number;
    /** What it says of its charge and its runtime, and at which charge it says LB. */
    gauge: "whole" | "fine" | "none";
    claims: "true" | "hopeful" | "none" | "zero" | "all ones";
    lowBatteryAt: number;
}

/** How it truly is at one second. */
export interface Moment {
    /** Whether there is mains, and whether the battery carries the load. */
    mains: boolean;
    onBattery: boolean;
    excuse: boolean;
    off: boolean;
    forced: boolean;
    charge: number;
    flags: readonly string[];
}

/** All seconds of a story. */
export function truthOf(ups: Ups, phases: readonly Phase[]): Moment[] {
    const moments: Moment[] = [];
    for (const { what, lasts } of phases) {
        for (let second = 0; second < lasts; second += 1) moments.push(momentOf(ups, moments.at(-1)?.charge ?? ups.start, what, second));
    }
    return moments;
}

/** How it is a second after it had this charge. @param second of what happens */
export function momentOf(ups: Ups, before: number, what: Phase["what"], second: number): Moment {
    const flickers = what === "flicker" && second % 25 < 17;
    const onBattery = what === "outage" || what === "calibration" || what === "self-test" || what === "unsaid self-test" || flickers;
    const from = what === "new battery" && second === 0 ? 100 : before;
    const perMinute = onBattery ? -ups.perMinute * (from < ups.collapse ? 8 : 1) : ups.chargesPerMinute;
    const charge = Math.max(0, Math.min(100, from + perMinute / 60));
    const own = { calibration: ["CAL"], "self-test": ["TEST"], off: ["OFF"], bypass: ["BYPASS"], forced: ["FSD"], sag: ["BOOST"] }[what as "off"] ?? [];
    const supply = what === "bare bypass" ? ["BYPASS"] : [onBattery ? "OB" : "OL"];
    return {
        mains: what !== "outage" && !flickers, onBattery, excuse: ["calibration", "self-test", "bypass", "bare bypass"].includes(what), off: what === "off", forced: what === "forced", charge,
        flags: [...supply, ...own, ...(onBattery && charge <= ups.lowBatteryAt ? ["LB"] : [])],
    };
}

/** What a sensor without fault says of it. */
export function said(ups: Ups, { flags, charge, onBattery }: Moment, second: number, device = "ups1"): Reading {
    const runtime = { true: (charge / ups.perMinute) * 60, hopeful: (charge / ups.perMinute) * 80, zero: 0, "all ones": 65_535, none: undefined }[ups.claims];
    return {
        device, source: "nut", at: second * 1000, quality: "good", mains: flags.includes("OL") ? "present" : flags.includes("OB") ? "absent" : "unknown", flags: [...flags],
        load: 30 + (second % 7), volts: onBattery ? 0 : flags.includes("BOOST") ? 190 : 230,
        ...(ups.gauge !== "none" && { charge: ups.gauge === "whole" ? Math.floor(charge) : charge }), ...(runtime !== undefined && { runtime: Math.ceil(runtime) }),
    };
}

/** What can be wrong with the sensor. `blind` ones bring no data; the others bring data that are wrong, late or not of this time. */
export const blindFaults = ["missing", "stale", "garbage", "WAIT", "gone"] as const;
export const numberFaults = ["no charge", "no runtime", "runtime 0", "runtime 65535", "runtime rises", "wild charge"] as const;
export const otherFaults = ["LB on mains", "frozen", "asleep", "ahead", "behind", "twice", "late", "swapped", "delayed"] as const;
export const faults = [...blindFaults, ...numberFaults, ...otherFaults];
export interface Trouble {
    fault: (typeof faults)[number];
    from: number;
    lasts: number;
}

/** A reading as it comes in: at which true second, of which second it truly tells, and what is wrong with it. */
export interface Heard {
    second: number;
    of: number;
    input: TriggerInput;
    wrong: readonly Trouble["fault"][];
}

/** What is polled in a process that runs, `offsetMs` being how far its event time is from the true one. */
export function polled(ups: Ups, truth: readonly Moment[], second: number, troubles: readonly Trouble[], offsetMs: number, device?: string): Heard[] {
    const now = truth[second];
    if (now === undefined) return [];
    const under = troubles.filter(({ from, lasts }) => second >= from && second < from + lasts);
    const wrong = under.map(({ fault }) => fault);
    const heard = (reading: Reading, more: Partial<Heard> = {}): Heard => ({ second, of: second, input: { reading: { ...reading, at: reading.at + offsetMs } }, wrong, ...more });
    return under.reduce<Heard[]>((all, trouble) => all.flatMap((each) => spoil(each, trouble, ups, truth)), [heard(said(ups, now, second, device))]);
}

function spoil(heard: Heard, { fault, from }: Trouble, ups: Ups, truth: readonly Moment[]): Heard[] {
    const { second, input: { reading } } = heard;
    const says = (what: Partial<Reading>): Heard[] => [{ ...heard, input: { reading: { ...reading, ...what } } }];
    const without = (...names: ("charge" | "runtime")[]): Heard[] => {
        const rest = { ...reading };
        for (const name of names) delete rest[name];
        return [{ ...heard, input: { reading: rest } }];
    };
    if (reading.quality !== "good") return [heard];
    switch (fault) {
        case "missing": case "stale": return [{ ...heard, input: { reading: { device: reading.device, source: "nut", at: reading.at, quality: fault, error: "no answer" } } }];
        case "garbage": return says({ mains: "unknown", flags: ["%%"] });
        case "WAIT": return says({ mains: "unknown", flags: ["WAIT"] });
        case "gone": case "asleep": return [];
        case "no charge": return without("charge");
        case "no runtime": return without("runtime");
        case "runtime 0": return says({ runtime: 0 });
        case "runtime 65535": return says({ runtime: 65_535 });
        case "runtime rises": return says({ runtime: 1000 + second });
        case "wild charge": return second % 4 === 0 && reading.charge !== undefined ? says({ charge: 2 }) : [heard];
        case "LB on mains": return reading.mains === "present" ? says({ flags: [...(reading.flags ?? []), "LB"] }) : [heard];
        case "frozen": {
            const then = truth[from] ?? truth[second];
            return then === undefined ? [heard] : [{ ...heard, of: from, input: { reading: { ...said(ups, then, from, reading.device), at: reading.at } } }];
        }
        case "ahead": return says({ at: reading.at + 3_600_000 });
        case "behind": return says({ at: reading.at - 3_600_000 });
        case "twice": return [heard, heard];
        case "late": return [heard, { ...heard, input: { reading: { ...reading, at: reading.at - 20_000, charge: 1, runtime: 1 } } }];
        // Two readings change places; all of ten seconds come at once.
        case "swapped": return [{ ...heard, second: second + (second % 2) * 6 }];
        case "delayed": return [{ ...heard, second: Math.ceil(second / 10) * 10 }];
    }
}
