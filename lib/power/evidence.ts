import type { Reading } from "./reading";
import type { TriggerInput } from "./trigger-input";
import type { Standing } from "./trigger-state";

/**
 * What one reading says by itself.
 * - `mains`, `battery`: the source knows, and says so. `excused`: on battery, for a reason that is no outage, or in bypass.
 * - `sound`, `doubtful`, `failing`: the source knows nothing of mains, but a classifier judges its watts.
 * - `silent`: a good reading from which nothing follows. `blind`: no good reading.
 */
export interface Evidence {
    standing: Standing | "sound" | "doubtful" | "failing" | "silent" | "blind";
    forced: boolean;
    off: boolean;
    lowBattery: boolean;
    /** Why what the device says of its battery and output is no outage. */
    excuse?: "calibration" | "self-test" | "bypass";
    /** %, only when it can be one. */
    charge?: number;
    /** s, only when it can be one. */
    runtime?: number;
}

/**
 * What follows from one reading alone. OL and OB are the only evidence of mains; LB, DISCHRG and numbers never are.
 * @param stuck a test or a calibration that it tells of is a report that got stuck, see isTestStuck
 */
export function evidenceOf({ reading, power }: Pick<TriggerInput, "reading" | "power">, stuck = false): Evidence {
    const { flags, charge, runtime } = reading;
    if (reading.quality !== "good") return { standing: "blind", forced: false, off: false, lowBattery: false };
    const mains = mainsOf(reading);
    const excuse = excuseOf(reading, stuck);
    // Drivers say BYPASS without OL or OB, too (snmp-ups of APC): the UPS is heard, and its battery carries nothing.
    const standing = mains === "present" ? "mains" : excuse === "bypass" || (mains === "absent" && excuse !== undefined) ? "excused" : mains === "absent" ? "battery" : standings[power?.state ?? "UNKNOWN"];
    return {
        standing,
        forced: flags?.includes("FSD") ?? false,
        off: (flags?.includes("OFF") ?? false) && excuse === undefined,
        lowBattery: flags?.includes("LB") ?? false,
        ...(excuse && { excuse }),
        ...(charge !== undefined && isCharge(charge) && { charge }),
        ...(runtime !== undefined && isRuntime(runtime) && { runtime }),
    };
}

const standings = { HEALTHY: "sound", WARNING: "doubtful", ALERT: "doubtful", CRITICAL: "failing", DEAD: "failing", UNKNOWN: "silent" } as const;

/** What the source says of mains: its own word, else NUT's OL and OB where just one of them stands. */
export function mainsOf({ mains, flags }: Reading): "present" | "absent" | undefined {
    if (mains !== undefined) return mains === "unknown" ? undefined : mains;
    const online = flags?.includes("OL") ?? false;
    const onBattery = flags?.includes("OB") ?? false;
    return online === onBattery ? undefined : online ? "present" : "absent";
}

function excuseOf(reading: Reading, stuck: boolean): Evidence["excuse"] {
    return (stuck ? undefined : testOf(reading)) ?? (reading.flags?.includes("BYPASS") ? "bypass" : undefined);
}

/** The test that a reading tells of. */
export function testOf({ testing, flags }: Reading): "self-test" | "calibration" | undefined {
    if (testing || flags?.includes("TEST")) return "self-test";
    return flags?.includes("CAL") ? "calibration" : undefined;
}

/** A test takes the device to battery when it begins: one that is told of on mains for so long is none. */
const longestTestOnMainsMs = 30 * 60_000;

/**
 * Whether a test or a calibration is a report that got stuck (nut#2416: "OL TEST" for ever), so that it excuses no outage.
 * @param since since when every reading on mains has told of it, event time in ms
 */
export function isTestStuck(since: number | undefined, at: number): boolean {
    return since !== undefined && at - since >= longestTestOnMainsMs;
}

/** %: anything else is a fault of the device. */
export function isCharge(value: number): boolean {
    return value >= 0 && value <= 100;
}

const longestRuntimeSeconds = 10 * 86_400;

/** s: 0 and all ones (65535 s or min) are how devices say that they do not know; beyond ten days nobody can know. */
export function isRuntime(value: number): boolean {
    return value > 0 && value !== 65_535 && value <= longestRuntimeSeconds;
}
