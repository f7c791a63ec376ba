import assert from "node:assert/strict";
import { alertText } from "../../../lib/alerts/alert";
import { progressAlert, resultAlert, type StepChoice } from "../../../lib/alerts/run-alerts";
import type { RunOutcome, RunProgress, RunResult, StepState, StepView } from "../../../lib/shutdown/progress";

const at = 1_770_000_000_000;
const step = (host: string, kind: StepView["kind"], label: string, state: StepState, error?: string): StepView =>
    ({ id: `${host}/${kind}/${label}`, host, kind, label, state, ...(error !== undefined && { error }) });

/** A run of two services on two hosts, as far as it has come. */
function steps(services: [StepState, StepState], offs: StepState = "planned"): StepView[] {
    return [
        step("nas", "stop-service", "stop postgresql", services[0]), step("apps_1", "stop-service", "stop grafana", services[1]),
        step("nas", "power-off", "shutdown -h +2", offs), step("apps_1", "power-off", "shutdown -h +2", offs),
    ];
}
const progress = (more: Partial<RunProgress>): RunProgress =>
    ({ run: "r1", reason: "solix_output CRITICAL at 24.0 W", mode: "live", startedAt: at, text: "apps_1: stopped grafana", steps: steps(["planned", "planned"]), ...more });
const told = (more: Partial<RunProgress>, choice: StepChoice = "live"): string | undefined => {
    const alert = progressAlert(progress(more), choice, at);
    return alert && alertText(alert);
};
const result = (outcome: RunOutcome, more: Partial<RunResult> = {}): string =>
    alertText(resultAlert({ run: "r1", outcome, reason: "why", mode: "live", startedAt: at, endedAt: at, text: "", steps: [], ...more }));

describe("S0: the three outcomes of a shutdown are told in its words", () => {
    it("dry run", () => assert.equal(result("dry-run", { mode: "rehearsal", reason: "" }), "🔴 [DRY RUN] POWER CRITICAL — Graceful shutdown would execute. DRY_RUN=true prevents actual shutdown."));
    it("not enabled", () => assert.equal(result("not-enabled", { reason: "" }), "🔴 POWER CRITICAL — Shutdown NOT enabled. Manual intervention required!"));
    it("a real shutdown begins", () =>
        assert.equal(told({ reason: "" }), "🔴 POWER CRITICAL — INITIATING GRACEFUL SHUTDOWN\nFederation shutting down to protect data. Battery depleted."));
    it("all services are stopped", () => {
        assert.equal(told({ steps: steps(["done", "done"]) }), "⚫ All services stopped. Nodes shutting down in 2 minutes.");
    });
});

describe("progressAlert", () => {
    it("adds the reason to the begin", () => assert.match(told({}) ?? "", /\nsolix_output CRITICAL at 24\.0 W$/));
    it("does not claim that all services are stopped when one is not", () => {
        assert.equal(told({ steps: steps(["failed", "done"]) }), "⚫ Services stopped, except postgresql on nas. Nodes shutting down in 2 minutes.");
    });
    it("promises no minutes that the final commands do not name", () => {
        const now = steps(["done", "done"]).map((one) => ({ ...one, label: one.label.replace("shutdown -h +2", "poweroff") }));
        assert.equal(told({ steps: now }), "⚫ All services stopped. Nodes shutting down.");
    });
    it("tells a run that goes on after a restart as such", () =>
        assert.equal(told({ text: "continuing the shutdown that was interrupted: x" }), "🔴 POWER CRITICAL — CONTINUING GRACEFUL SHUTDOWN\nIt was interrupted by a restart.\nsolix_output CRITICAL at 24.0 W"));
    it("tells the begin of a plan without services as a begin", () => assert.match(told({ steps: steps(["done", "done"]).slice(2) }) ?? "", /INITIATING/));
    const failed = step("apps_1", "stop-service", "stop grafana", "failed", "no answer within 30 s");
    for (const choice of ["live", "all", "failed"] as const) {
        it(`tells a failed step with "${choice}"`, () =>
            assert.equal(told({ changed: failed, steps: [failed, ...steps(["planned", "planned"])] }, choice), "⚠️ Shutdown step failed — apps_1: stop grafana\nno answer within 30 s"));
    }
    const done = step("nas", "connect", "log in", "done");
    for (const [choice, mode, wanted] of [
        ["live", "live", "nas: logged in"], ["all", "live", "nas: logged in"], ["failed", "live", undefined],
        ["live", "rehearsal", undefined], ["all", "rehearsal", "[DRY RUN] nas: logged in"], ["failed", "rehearsal", undefined],
    ] as const) {
        it(`"${choice}" ${wanted === undefined ? "is silent about" : "tells"} a step of a ${mode} run`, () => assert.equal(told({ changed: done, mode, text: "nas: logged in" }, choice), wanted));
    }
    it("does not tell that a step begins", () => assert.equal(told({ changed: { ...done, state: "running" } }, "all"), undefined));
    it("does not tell the begin of a rehearsal: S0 sends one message for it", () => assert.equal(told({ mode: "rehearsal" }, "all"), undefined));
    it("carries the taint", () => assert.match(told({ changed: failed, mode: "rehearsal", simulated: true }) ?? "", /^\[SIMULATED\] ⚠️ \[DRY RUN\] Shutdown step failed/));
});

describe("resultAlert", () => {
    it("does not say that Dry run is on when only the input was simulated", () =>
        assert.match(result("dry-run", { mode: "rehearsal", simulated: true }), /^\[SIMULATED\] 🔴 \[DRY RUN\] POWER CRITICAL — Graceful shutdown would execute\. Simulated input never shuts anything down\./));
    it("tells what is left of an incomplete run", () =>
        assert.equal(result("incomplete", { text: "6 services stopped\nnas: shutdown -h +2 failed: refused" }), "🔴 SHUTDOWN INCOMPLETE — Manual intervention required!\n6 services stopped\nnas: shutdown -h +2 failed: refused"));
    it("claims no outage for a host that a person has asked for", () => {
        assert.match(result("dry-run", { mode: "rehearsal", reason: "nas by hand", only: "nas" }), /^🔴 \[DRY RUN\] Shutdown by hand — Graceful/);
        assert.match(result("invalid", { reason: "nas by hand", only: "nas", text: "nas by hand, and nothing is shut down" }), /^🔴 Not shut down by hand — Shutdown is DISARMED/);
        assert.equal(told({ only: "nas" }), "⚫ Shutting down nas by hand");
    });
    it("says that the shutdown is disarmed", () => assert.match(result("invalid", { text: "the plan has no hosts" }), /DISARMED.*\nthe plan has no hosts/));
    it("tells a cancelled run", () => assert.equal(result("cancelled", { text: "power is back" }), "✅ Shutdown cancelled.\npower is back"));
    it("tells a completed run", () => assert.equal(result("completed", { text: "3 hosts took their final command" }), "⚫ Graceful shutdown done.\n3 hosts took their final command"));
});
