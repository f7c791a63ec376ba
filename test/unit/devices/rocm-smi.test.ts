import { deepEqual, equal } from "node:assert/strict";
import { parseRocm, rocmSmi } from "../../../lib/devices/rocm-smi";

describe("rocm-smi", () => {
    it("tells a graphics card's numbers as texts", () => {
        deepEqual(parseRocm({
            card0: {
                "Average Graphics Package Power (W)": "19.0", "Max Graphics Package Power (W)": "300.0", "Temperature (Sensor edge) (C)": "35.0", "GPU use (%)": "3", "Fan speed (%)": "0",
                "VRAM Total Memory (B)": "21458059264", "VRAM Total Used Memory (B)": "27262976", "Card Series": "Radeon RX", "Unique ID": "0xabc", "PCI Bus": "0000:03:00.0",
            },
            system: { "Driver version": "6.8" },
        }), [{ index: 0, watts: 19, limitWatts: 300, temperature: 35, utilization: 3, fan: 0, memoryUsedMiB: 26, memoryTotalMiB: 20464, name: "Radeon RX", uuid: "0xabc", bus: "0000:03:00.0" }]);
    });

    it("has another name for the power of a newer one", () => {
        equal(parseRocm({ card1: { "Current Socket Graphics Package Power (W)": "4.0" } })[0]?.watts, 4);
    });

    it("tells a two-die GPU's power once", () => {
        const cards = parseRocm({ card0: { "Average Graphics Package Power (W)": "90.0" }, card1: { "Average Graphics Package Power (W)": "N/A (Secondary die)" } });
        deepEqual(cards.map(({ index, watts }) => [index, watts]), [[0, 90]]);
    });

    it("never reads a missing key as 0 W", () => {
        deepEqual(parseRocm({ card0: { "GPU use (%)": "0" } }), [{ index: 0, utilization: 0, error: "it reports no power" }]);
        for (const garbage of [undefined, null, 3, "x", [], {}]) deepEqual(parseRocm(garbage), []);
    });

    it("is not there: undefined", async () => {
        equal(await rocmSmi().read(() => Promise.resolve({ code: 127, stdout: "", stderr: "" }), "host rack"), undefined);
    });
});
