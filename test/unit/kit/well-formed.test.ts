import assert from "node:assert/strict";
import { wellFormed } from "../../../lib/kit/well-formed";

describe("wellFormed", () => {
    for (const [what, given, wanted] of [
        ["leaves characters whole, whatever their size", "ä € 🔌", "ä € 🔌"],
        ["puts a sign in place of either half of one", "a\ud83d b\udd0c", "a\ufffd b\ufffd"],
        ["leaves NUL out", "a\0b", "ab"],
    ] as const) {
        it(what, () => assert.equal(wellFormed(given), wanted));
    }
});
