import { Trouble } from "../kit/trouble";
import { amdSmi } from "./amd-smi";
import type { GpuAnswer, GpuTool } from "./gpu";
import type { Ask } from "./command";
import { nvidiaSmi } from "./nvidia-smi";
import { rocmSmi } from "./rocm-smi";
import { xpuSmi } from "./xpu-smi";

const tools = { "nvidia-smi": nvidiaSmi, "amd-smi": amdSmi, "rocm-smi": rocmSmi, "xpu-smi": xpuSmi } as const;
export type GpuToolName = keyof typeof tools;
/** What a host's row in the dialog offers; "auto" takes the first that is installed there. */
export const gpuToolNames = ["auto", ...(Object.keys(tools) as GpuToolName[])] as const;

/** Reads the GPUs of one host with the tool of that name, or with the first one installed. */
export class GpuProbe {
    #chosen: { name: GpuToolName; tool: GpuTool } | undefined;
    readonly #candidates: { name: GpuToolName; tool: GpuTool }[];

    constructor(name: (typeof gpuToolNames)[number]) {
        const names = name === "auto" ? (Object.keys(tools) as GpuToolName[]) : [name];
        this.#candidates = names.map((each) => ({ name: each, tool: tools[each]() }));
    }

    /** "nvidia" until a tool has answered, since most are. */
    get source(): GpuTool["source"] {
        return (this.#chosen ?? this.#candidates[0])?.tool.source ?? "nvidia";
    }

    /** @throws Trouble when no tool is installed, or the one that is cannot read a single GPU */
    async read(ask: Ask, subject: string): Promise<GpuAnswer> {
        for (const candidate of this.#chosen === undefined ? this.#candidates : [this.#chosen]) {
            const answer = await candidate.tool.read(ask, subject);
            if (answer === undefined) continue;
            this.#chosen = candidate;
            return answer;
        }
        const names = this.#candidates.map(({ name }) => name).join(", ");
        this.#chosen = undefined;
        throw new Trouble("config", `${subject}: found no ${names}`, "install the GPU driver's own tools there, or put them into a folder of its PATH");
    }
}
