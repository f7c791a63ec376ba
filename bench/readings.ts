import type { FlowMsg } from "../test/support/node-red";

const begin = Date.UTC(2026, 0, 1);

/** A message as a plug-reader sends it. `second` counts event time. */
export function plugMessage(device: string, second: number, watts: number): FlowMsg {
    return {
        topic: device,
        payload: watts,
        reading: { device, source: "kasa", at: begin + second * 1000, quality: "good", watts, volts: 230.5, amps: watts / 230.5, energyWh: 1200 + second / 10, flags: ["relay_on"] },
    };
}

/** Watts of a load that hums along: healthy, and hardly ever the same twice. */
export function steadyWatts(second: number): number {
    return 400 + 40 * Math.sin(second / 60) + (second * 7919) % 100 / 10;
}
