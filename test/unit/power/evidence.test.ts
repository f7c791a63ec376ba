import assert from "node:assert/strict";
import { evidenceOf, isCharge, isRuntime, isTestStuck, type Evidence } from "../../../lib/power/evidence";
import type { Reading } from "../../../lib/power/reading";
import type { TriggerInput } from "../../../lib/power/trigger-input";

const reading = (more: Partial<Reading>): Reading => ({ device: "ups1", source: "nut", at: 0, quality: "good", ...more });

describe("evidenceOf", () => {
    const standings: [what: string, more: Partial<Reading>, standing: Evidence["standing"]][] = [
        ["the source says that mains is present", { mains: "present" }, "mains"],
        ["the source says that it is absent", { mains: "absent" }, "battery"],
        ["its own word counts before its tokens", { mains: "present", flags: ["OB"] }, "mains"],
        ["unknown is not made up from tokens", { mains: "unknown", flags: ["OB"] }, "silent"],
        ["OL without a word on mains", { flags: ["OL", "CHRG"] }, "mains"],
        ["OB without a word on mains", { flags: ["ALARM", "OB"] }, "battery"],
        ["OL and OB at once", { flags: ["OL", "OB"] }, "silent"],
        ["DISCHRG alone", { flags: ["DISCHRG", "LB"] }, "silent"],
        ["WAIT", { flags: ["WAIT"] }, "silent"],
        ["no flags at all", { flags: [] }, "silent"],
        ["OL DISCHRG is no outage", { flags: ["OL", "DISCHRG"] }, "mains"],
        ["calibration on battery", { flags: ["OB", "CAL"] }, "excused"],
        ["bypass on battery", { flags: ["OB", "BYPASS"] }, "excused"],
        ["bypass without a word on mains", { mains: "unknown", flags: ["BYPASS"] }, "excused"],
        ["bypass on mains", { flags: ["OL", "BYPASS"] }, "mains"],
        ["a self-test on battery", { mains: "absent", testing: true }, "excused"],
        ["a self-test while mains is seen", { mains: "present", testing: true }, "mains"],
        ["stale", { mains: "absent", quality: "stale" }, "blind"],
        ["missing", { quality: "missing" }, "blind"],
    ];
    for (const [what, more, standing] of standings) it(`${what}: ${standing}`, () => assert.equal(evidenceOf({ reading: reading(more) }).standing, standing));

    const judged: [state: NonNullable<TriggerInput["power"]>["state"], standing: Evidence["standing"]][] = [["HEALTHY", "sound"], ["WARNING", "doubtful"], ["ALERT", "doubtful"], ["CRITICAL", "failing"], ["DEAD", "failing"], ["UNKNOWN", "silent"]];
    for (const [state, standing] of judged) {
        it(`mains unknown and ${state}: ${standing}`, () => {
            const power = { state, since: 0, conclusive: true };
            assert.equal(evidenceOf({ reading: reading({ watts: 3 }), power }).standing, standing);
            assert.equal(evidenceOf({ reading: reading({ watts: 3, mains: "present" }), power }).standing, "mains");
        });
    }

    it("takes tokens as wholes", () => {
        const { forced, off, lowBattery } = evidenceOf({ reading: reading({ flags: ["FSDX", "OFFLINE", "LBX"] }) });
        assert.deepEqual([forced, off, lowBattery], [false, false, false]);
    });
    it("OFF in a self-test or in bypass is no OFF", () => {
        assert.deepEqual([["OFF"], ["OFF", "BYPASS"], ["OFF", "TEST"]].map((flags) => evidenceOf({ reading: reading({ flags }) }).off), [true, false, false]);
    });
    it("nothing that a stale reading says counts", () => {
        assert.deepEqual(evidenceOf({ reading: reading({ quality: "stale", flags: ["FSD", "OFF", "LB"], charge: 3 }) }), { standing: "blind", forced: false, off: false, lowBattery: false });
    });
    it("a test told of on mains for half an hour is a report that got stuck", () => {
        assert.deepEqual([undefined, 5_000_000, 3_200_001, 3_200_000].map((since) => isTestStuck(since, 5_000_000)), [false, false, false, true]);
    });
    it("keeps only what can be a charge and a runtime", () => {
        assert.deepEqual([-1, 0, 100, 101, NaN].map(isCharge), [false, true, true, false, false]);
        assert.deepEqual([-5, 0, 1, 65_535, 65_536, 864_000, 864_001, 65_535 * 60, NaN].map(isRuntime), [false, false, true, false, true, true, false, false, false]);
        const { charge, runtime } = evidenceOf({ reading: reading({ charge: 255, runtime: 65_535 }) });
        assert.deepEqual([charge, runtime], [undefined, undefined]);
    });
});
