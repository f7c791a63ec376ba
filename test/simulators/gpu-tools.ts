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

/**
 * A tool in `folder` that prints a capture when its arguments hold all the words of its key ("metric --json"), and refuses
 * any others as a tool does that does not know them.
 */
export function fakeCaptures(folder: string, name: string, captures: Readonly<Record<string, string>>): string {
    const answers = Object.entries(captures).map(([words, text]) => [
        `all=yes; for word in ${words}; do case " $* " in *" $word "*) ;; *) all=no;; esac; done`,
        `if [ $all = yes ]; then cat <<'CAPTURE'`, text, "CAPTURE", "exit 0; fi",
    ].join("\n"));
    return fakeTool(folder, name, [...answers, `echo "${name}: error: unrecognized arguments: $*" >&2; exit 2`].join("\n"));
}

const amount = (value: number, unit: string): object => ({ value, unit });
const amdMetric = (gpu: number, watts: unknown): object => ({
    gpu, power: { socket_power: watts, gfx_voltage: "N/A", throttle_status: "UNTHROTTLED" }, usage: { gfx_activity: amount(7, "%"), umc_activity: amount(1, "%") },
    temperature: { edge: amount(33, "C"), hotspot: amount(37, "C"), mem: amount(48, "C") }, mem_usage: { total_vram: amount(20_464, "MB"), used_vram: amount(300, "MB") }, fan: { usage: amount(22, "%") },
});
const amdNames = [0, 1].map((gpu) => ({ gpu, asic: { market_name: "Radeon RX 7900 XT", asic_serial: `0x000${gpu}` }, bus: { bdf: `0000:0${gpu + 3}:00.0` }, limit: { max_power: amount(300, "W"), socket_power: amount(0, "W") } }));

/** What the tools of AMD and Intel print, in our own numbers, in the shapes of their versions. */
export const fakeCaptured = {
    /** An older ROCm: a bare list, and before it what an account without the groups is told. */
    amdOlder: {
        "metric --power --json": `WARNING: User is missing the following required groups: render, video. Please add user to these groups.\n\n${JSON.stringify([amdMetric(0, amount(22, "W")), amdMetric(1, amount(41, "W"))], null, 4)}`,
        "static --json": JSON.stringify(amdNames, null, 4),
    },
    /** A newer one: wrapped; the second GPU has no meter. */
    amdNewer: { "metric --power --json": JSON.stringify({ gpu_data: [amdMetric(0, amount(41, "W")), amdMetric(1, "N/A")] }, null, 4), "static --json": JSON.stringify({ gpu_data: amdNames }, null, 4) },
    /** Numbers as texts; card1 is the second die of card0. */
    rocm: {
        "--showpower --json": JSON.stringify({
            card0: { "Average Graphics Package Power (W)": "90.0", "Max Graphics Package Power (W)": "560.0", "Temperature (Sensor edge) (C)": "35.0", "GPU use (%)": "3", "VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "10960896", "Card Series": "AMD INSTINCT MI250", "PCI Bus": "0000:29:00.0" },
            card1: { "Average Graphics Package Power (W)": "N/A (Secondary die)", "Temperature (Sensor edge) (C)": "39.0", "Card Series": "AMD INSTINCT MI250" },
            system: { "Driver version": "6.3.6" },
        }),
    },
    /** The key of an iGPU and of an MI300. */
    rocmSocket: { "--showpower --json": JSON.stringify({ card0: { "Current Socket Graphics Package Power (W)": "4.0" } }) },
    /** A line a GPU; the second one's power cannot be read. */
    xpu: {
        "dump -m 0,1,3,18": "Timestamp, DeviceId, GPU Utilization (%), GPU Power (W), GPU Core Temperature (Celsius Degree), GPU Memory Used (MiB)\n20:32:58.100,    0, 12.50, 32.94, 50.00, 396.00\n20:32:58.100,    1, N/A, N/A, 48.00, N/A",
        "discovery --dump": 'Device ID,Device Name,SOC UUID,Memory Physical Size\n0,"Intel(R) Data Center GPU Flex 170","0000-1","14248.00 MiB"\n1,"Intel(R) Data Center GPU Flex 170","0000-2","14248.00 MiB"',
    },
} satisfies Record<string, Record<string, string>>;
