import { onBatteryMs } from "./battery-clock";
import type { Reading } from "./reading";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerState } from "./trigger-state";

/** How long to wait without data from a source last known on battery, in ms since `missed.since`, and why so long. */
export interface Allowance {
    ms: number;
    why: string;
}

/**
 * The pessimistic countdown. Data that stops is no outage by itself (nut#2454: 4 s of a broken network shut a machine down),
 * but on battery it cannot be waited for for ever. What was last known bounds the wait: half of the claimed runtime above
 * its limit, and the charge above its limit at twice the measured rate; without a runtime and a measured rate, at the rate that counts as too
 * fast; never past the limit of time on battery. A local model of the charge (`estimated`) carries on while its lower bound holds.
 */
export function blindAllowance(config: TriggerConfig, state: TriggerState, { estimated }: Pick<Reading, "estimated">): Allowance {
    const { charge, runtime, perMinute } = state.known;
    const lowCharge = config.rules["low-charge"] ? config.lowCharge : config.hardFloor;
    const lowRuntime = config.rules["low-runtime"] ? config.lowRuntime : 0;
    const left = config.rules["time-on-battery"] && state.battery ? config.timeOnBatteryMs - onBatteryMs(state.battery) + blindMs(state) : Infinity;
    const within = (ms: number, most: number): number => Math.max(config.blindLeastMs, Math.min(ms, most, left));
    if (estimated !== undefined) {
        return estimated.low < lowCharge
            ? { ms: config.blindLeastMs, why: `the charge may be ${round(estimated.low)} % by now` }
            : { ms: within(longestMs, longestMs), why: `the charge is at least ${round(estimated.low)} % by our own reckoning` };
    }
    const measured = perMinute !== undefined && perMinute > 0;
    const bounds: Allowance[] = [];
    if (runtime !== undefined) bounds.push({ ms: (runtime - lowRuntime) * 500, why: `last known runtime ${Math.round(runtime)} s` });
    // Without a rate a claimed runtime knows better; with one it may be of long ago, or hopeful.
    if (charge !== undefined && (measured || runtime === undefined)) bounds.push({ ms: ((charge - lowCharge) / (measured ? 2 * perMinute : config.depletionPerMinute)) * 60_000, why: `last known charge ${round(charge)} %` });
    const [least = { ms: 0, why: "neither charge nor runtime was ever known" }] = bounds.sort((a, b) => a.ms - b.ms);
    return { ms: within(least.ms, config.blindMostMs), why: least.why };
}

/** However well the charge is reckoned: a day without data is too long. */
const longestMs = 86_400_000;

/** ms of this outage's clock that passed without data. */
function blindMs({ missed, order }: TriggerState): number {
    return missed === undefined ? 0 : Math.max(0, order.at - missed.since);
}

/** ms since the numbers froze after which the runtime that they claim would be used up; undefined when they claim none. */
export function frozenAllowanceMs(config: TriggerConfig, runtime: number | undefined): number | undefined {
    if (runtime === undefined) return undefined;
    const lowRuntime = config.rules["low-runtime"] ? config.lowRuntime : 0;
    return Math.max(config.frozenMs, (runtime - lowRuntime) * 1000);
}

function round(value: number): number {
    return Math.round(value * 10) / 10;
}
