import { Trouble } from "../kit/trouble";
import { slug, type Quantity, type Reading } from "../power/reading";

/** What one channel (outlet, phase, clamp) of a device measured. */
export interface Channel {
    /** Its part of the reading's device name, "" for the device as a whole. Stable from poll to poll. */
    id: string;
    /** What a person may call it in the channel filter besides its id: "switch:0", "2". */
    names?: readonly string[];
    /** The measured values. Anything but a finite number counts as not measured. */
    values: Partial<Record<Quantity, unknown>>;
    flags?: string[];
    /** Why there are no watts. */
    error?: string;
}

interface ReadingOf {
    device: string;
    source: string;
    /** Event time in ms. */
    at: number;
    /** The filter; empty: all. */
    only: readonly string[];
}

/**
 * The readings of a device's channels. A channel without watts is `missing`: 0 W is only ever a measured 0.
 * @throws Trouble of kind "config" when the filter names a channel that the device does not have
 */
export function toReadings(channels: readonly Channel[], { device, source, at, only }: ReadingOf): Reading[] {
    const named = (channel: Channel, wanted: string): boolean => [channel.id, ...(channel.names ?? [])].some((name) => name !== "" && (name === wanted || slug(name) === slug(wanted)));
    for (const wanted of only) {
        if (channels.some((channel) => named(channel, wanted))) continue;
        const known = channels.map((channel) => channel.id || "total").join(", ");
        throw new Trouble("config", `plug ${device} has no channel "${wanted}"`, `it has ${known}`);
    }
    const chosen = only.length === 0 ? channels : channels.filter((channel) => only.some((wanted) => named(channel, wanted)));
    return chosen.map(({ id, values, flags, error }) => {
        const reading: Reading = { device: id === "" ? device : `${device}_${id}`, source, at, quality: "good" };
        for (const [quantity, value] of Object.entries(values) as [Quantity, unknown][]) {
            if (typeof value === "number" && Number.isFinite(value)) reading[quantity] = rounded(value);
        }
        if (flags !== undefined && flags.length > 0) reading.flags = flags;
        if (reading.watts === undefined) {
            reading.quality = "missing";
            reading.error = error ?? `${reading.device}: the device did not report its power`;
        }
        return reading;
    });
}

/** Without the dust of binary fractions (30.404 kWh is 30404 Wh): no plug measures finer than a thousandth. */
function rounded(value: number): number {
    return Math.round(value * 1000) / 1000;
}

/** The value under `path` in parsed JSON, or undefined. */
export function valueAt(value: unknown, ...path: string[]): unknown {
    return path.reduce<unknown>((at, key) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[key] : undefined), value);
}
