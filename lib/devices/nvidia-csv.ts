import { amountIn } from "./command";
import { busOf, present, type GpuAnswer, type GpuFailure, type GpuSample } from "./gpu";

/**
 * The fields to ask for. Averages are asked for besides the momentary power, since what a driver leaves out differs from
 * model to model. The name comes last: should one contain a comma, it harms no other field.
 */
export const allFields = [
    "index", "uuid", "pci.bus_id", "power.draw.instant", "power.draw", "power.draw.average", "power.limit", "temperature.gpu",
    "memory.used", "memory.total", "utilization.gpu", "fan.speed", "pstate", "mig.mode.current", "name",
] as const;
export type NvidiaField = (typeof allFields)[number];

/** What every driver since 2012 knows; `power.draw.instant` came with driver 530. */
export const minimalFields = ["index", "uuid", "pci.bus_id", "power.draw", "power.limit", "temperature.gpu", "memory.used", "memory.total", "utilization.gpu", "fan.speed", "pstate", "name"] as const satisfies readonly NvidiaField[];

/**
 * The answer to `nvidia-smi --query-gpu=... --format=csv,noheader,nounits`: one line a physical GPU, with or without MIG.
 * Absent values are spelled "[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "[Insufficient Permissions]" and more:
 * whatever is no number was not measured. A line that is none of ours speaks for its own GPU only.
 */
export function parseNvidiaCsv(stdout: string, stderr: string, fields: readonly NvidiaField[]): GpuAnswer {
    const gpus: GpuSample[] = [];
    const failures: GpuFailure[] = [];
    for (const line of stdout.split("\n").map((text) => text.trim()).filter((text) => text !== "")) {
        const row = rowOf(line, fields);
        if (row === undefined) failures.push(...failureIn(line));
        else if (!gpus.some(({ index }) => index === row.index)) gpus.push(row);
    }
    const said = (failure: GpuFailure): boolean => failures.some(({ text }) => text === failure.text);
    for (const line of stderr.split("\n")) failures.push(...failureIn(line.trim()).filter((failure) => !said(failure)));
    return { gpus, failures };
}

function rowOf(line: string, fields: readonly NvidiaField[]): GpuSample | undefined {
    const parts = line.split(",").map((part) => part.trim());
    if (parts.length < fields.length || !/^\d{1,3}$/.test(parts[0] ?? "")) return undefined;
    const cell = (field: NvidiaField): string => {
        const at = fields.indexOf(field);
        return at === -1 ? "" : field === "name" ? parts.slice(at).join(", ") : (parts[at] ?? "");
    };
    const word = (field: NvidiaField): string | undefined => (/^(?:\[.*\]|N\/A|)$/i.test(cell(field)) ? undefined : cell(field));
    const amount = (field: NvidiaField): number | undefined => amountIn(cell(field), 0);
    const watts = amount("power.draw.instant") ?? amount("power.draw") ?? amount("power.draw.average");
    return {
        index: Number(parts[0]),
        ...present({
            uuid: word("uuid"), bus: busOf(word("pci.bus_id")), name: word("name"), watts, limitWatts: amount("power.limit"), temperature: amountIn(cell("temperature.gpu")),
            memoryUsedMiB: amount("memory.used"), memoryTotalMiB: amount("memory.total"), utilization: amount("utilization.gpu"), fan: amount("fan.speed"), pstate: word("pstate"),
            mig: /^Enabled$/i.test(cell("mig.mode.current")) || undefined,
            error: watts === undefined ? `its power reads ${cell("power.draw") || "nothing"}` : undefined,
        }),
    };
}

/** A line about a GPU that could not be read: "Unable to determine the device handle for GPU0000:BA:00.0: Unknown Error". */
function failureIn(line: string): GpuFailure[] {
    const text = line.replace(/\p{C}/gu, "").slice(0, 160);
    // A row that breaks off in the middle.
    const [, row] = /^(\d{1,3}), /.exec(text) ?? [];
    if (row !== undefined) return [{ index: Number(row), text: "the answer breaks off in the middle" }];
    if (!/GPU ?(?:\d+: )?[0-9a-f]{4,8}:[0-9a-f]{2}:|\bGPU ?\d+\b.*(?:error|lost|fallen)|unable to determine|fallen off the bus|GPU is lost/i.test(text)) return [];
    const [, index] = /\bGPU ?(\d{1,3}): /i.exec(text) ?? [];
    return [{ ...present({ bus: busOf(text), index: index === undefined ? undefined : Number(index) }), text }];
}
