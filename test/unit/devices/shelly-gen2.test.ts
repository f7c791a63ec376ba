import assert from "node:assert/strict";
import { gen2Channels, ShellyGen2 } from "../../../lib/devices/shelly-gen2";

describe("the status of a Shelly of generation 2 and later", () => {
    const plug = { id: 0, output: true, apower: 15.4, voltage: 231.2, freq: 50, current: 0.169, pf: 0.62, aenergy: { total: 18440.297 }, temperature: { tC: 38.1, tF: 100.6 } };

    it("of a plug: everything it measures", () => {
        const [channel, ...others] = gen2Channels({ ble: {}, "input:0": { id: 0 }, "switch:0": plug, sys: {} });
        assert.deepEqual(others, []);
        assert.equal(channel?.id, "");
        assert.deepEqual(channel?.values, { watts: 15.4, volts: 231.2, amps: 0.169, hertz: 50, energyWh: 18440.297, temperature: 38.1 });
        assert.deepEqual(channel?.flags, ["relay_on"]);
    });

    it("counts energy drawn: what was returned is counted in aenergy too", () => {
        assert.equal(gen2Channels({ "switch:0": { ...plug, aenergy: { total: 100 }, ret_aenergy: { total: 40 } } })[0]?.values.energyWh, 60);
    });

    it("of a relay with two outputs: a channel each, under the device's own numbers", () => {
        const channels = gen2Channels({ "switch:0": plug, "switch:1": { ...plug, apower: 1 } });
        assert.deepEqual(channels.map(({ id, names, values }) => [id, names, values.watts]), [["0", ["switch:0", "0"], 15.4], ["1", ["switch:1", "1"], 1]]);
    });

    it("of a Pro 3EM: its phases, and their sum as the device itself", () => {
        const em = { id: 0, a_current: 9.6, a_voltage: 227, a_act_power: 2166.2, a_freq: 49.9, b_act_power: 200, c_act_power: 47.6, n_current: null, total_current: 11.1, total_act_power: 2413.8 };
        const channels = gen2Channels({ "em:0": em, "emdata:0": { a_total_act_energy: 3105576.42, total_act: 5415414.19 } });
        assert.deepEqual(channels.map(({ id, values }) => [id, values.watts, values.energyWh]), [["a", 2166.2, 3105576.42], ["b", 200, undefined], ["c", 47.6, undefined], ["", 2413.8, 5415414.19]]);
        assert.deepEqual(channels[0]?.values, { watts: 2166.2, volts: 227, amps: 9.6, hertz: 49.9, energyWh: 3105576.42 });
        assert.equal(channels[3]?.values.amps, 11.1);
        assert.deepEqual(channels.map(({ names, flags }) => [names, flags]), [[["em:0:a"], []], [["em:0:b"], []], [["em:0:c"], []], [["em:0", "total"], []]]);
    });

    it("of a three-phase meter beside something else: each phase under the meter's name", () => {
        const channels = gen2Channels({ "em:0": { total_act_power: 3 }, "switch:0": plug });
        assert.deepEqual(channels.map(({ id }) => id), ["em_0_a", "em_0_b", "em_0_c", "em_0", "switch_0"]);
    });

    it("of a three-phase meter: what is wrong with one phase is that phase's flag", () => {
        const channels = gen2Channels({ "em:0": { total_act_power: 3, b_errors: ["out_of_range:voltage"], errors: ["phase_sequence"] } });
        assert.deepEqual(channels.map(({ flags }) => flags), [[], ["out_of_range:voltage"], [], ["phase_sequence"]]);
    });

    it("of a Pro EM-50: its clamps, with export negative; its relay, which does not meter, is no channel", () => {
        const channels = gen2Channels({ "em1:0": { act_power: 690, voltage: 230 }, "em1:1": { act_power: -230 }, "em1data:0": { total_act_energy: 120.5 }, "switch:0": { output: true } });
        assert.deepEqual(channels.map(({ id, values }) => [id, values.watts, values.energyWh]), [["0", 690, 120.5], ["1", -230, undefined]]);
    });

    it("of a device with two kinds of meters: the kind stands in the name", () => {
        assert.deepEqual(gen2Channels({ "switch:0": plug, "pm1:0": { apower: 3 } }).map(({ id }) => id), ["switch_0", "pm1_0"]);
    });

    for (const key of ["switch:0", "pm1:0", "cover:0", "light:0"]) {
        it(`is read from ${key}`, () => assert.equal(gen2Channels({ [key]: { apower: 7 } })[0]?.values.watts, 7));
    }

    it("with a power of null has a channel that has not measured", () => {
        const [channel] = gen2Channels({ "switch:0": { ...plug, apower: null } });
        assert.equal(channel?.values.watts, null);
    });

    it("reports the device's own errors as flags", () => {
        assert.deepEqual(gen2Channels({ "switch:0": { ...plug, output: false, errors: ["overtemp", 7] } })[0]?.flags, ["relay_off", "overtemp"]);
    });

    it("with a counter or an output that says nothing usable goes without them", () => {
        const [channel] = gen2Channels({ "switch:0": { ...plug, output: "on", aenergy: { total: "many" }, ret_aenergy: { total: 1 } } });
        assert.deepEqual([channel?.values.energyWh, channel?.flags], [undefined, []]);
    });

    for (const noise of [undefined, null, 7, "text", [], { "switch:0": null, "switch:x": plug, "em:0": 3 }]) {
        it(`that is ${JSON.stringify(noise)} has no channels`, () => assert.deepEqual(gen2Channels(noise), []));
    }
});

describe("a Shelly of generation 2 and later", () => {
    it("that wants a login other than SHA-256 digest is not told the password, and the cure is named", async () => {
        const asked: (string | undefined)[] = [];
        const get = (_path: string, headers: Record<string, string> = {}) => {
            asked.push(headers.Authorization);
            return Promise.resolve({ status: 401, headers: { "www-authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5' }, text: "" });
        };
        await assert.rejects(new ShellyGen2("plug rack", "secret").read(get), { kind: "auth", message: "plug rack: asks for a login other than SHA-256 digest: update the Shelly's firmware" });
        assert.deepEqual(asked, [undefined]);
    });
});
