import assert from "node:assert/strict";
import { parsePlan, type Final, type ShutdownPlan } from "../../../lib/shutdown/plan";
import type { StepView } from "../../../lib/shutdown/progress";
import { endText, namesText, planText, servicesText, stepText, stoppedText } from "../../../lib/shutdown/run-texts";

const step = (kind: StepView["kind"], state: StepView["state"], more: Partial<StepView> = {}): StepView => {
    const label = { connect: "log in", "stop-service": "stop web", act: "stop 2 containers", prove: "look whether it is down", undo: 'undo "stop web"', "power-off": "shutdown -h +2" }[kind];
    return { id: `nas/${kind}`, host: "nas", kind, label, state, ...more };
};
const planOf = (final: Final): ShutdownPlan => parsePlan({ hosts: [{ name: "nas", services: ["web", "db"] }], final }).plan as ShutdownPlan;

describe("what is said of a run", () => {
    for (const [view, text] of [
        [step("connect", "running"), "nas: logging in"],
        [step("connect", "done"), "nas: logged in"],
        [step("connect", "failed", { error: "connection refused" }), "nas: log in failed: connection refused"],
        [step("connect", "would-do"), "nas: would log in"],
        [step("stop-service", "running"), "nas: stopping web"],
        [step("stop-service", "done"), "nas: stopped web"],
        [step("stop-service", "skipped", { error: "not reached" }), "nas: stop web left out: not reached"],
        [step("stop-service", "would-do"), "nas: would stop web"],
        [step("act", "running"), "nas: stop 2 containers ..."],
        [step("act", "done"), "nas: stop 2 containers: done"],
        [step("act", "would-do"), "nas: would stop 2 containers"],
        [step("prove", "running"), "nas: going down?"],
        [step("prove", "would-do"), "nas: would look whether it is down"],
        [step("prove", "done", { proof: "watts", note: "draws 0.4 W" }), "nas: is down, by its watts (draws 0.4 W)"],
        [step("prove", "done", { proof: "sent", note: "nobody could see" }), "nas: not seen going down (nobody could see)"],
        [step("prove", "failed", { proof: "failed", error: "still answers" }), "nas: IS STILL UP (still answers)"],
        [step("power-off", "planned"), "nas: shutdown -h +2 is next"],
        [step("power-off", "running"), "nas: sending shutdown -h +2"],
        [step("power-off", "done", { note: "sent" }), "nas: took shutdown -h +2 (sent)"],
        [step("power-off", "would-do"), "nas: would run shutdown -h +2"],
        [step("power-off", "would-do", { label: "poweroff" }), "nas: would run poweroff"],
    ] as const) {
        it(`"${text}"`, () => assert.equal(stepText(view), text));
    }

    it("a plan comes to hosts, services and a final command", () => {
        assert.equal(planText(planOf({ verb: "shutdown", delayMinutes: 2 })), "1 host, 2 services, then shutdown -h +2");
        assert.equal(planText(planOf({ verb: "none" })), "1 host, 2 services, no final command");
    });

    for (const [final, states, text] of [
        [{ verb: "shutdown", delayMinutes: 2 }, ["done", "done"], "all services stopped, machines shut down in 2 minutes"],
        [{ verb: "shutdown", delayMinutes: 1 }, ["done", "failed"], "1 of 2 services stopped, machines shut down in 1 minute"],
        [{ verb: "poweroff" }, ["done", "done"], "all services stopped, machines shut down now"],
        [{ verb: "none" }, ["done", "done"], "all services stopped"],
    ] as const) {
        it(`"${text}"`, () => assert.equal(servicesText(planOf(final), states.map((state) => step("stop-service", state))), text));
    }

    it("at the end is told by what was seen, not by what was sent", () => {
        const steps = [
            step("power-off", "done"), step("prove", "done", { proof: "watts" }), step("prove", "done", { proof: "network" }), step("prove", "done", { proof: "sent" }),
            step("prove", "failed", { host: "app", proof: "failed", error: "still answers 300 s after its final command" }),
        ];
        assert.equal(endText(steps), "0 services stopped, final command taken by 1 of 1 host, 2 seen dark (1 by watts, 1 by the network), 1 not seen going down, 1 STILL UP\napp: IS STILL UP (still answers 300 s after its final command)");
    });

    it("at the end each host with a problem has one line, with its first failure", () => {
        const steps = [step("connect", "done"), step("stop-service", "skipped", { error: "not reached" }), step("power-off", "failed", { error: "exit status 1" }), step("power-off", "done", { host: "app" })];
        assert.equal(endText(steps), "0 services stopped, final command taken by 1 of 2 hosts\nnas: shutdown -h +2 failed: exit status 1 (and 1 more)");
    });

    it("names what a host has stopped, ids as short as their tools show them, and counts what would be too long", () => {
        assert.equal(namesText(["web", `0123456789ab${"c".repeat(52)}`, "qm/100"]), "web, 0123456789ab, qm/100");
        assert.match(namesText(Array.from({ length: 25 }, (_, number) => `vm${number}`)), /^vm0, .*, vm19 and 5 more$/);
    });

    it("after a cancel the services that stay stopped are named by host", () => {
        assert.equal(stoppedText([step("stop-service", "done"), step("stop-service", "done", { label: "stop db" }), step("stop-service", "failed")]), "These services stay stopped until somebody starts them: nas: web, db.");
        assert.equal(stoppedText([step("stop-service", "planned")]), "No service had been stopped.");
    });
});
