import { Trouble } from "../kit/trouble";
import { amountIn, commandTrouble, isAbsent, type Ask } from "./command";
import { present, type GpuAnswer, type GpuSample, type GpuTool } from "./gpu";

/** Metrics by number: utilization, power, core temperature, memory used. */
const dump = ["xpu-smi", "dump", "-d", "-1", "-m", "0,1,3,18", "-i", "1", "-n", "1"];
/** Properties by number: id, name, UUID, memory. */
const discovery = ["xpu-smi", "discovery", "--dump", "1,2,4,16"];

/** Intel data centre and Arc Pro GPUs through Intel's xpu-smi (XPU Manager's command line). */
export function xpuSmi(): GpuTool {
    let identities: Map<number, Partial<GpuSample>> | undefined;
    return {
        source: "intel",
        async read(ask: Ask, subject: string): Promise<GpuAnswer | undefined> {
            const output = await ask(dump);
            if (isAbsent(output)) return undefined;
            const gpus = parseXpuDump(output.stdout);
            if (gpus.length === 0) throw commandTrouble(output.code === 0 ? "garbage" : "failed", `${subject}: xpu-smi`, output, "the account may have to be in the group render");
            identities ??= parseXpuDiscovery(await ask(discovery).then(({ stdout }) => stdout, calmly));
            return { gpus: gpus.map((gpu) => ({ ...identities?.get(gpu.index), ...gpu })), failures: [] };
        },
    };
}

function calmly(error: unknown): string {
    if (error instanceof Trouble && error.kind === "stopped") throw error;
    return "";
}

/** Rows of a table with comma-separated columns, by the names in its first line. Quotes are taken off. */
function rowsOf(text: string, firstColumn: RegExp): Map<string, string>[] {
    const lines = text.split("\n").map((line) => line.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
    const head = lines.findIndex(([first = ""]) => firstColumn.test(first));
    if (head === -1) return [];
    const columns = lines[head] ?? [];
    return lines.slice(head + 1).filter((cells) => cells.length >= columns.length).map((cells) => new Map(columns.map((column, at) => [column, cells[at] ?? ""])));
}

/** The last sample of each GPU in `xpu-smi dump`: "Timestamp, DeviceId, GPU Power (W)" and a line a sample. */
export function parseXpuDump(text: string): GpuSample[] {
    const gpus = new Map<number, GpuSample>();
    for (const row of rowsOf(text, /^Timestamp$/i)) {
        const index = amountIn(row.get("DeviceId"), 0);
        if (index === undefined) continue;
        const amount = (start: string, min = 0): number | undefined => amountIn([...row].find(([column]) => column.startsWith(start))?.[1], min);
        const watts = amount("GPU Power (W)");
        gpus.set(index, {
            index,
            ...present({
                watts, utilization: amount("GPU Utilization"), temperature: amount("GPU Core Temperature", -Infinity), memoryUsedMiB: amount("GPU Memory Used"),
                error: watts === undefined ? `its power reads ${row.get("GPU Power (W)") ?? "nothing"}` : undefined,
            }),
        });
    }
    return [...gpus.values()];
}

/** Name, UUID and memory of each GPU in `xpu-smi discovery --dump`. */
export function parseXpuDiscovery(text: string): Map<number, Partial<GpuSample>> {
    return new Map(rowsOf(text, /^Device ID$/i).flatMap((row) => {
        const index = amountIn(row.get("Device ID"), 0);
        const word = (column: string): string | undefined => (/^(?:N\/A|)$/i.test(row.get(column) ?? "") ? undefined : row.get(column));
        return index === undefined ? [] : [[index, present({ name: word("Device Name"), uuid: word("SOC UUID"), memoryTotalMiB: amountIn(row.get("Memory Physical Size"), 1) })]];
    }));
}
