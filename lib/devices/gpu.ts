import type { Ask } from "./command";

/** What one poll says about one GPU. A value that was not measured is absent. */
export interface GpuSample {
    /** Its number on that host, as the tool counts. */
    index: number;
    uuid?: string;
    /** PCI address, "0000:ba:00.0". */
    bus?: string;
    name?: string;
    watts?: number;
    /** The power limit that is set, W. */
    limitWatts?: number;
    /** °C */
    temperature?: number;
    /** Share of time that it was busy, %. */
    utilization?: number;
    memoryUsedMiB?: number;
    memoryTotalMiB?: number;
    /** % of full speed. */
    fan?: number;
    /** Performance state, "P0" (full) to "P12". */
    pstate?: string;
    /** Split into instances (NVIDIA MIG): it then reports no utilization. */
    mig?: boolean;
    /** Why there are no watts. */
    error?: string;
}

/** A GPU that the tool could not read. It may say which one, or not. */
export interface GpuFailure {
    index?: number;
    bus?: string;
    text: string;
}

export interface GpuAnswer {
    gpus: GpuSample[];
    failures: GpuFailure[];
}

/** A program that reads the GPUs of one host. It remembers what it learned there. */
export interface GpuTool {
    /** Where the readings come from. */
    source: "nvidia" | "amd" | "intel";
    /**
     * @returns undefined when the program is not installed there
     * @throws Trouble when it could not read a single GPU
     */
    read(ask: Ask, subject: string): Promise<GpuAnswer | undefined>;
}

/** Without the keys whose value is undefined. */
export function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** A PCI address in one spelling: four digits of domain, lower case. */
export function busOf(text: string | undefined): string | undefined {
    const [, domain = "", rest] = /([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/i.exec(text ?? "") ?? [];
    return rest === undefined ? undefined : `${domain.slice(-4)}:${rest}`.toLowerCase();
}
