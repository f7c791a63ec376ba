import type { Reading } from "../../lib/power/reading";
import { decide } from "../../lib/power/trigger";
import { defaultTriggerConfig, type TriggerConfig } from "../../lib/power/trigger-config";
import type { TriggerInput, TriggerStep } from "../../lib/power/trigger-input";
import type { TriggerState } from "../../lib/power/trigger-state";

/** What a UPS says in one poll; `at` in s. */
export function poll(at: number, more: Partial<Reading>): Reading {
    return { device: "ups1", source: "nut", at: at * 1000, quality: "good", ...more };
}

/** Polls from `from` to `to` s, the last one excluded, with what the UPS says at each second. */
export function polls(from: number, to: number, says: Partial<Reading> | ((second: number) => Partial<Reading>), every = 1): Reading[] {
    return Array.from({ length: Math.ceil((to - from) / every) }, (_, place) => {
        const second = from + place * every;
        return poll(second, typeof says === "function" ? says(second) : says);
    });
}

export const online: Partial<Reading> = { mains: "present", flags: ["OL"], charge: 100, runtime: 3000 };
export const onBattery: Partial<Reading> = { mains: "absent", flags: ["OB", "DISCHRG"], charge: 90, runtime: 2400 };
export const missed: Partial<Reading> = { quality: "missing", error: "ups1: upsd says DATA-STALE" };

/** A battery whose charge and runtime fall, from `from` s on. `perMinute` in %. */
export function draining(from: number, perMinute: number, start = 100, more: Partial<Reading> = {}): (second: number) => Partial<Reading> {
    return (second) => {
        const charge = Math.max(0, start - ((second - from) / 60) * perMinute);
        return { ...onBattery, charge: Math.round(charge), runtime: Math.round((charge / perMinute) * 60), ...more };
    };
}

/** Judges readings in their order. */
export function judgeAll(inputs: (Reading | TriggerInput)[], config: Partial<TriggerConfig> = {}, state?: TriggerState): TriggerStep[] {
    return inputs.map((input) => {
        const step = decide({ ...defaultTriggerConfig, ...config }, state, "reading" in input ? input : { reading: input });
        state = step.state;
        return step;
    });
}

/** What was told, without mere evidence: "20 on-battery", "110 shutdown depletion". */
export function told(steps: TriggerStep[]): string[] {
    return steps.flatMap(({ verdict: { at, change, rule } }) => (change === undefined || change === "evidence" ? [] : [`${at / 1000} ${change}${change === "shutdown" ? ` ${rule ?? ""}` : ""}`]));
}
