import { deepEqual, equal } from "node:assert/strict";
import { parseXpuDiscovery, parseXpuDump, xpuSmi } from "../../../lib/devices/xpu-smi";

const dump = [
    "Timestamp, DeviceId, GPU Utilization (%), GPU Power (W), GPU Core Temperature (Celsius Degree), GPU Memory Used (MiB)",
    "20:32:58.100,    0, 12.50, 32.94, 50.00, 396.00",
    "20:32:58.100,    1, N/A, N/A, 48.00, N/A",
].join("\n");
const discovery = 'Device ID,Device Name,SOC UUID,Memory Physical Size\n0,"Intel Data Center GPU","0000-1","49152.00 MiB"\n1,"Intel Data Center GPU","0000-2","N/A"\n';

describe("xpu-smi", () => {
    it("prints a line a GPU, N/A where nothing was measured", () => {
        deepEqual(parseXpuDump(dump), [
            { index: 0, watts: 32.94, utilization: 12.5, temperature: 50, memoryUsedMiB: 396 },
            { index: 1, temperature: 48, error: "its power reads N/A" },
        ]);
    });

    it("is read by the names of the columns, not by their order", () => {
        deepEqual(parseXpuDump("Timestamp, DeviceId, GPU Power (W)\n20:32:58, 0, 32.94"), [{ index: 0, watts: 32.94 }]);
        deepEqual(parseXpuDump("DeviceId\nerror"), []);
    });

    it("knows names and memory", () => {
        deepEqual(parseXpuDiscovery(discovery).get(0), { name: "Intel Data Center GPU", uuid: "0000-1", memoryTotalMiB: 49152 });
        deepEqual(parseXpuDiscovery(discovery).get(1), { name: "Intel Data Center GPU", uuid: "0000-2" });
    });

    it("joins both, asking for the names once", async () => {
        const asked: string[] = [];
        const tool = xpuSmi();
        const ask = async (argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
            asked.push(argv[1] ?? "");
            return { code: 0, stdout: argv[1] === "dump" ? dump : discovery, stderr: "" };
        };
        await tool.read(ask, "host rack");
        const answer = await tool.read(ask, "host rack");
        deepEqual(answer?.gpus.map(({ name, watts }) => [name, watts]), [["Intel Data Center GPU", 32.94], ["Intel Data Center GPU", undefined]]);
        deepEqual(asked, ["dump", "discovery", "dump"]);
        equal(await xpuSmi().read(() => Promise.resolve({ code: 127, stdout: "", stderr: "" }), "host rack"), undefined);
    });
});
