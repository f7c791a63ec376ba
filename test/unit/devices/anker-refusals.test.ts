import assert from "node:assert/strict";
import { lockMs, refusalOf } from "../../../lib/devices/anker-refusals";

const hour = 3_600_000;

describe("what follows from a refusal of Anker's cloud", () => {
    for (const [codes, then, kind] of [
        [[401, 403, 26084], "login", "auth"], [[26050, 26051, 26052, 26053, 26054], "stop", "config"], [[26055, 26108, 26156], "stop", "config"], [[26070], "stop", "failed"],
        [[100053], "lock", "busy"], [[502, 504, 997, 998, 999, 21105], "again", "busy"], [[429, 31003], undefined, "busy"], [[160003], undefined, "auth"], [[-1, 10000, 10004, 77777], undefined, "failed"],
    ] as const) {
        it(`${codes.join(", ")}: ${then ?? "nothing"} (${kind})`, () => {
            for (const code of codes) assert.deepEqual([refusalOf(code, "").then, refusalOf(code, "").kind], [then, kind], String(code));
        });
    }
    it("shows the cloud's own words for a code that nobody knows", () => assert.equal(refusalOf(5, "Failed to request.").text, "code 5 \"Failed to request.\""));
    for (const [said, hours] of [["Please try again in 1 hours.", 1], ["Please try again in 24 hours.", 24], ["Please try again later.", 24], ["try again in 9999 hours", 72], ["in 0 hours", 1]] as const) {
        it(`a lock that says "${said}" lasts ${hours} h`, () => assert.equal(lockMs(said), hours * hour));
    }
});
