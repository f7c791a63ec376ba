import assert from "node:assert/strict";
import { defaultThresholds, severityOf, stateAt, thresholdProblems } from "../../../lib/power/thresholds";

describe("thresholds", () => {
    const cases: [watts: number, state: string][] = [
        [0, "DEAD"], [5, "DEAD"], [5.01, "CRITICAL"], [30, "CRITICAL"], [30.1, "ALERT"], [80, "ALERT"],
        [80.1, "WARNING"], [150, "WARNING"], [150.1, "HEALTHY"], [421, "HEALTHY"],
    ];
    for (const [watts, state] of cases) {
        it(`S0's ${watts} W is ${state}`, () => assert.equal(stateAt(watts, defaultThresholds), state));
    }

    it("severity rises from HEALTHY to DEAD", () => {
        assert.deepEqual((["HEALTHY", "WARNING", "ALERT", "CRITICAL", "DEAD"] as const).map(severityOf), [0, 1, 2, 3, 4]);
    });

    it("the defaults are valid", () => assert.deepEqual(thresholdProblems(defaultThresholds), []));

    it("says which threshold is not above the one below it", () => {
        assert.deepEqual(thresholdProblems({ dead: 5, critical: 80, alert: 80, warning: 150 }), ["alert (80 W) must be above critical (80 W)"]);
        assert.deepEqual(thresholdProblems({ dead: 50, critical: 30, alert: 80, warning: 70 }), ["critical (30 W) must be above dead (50 W)", "warning (70 W) must be above alert (80 W)"]);
    });

    it("says which threshold is below 0 W or no number", () => {
        assert.deepEqual(thresholdProblems({ ...defaultThresholds, dead: -1 }), ["dead (-1 W) must be at least 0 W"]);
        assert.deepEqual(thresholdProblems({ ...defaultThresholds, alert: NaN }), ["alert is not a number"]);
    });
});
