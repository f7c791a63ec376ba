import { Trouble, type TroubleKind } from "../kit/trouble";
import type { ProgramOutput } from "../kit/child-process";

/** What a command is allowed. */
export interface CommandLimits {
    /** Longest time in ms. */
    deadlineMs: number;
    signal: AbortSignal;
}

/**
 * Runs a program somewhere, on this machine or over SSH, and brings back what it said. A program that is not there ends
 * with status 127, as a shell says it. @throws Trouble when it could not be run or did not end in time
 */
export type CommandRunner = (argv: readonly string[], limits: CommandLimits) => Promise<ProgramOutput>;

/** A command of one poll: its limits are set already. */
export type Ask = (argv: readonly string[]) => Promise<ProgramOutput>;

/**
 * Where measuring tools lie that an account's own PATH often does not name: ROCm, the Windows Subsystem for Linux, NixOS.
 */
export const toolFolders = [
    "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    "/opt/rocm/bin", "/usr/lib/wsl/lib", "/run/current-system/sw/bin",
] as const;

/** Longest output of a tool, bytes: eight GPUs take a twentieth of it. */
export const longestOutput = 1 << 18;

/** The program is not installed there. */
export function isAbsent({ code }: ProgramOutput): boolean {
    return code === 127;
}

/** The last line that a program said, for an error message: printable and at most 160 characters. */
export function lastWords({ stdout, stderr }: ProgramOutput): string {
    const last = (text: string): string => text.replace(/[^\P{C}\n]/gu, "").split("\n").map((line) => line.trim()).filter((line) => line !== "").at(-1) ?? "";
    return (last(stderr) || last(stdout)).slice(0, 160);
}

/** A failure of a program that says where, how and what to do. */
export function commandTrouble(kind: TroubleKind, subject: string, output: ProgramOutput, cure?: string): Trouble {
    const how = output.code === null ? "was killed" : output.code === 0 ? "answered nothing that we understand" : `failed with status ${output.code}`;
    const words = lastWords(output);
    return new Trouble(kind, `${subject} ${how}${words === "" ? "" : ` (${words})`}`, cure);
}

/** A measured amount in a tool's text: "39.32", "39.32 W", "38 %". Undefined for every way to say "not there". */
export function amountIn(value: unknown, min = -Infinity): number | undefined {
    const text = typeof value === "string" ? /^\s*([+-]?\d+(?:\.\d+)?)(?:\s*[A-Za-z%°]+)?\s*$/.exec(value)?.[1] : undefined;
    const amount = typeof value === "number" ? value : Number(text ?? NaN);
    return Number.isFinite(amount) && amount >= min ? amount : undefined;
}

/** Names the program that did not end in time, and the cure. Every other error passes unchanged. */
export function hangingTool(error: unknown, argv: readonly string[]): unknown {
    if (!(error instanceof Trouble) || error.kind !== "timeout") return error;
    return new Trouble("timeout", `${error.message} from ${argv[0]}`, "a sick device or driver makes it hang, look into dmesg", { cause: error });
}
