import assert from "node:assert/strict";
import { outageNamed, outageNames } from "../../../lib/power/outages";

describe("outages", () => {
    it("has the ready-made ones", () => assert.deepEqual(outageNames, ["blip", "slow drain", "cliff", "restore"]));
    for (const spelling of ["slow drain", "Slow-Drain", " slow_drain "]) it(`finds "${spelling}"`, () => assert.equal(outageNamed(spelling)?.name, "slow drain"));
    it("does not find what is none", () => assert.equal(outageNamed("flood"), undefined));
});
