import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import { readTape } from "../../../lib/stores/tape-file";
import { listTapes, shippedFolder } from "../../../lib/stores/tape-library";
import { replay } from "../../../lib/stores/tape-replay";
import { parseConfig } from "../../../nodes/shutdown-trigger/config";
import { scripts } from "../../../scripts/tape-scripts";
import { eneru, upsmon } from "../../support/rivals";

const outcomeOf = (shutdowns: number, should: number): "right" | "false" | "missed" => (shutdowns === should ? "right" : shutdowns > should ? "false" : "missed");

/**
 * The shipped tapes, decided by us, and by the documented rules of Eneru and of upsmon with their defaults; the real upsmon plays stories
 * of its own in test/peers/ups-side-by-side.test.ts. Where a clock jumps, they are not asked: their own clocks would not.
 */
describe("the shipped tapes, side by side with the rules of Eneru and upsmon", () => {
    const wrong = { Ridethrough: [] as string[], Eneru: [] as string[], upsmon: [] as string[] };
    const matrix: string[][] = [["", "should", "Ridethrough", "Eneru's rules", "upsmon's rules"]];
    before(async () => {
        const tapes = await listTapes(shippedFolder);
        for (const { name, trigger = {} } of scripts) {
            const tape = await readTape(tapes.find((each) => each.name === name)?.path ?? "");
            const readings: Reading[] = tape.readings.map(({ reading }) => reading);
            const should = (tape.header.expect ?? []).filter(({ change }) => change === "shutdown").length;
            const ours = replay(tape, parseConfig(trigger).config).verdicts.filter(({ change }) => change === "shutdown").length;
            const theirs = name === "ntp-jump" ? {} : { Eneru: eneru(readings).length, upsmon: upsmon(readings).length };
            const outcomes = Object.entries({ Ridethrough: ours, ...theirs }).map(([who, shutdowns]) => [who, outcomeOf(shutdowns, should)] as const);
            for (const [who, outcome] of outcomes) if (outcome !== "right") wrong[who as keyof typeof wrong].push(`${name}: ${outcome}`);
            matrix.push([name, should > 0 ? "shut down" : "stay up", ...outcomes.map(([, outcome]) => outcome)]);
        }
    });
    after(() => console.log(matrix.map((line) => `      ${line.map((cell, column) => cell.padEnd([20, 11, 13, 15][column] ?? 0)).join("")}`).join("\n")));

    it("we shut down whenever we should, and never else", () => assert.deepEqual(wrong.Ridethrough, []));
    it("Eneru takes a calibration, ten seconds without data and single wild numbers for the end, and LB for nothing", () => {
        assert.deepEqual(wrong.Eneru, ["lb-alone: missed", "calibration: false", "output-off: missed", "stale-then-back: false", "runtime-65535: false", "jumping-charge: false"]);
    });
    it("upsmon knows nothing but LB, which comes at transfers and does not come from all, and takes a self-test for an output that is off", () => {
        assert.deepEqual(wrong.upsmon, [
            "slow-drain: missed", "long-outage: missed", "low-charge: missed", "worn-battery: missed", "lb-at-transfer: false", "self-test-off: false", "frozen-values: missed", "two-outages: missed",
        ]);
    });
});
