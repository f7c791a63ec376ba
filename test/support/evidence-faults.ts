import type { Reading } from "../../lib/power/reading";
import type { TriggerInput } from "../../lib/power/trigger-input";
import { poll } from "./trigger-story";

/** What has come in, at which true second: a faulty clock may say another time. */
export interface Heard {
    second: number;
    input: TriggerInput;
}

/** The true outage begins at this second; the battery is empty 1000 s later. */
export const transferAt = 60;
/** s after the transfer at which the runtime falls below 600 s, and the charge below 20 %: what has to lead to a shutdown. */
export const pastRuntime = 401;
export const pastCharge = 801;
export const emptyAfter = 1000;
/** Faults begin at this second: in an outage a minute after the transfer. */
export const faultAt = transferAt + 60;

/** What the UPS would say at this second of a battery that loses 6 % in a minute; on mains it rests, full. */
export function truth(second: number, outage: boolean): Reading {
    const onBattery = outage && second >= transferAt;
    const charge = onBattery ? Math.max(0, 100 - (second - transferAt) / 10) : 100;
    const load = 40 + (second % 7);
    return poll(second, {
        mains: onBattery ? "absent" : "present", flags: [onBattery ? "OB" : "OL", ...(onBattery && charge <= 35 ? ["LB"] : [])], charge: Math.floor(charge), runtime: Math.floor(charge * 10),
        load, watts: load * 9, volts: onBattery ? 0 : 230 + (second % 3),
    });
}

/** Polls as the reader makes them, every 5 s on mains and every second on battery. */
export function day(outage: boolean): Heard[] {
    const seconds = Array.from({ length: 1100 }, (_, second) => second).filter((second) => (outage && second >= transferAt) || second % 5 === 0);
    return seconds.map((second) => ({ second, input: { reading: truth(second, outage) } }));
}

/** Turns what would have been heard into what is. */
export type Fault = (heard: readonly Heard[]) => Heard[];

/** From `start` until `end` the readings say this instead. */
export function says(what: Partial<Reading> | ((second: number, reading: Reading) => Partial<Reading>), start = faultAt, end = Infinity): Fault {
    return (heard) => heard.map(({ second, input }) => {
        if (second < start || second >= end) return { second, input };
        return { second, input: { ...input, reading: { ...input.reading, ...(typeof what === "function" ? what(second, input.reading) : what) } } };
    });
}

/** These quantities are measured no more. */
export function loses(...names: (keyof Reading)[]): Fault {
    return (heard) => heard.map(({ second, input }) => {
        if (second < faultAt) return { second, input };
        const reading: Partial<Reading> = { ...input.reading };
        for (const name of names) delete reading[name];
        return { second, input: { ...input, reading: reading as Reading } };
    });
}

/** Nothing is measured any more; each poll says why. */
export function fails(error: string, quality: "missing" | "stale" = "missing", start = faultAt, end = Infinity, everySeconds = 1): Fault {
    return (heard) => heard.flatMap(({ second, input }) => {
        if (second < start || second >= end) return [{ second, input }];
        return (second - start) % everySeconds === 0 ? [{ second, input: { reading: poll(second, { quality, error }) } }] : [];
    });
}

/** The source's clock shows so many seconds more from `start` on. */
export function shifts(by: number, start = faultAt, end = Infinity): Fault {
    return (heard) => heard.map(({ second, input }) => (second < start || second >= end ? { second, input } : { second, input: { ...input, reading: { ...input.reading, at: input.reading.at + by * 1000 } } }));
}

/** Nobody polls from `start` to `end`. */
export const sleeps = (start: number, end: number): Fault => (heard) => heard.filter(({ second }) => second < start || second >= end);

/** One fault after the other. */
export const all = (...faults: Fault[]): Fault => (heard) => faults.reduce<Heard[]>((spoilt, fault) => fault(spoilt), [...heard]);
