import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A GPU as nvidia-smi would show it, by the names of the fields. A field that is not here is one that the driver does not know. */
export type FakeGpu = Record<string, string>;

const common: FakeGpu = { "temperature.gpu": "41", "memory.used": "1024", "fan.speed": "[N/A]", "utilization.gpu": "0", pstate: "P8", "mig.mode.current": "[N/A]" };

/** What real GPUs answer, in our own numbers: shapes of drivers 590 to 595. Each absent value is spelled as that model's driver does. */
export const fakeGpus = {
    rtx2080s: { ...common, name: "NVIDIA GeForce RTX 2080 SUPER", "power.draw.instant": "39.32", "power.draw": "39.32", "power.draw.average": "[N/A]", "power.limit": "250.00", "memory.total": "8192", "fan.speed": "38" },
    rtx4080s: { ...common, name: "NVIDIA GeForce RTX 4080 SUPER", "power.draw.instant": "28.77", "power.draw": "26.20", "power.draw.average": "26.20", "power.limit": "320.00", "memory.total": "16376", "fan.speed": "0" },
    h100: { ...common, name: "NVIDIA H100 80GB HBM3", "power.draw.instant": "69.62", "power.draw": "69.85", "power.draw.average": "69.85", "power.limit": "700.00", "memory.total": "81559", pstate: "P0", "mig.mode.current": "Disabled" },
    h100mig: { ...common, name: "NVIDIA H100 80GB HBM3", "power.draw.instant": "70.72", "power.draw": "71.15", "power.draw.average": "71.15", "power.limit": "700.00", "memory.total": "81559", "utilization.gpu": "[N/A]", pstate: "P0", "mig.mode.current": "Enabled" },
    l40s: { ...common, name: "NVIDIA L40S", "power.draw.instant": "127.67", "power.draw": "144.97", "power.draw.average": "144.97", "power.limit": "350.00", "memory.total": "46068", "utilization.gpu": "100", pstate: "P0" },
    /** A model without a meter beside one that has it. */
    rtx4060: { ...common, name: "NVIDIA GeForce RTX 4060", "power.draw.instant": "[Not Supported]", "power.draw": "[Not Supported]", "power.draw.average": "[Not Supported]", "power.limit": "[Not Supported]", "memory.total": "8188", "fan.speed": "N/A" },
    /** A driver from before 530: no .instant, no .average. */
    gtx1080: { "temperature.gpu": "35", "memory.used": "3", "memory.total": "8119", "utilization.gpu": "0", "fan.speed": "27", pstate: "P8", name: "GeForce GTX 1080", "power.draw": "8.41", "power.limit": "180.00" },
    /** Lost from the bus, seen by a driver that goes on. */
    lost: { ...common, name: "[GPU is lost]", "power.draw.instant": "[GPU is lost]", "power.draw": "[GPU is lost]", "power.draw.average": "[GPU is lost]", "power.limit": "[GPU is lost]", "memory.total": "[GPU is lost]", "temperature.gpu": "[GPU is lost]" },
} satisfies Record<string, FakeGpu>;

/** The GPUs with index, UUID and address as the driver numbers them. */
export function numbered(gpus: readonly FakeGpu[]): FakeGpu[] {
    return gpus.map((gpu, index) => ({
        index: String(index), uuid: `GPU-0000000${index}-1111-2222-3333-444444444444`, "pci.bus_id": `00000000:${(0x1a + index * 16).toString(16).toUpperCase()}:00.0`, ...gpu,
    }));
}

/** What nvidia-smi prints for them, asked for `fields`. */
export function nvidiaCsv(gpus: readonly FakeGpu[], fields: readonly string[]): string {
    return numbered(gpus).map((gpu) => `${fields.map((field) => gpu[field] ?? "[N/A]").join(", ")}\n`).join("");
}

/** An executable script in `folder`. @returns its path */
export function fakeTool(folder: string, name: string, script: string): string {
    const path = join(folder, name);
    // Written beside and moved: a script that is being run must not change.
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
}

interface NvidiaFault {
    /** Lines on standard output instead of the row of GPU number `at`. */
    instead?: { at: number; line: string };
    stderr?: string;
    code?: number;
    /** Shell commands before anything else. */
    first?: string;
}

/** An nvidia-smi in `folder` that answers --query-gpu for these GPUs, and refuses fields that they do not have. */
export function fakeNvidiaSmi(folder: string, gpus: readonly FakeGpu[], { instead, stderr, code = 0, first = "" }: NvidiaFault = {}): string {
    const rows = numbered(gpus).map((gpu, at) => {
        if (instead?.at === at) return `printf '%s\\n' '${instead.line}'`;
        const cells = Object.entries(gpu).map(([field, value]) => `${field}) cell='${value}';;`).join(" ");
        return `line=; for field in $fields; do case "$field" in ${cells} *) echo "Field \\"$field\\" is not a valid field to query."; echo; exit 2;; esac; line="$line\${line:+, }$cell"; done; echo "$line"`;
    });
    return fakeTool(folder, "nvidia-smi", [
        first,
        `fields=; for argument in "$@"; do case "$argument" in --query-gpu=*) fields="\${argument#--query-gpu=}";; esac; done`,
        "IFS=,", ...rows, ...(stderr === undefined ? [] : [`echo '${stderr}' >&2`]), `exit ${code}`,
    ].join("\n"));
}
