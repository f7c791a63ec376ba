import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import { Streams } from "../../../lib/power/streams";
import { defaultTriggerConfig } from "../../../lib/power/trigger-config";
import type { TriggerState } from "../../../lib/power/trigger-state";
import { decideAmong } from "../../../lib/power/trigger-streams";
import { testimonyOf, witnessesOf, type Witness } from "../../../lib/power/witness";
import { missed, onBattery, online, poll, polls } from "../../support/trigger-story";

const seen = (shows: Witness["shows"], at = 100_000, source = "kasa"): Witness => ({ stream: "plug", source, at, shows });

describe("testimonyOf", () => {
    const cases: [rule: string, witnesses: Witness[], testimony: string][] = [
        ["nobody else", [], "silent"],
        ["another kind of source sees that mains is absent", [seen("absent")], "agree"],
        ["another kind sees it", [seen("present")], "contradict"],
        ["one that agrees suffices", [seen("present"), seen("absent")], "agree"],
        ["the same kind is no second one", [seen("absent", 100_000, "nut")], "silent"],
        ["a word counts for two minutes", [seen("absent", -20_000)], "agree"],
        ["an old word counts no more", [seen("absent", -30_000)], "silent"],
        ["nor does one from the future", [seen("absent", 300_000)], "silent"],
    ];
    for (const [rule, witnesses, testimony] of cases) it(rule, () => assert.equal(testimonyOf(defaultTriggerConfig, "nut", 100_000, witnesses), testimony));
});

describe("two kinds of source must agree", () => {
    /** The UPS, and a plug in the wall beside it. */
    const play = (ups: Reading[], plug: Reading[], power?: { state: "HEALTHY" | "DEAD" }): string[] => {
        const streams = new Streams<TriggerState>();
        return [...ups, ...plug].sort((a, b) => a.at - b.at).flatMap((reading) => {
            const judged = power && reading.source === "kasa" ? { power: { ...power, since: 0, conclusive: false } } : {};
            const { verdict } = decideAmong({ ...defaultTriggerConfig, agreement: "two-kinds" }, streams, { reading, ...judged });
            return verdict.change === "shutdown" ? [`${verdict.at / 1000} ${verdict.device} ${verdict.rule ?? ""}`] : [];
        });
    };
    const wall = (readings: Reading[]): Reading[] => readings.map((reading) => ({ ...reading, device: "plug", source: "kasa" }));
    const low = [...polls(0, 20, online), ...polls(20, 100, { ...onBattery, charge: 15 })];

    it("then it decides", () => assert.deepEqual(play(low, wall(polls(0, 100, { mains: "absent" }, 5))), ["50 ups1 low-charge"]));
    it("with what was known before, so that the order in a moment makes no difference", () => assert.deepEqual(play(low, wall([poll(50, { mains: "absent" })])), ["51 ups1 low-charge"]));
    it("one that sees power holds it up", () => assert.deepEqual(play(low, wall(polls(0, 100, { mains: "present" }, 5))), []));
    it("one that says nothing holds it up too", () => assert.deepEqual(play(low, []), []));
    it("dead watts that prove nothing alone agree with a UPS on battery, and the other way round", () => {
        assert.deepEqual(play(low, wall(polls(0, 100, { watts: 2 }, 5)), { state: "DEAD" }), ["30 plug power-state", "50 ups1 low-charge"]);
    });
    it("FSD needs nobody", () => assert.deepEqual(play([poll(0, { ...online, flags: ["FSD"] })], []), ["0 ups1 forced-shutdown"]));
    it("below the hard floor a silent second source holds nothing up, one that sees power does", () => {
        const floor = [...polls(0, 20, online), ...polls(20, 100, { ...onBattery, charge: 9 })];
        assert.deepEqual(play(floor, []), ["50 ups1 low-charge"]);
        assert.deepEqual(play(floor.map((reading) => (reading.charge === 9 ? { ...reading, charge: 10 } : reading)), []), [], "the floor itself is not below it");
        assert.deepEqual(play([...polls(0, 20, online), ...polls(20, 60, { ...onBattery, flags: ["OB", "CAL"], charge: 9 })], []), ["21 ups1 low-charge"]);
        assert.deepEqual(play(floor, wall(polls(0, 100, { mains: "present" }, 5))), []);
    });
    it("so does the failsafe: both may be behind the same dead switch", () => {
        const gone = [...polls(0, 20, online), ...polls(20, 60, { ...onBattery, runtime: 620 }), ...polls(60, 200, missed, 5)];
        assert.deepEqual(play(gone, []), ["120 ups1 failsafe"]);
        assert.deepEqual(play(gone, wall(polls(0, 200, { mains: "present" }, 5))), []);
    });
});

describe("witnessesOf", () => {
    it("does not hear a fake for a real stream, nor the stream itself", () => {
        const streams = new Streams<TriggerState>();
        for (const reading of [poll(0, { ...onBattery, device: "fake", source: "simulator", simulated: true }), poll(0, { ...onBattery, device: "plug", source: "kasa" }), poll(0, onBattery)]) decideAmong(defaultTriggerConfig, streams, { reading });
        assert.deepEqual(witnessesOf(streams, "ups1", false, 1000).map(({ stream }) => stream), ["plug"]);
        assert.deepEqual(witnessesOf(streams, "ups1 (simulated)", true, 1000).map(({ stream }) => stream), ["fake (simulated)"]);
    });
});
