import assert from "node:assert/strict";
import { supplyOf } from "../../nodes/shutdown-sequencer/supply";

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
});
