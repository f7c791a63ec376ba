import assert from "node:assert/strict";
import { toReadings, type Channel } from "../../../lib/devices/channels";

const strip: Channel[] = [
    { id: "nas", names: ["1", "NAS"], values: { watts: 40 } },
    { id: "switch", names: ["2", "Switch"], values: { watts: 12 } },
    { id: "3", names: ["3"], values: { watts: 0 } },
];
const read = (channels: Channel[], only: string[] = []) => toReadings(channels, { device: "rack", source: "kasa", at: 5, only });

describe("readings of a device's channels", () => {
    it("name the device, and each channel behind it", () => {
        assert.deepEqual(read([{ id: "", values: { watts: 1 } }]).map(({ device }) => device), ["rack"]);
        assert.deepEqual(read(strip).map(({ device }) => device), ["rack_nas", "rack_switch", "rack_3"]);
    });

    it("carry what was measured and leave out what was not", () => {
        const [reading] = read([{ id: "", values: { watts: 63.5, volts: undefined, amps: null, energyWh: "12", hertz: NaN }, flags: ["relay_on"] }]);
        assert.deepEqual(reading, { device: "rack", source: "kasa", at: 5, quality: "good", watts: 63.5, flags: ["relay_on"] });
    });

    it("are missing without watts: 0 W is only ever a measured 0", () => {
        const [measured, absent] = read([{ id: "a", values: { watts: 0 } }, { id: "b", values: { volts: 230 }, error: "not valid" }]);
        assert.equal(measured?.quality, "good");
        assert.equal(measured?.watts, 0);
        assert.equal(absent?.quality, "missing");
        assert.equal(absent?.watts, undefined);
        assert.equal(absent?.error, "not valid");
    });

    for (const { only, want } of [
        { only: [], want: ["rack_nas", "rack_switch", "rack_3"] },
        { only: ["2"], want: ["rack_switch"] },
        { only: ["NAS", "3"], want: ["rack_nas", "rack_3"] },
    ]) {
        it(`filtered by [${only.join(", ")}] are ${want.join(", ")}`, () => {
            assert.deepEqual(read(strip, only).map(({ device }) => device), want);
        });
    }

    it("refuse a filter that names nothing, and say what there is", () => {
        assert.throws(() => read(strip, ["nass"]), { kind: "config", message: 'plug rack has no channel "nass": it has nas, switch, 3' });
    });

    it("carry no dust of binary fractions", () => {
        assert.equal(read([{ id: "", values: { watts: 1, energyWh: 30.404 * 1000 } }])[0]?.energyWh, 30404);
    });
});
