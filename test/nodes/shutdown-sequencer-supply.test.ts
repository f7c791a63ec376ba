import assert from "node:assert/strict";
import { sourceOf, supplyOf } from "../../nodes/shutdown-sequencer/supply";

describe("what a message says of the supply, for who gets ready", () => {
    for (const [what, msg, supply] of [
        ["a trigger on battery", { verdict: { supply: "battery" } }, "failing"],
        ["a trigger on mains", { verdict: { supply: "mains" } }, "fine"],
        ["a trigger that does not know", { verdict: { supply: "unknown" } }, undefined],
        ["a UPS's transfer", { event: { kind: "on-battery" } }, "failing"],
        ["a UPS's return", { event: { kind: "on-mains" } }, "fine"],
        ["a falling plug", { power: { state: "WARNING" }, reading: { watts: 140 } }, "failing"],
        ["a healthy plug", { power: { state: "HEALTHY" } }, "fine"],
        ["a plug of a UPS that knows its mains", { power: { state: "HEALTHY" }, reading: { mains: "absent" } }, "failing"],
        ["an unknown state", { power: { state: "UNKNOWN" } }, undefined],
        ["a simulated outage", { verdict: { supply: "battery", simulated: true } }, undefined],
        ["a simulated reading", { reading: { mains: "absent", simulated: true } }, undefined],
        ["a word", { payload: "cancel" }, undefined],
        ["nothing", { verdict: null, event: 3, power: "HEALTHY", reading: undefined }, undefined],
    ] as const) {
        it(`${what}: ${supply ?? "nothing"}`, () => assert.equal(supplyOf(msg), supply));
    }

    for (const [whose, msg] of [
        ["a trigger's stream", { verdict: { stream: "ups" }, reading: { device: "plug" } }],
        ["the device of an event", { event: { device: "ups" } }],
        ["the device that was measured", { reading: { device: "ups" } }],
        ["the device behind a state", { power: { state: "HEALTHY", reading: { device: "ups" } } }],
    ] as const) {
        it(`tells whose it is, by ${whose}`, () => assert.equal(sourceOf(msg), "ups"));
    }
    it("one that does not say whose it is counts as one source", () => assert.equal(sourceOf({ verdict: { supply: "mains" } }), ""));
});
