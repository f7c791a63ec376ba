import type { Reading } from "../../lib/power/reading";

/** Decides by the readings of one UPS. @returns when it would shut down, event times in ms */
export type Rival = (readings: readonly Reading[]) => number[];

const says = (reading: Reading, flag: string): boolean => reading.flags?.includes(flag) === true;

/** Eneru 6.1.9 with its defaults, by its rules as ups.md §1.2 and §1.3 have them. It goes on after a decision, and is re-armed by OL or CHRG. */
export const eneru: Rival = (readings) => {
    const at: number[] = [];
    let onBatterySince: number | undefined;
    let charges: { at: number; charge: number }[] = [];
    let failed = 0;
    let done = false;
    const decide = (now: number): void => {
        if (!done) at.push(now);
        done = true;
    };
    for (const reading of readings) {
        const { charge = 100, runtime = Infinity } = reading;
        if (reading.quality !== "good") {
            failed += 1;
            if (failed >= 3 && onBatterySince !== undefined) decide(reading.at);
            continue;
        }
        failed = 0;
        if (says(reading, "FSD")) decide(reading.at);
        else if (says(reading, "OL") || says(reading, "CHRG")) {
            onBatterySince = undefined;
            charges = [];
            done = false;
        } else if (says(reading, "OB")) {
            onBatterySince ??= reading.at;
            charges = [...charges, { at: reading.at, charge }].filter((each) => reading.at - each.at <= 300_000);
            const seconds = (reading.at - onBatterySince) / 1000;
            const [oldest] = charges;
            const perMinute = oldest === undefined || charges.length < 30 || reading.at === oldest.at ? 0 : ((oldest.charge - charge) / (reading.at - oldest.at)) * 60_000;
            if (seconds >= 30 && (Math.trunc(charge) < 20 || Math.trunc(runtime) < 600 || (seconds >= 90 && perMinute > 15) || seconds > 900)) decide(reading.at);
        }
    }
    return at;
};

/** NUT's upsmon with its defaults, as the primary of this UPS alone, by ups.md §3.1.1. What it has decided it can't take back, so it decides once. */
export const upsmon: Rival = (readings) => {
    let last: Reading | undefined;
    let offSince: number | undefined;
    for (const reading of readings) {
        const { at } = reading;
        if (reading.quality !== "good") {
            if (last === undefined) continue;
            if (["ALARM", "CAL", "BYPASS", "OFF"].some((flag) => says(last as Reading, flag))) return [at];
            if (says(last, "OB") && at - last.at > 15_000) return [at];
            continue;
        }
        last = reading;
        offSince = says(reading, "OFF") ? offSince ?? at : undefined;
        if (says(reading, "FSD") || (offSince !== undefined && at - offSince >= 30_000)) return [at];
        if (says(reading, "OB") && says(reading, "LB") && !says(reading, "CAL")) return [at];
    }
    return [];
};
