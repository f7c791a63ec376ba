import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { allFields, minimalFields, parseNvidiaCsv } from "../../../lib/devices/nvidia-csv";
import type { GpuSample } from "../../../lib/devices/gpu";
import { fakeGpus, nvidiaCsv, type FakeGpu } from "../../simulators/gpu-tools";

const parse = (gpus: readonly FakeGpu[], fields: readonly string[] = allFields): GpuSample[] => parseNvidiaCsv(nvidiaCsv(gpus, fields), "", allFields).gpus;

describe("nvidia-smi's answer", () => {
    const cases: { gpu: keyof typeof fakeGpus; is: Partial<GpuSample>; without: (keyof GpuSample)[] }[] = [
        { gpu: "rtx2080s", is: { watts: 39.32, limitWatts: 250, temperature: 41, fan: 38, utilization: 0, pstate: "P8" }, without: ["mig", "error"] },
        { gpu: "rtx4080s", is: { watts: 28.77, limitWatts: 320, fan: 0, utilization: 0, memoryUsedMiB: 1024, memoryTotalMiB: 16376 }, without: ["mig", "error"] },
        { gpu: "h100", is: { watts: 69.62, limitWatts: 700, pstate: "P0", name: "NVIDIA H100 80GB HBM3" }, without: ["fan", "mig", "error"] },
        { gpu: "h100mig", is: { watts: 70.72, mig: true }, without: ["utilization", "fan", "error"] },
        { gpu: "l40s", is: { watts: 127.67, utilization: 100 }, without: ["fan", "error"] },
        { gpu: "rtx4060", is: { temperature: 41, error: "its power reads [Not Supported]" }, without: ["watts", "limitWatts", "fan"] },
        { gpu: "lost", is: { error: "its power reads [GPU is lost]" }, without: ["watts", "temperature", "name"] },
    ];
    for (const { gpu, is, without } of cases) {
        it(`is understood for ${gpu}: what is no number was not measured`, () => {
            const [sample] = parse([fakeGpus[gpu]]);
            ok(sample);
            for (const [key, value] of Object.entries(is)) deepEqual(sample[key as keyof GpuSample], value, key);
            for (const key of without) ok(!(key in sample), `${key} is there`);
        });
    }

    for (const token of ["[N/A]", "N/A", "[Not Supported]", "[Unknown Error]", "[Insufficient Permissions]", "[Function Not Found]", "[Requested functionality has been deprecated]", "", "ERR!", "nan", "-1"]) {
        it(`takes ${JSON.stringify(token)} for no power, never for 0 W`, () => {
            const gpu = { ...fakeGpus.h100, "power.draw.instant": token, "power.draw": token, "power.draw.average": token };
            const [sample] = parse([gpu, fakeGpus.l40s]);
            equal(sample?.watts, undefined);
            equal(sample?.temperature, 41);
            equal(parse([gpu, fakeGpus.l40s])[1]?.watts, 127.67);
        });
    }

    it("takes the momentary power first, then power.draw, then the average", () => {
        const power = (instant: string, draw: string, average: string): number | undefined => parse([{ ...fakeGpus.h100, "power.draw.instant": instant, "power.draw": draw, "power.draw.average": average }])[0]?.watts;
        equal(power("1.00", "2.00", "3.00"), 1);
        equal(power("[N/A]", "2.00", "3.00"), 2);
        equal(power("[N/A]", "[N/A]", "3.00"), 3);
        equal(power("0.00", "2.00", "3.00"), 0);
    });

    it("numbers eight GPUs as the driver does", () => {
        const samples = parse(Array.from({ length: 8 }, (_, index) => ({ ...fakeGpus.h100, "power.draw.instant": `${100 + index}.5` })));
        deepEqual(samples.map(({ index, watts }) => [index, watts]), [0, 1, 2, 3, 4, 5, 6, 7].map((index) => [index, 100.5 + index]));
        deepEqual(samples[1]?.bus, "0000:2a:00.0");
    });

    it("keeps a name with a comma whole", () => {
        equal(parse([{ ...fakeGpus.h100, name: "Board, rev 2" }])[0]?.name, "Board, rev 2");
    });

    it("reads units where they were asked for", () => {
        const { gpus } = parseNvidiaCsv("0, GPU-1, 00000000:01:00.0, 8.41 W, 180.00 W, 35, 3 MiB, 8119 MiB, 0 %, 27 %, P8, Old", "", minimalFields);
        deepEqual([gpus[0]?.watts, gpus[0]?.memoryTotalMiB, gpus[0]?.fan], [8.41, 8119, 27]);
    });

    const errors: { line: string; bus?: string; index?: number }[] = [
        { line: "Unable to determine the device handle for GPU 0000:2A:00.0: Unknown Error", bus: "0000:2a:00.0" },
        { line: "Unable to determine the device handle for GPU0000:2A:00.0: Unknown Error", bus: "0000:2a:00.0" },
        { line: "Unable to determine the device handle for GPU1: 0000:2A:00.0: Unknown Error", bus: "0000:2a:00.0", index: 1 },
        { line: "Unable to determine the device handle for GPU1: Unknown Error", index: 1 },
        { line: "1, GPU-00000001-1111, 000", index: 1 },
    ];
    for (const { line, bus, index } of errors) {
        for (const where of ["stdout", "stderr"] as const) {
            it(`with ${JSON.stringify(line)} in the middle of ${where} voids that GPU only`, () => {
                if (where === "stderr" && line.startsWith("1,")) return;
                const lines = nvidiaCsv([fakeGpus.h100, fakeGpus.h100, fakeGpus.l40s], allFields).split("\n");
                lines.splice(1, 1, ...(where === "stdout" ? [line] : []));
                const { gpus, failures } = parseNvidiaCsv(lines.join("\n"), where === "stderr" ? `${line}\n` : "", allFields);
                deepEqual(gpus.map((gpu) => [gpu.index, gpu.watts]), [[0, 69.62], [2, 127.67]]);
                deepEqual(failures.map((failure) => [failure.bus, failure.index]), [[bus, index]]);
            });
        }
    }

    for (const garbage of ["", "\n\n", "<html>502</html>", "command output not found", "{}", "0", "0,1,2", "\u0000\u0001\u0002", "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o"]) {
        it(`is none in ${JSON.stringify(garbage)}`, () => deepEqual(parseNvidiaCsv(garbage, "", allFields).gpus, []));
    }

    it("never throws and never invents watts, whatever comes", () => {
        fc.assert(fc.property(fc.string({ maxLength: 400 }), fc.string({ maxLength: 200 }), (stdout, stderr) => {
            for (const { watts } of parseNvidiaCsv(stdout, stderr, allFields).gpus) ok(watts === undefined || watts >= 0);
        }), { numRuns: 500 });
    });
});
