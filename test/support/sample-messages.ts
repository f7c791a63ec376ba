import type { Alert } from "../../lib/alerts/alert";
import type { ShutdownCommand } from "../../lib/power/command";
import type { Depletion } from "../../lib/power/depletion";
import type { PowerEvent } from "../../lib/power/power-event";
import type { Classified, Missed, Transition } from "../../lib/power/power-state";
import type { Quorum } from "../../lib/power/quorum";
import type { Reading } from "../../lib/power/reading";
import type { Verdict } from "../../lib/power/verdict";
import type { PlanDrill } from "../../lib/shutdown/drill-book";
import type { HealthNews } from "../../lib/shutdown/health";
import type { RunProgress, RunResult, StepView } from "../../lib/shutdown/progress";

/** One valid message of every kind that travels between our nodes. @param at event time in ms */
export function sampleMessages(at: number): Record<string, Record<string, unknown>> {
    const reading: Reading = { device: "ups_a", source: "nut", at, quality: "good", watts: 24, volts: 230, charge: 80, runtime: 1200, load: 12, mains: "absent", flags: ["OB", "DISCHRG"], flows: { input: 0, battery: -24 } };
    const power: Classified = { state: "CRITICAL", since: at, conclusive: true, reading };
    const transition: Transition = { device: "ups_a", from: "HEALTHY", to: "CRITICAL", since: at, at, watts: 24, conclusive: true };
    const missed: Missed = { device: "ups_a", failures: 5, since: at, at, error: "connection refused" };
    const depletion: Depletion = { perMinute: 1, secondsToThreshold: 600, secondsToEmpty: 1200, thresholdPercent: 20, charge: 80, method: "charge", samples: 9, spanSeconds: 90, at };
    const command: ShutdownCommand = { action: "shutdown", reason: "charge 18 % is below 20 %", at, stream: "ups_a", conclusive: true };
    const verdict: Verdict = { device: "ups_a", stream: "ups_a", at, supply: "battery", health: "critical", decision: "shutdown", rule: "low-charge", change: "shutdown", onBatterySeconds: 60, findings: [{ rule: "low-charge", outcome: "holds", value: 18, limit: 20, why: "charge 18 % is below 20 %" }], notes: ["charge is 3 s old"], text: "ups_a: shutdown" };
    const event: PowerEvent = { kind: "on-battery", device: "ups_a", at, since: at, detail: "voltage 0 V" };
    const quorum: Quorum = { group: "rack", stream: "rack", at, standing: "lost", healthy: 0, counting: 2, needed: 1, members: [], change: "lost", conclusive: true, text: "rack: quorum lost" };
    const step: StepView = { id: "nas/power-off", host: "nas", kind: "power-off", label: "shutdown -h +2", state: "failed", startedAt: at, endedAt: at, error: "no answer within 10 s" };
    const progress: RunProgress = { run: "r1", reason: "ups_a CRITICAL", mode: "live", startedAt: at, changed: step, text: "nas: shutdown -h +2 failed", steps: [step] };
    const result: RunResult = { run: "r1", outcome: "incomplete", reason: "ups_a CRITICAL", mode: "live", startedAt: at, endedAt: at, text: "nas: shutdown -h +2 failed", steps: [step] };
    const alert: Alert = { severity: "critical", title: "ON BATTERY", detail: "ups_a", text: "since 3 s", at, key: "ups_a/mains", symbol: "🔴" };
    const health: HealthNews = { ok: false, at, text: "nas: drill failed", changed: [{ host: "nas", standing: "failed", problems: ["log in: refused"] }], proven: 0, of: 1 };
    const drill: PlanDrill = { ok: false, at, text: "0 of 1 host could be shut down", hosts: [{ host: "nas", ok: false, at, ms: 12, checks: [{ what: "log in", ok: false, ms: 12, error: "refused" }] }] };
    const topic = "ups_a";
    return {
        reading: { topic, payload: 24, reading }, power: { topic, payload: 24, reading, power }, transition: { topic, payload: "CRITICAL", reading, transition }, missed: { topic, payload: "UNKNOWN", missed },
        depletion: { topic, payload: 1, reading, depletion }, command: { topic, payload: "shutdown", command }, verdict: { topic, payload: "shutdown", reading, verdict }, event: { topic, payload: "on-battery", reading, event },
        quorum: { topic: "rack", payload: "lost", quorum }, progress: { topic: "nas", payload: "nas", progress }, result: { topic: "r1", payload: "incomplete", result }, alert: { topic, payload: "x", alert },
        health: { topic: "health", payload: "nas: drill failed", health }, drill: { topic: "drill", payload: "drill", drill, host: "nas" }, watts: { topic: "fake", payload: 24 }, word: { topic, payload: "cancel", token: "x" },
        ask: { payload: "drill", host: "nas" }, play: { payload: { tape: "blip", speed: 60 } }, outage: { payload: { outage: "slow drain", speed: 60 } },
    };
}
