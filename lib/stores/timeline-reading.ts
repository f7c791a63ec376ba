import { streamOf, type Quantity, type Reading } from "../power/reading";
import type { TimelineEvent } from "./timeline-event";

/** Which quantity of a reading becomes which type of row. */
type Family = Readonly<Partial<Record<Quantity, string>>>;

const solix: Family = { charge: "solix_battery_soc" };
const gpu: Family = { watts: "gpu_power_draw", temperature: "gpu_temperature", load: "gpu_utilization" };
const ups: Family = { watts: "ups_power", charge: "ups_charge", runtime: "ups_runtime", load: "ups_load", volts: "ups_voltage", hertz: "ups_frequency", temperature: "ups_temperature" };
const plug: Family = { watts: "plug_power", charge: "battery_charge" };

const host: Family = { watts: "host_power" };

const gpuSources: readonly string[] = ["nvidia", "amd", "intel"];
const hostSources: readonly string[] = ["ipmi", "rapl"];

/**
 * The rows of one reading under S1's type names. A value that was not measured gives no row: a gap stays a gap. What has
 * no row of its own goes into the metadata. A fake is its own source, "rack (simulated)", and is marked in the metadata.
 * @param details what the reader knows besides: S1's GPU limits, the power station's serial number
 */
export function readingEvents(reading: Reading, details: Readonly<Record<string, unknown>> = {}): TimelineEvent[] {
    if (reading.quality !== "good") return [];
    const family = familyOf(reading);
    const metadata = metadataOf(reading, family, details);
    const row = (event_type: string, value: number): TimelineEvent => ({ event_type, source: streamOf(reading), value, metadata, created_at: reading.at });
    const rows = (Object.entries(family) as [Quantity, string][]).flatMap(([quantity, type]) => {
        const value = reading[quantity];
        return value === undefined ? [] : [row(type, value)];
    });
    if (family === ups && (reading.mains === "present" || reading.mains === "absent")) rows.push(row("ups_on_battery", reading.mains === "absent" ? 1 : 0));
    return rows;
}

function familyOf({ source, device, runtime, load, flags }: Reading): Family {
    if (gpuSources.includes(source)) return gpu;
    if (hostSources.includes(source)) return host;
    if (source === "anker") return { ...solix, watts: solixFlow(device) };
    if (source === "nut" || runtime !== undefined || (load !== undefined && flags !== undefined)) return ups;
    return plug;
}

/** Which way the watts of a power station's reading flow, by the channel that its device name ends in. */
function solixFlow(device: string): string {
    if (/(^|_)grid$/.test(device)) return "solix_grid_power";
    return /(^|_)(input|solar|pv)$/.test(device) ? "solix_power_input" : "solix_power_output";
}

const otherQuantities: readonly Quantity[] = ["volts", "amps", "hertz", "energyWh", "charge", "runtime", "load", "temperature"];

function metadataOf(reading: Reading, family: Family, details: Readonly<Record<string, unknown>>): TimelineEvent["metadata"] {
    const rest = otherQuantities.filter((quantity) => family[quantity] === undefined && reading[quantity] !== undefined).map((quantity) => [quantity, reading[quantity]] as const);
    return {
        ...details,
        data_source: reading.source,
        ...Object.fromEntries(rest),
        ...(reading.mains !== undefined && { mains: reading.mains }),
        ...(reading.flags !== undefined && reading.flags.length > 0 && { flags: reading.flags }),
        ...(reading.simulated && { simulated: true }),
    };
}
