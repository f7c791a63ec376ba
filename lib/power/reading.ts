import { fakeMark } from "./command";

/** Whether a reading was measured just now, is old, or could not be had at all. */
export type Quality = "good" | "stale" | "missing";

/** One measurement of one device. A value that was not measured is absent: unreachable is `missing`, never 0 W. */
export interface Reading {
    /** Stable slug of the device, "solix_output". */
    device: string;
    /** Where it comes from: "kasa", "shelly", "nut", "simulator", "message" ... */
    source: string;
    /** When it was measured: ms since the epoch on the steady clock. */
    at: number;
    quality: Quality;
    /** W; negative where the meter counts export. */
    watts?: number;
    /** V; of a UPS, at its input. */
    volts?: number;
    /** V of a UPS at its output, of its battery, and of the mains it was made for. */
    outputVolts?: number;
    batteryVolts?: number;
    nominalVolts?: number;
    /** A */
    amps?: number;
    /** Hz */
    hertz?: number;
    /** Wh, counted up by the device. */
    energyWh?: number;
    /** State of charge, % of the battery. */
    charge?: number;
    /** Runtime left in s, as the device claims. */
    runtime?: number;
    /** Load, % of the device's rating. */
    load?: number;
    /** °C */
    temperature?: number;
    /** % and s at which the device itself calls its battery low. */
    lowCharge?: number;
    lowRuntime?: number;
    /** Only from a source that really knows. */
    mains?: "present" | "absent" | "unknown";
    /** Raw device tokens, such as NUT's OL OB LB. */
    flags?: string[];
    /** The device is testing its battery: what it says of mains, output and battery is no outage. */
    testing?: true;
    /** W by where they flow, of a device that measures more than one place. */
    flows?: Flows;
    /** Which quantities were not measured but computed from others that were: watts from the load and the rating. */
    derived?: Quantity[];
    /** `charge` was not measured: a local model carries it on. Such a reading is never `good`. */
    estimated?: Estimated;
    /** Tainted: made up by a person, a simulator or a tape. Can never lead to a real shutdown. */
    simulated?: true;
    /** Only of simulated readings: the first of a tape or a test. Deciders forget what they knew of its stream. */
    begins?: true;
    /** When quality is not good: cause and cure, without secrets. */
    error?: string;
}

/** Places of a power station where W are measured. `battery` is positive while it is drained, `grid` while it gives. */
export const flowNames = ["input", "output", "grid", "solar", "battery"] as const;
export type Flows = Partial<Record<(typeof flowNames)[number], number>>;

/** How far a charge that was not measured can be trusted. */
export interface Estimated {
    /** The true charge lies between these, %. */
    low: number;
    high: number;
    /** When the charge was last measured: event time in ms. */
    since: number;
}

/** The measured quantities of a reading. */
export const quantities = ["watts", "volts", "amps", "hertz", "energyWh", "charge", "runtime", "load", "temperature", "outputVolts", "batteryVolts", "nominalVolts", "lowCharge", "lowRuntime"] as const;
export type Quantity = (typeof quantities)[number];

/** Whether two readings, or a reading and a state, come from the same stream: a fake never joins the real one. */
export function streamOf(reading: Pick<Reading, "device" | "simulated">): string {
    return reading.simulated ? `${reading.device}${fakeMark}` : reading.device;
}

const isSlug = /^[a-z0-9]+(?:_[a-z0-9]+)*$/;

/** What a decider knew of a reading's stream; nothing where a simulated reading begins its stream anew. */
export function knownBefore<State>(before: State | undefined, reading: Pick<Reading, "begins" | "simulated">): State | undefined {
    return reading.begins && reading.simulated ? undefined : before;
}

/** A stable slug from a name: lower case without accents, runs of anything but letters and digits become one "_". "device" when nothing is left. */
export function slug(name: string): string {
    return isSlug.test(name) ? name : name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "") || "device";
}

export type ParsedReading = { reading: Reading } | { error: string };

/**
 * The reading that a message carries. A well-formed `msg.reading` is taken as it is; a bare number in `msg.payload`
 * (Inject, slider) becomes a simulated reading in W of the device `msg.topic`.
 * @param at event time in ms for a bare number and for a reading that brings no `at`
 */
export function readingFrom(msg: { topic?: unknown; payload?: unknown; reading?: unknown }, at: number): ParsedReading {
    if (msg.reading !== undefined && msg.reading !== null) return parseReading(msg.reading, at);
    const watts = numberIn(msg.payload);
    if (watts === undefined) return { error: "expected msg.reading, or a number of watts in msg.payload" };
    const device = typeof msg.topic === "string" && msg.topic.trim() !== "" ? slug(msg.topic) : "fake";
    return { reading: { device, source: "message", at, quality: "good", watts, simulated: true } };
}

function numberIn(payload: unknown): number | undefined {
    const value = typeof payload === "string" && payload.trim() !== "" ? Number(payload) : payload;
    return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Checks a foreign value against the Reading contract; unknown fields are dropped. */
export function parseReading(value: unknown, at: number): ParsedReading {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { error: "msg.reading is not an object" };
    const raw = value as Record<string, unknown>;
    if (typeof raw.device !== "string" || raw.device.trim() === "") return { error: "msg.reading.device is not a name" };
    const quality = raw.quality ?? "good";
    if (quality !== "good" && quality !== "stale" && quality !== "missing") return { error: "msg.reading.quality is not good, stale or missing" };
    if (raw.at !== undefined && !(typeof raw.at === "number" && Number.isFinite(raw.at))) return { error: "msg.reading.at is not a time in ms" };
    if (raw.at !== undefined && isInSeconds(raw.at)) return { error: "msg.reading.at is in s; it must be in ms" };
    const reading: Reading = { device: slug(raw.device), source: typeof raw.source === "string" && raw.source !== "" ? raw.source : "message", at: raw.at ?? at, quality };
    for (const quantity of quantities) {
        const amount = raw[quantity];
        if (amount === undefined || amount === null) continue;
        if (typeof amount !== "number" || !Number.isFinite(amount)) return { error: `msg.reading.${quantity} is not a number` };
        reading[quantity] = amount;
    }
    if (raw.mains === "present" || raw.mains === "absent" || raw.mains === "unknown") reading.mains = raw.mains;
    if (Array.isArray(raw.flags)) reading.flags = raw.flags.filter((flag): flag is string => typeof flag === "string");
    if (raw.testing === true) reading.testing = true;
    if (Array.isArray(raw.derived)) reading.derived = quantities.filter((quantity) => (raw.derived as unknown[]).includes(quantity));
    const flows = numbersIn(raw.flows, flowNames);
    if (flows !== undefined) reading.flows = flows;
    const estimated = numbersIn(raw.estimated, ["low", "high", "since"]);
    if (estimated !== undefined) {
        const { low = 0, high = 100, since = reading.at } = estimated;
        reading.estimated = { low, high, since };
        if (reading.quality === "good") reading.quality = "stale";
    }
    // Anything but an absent or false mark is a taint: the safe side.
    if (raw.simulated !== undefined && raw.simulated !== false && raw.simulated !== null) reading.simulated = true;
    if (raw.begins === true && reading.simulated) reading.begins = true;
    if (typeof raw.error === "string") reading.error = raw.error;
    return { reading };
}

/** A time of our days in s, as `date +%s` says it: taken for ms, an outage would last a thousand times as long before anything is decided. */
function isInSeconds(at: number): boolean {
    return at >= 1e9 && at < 1e11;
}

/** The same reading for somebody else: whatever they change in it, the first one stays as it is. */
export function copyReading(reading: Reading): Reading {
    const copy = { ...reading };
    if (reading.flags) copy.flags = [...reading.flags];
    if (reading.derived) copy.derived = [...reading.derived];
    if (reading.flows) copy.flows = { ...reading.flows };
    if (reading.estimated) copy.estimated = { ...reading.estimated };
    return copy;
}

/** The finite numbers of a foreign object under the given names; undefined when it is no object. */
function numbersIn<Name extends string>(value: unknown, names: readonly Name[]): Partial<Record<Name, number>> | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const found: Partial<Record<Name, number>> = {};
    for (const name of names) {
        const number = (value as Record<string, unknown>)[name];
        if (typeof number === "number" && Number.isFinite(number)) found[name] = number;
    }
    return found;
}
