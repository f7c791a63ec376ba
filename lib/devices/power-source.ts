import type { Clock } from "../kit/clock";
import type { Reading } from "../power/reading";

/** Anything that measures power. */
export interface PowerSource {
    /**
     * Measures once: one reading for each channel of the device.
     * @param signal lets go of every socket when it aborts
     * @throws Trouble when the device could not be read at all
     */
    read(signal: AbortSignal): Promise<Reading[]>;
    close(): Promise<void>;
}

/** Where a plug is and what is wanted of it. */
export interface PlugOptions {
    /** Name of the readings: a slug, "rack". A channel adds its own: "rack_nas". */
    device: string;
    host: string;
    /** Default: the protocol's own. */
    port?: number;
    /** Channels to read, by number, name or key ("2", "nas", "switch:0"); empty: all. */
    channels: readonly string[];
    user?: string;
    password?: string;
    /** Longest time for one read in ms. */
    deadlineMs: number;
    clock: Clock;
}

/** How errors name a plug: "plug rack at 192.0.2.5". */
export function subjectOf({ device, host }: Pick<PlugOptions, "device" | "host">): string {
    return `plug ${device} at ${host}`;
}
