import { Trouble } from "../kit/trouble";
import { valueAt } from "./channels";
import { commandTrouble, isAbsent, type Ask } from "./command";
import { busOf, present, type GpuAnswer, type GpuSample, type GpuTool } from "./gpu";
import { amountAt, jsonIn, wordAt } from "./tool-json";

/** AMD GPUs through ROCm's amd-smi. Its JSON differs from version to version; every shape seen so far is taken. */
export function amdSmi(): GpuTool {
    let identities: Map<number, Partial<GpuSample>> | undefined;
    return {
        source: "amd",
        async read(ask: Ask, subject: string): Promise<GpuAnswer | undefined> {
            const output = await ask(["amd-smi", "metric", "--power", "--usage", "--temperature", "--mem-usage", "--fan", "--json"]);
            if (isAbsent(output)) return undefined;
            const gpus = parseAmdMetric(jsonIn(output.stdout));
            if (gpus === undefined) throw commandTrouble(output.code === 0 ? "garbage" : "failed", `${subject}: amd-smi`, output, "the account may have to be in the groups render and video");
            // Name and limit do not change while we run; without them the watts are as good.
            identities ??= parseAmdStatic(jsonIn((await ask(["amd-smi", "static", "--asic", "--bus", "--limit", "--json"]).catch(calmly)).stdout));
            return { gpus: gpus.map((gpu) => ({ ...identities?.get(gpu.index), ...gpu })), failures: [] };
        },
    };
}

function calmly(error: unknown): { stdout: string } {
    if (error instanceof Trouble && error.kind === "stopped") throw error;
    return { stdout: "" };
}

function entries(json: unknown): { index: number; entry: unknown }[] | undefined {
    const list = valueAt(json, "gpu_data") ?? json;
    if (!Array.isArray(list) || list.length === 0) return undefined;
    return (list as unknown[]).map((entry, position) => ({ index: amountAt(entry, ["gpu"]) ?? position, entry }));
}

/** The GPUs in the JSON of `amd-smi metric`: a bare list, or one under "gpu_data". Undefined when it is neither. */
export function parseAmdMetric(json: unknown): GpuSample[] | undefined {
    return entries(json)?.map(({ index, entry }) => {
        const watts = amountAt(entry, ["power", "socket_power"], ["power", "current_socket_power"], ["power", "average_socket_power"]);
        return {
            index,
            ...present({
                watts, temperature: amountAt(entry, ["temperature", "edge"], ["temperature", "hotspot"], ["temperature", "mem"]),
                utilization: amountAt(entry, ["usage", "gfx_activity"]), fan: amountAt(entry, ["fan", "usage"]),
                memoryUsedMiB: amountAt(entry, ["mem_usage", "used_vram"]), memoryTotalMiB: amountAt(entry, ["mem_usage", "total_vram"]),
                error: watts === undefined ? "it reports no power" : undefined,
            }),
        };
    });
}

/** Name, address and limit of each GPU in the JSON of `amd-smi static`. */
export function parseAmdStatic(json: unknown): Map<number, Partial<GpuSample>> {
    return new Map((entries(json) ?? []).map(({ index, entry }) => [index, present({
        name: wordAt(entry, "asic", "market_name"), uuid: wordAt(entry, "uuid") ?? wordAt(entry, "asic", "asic_serial"), bus: busOf(wordAt(entry, "bus", "bdf")),
        // Some report a limit of 0 where none is set.
        limitWatts: [["socket_power"], ["ppt0", "socket_power_limit"], ["max_power"], ["ppt0", "max_power_limit"]].map((path) => amountAt(entry, ["limit", ...path])).find((limit) => (limit ?? 0) > 0),
    })]));
}
