import assert from "node:assert/strict";
import { realtimeTrigger } from "../../lib/devices/anker-frame";
import { ankerFixturesMissing, goldenFrames } from "../support/anker-fixtures";
import { fuzzFrames } from "../support/frame-fuzz";

describe("a million damaged Anker frames", function () {
    this.timeout(1_200_000);
    it("are refused as garbage, or come back byte for byte; none crashes the codec", () => {
        const good = [realtimeTrigger(300, 1_700_000_000_000), ...(ankerFixturesMissing === undefined ? goldenFrames().map(({ hex }) => Buffer.from(hex, "hex")) : [])];
        const { decoded, refused } = fuzzFrames(1_000_000, 20_261_121, good);
        assert.equal(decoded + refused, 1_000_000);
        assert.ok(decoded > 10_000 && refused > 10_000, `decoded ${decoded}, refused ${refused}`);
    });
});
