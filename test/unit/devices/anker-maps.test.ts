import assert from "node:assert/strict";
import { decodeFrame } from "../../../lib/devices/anker-frame";
import { fieldMaps } from "../../../lib/devices/anker-maps";
import { frameValues } from "../../../lib/devices/anker-values";
import { ankerFixturesMissing, goldenFrames } from "../../support/anker-fixtures";

/** Values of the reference decoder that nobody knows the meaning of; we do not hand them on. */
const unknown = /unknown/;

describe("the field maps of Anker devices", () => {
    before(function () {
        if (ankerFixturesMissing !== undefined) {
            console.log(`      skipped: ${ankerFixturesMissing}`);
            this.skip();
        }
    });

    it("read every golden frame as the reference decoder does, and nothing more", () => {
        for (const { name, model, hex, expected } of goldenFrames()) {
            const frame = decodeFrame(Buffer.from(hex, "hex"));
            const map = fieldMaps[model]?.[frame.type];
            assert.ok(map, `${name}: no map for ${model} ${frame.type}`);
            const wanted = Object.fromEntries(Object.entries(expected).filter(([key]) => !unknown.test(key)));
            assert.deepEqual({ ...frameValues(frame, map) }, wanted, name);
        }
    });
});
