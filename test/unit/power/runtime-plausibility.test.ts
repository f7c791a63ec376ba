import assert from "node:assert/strict";
import { whyImplausible, type RuntimeCourse } from "../../../lib/power/runtime-plausibility";

describe("whyImplausible", () => {
    const cases: [rule: string, course: RuntimeCourse, why: RegExp | undefined][] = [
        ["a runtime that counts down is believed", { now: 590, before: 600, stillMs: 0 }, undefined],
        ["so is one that has stood still for a while", { now: 590, before: 590, stillMs: 299_000 }, undefined],
        ["and one without a past", { now: 590, before: undefined, stillMs: 0 }, undefined],
        ["0 is none (nut#2765)", { now: 0, before: 600, stillMs: 0 }, /^runtime 0 s is no runtime: ignored$/],
        ["65535 is none (nut#731)", { now: 65_535, before: 600, stillMs: 0 }, /no runtime/],
        ["one that stands still for long is none", { now: 590, before: 590, stillMs: 300_000 }, /^runtime 590 s has not moved for 300 s on battery: ignored$/],
        ["one that grows is none", { now: 590, before: 580.4, stillMs: 0 }, /^runtime 590 s is rising on battery \(it was 580 s\): ignored$/],
    ];
    for (const [rule, course, why] of cases) {
        it(rule, () => {
            const found = whyImplausible(course, 300_000);
            if (why === undefined) assert.equal(found, undefined);
            else assert.match(found ?? "", why);
        });
    }
});
