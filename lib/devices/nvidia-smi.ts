import { commandTrouble, isAbsent, lastWords, type Ask } from "./command";
import type { ProgramOutput } from "../kit/child-process";
import type { Trouble, TroubleKind } from "../kit/trouble";
import type { GpuAnswer, GpuSample, GpuTool } from "./gpu";
import { allFields, minimalFields, parseNvidiaCsv, type NvidiaField } from "./nvidia-csv";

const unknownField = /Field "([^"]+)" is not a valid field to query/;

/** NVIDIA GPUs through the driver's own program, which comes with every driver (nvidia-smi(1)). */
export function nvidiaSmi(): GpuTool {
    let fields: readonly NvidiaField[] = allFields;
    let seen: readonly GpuSample[] = [];

    /** @param only the GPUs to ask for; empty: all */
    async function query(ask: Ask, only: readonly string[]): Promise<{ output: ProgramOutput; answer: GpuAnswer }> {
        for (;;) {
            const output = await ask(["nvidia-smi", ...(only.length > 0 ? ["-i", only.join(",")] : []), `--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"]);
            // One unknown field fails the whole query. What an old driver does not know is not asked again.
            const unknown = unknownField.exec(`${output.stdout}\n${output.stderr}`)?.[1];
            const fewer = unknown === undefined ? fields : withoutField(fields, unknown);
            if (fewer.length === fields.length) return { output, answer: parseNvidiaCsv(output.stdout, output.stderr, fields) };
            fields = fewer;
        }
    }

    return {
        source: "nvidia",
        async read(ask: Ask, subject: string): Promise<GpuAnswer | undefined> {
            const { output, answer } = await query(ask, []);
            if (isAbsent(output)) return undefined;
            if (answer.gpus.length === 0) {
                // Older drivers stop at the first GPU that is lost: ask for the others by name.
                const others = seen.filter(({ uuid, index, bus }) => uuid !== undefined && !answer.failures.some((failure) => failure.index === index || (failure.bus !== undefined && failure.bus === bus)));
                if (answer.failures.length === 0 || others.length === 0 || others.length === seen.length) throw nvidiaTrouble(subject, output);
                const rest = await query(ask, others.flatMap(({ uuid }) => uuid ?? []));
                if (rest.answer.gpus.length === 0) throw nvidiaTrouble(subject, output);
                return { gpus: rest.answer.gpus, failures: [...answer.failures, ...rest.answer.failures] };
            }
            seen = answer.gpus;
            if (output.code !== 0 && answer.failures.length === 0) answer.failures.push({ text: lastWords(output) || `nvidia-smi failed with status ${output.code}` });
            return answer;
        },
    };
}

function withoutField(fields: readonly NvidiaField[], unknown: string): readonly NvidiaField[] {
    if (fields === allFields) return minimalFields;
    return unknown === "index" ? fields : fields.filter((field) => field !== unknown);
}

/** What nvidia-smi's statuses mean (nvidia-smi(1), "RETURN VALUE") and what helps. */
const byStatus: Record<number, { kind: TroubleKind; cure: string }> = {
    4: { kind: "auth", cure: "the account may not read the GPUs; give it access to /dev/nvidia*" },
    6: { kind: "failed", cure: "the driver sees no GPU; look for \"fallen off the bus\" in dmesg" },
    8: { kind: "failed", cure: "a power cable of the GPU is not plugged in" },
    9: { kind: "failed", cure: "the driver is not loaded; try modprobe nvidia, after a driver or kernel update reboot" },
    10: { kind: "failed", cure: "the kernel sees an interrupt problem of a GPU; look into dmesg" },
    12: { kind: "config", cure: "the driver's library is missing; install the driver again" },
    13: { kind: "config", cure: "the driver is too old for its own tool; install both again" },
    15: { kind: "failed", cure: "a GPU has fallen off the bus; look into dmesg, a reboot or a power cycle helps" },
    18: { kind: "failed", cure: "the driver was updated under its running kernel module; reboot" },
};
const byWords: readonly [RegExp, number][] = [
    [/couldn't communicate with the NVIDIA driver/i, 9],
    [/version mismatch/i, 18],
    [/No devices were found/i, 6],
    [/Insufficient Permissions/i, 4],
    [/fallen off the bus|GPU is lost|Unable to determine the device handle/i, 15],
];

function nvidiaTrouble(subject: string, output: ProgramOutput): Trouble {
    const text = `${output.stdout}\n${output.stderr}`;
    const status = byWords.find(([words]) => words.test(text))?.[1] ?? output.code ?? -1;
    const known = byStatus[status];
    return commandTrouble(known?.kind ?? (output.code === 0 ? "garbage" : "failed"), `${subject}: nvidia-smi`, output, known?.cure);
}
