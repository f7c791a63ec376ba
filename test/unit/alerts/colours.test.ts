import assert from "node:assert/strict";
import { colourOf, colours } from "../../../lib/alerts/colours";

describe("the colour of an alert", () => {
    for (const [colour, alert] of [["red", { severity: "critical" }], ["orange", { severity: "warning" }], ["blue", { severity: "info" }], ["green", { severity: "info", good: true }], ["yellow", { severity: "critical", simulated: true }]] as const) {
        it(`is ${colour} for ${JSON.stringify(alert)}, as S3 had it`, () => assert.equal(colourOf(alert), colours[colour]));
    }
    it("is a number of S3's", () => assert.deepEqual(colours, { red: 15158332, green: 3066993, yellow: 15844367, orange: 15105570, blue: 3447003 }));
});
