import assert from "node:assert/strict";
import { detailOf } from "../../../lib/power/event-detail";
import type { PowerEventKind } from "../../../lib/power/power-event";
import type { Reading } from "../../../lib/power/reading";

describe("the numbers behind an event", () => {
    const reading: Reading = { device: "ups", source: "nut", at: 0, quality: "good", charge: 87, runtime: 1860, load: 112, volts: 198.4 };
    const cases: [kind: PowerEventKind, lastedMs: number | undefined, text: string | undefined][] = [
        ["on-battery", undefined, "charge 87 %, runtime 31 min"], ["on-mains", 4200, "after 4.2 s, charge 87 %"], ["on-mains", 312_400, "after 312 s, charge 87 %"],
        ["on-mains", 3_600_000, "after 60 min, charge 87 %"], ["on-mains", 9_000_000, "after 2.5 h, charge 87 %"], ["overload", undefined, "load 112 %"],
        ["boost", undefined, "input 198.4 V"], ["bypass", undefined, undefined], ["connection-restored", 90_000, "after 90 s"],
    ];
    for (const [kind, lastedMs, text] of cases) it(`${kind}${lastedMs === undefined ? "" : ` after ${lastedMs} ms`}: ${text ?? "none"}`, () => assert.equal(detailOf(kind, reading, lastedMs), text));
    it("leaves out what was not measured", () => assert.equal(detailOf("on-battery", { device: "ups", source: "nut", at: 0, quality: "good", charge: 87 }), "charge 87 %"));
});
