import assert from "node:assert/strict";
import { gen1Channels } from "../../../lib/devices/shelly-gen1";

describe("the status of a first-generation Shelly", () => {
    const meter = { power: 70.24, overpower: 0, is_valid: true, timestamp: 1, counters: [1, 2, 3], total: 18013 };
    const clamp = { power: 12.3, pf: 0.9, current: 0.05, voltage: 231, is_valid: true, total: 1234.5, total_returned: 0 };

    it("of a plug: watts, and Wh from its watt-minutes", () => {
        const [channel, ...others] = gen1Channels({ relays: [{ ison: true }], meters: [meter], temperature: 41.2 });
        assert.deepEqual(others, []);
        assert.equal(channel?.id, "");
        assert.deepEqual(channel?.values, { watts: 70.24, energyWh: 18013 / 60, temperature: 41.2 });
        assert.deepEqual(channel?.flags, ["relay_on"]);
    });

    it("of a two-channel relay: a channel each, with its own relay", () => {
        const channels = gen1Channels({ relays: [{ ison: true }, { ison: false }], meters: [meter, { ...meter, power: 0 }] });
        assert.deepEqual(channels.map(({ id, values, flags }) => [id, values.watts, flags]), [["0", 70.24, ["relay_on"]], ["1", 0, ["relay_off"]]]);
    });

    it("of an EM: Wh as they are, a negative power for export", () => {
        const channels = gen1Channels({ relays: [{ ison: false }], emeters: [{ ...clamp, power: -620.34 }, clamp] });
        assert.deepEqual(channels.map(({ id, values }) => [id, values.watts, values.energyWh, values.volts, values.amps]), [["0", -620.34, 1234.5, 231, 0.05], ["1", 12.3, 1234.5, 231, 0.05]]);
        assert.deepEqual(channels.map(({ flags }) => flags), [undefined, undefined], "its relay carries none of it");
    });

    it("of a 3EM: its phases, and their sum as the device itself", () => {
        const channels = gen1Channels({ emeters: [clamp, clamp, clamp], total_power: 36.9 });
        assert.deepEqual(channels.map(({ id, values }) => [id, values.watts, values.energyWh]), [["a", 12.3, 1234.5], ["b", 12.3, 1234.5], ["c", 12.3, 1234.5], ["", 36.9, 3703.5]]);
        assert.deepEqual(channels.map(({ names }) => names), [["0"], ["1"], ["2"], ["total"]]);
    });

    it("with a phase that does not count has no sum of energy", () => {
        const channels = gen1Channels({ emeters: [clamp, { ...clamp, total: undefined }, clamp], total_power: 36.9 });
        assert.deepEqual([channels[3]?.values.watts, channels[3]?.values.energyWh], [36.9, undefined]);
    });

    it("with a counter or a relay that says nothing usable goes without them", () => {
        assert.deepEqual(gen1Channels({ relays: [{}], meters: [{ ...meter, total: "many" }] }), [{ id: "", names: ["0"], values: { watts: 70.24, energyWh: undefined, temperature: undefined } }]);
    });

    it("with is_valid false has not measured, whatever number stands there", () => {
        const [channel] = gen1Channels({ meters: [{ ...meter, power: 0, is_valid: false }] });
        assert.deepEqual(channel?.values, {});
        assert.match(channel?.error ?? "", /not valid/);
    });

    it("with one phase invalid has no sum either", () => {
        const channels = gen1Channels({ emeters: [clamp, { ...clamp, is_valid: false }, clamp], total_power: 24.6 });
        assert.deepEqual(channels.map(({ id, values }) => [id, values.watts]), [["a", 12.3], ["b", undefined], ["c", 12.3], ["", undefined]]);
        assert.match(channels[3]?.error ?? "", /^phase b: /);
        assert.deepEqual(channels[3]?.names, ["total"]);
    });

    it("of a Shelly 1 does not meter: the number there was typed in by its owner", () => {
        assert.deepEqual(gen1Channels({ relays: [{ ison: true }], meters: [{ power: 81.5, is_valid: true }] }), []);
    });

    for (const noise of [undefined, null, 7, "text", [], { meters: "x", emeters: { 0: clamp } }]) {
        it(`that is ${JSON.stringify(noise)} has no channels`, () => assert.deepEqual(gen1Channels(noise), []));
    }
});
