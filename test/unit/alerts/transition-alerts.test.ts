import assert from "node:assert/strict";
import { alertText } from "../../../lib/alerts/alert";
import { missedAlert, transitionAlert } from "../../../lib/alerts/transition-alerts";
import type { PowerState, Transition } from "../../../lib/power/power-state";

const at = 1_770_000_000_000;
const transition = (from: PowerState, to: PowerState, watts?: number): Transition =>
    ({ device: "solix_output", from, to, since: at, at, ...(watts !== undefined && { watts }), conclusive: true });

describe("S0: telegram alerts format correctly", () => {
    for (const [from, to, watts, wanted] of [
        ["HEALTHY", "WARNING", 142.34, "⚠️ POWER WARNING — Solix output: 142.3W (declining)\nGrid power may be down. Battery discharging.\nMonitoring continues."],
        ["WARNING", "ALERT", 62.55, "🟠 POWER ALERT — Solix output: 62.5W\nPrepare for potential shutdown."],
        ["ALERT", "CRITICAL", 24, "🔴 POWER CRITICAL — Solix output: 24.0W\nBattery nearly depleted. Graceful shutdown imminent."],
        ["CRITICAL", "HEALTHY", 412, "✅ POWER RESTORED — Solix output: 412.0W\nGrid power recovered. Federation operational."],
    ] as const) {
        it(`${to}`, () => assert.equal(alertText(transitionAlert(transition(from, to, watts), "Solix output")), wanted));
    }
    it("a plug that does not answer", () => {
        const alert = missedAlert({ device: "solix_output", failures: 5, since: at, at });
        assert.equal(alertText(alert), "⚠️ Power Monitor — Cannot read smart plug (5 consecutive failures). Check plug solix_output.");
    });
});

describe("transitionAlert", () => {
    it("tells DEAD, which S0 only logged", () =>
        assert.equal(alertText(transitionAlert(transition("HEALTHY", "DEAD", 1.2), "Solix output")), "⚫ POWER DEAD — Solix output: 1.2W\nShould already be shut down."));
    it("states the charge and the estimate that were measured, in place of S0's guesses", () =>
        assert.equal(alertText(transitionAlert(transition("WARNING", "ALERT", 60), "Solix output", { charge: 47.4, secondsLeft: 7800 })),
            "🟠 POWER ALERT — Solix output: 60.0W\nBattery at 47%. Prepare for potential shutdown.\nEstimate ~2 h 10 min remaining."));
    it("estimates no time for a battery that says 0 %", () =>
        assert.equal(alertText(transitionAlert(transition("WARNING", "ALERT", 60), "Solix output", { charge: 0.4, secondsLeft: 420 })), "🟠 POWER ALERT — Solix output: 60.0W\nBattery at 0%. Prepare for potential shutdown."));
    it("does not call a rising output declining", () => assert.match(alertText(transitionAlert(transition("CRITICAL", "WARNING", 140), "x")), /\(rising\)/));
    it("does not say that power was restored when it only could not be read", () => {
        assert.equal(alertText(transitionAlert(transition("UNKNOWN", "HEALTHY", 400), "Solix output")), "✅ Power Monitor — Solix output: 400.0W\nReadings are back. Power is healthy.");
    });
    it("tells an unreadable plug without a number", () => assert.equal(alertText(transitionAlert(transition("HEALTHY", "UNKNOWN"), "x")), "⚠️ Power Monitor — Cannot read smart plug. Check plug solix_output."));
    it("names the device where no label is set", () => assert.match(alertText(transitionAlert(transition("HEALTHY", "WARNING", 100), "")), /solix_output: 100\.0W/));
    it("carries the taint into the text", () =>
        assert.match(alertText(transitionAlert({ ...transition("ALERT", "CRITICAL", 25), simulated: true }, "Solix output")), /^\[SIMULATED\] 🔴 POWER CRITICAL — Solix output: 25\.0W/));
    for (const [to, severity] of [["HEALTHY", "info"], ["WARNING", "warning"], ["ALERT", "warning"], ["CRITICAL", "critical"], ["DEAD", "critical"], ["UNKNOWN", "warning"]] as const) {
        it(`tells ${to} as ${severity}`, () => assert.equal(transitionAlert(transition("WARNING", to, 1), "x").severity, severity));
    }
    it("uses one key per device, so that only the latest state can be repeated", () =>
        assert.equal(transitionAlert(transition("HEALTHY", "WARNING", 1), "x").key, transitionAlert(transition("WARNING", "HEALTHY", 1), "x").key));
});

describe("missedAlert", () => {
    it("says the cause and the cure", () => assert.match(alertText(missedAlert({ device: "plug", failures: 10, since: at, at, error: "plug 192.0.2.5: connection refused" })), /\nplug 192\.0\.2\.5: connection refused$/));
});
