import type { TriggerConfig } from "./trigger-config";

/** Whether the numbers bear out what an LB says. */
export type LowBatteryBacking =
    /** The charge or the runtime is low too. */
    | { kind: "borne-out"; by: string }
    /** No number says so, and none explains it away. */
    | { kind: "alone" }
    /** The device was told to call almost every charge low (nut#2652): its LB says nothing, whatever the numbers say by themselves. */
    | { kind: "explained-away"; by: string };

/** %: a device that calls a fuller battery than this low has a wrong setting. */
const absurdLowCharge = 90;

/**
 * LB is the device's own word, and firmware is wrong about it in known ways: at the moment of a transfer (nut#1942), for
 * two seconds now and then (nut#2347), and always where battery.charge.low is 100. So it counts only after stabilization, with
 * persistence, and sooner where a number bears it out.
 * @param charge %, and `runtime` in s, where they are believed
 * @param deviceLowCharge % below which the device itself calls its battery low
 */
export function backingOf(config: TriggerConfig, charge: number | undefined, runtime: number | undefined, deviceLowCharge: number | undefined): LowBatteryBacking {
    if (deviceLowCharge !== undefined && deviceLowCharge >= absurdLowCharge && charge !== undefined && charge <= deviceLowCharge) {
        return { kind: "explained-away", by: `the device calls every charge up to ${deviceLowCharge} % low, and it is ${charge} %` };
    }
    if (charge !== undefined && charge < config.lowBatteryCharge) return { kind: "borne-out", by: `the charge is ${charge} %` };
    if (runtime !== undefined && runtime < 2 * config.lowRuntime) return { kind: "borne-out", by: `the runtime is ${Math.round(runtime)} s` };
    return { kind: "alone" };
}
