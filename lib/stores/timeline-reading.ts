import { flowNames, streamOf, type Quantity, type Reading } from "../power/reading";
import type { TimelineEvent } from "./timeline-event";

/** Which quantity of a reading becomes which type of row. */
type Family = Readonly<Partial<Record<Quantity, string>>>;

const solix: Family = { charge: "solix_battery_soc", watts: "solix_power_output" };
const gpu: Family = { watts: "gpu_power_draw", temperature: "gpu_temperature", load: "gpu_utilization" };
const ups: Family = {
    watts: "ups_power", charge: "ups_charge", runtime: "ups_runtime", load: "ups_load", volts: "ups_voltage", hertz: "ups_frequency", temperature: "ups_temperature",
    outputVolts: "ups_output_voltage", batteryVolts: "ups_battery_voltage",
};
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
    if (reading.quality !== "good") return estimateEvents(reading, details);
    const family = familyOf(reading);
    const metadata = metadataOf(reading, family, details);
    const row = (event_type: string, value: number): TimelineEvent => ({ event_type, source: streamOf(reading), value, metadata, created_at: reading.at });
    const rows = (Object.entries(family) as [Quantity, string][]).flatMap(([quantity, type]) => {
        const value = reading[quantity];
        return value === undefined || (quantity === "watts" && reading.flows?.output !== undefined) ? [] : [row(type, value)];
    });
    for (const flow of flowNames) {
        const value = reading.flows?.[flow];
        if (value !== undefined) rows.push(row(flowTypes[flow], value));
    }
    if (family === ups && (reading.mains === "present" || reading.mains === "absent")) rows.push(row("ups_on_battery", reading.mains === "absent" ? 1 : 0));
    return rows;
}

function familyOf({ source, runtime, load, flags, flows }: Reading): Family {
    if (gpuSources.includes(source)) return gpu;
    if (hostSources.includes(source)) return host;
    if (source === "anker" || flows !== undefined) return solix;
    if (source === "nut" || runtime !== undefined || (load !== undefined && flags !== undefined)) return ups;
    return plug;
}

const flowTypes = {
    input: "solix_power_input", output: "solix_power_output", grid: "solix_grid_power", solar: "solix_solar_power", battery: "solix_battery_power",
} as const satisfies Record<(typeof flowNames)[number], string>;

/** A charge that a model carries on is a type of its own: nobody shall take it for measured. */
function estimateEvents(reading: Reading, details: Readonly<Record<string, unknown>>): TimelineEvent[] {
    const { charge, estimated, at } = reading;
    if (charge === undefined || estimated === undefined) return [];
    const metadata = { ...metadataOf(reading, solix, details), ...estimated };
    return [{ event_type: "solix_battery_soc_estimated", source: streamOf(reading), value: charge, metadata, created_at: at }];
}

/** Not what a device was made for or set to: it would come with every row and never change. */
const otherQuantities: readonly Quantity[] = ["volts", "amps", "hertz", "energyWh", "charge", "runtime", "load", "temperature", "outputVolts", "batteryVolts"];

function metadataOf(reading: Reading, family: Family, details: Readonly<Record<string, unknown>>): TimelineEvent["metadata"] {
    const rest = otherQuantities.filter((quantity) => family[quantity] === undefined && reading[quantity] !== undefined).map((quantity) => [quantity, reading[quantity]] as const);
    return {
        ...details,
        data_source: reading.source,
        ...Object.fromEntries(rest),
        ...(reading.mains !== undefined && { mains: reading.mains }),
        ...(reading.flags !== undefined && reading.flags.length > 0 && { flags: reading.flags }),
        ...(reading.testing && { testing: true }),
        ...(reading.derived !== undefined && { derived: reading.derived }),
        ...(reading.simulated && { simulated: true }),
    };
}
