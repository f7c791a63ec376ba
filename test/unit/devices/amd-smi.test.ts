import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { amdSmi, parseAmdMetric, parseAmdStatic } from "../../../lib/devices/amd-smi";
import { jsonIn } from "../../../lib/devices/tool-json";
import type { Trouble } from "../../../lib/kit/trouble";

const amount = (value: number, unit: string): unknown => ({ value, unit });
const entry = {
    gpu: 1, power: { socket_power: amount(41, "W") }, usage: { gfx_activity: amount(7, "%") }, temperature: { edge: amount(33, "C"), hotspot: amount(37, "C") },
    mem_usage: { used_vram: amount(300, "MB"), total_vram: amount(20464, "MB") }, fan: { usage: amount(22, "%") },
};

describe("amd-smi", () => {
    const shapes: { what: string; json: unknown; watts: (number | undefined)[] }[] = [
        { what: "a bare list (older ROCm)", json: [entry], watts: [41] },
        { what: "a list under gpu_data (newer)", json: { gpu_data: [entry] }, watts: [41] },
        { what: "bare numbers", json: [{ gpu: 0, power: { socket_power: 22 } }], watts: [22] },
        { what: "average_socket_power", json: [{ gpu: 0, power: { average_socket_power: amount(90, "W") } }], watts: [90] },
        { what: "current_socket_power", json: [{ gpu: 0, power: { current_socket_power: "142 W" } }], watts: [142] },
        { what: "N/A", json: [{ gpu: 0, power: { socket_power: "N/A" } }, { gpu: 1, power: "N/A" }], watts: [undefined, undefined] },
    ];
    for (const { what, json, watts } of shapes) {
        it(`understands ${what}`, () => deepEqual(parseAmdMetric(json)?.map((gpu) => gpu.watts), watts));
    }

    it("reads everything that a GPU tells", () => {
        deepEqual(parseAmdMetric([entry]), [{ index: 1, watts: 41, temperature: 33, utilization: 7, fan: 22, memoryUsedMiB: 300, memoryTotalMiB: 20464 }]);
    });

    for (const [what, limit] of [["power limits of ROCm 7.1", { max_power: amount(550, "W"), socket_power: amount(0, "W") }], ["power limits of ROCm 7.2", { ppt0: { max_power_limit: amount(750, "W"), socket_power_limit: amount(550, "W") } }]] as const) {
        it(`takes the ${what}`, () => equal(parseAmdStatic({ gpu_data: [{ gpu: 0, asic: { market_name: "Instinct" }, limit }] }).get(0)?.limitWatts, 550));
    }

    it("finds the JSON behind a warning", () => {
        deepEqual(jsonIn("WARNING: not in group [render]\n\n[\n {\"gpu\": 0}\n]\n"), [{ gpu: 0 }]);
        for (const garbage of ["", "no", "{", "[1,", "}{"]) equal(jsonIn(garbage), undefined);
    });

    it("asks for the names once, and does without", async () => {
        const asked: string[] = [];
        const tool = amdSmi();
        const ask = async (argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
            asked.push(argv.slice(0, 2).join(" "));
            return { code: 0, stderr: "", stdout: argv[1] === "metric" ? JSON.stringify([entry]) : JSON.stringify([{ gpu: 1, asic: { market_name: "Radeon" }, bus: { bdf: "0000:03:00.0" } }]) };
        };
        const answer = await tool.read(ask, "host rack");
        await tool.read(ask, "host rack");
        deepEqual(answer?.gpus[0] && [answer.gpus[0].name, answer.gpus[0].bus, answer.gpus[0].watts], ["Radeon", "0000:03:00.0", 41]);
        deepEqual(asked, ["amd-smi metric", "amd-smi static", "amd-smi metric"]);
    });

    it("fails with what it said", async () => {
        const said = { code: 1, stdout: "", stderr: "Unable to access KFD\n" };
        await rejects(amdSmi().read(() => Promise.resolve(said), "host rack"), (error: Trouble) => {
            match(error.message, /host rack: amd-smi failed with status 1 \(Unable to access KFD\): .*render/);
            return true;
        });
        equal(await amdSmi().read(() => Promise.resolve({ ...said, code: 127 }), "host rack"), undefined);
    });
});
