import { gpuToolNames } from "../../lib/devices/gpu-tools";
import { hostMeters, type HostMeterName } from "../../lib/devices/host-power";
import { slug } from "../../lib/power/reading";
import { migrate, Settings, type Migration, type StoredConfig } from "../shared/settings";

export const migrations: readonly Migration[] = [];

/** A machine with GPUs. */
export interface Machine {
    /** Empty: named after its host. */
    name: string;
    tool: (typeof gpuToolNames)[number];
    /** Id of the power-host that leads there; absent: the machine that runs Node-RED. */
    powerHost?: string;
}

export interface GpuReaderConfig {
    machines: readonly Machine[];
    /** Slug that names the total. */
    cluster: string;
    hostPower: HostMeterName;
    intervalMs: number;
    deadlineMs: number;
    /** What goes into msg.payload of output 1. */
    payload: "watts" | "reading";
}

/**
 * The reader's settings as the editor stored them. `hosts` and `machines` go side by side: the editor finds the power-hosts of
 * a node, to export and to copy them, only in a list of nothing but ids.
 */
export function parseConfig(stored: StoredConfig): { config: GpuReaderConfig; problems: string[] } {
    const settings = new Settings(migrate(stored, migrations));
    const details = settings.list("machines");
    const machines = settings.list("hosts").map((id, at): Machine => {
        const { name, tool } = typeof details[at] === "object" && details[at] !== null ? (details[at] as Record<string, unknown>) : {};
        const row = new Settings({ name, tool });
        const machine: Machine = { name: row.text("name"), tool: row.choice("tool", gpuToolNames, "auto"), ...(typeof id === "string" && id !== "" && { powerHost: id }) };
        row.problems.forEach((problem) => settings.problem(`machine ${at + 1}: ${problem}`));
        return machine;
    });
    if (machines.length === 0) settings.problem("no machine");
    const config: GpuReaderConfig = {
        machines,
        cluster: slug(settings.text("cluster", "gpu_cluster")),
        hostPower: settings.choice("hostPower", hostMeters, "none"),
        intervalMs: settings.number("interval", { fallback: 60, min: 1, max: 86_400 }) * 1000,
        deadlineMs: settings.number("deadline", { fallback: 10, min: 0.1, max: 120 }) * 1000,
        payload: settings.choice("payload", ["watts", "reading"], "watts"),
    };
    return { config, problems: settings.problems };
}

/** Each machine's name, in their order, and what is wrong with them. @param hostName the name of a power-host, or of this machine */
export function machineNames(machines: readonly Machine[], hostName: (powerHost: string | undefined) => string): { names: string[]; problems: string[] } {
    const names = machines.map(({ name, powerHost }) => name || hostName(powerHost));
    const twice = names.filter((name, at) => names.findIndex((other) => slug(other) === slug(name)) < at);
    return { names, problems: [...new Set(twice)].map((name) => `two machines are called ${name}: their readings could not be told apart`) };
}
