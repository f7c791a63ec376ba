import { commandTrouble, isAbsent, type Ask } from "./command";
import { busOf, present, type GpuAnswer, type GpuSample, type GpuTool } from "./gpu";
import { amountAt, jsonIn, wordAt } from "./tool-json";

const argv = ["rocm-smi", "--showpower", "--showmaxpower", "--showtemp", "--showuse", "--showmeminfo", "vram", "--showfan", "--showproductname", "--showuniqueid", "--showbus", "--json"];

/** AMD GPUs through the older rocm-smi, for hosts that have no amd-smi yet. */
export function rocmSmi(): GpuTool {
    return {
        source: "amd",
        async read(ask: Ask, subject: string): Promise<GpuAnswer | undefined> {
            const output = await ask(argv);
            if (isAbsent(output)) return undefined;
            const gpus = parseRocm(jsonIn(output.stdout));
            if (gpus.length === 0) throw commandTrouble(output.code === 0 ? "garbage" : "failed", `${subject}: rocm-smi`, output, "the account may have to be in the groups render and video");
            return { gpus, failures: [] };
        },
    };
}

/**
 * The GPUs in rocm-smi's JSON: "card0", "card1" ... with numbers as texts. The second die of a two-die GPU has no figure
 * of its own: it is left out, since the first die's holds for both.
 */
export function parseRocm(json: unknown): GpuSample[] {
    if (typeof json !== "object" || json === null) return [];
    return Object.entries(json as Record<string, unknown>).flatMap(([key, card]) => {
        const [, index] = /^card(\d+)$/.exec(key) ?? [];
        if (index === undefined || JSON.stringify(card).includes("Secondary die")) return [];
        const amount = (...keys: string[]): number | undefined => amountAt(card, ...keys.map((name) => [name]));
        const mebibytes = (name: string): number | undefined => {
            const bytes = amount(name);
            return bytes === undefined ? undefined : Math.round(bytes / (1 << 20));
        };
        const watts = amount("Current Socket Graphics Package Power (W)", "Average Graphics Package Power (W)", "Average Package Power (W)");
        return [{
            index: Number(index),
            ...present({
                watts, limitWatts: amount("Max Graphics Package Power (W)"), utilization: amount("GPU use (%)"), fan: amount("Fan speed (%)"),
                temperature: amount("Temperature (Sensor edge) (C)", "Temperature (Sensor junction) (C)"),
                memoryUsedMiB: mebibytes("VRAM Total Used Memory (B)"), memoryTotalMiB: mebibytes("VRAM Total Memory (B)"),
                name: wordAt(card, "Card Series") ?? wordAt(card, "Card series") ?? wordAt(card, "Card Model") ?? wordAt(card, "Card model"),
                uuid: wordAt(card, "Unique ID"), bus: busOf(wordAt(card, "PCI Bus")),
                error: watts === undefined ? "it reports no power" : undefined,
            }),
        }];
    });
}
