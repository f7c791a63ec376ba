import assert from "node:assert/strict";
import { bootId, machine } from "../../../lib/kit/boot";

describe("the boot id", () => {
    it("stays the same while the machine is up", () => assert.deepEqual([bootId(), machine.boot], [machine.boot, bootId()]));
});
