import assert from "node:assert/strict";
import { alertText } from "../../../lib/alerts/alert";
import { alertFrom, type TellingMessage } from "../../../lib/alerts/messages";

const at = 1_770_000_000_000;
const wording = { label: "Solix output", steps: "live" } as const;
const transition = { device: "solix_output", from: "WARNING", to: "ALERT", since: at, at, watts: 60, conclusive: true };
const run = { run: "r1", reason: "why", mode: "live", startedAt: at, endedAt: at, text: "", steps: [] };
const missed = { device: "solix_output", failures: 5, since: at, at };
const event = { kind: "on-battery", device: "ups1", at };
const verdict = { device: "ups1", stream: "ups1", at, supply: "battery", health: "critical", decision: "shutdown", change: "shutdown", findings: [], text: "ups1: shutdown: charge 18 % is below 20 %" };
const quorum = { group: "rack", stream: "rack", at, standing: "lost", healthy: 0, counting: 2, needed: 1, members: [], change: "lost", text: "rack: quorum lost" };
const told = (msg: TellingMessage): string | undefined => {
    const telling = alertFrom(msg, wording, at);
    if ("error" in telling) throw new Error(telling.error);
    return telling.alert && alertText(telling.alert);
};

describe("alertFrom", () => {
    for (const [what, msg, wanted] of [
        ["msg.alert as it is", { alert: { severity: "warning", title: "Pump on" }, transition }, /^Pump on$/],
        ["the result of a run, not the transition that began it", { result: { ...run, outcome: "not-enabled" }, transition }, /Shutdown NOT enabled/],
        ["the progress of a run, not the transition that began it", { progress: run, transition }, /INITIATING/],
        ["a drill, not the payload", { drill: { ok: true, at, text: "1 of 1 host could be shut down", hosts: [] }, payload: "1 of 1" }, /^✅ DRILL — 1 of 1 host could be shut down$/],
        ["the news of a health check", { health: { ok: false, at, text: "0 of 1 hosts are proven\nnas: drill failed", changed: [], proven: 0, of: 1 }, payload: "x" }, /^⚠️ SHUTDOWN NOT CERTAIN — 0 of 1 hosts are proven\nnas: drill failed$/],
        ["a text that travels with somebody else's drill", { payload: "Door open", drill: { speed: 3 }, health: "fine" }, /^Door open$/],
        ["a group's quorum, not the verdict that it counted", { quorum, verdict, payload: "shutdown" }, /QUORUM LOST — rack/],
        ["a verdict, not the event before it", { verdict, event, payload: "shutdown" }, /SHUTDOWN DECIDED — ups1\nups1: shutdown: charge 18 %/],
        ["an event of a UPS, not its payload", { event, payload: "on-battery", reading: { charge: 99 } }, /^⚠️ ON BATTERY — ups1$/],
        ["a text that travels with another node's event", { payload: "Door open", event: { type: "door" }, verdict: "guilty", quorum: 3 }, /^Door open$/],
        ["missed polls, not the transition that comes with them", { missed, transition: { ...transition, to: "UNKNOWN" } }, /5 consecutive failures/],
        ["a transition, not the payload", { transition, payload: "ALERT" }, /POWER ALERT/],
        ["a text", { payload: "Generator started" }, /^Generator started$/],
        ["a text that travels with other nodes' results", { payload: "Backup done", result: { rows: [] }, progress: 50 }, /^Backup done$/],
        ["a measured charge", { transition, reading: { charge: 41 } }, /Battery at 41%/],
        ["the charge that an estimate rests on", { transition, depletion: { charge: 41.3, method: "charge" } }, /Battery at 41%/],
        ["an estimate of our own before the device's", { transition, depletion: { secondsToEmpty: 600 }, reading: { runtime: 60 } }, /Estimate ~10 min remaining/],
        ["the device's estimate", { transition, reading: { runtime: 900 } }, /Estimate ~15 min remaining/],
    ] as const) {
        it(`tells ${what}`, () => assert.match(told(msg) ?? "", wanted));
    }
    it("makes nothing up where nothing was measured", () => assert.equal(told({ transition }), "🟠 POWER ALERT — Solix output: 60.0W\nPrepare for potential shutdown."));
    it("states no charge that was only reckoned from watts", () => assert.doesNotMatch(told({ transition, depletion: { charge: 41.3, method: "watts" } }) ?? "", /Battery/));
    for (const payload of [142.5, 0, "25", "", undefined, null]) {
        it(`tells nothing of the payload ${JSON.stringify(payload)}`, () => assert.equal(told({ payload }), undefined));
    }
    it("tells nothing of a verdict without news, which comes with every reading", () => assert.equal(told({ verdict: { ...verdict, change: undefined }, event, payload: verdict.text }), undefined));
    it("tells nothing of what a sequencer answers to who asks what is known of its hosts: a dashboard may ask often", () => {
        assert.equal(told({ arming: { level: "armed", proven: 1, of: 2, text: "armed 1/2, nas: drill expired", hosts: [] }, topic: "evidence", payload: "armed 1/2, nas: drill expired" }), undefined);
        assert.equal(told({ arming: "the alarm", payload: "Door open" }), "Door open");
    });
    it("tells nothing of a group without news", () => assert.equal(told({ quorum: { ...quorum, change: "member" }, verdict, payload: "x" }), undefined));
    it("tells a text of a simulated reading as simulated", () => assert.equal(told({ payload: "hello", reading: { simulated: true } }), "[SIMULATED] hello"));
    for (const [what, msg, error] of [
        ["an object", { payload: { a: 1 } }, /nothing to tell/],
        ["a broken alert", { alert: "loud" }, /msg\.alert is not an object/],
        ["a broken transition", { transition: { to: "BROKEN" } }, /msg\.transition/],
        ["an event that nobody knows", { event: { ...event, kind: "on-fire" } }, /msg\.event is no known event/],
        ["a broken verdict", { verdict: { ...verdict, text: 5 } }, /msg\.verdict/],
        ["a broken quorum", { quorum: { standing: "lost" } }, /msg\.quorum/],
        ["broken missed polls", { missed: 5 }, /msg\.missed/],
        ["a broken result", { result: { ...run, outcome: "great" } }, /msg\.result/],
        ["a broken progress", { progress: { ...run, steps: [null] } }, /msg\.progress/],
    ] as const) {
        it(`refuses ${what}`, () => {
            const telling = alertFrom(msg, wording, at);
            assert.ok("error" in telling);
            assert.match(telling.error, error);
        });
    }
});
