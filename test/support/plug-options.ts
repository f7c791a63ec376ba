import { systemClock } from "../../lib/kit/clock";
import type { PlugOptions, PowerSource } from "../../lib/devices/power-source";
import type { Reading } from "../../lib/power/reading";

/** Options for a plug on loopback. */
export function plugAt(port: number, more: Partial<PlugOptions> = {}): PlugOptions {
    return { device: "rack", host: "127.0.0.1", port, channels: [], deadlineMs: 2000, clock: systemClock, ...more };
}

/** Reads, and lets go of the connection. */
export async function readOnce(source: PowerSource): Promise<Reading[]> {
    try {
        return await source.read(new AbortController().signal);
    } finally {
        await source.close();
    }
}
