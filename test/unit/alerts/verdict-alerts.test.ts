import assert from "node:assert/strict";
import { alertText } from "../../../lib/alerts/alert";
import { isQuorum, isVerdict, quorumAlert, verdictAlert } from "../../../lib/alerts/verdict-alerts";
import type { Quorum, QuorumChange } from "../../../lib/power/quorum";
import type { Verdict, VerdictChange } from "../../../lib/power/verdict";

const at = 1_770_000_000_000;
const verdict = (change?: VerdictChange, more: Partial<Verdict> = {}): Verdict => ({
    device: "ups1", stream: "ups1", at, supply: "battery", health: "critical", decision: "shutdown", findings: [], text: "ups1: because", ...(change && { change }), ...more,
});
const quorum = (change?: QuorumChange): Quorum => ({ group: "rack", stream: "rack", at, standing: "held", healthy: 1, counting: 2, needed: 1, members: [], text: "rack: because", ...(change && { change }) });

describe("verdictAlert", () => {
    for (const [change, severity, text] of [
        ["shutdown", "critical", "🔴 SHUTDOWN DECIDED — ups1\nups1: because"],
        ["restored", "info", "✅ SHUTDOWN OVER, POWER IS BACK — ups1\nups1: because"],
        ["cancelled", "info", "✅ OUTAGE OVER — nothing had to be shut down\nups1: because"],
        ["not-ready", "warning", "⚠️ NOT READY FOR AN OUTAGE — ups1\nups1: because"],
        ["ready", "info", "✅ READY FOR AN OUTAGE AGAIN — ups1\nups1: because"],
    ] as const) {
        it(`tells ${change} as ${severity}, with the evidence`, () => {
            const alert = verdictAlert(verdict(change));
            assert.deepEqual([alert?.severity, alert && alertText(alert)], [severity, text]);
        });
    }
    for (const change of ["on-battery", "on-mains", "evidence", undefined] as const) {
        it(`tells nothing of ${change}`, () => assert.equal(verdictAlert(verdict(change)), undefined));
    }
    it("tells readiness beside a decision, not in its place", () => assert.notEqual(verdictAlert(verdict("not-ready"))?.key, verdictAlert(verdict("shutdown"))?.key));
    it("carries the taint", () => assert.deepEqual([verdictAlert(verdict("shutdown", { stream: "ups1 (simulated)", simulated: true }))].map((alert) => [alert?.simulated, alert?.key]), [[true, "verdict/ups1 (simulated)"]]));
    it("is only made of a verdict", () => assert.deepEqual([verdict("shutdown"), {}, "shutdown", { ...verdict(), text: 5 }, { ...verdict(), at: undefined }].map(isVerdict), [true, false, false, false, false]));
});

describe("quorumAlert", () => {
    for (const [change, severity] of [["lost", "critical"], ["restored", "info"], ["blind", "warning"], ["degraded", "warning"], ["recovered", "info"]] as const) {
        it(`tells ${change} as ${severity}, with the members`, () => {
            const alert = quorumAlert(quorum(change));
            assert.equal(alert?.severity, severity);
            assert.match(alert.text, /rack: because/);
        });
    }
    for (const change of ["member", undefined] as const) it(`tells nothing of ${change}`, () => assert.equal(quorumAlert(quorum(change)), undefined));
    it("is only made of a group's standing", () => assert.deepEqual([quorum("lost"), {}, null, { ...quorum(), change: 5 }].map(isQuorum), [true, false, false, false]));
});
