import { systemClock } from "../../lib/kit/clock";
import type { PlugOptions, PowerSource } from "../../lib/devices/power-source";
import type { Reading } from "../../lib/power/reading";

/** Options for a plug on loopback. */
export function plugAt(port: number, more: Partial<PlugOptions> = {}): PlugOptions {
    return { device: "rack", host: "127.0.0.1", port, channels: [], deadlineMs: 2000, clock: systemClock, ...more };
}

export function readOnce(source: PowerSource): Promise<Reading[]> {
    return source.read(new AbortController().signal);
}
