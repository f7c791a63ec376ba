import assert from "node:assert/strict";
import { parsePlan, type PlanDraft } from "../../../lib/shutdown/plan";

const problemsOf = (hosts: PlanDraft["hosts"], rest: Partial<PlanDraft> = {}): string => parsePlan({ hosts, ...rest }).problems.join("; ");

describe("parsePlan", () => {
    it("fills in S0's defaults: 30 s a service, shutdown -h +2, hosts in parallel", () => {
        const { plan } = parsePlan({ hosts: [{ name: "nas", services: ["web"] }] });
        const [nas] = plan?.hosts ?? [];
        assert.ok(nas);
        const { steps, final, ...rest } = nas;
        assert.deepEqual(rest, { name: "nas", local: false, priority: "normal", after: [], needs: [], provides: [], fedBy: [] });
        assert.deepEqual(steps.map(({ action, params, timeoutMs, onFailure }) => [action.verb, params, timeoutMs, onFailure]), [["stop-service", { service: "web" }, 30_000, "go-on"]]);
        assert.deepEqual([final?.action.verb, final?.params], ["shutdown", { delayMinutes: 2 }]);
        assert.deepEqual(plan?.final, { verb: "shutdown", delayMinutes: 2 });
    });

    it("gives a step the time that it needs, when nobody says how much", () => {
        const { plan } = parsePlan({ hosts: [{ name: "nas", steps: [{ action: "wait", params: { seconds: 60 } }] }] });
        assert.equal(plan?.hosts[0]?.steps[0]?.timeoutMs, 65_000);
    });

    for (const [rule, hosts, expected] of [
        ["an empty plan", [], /no hosts/],
        ["the same host twice", [{ name: "nas" }, { name: "nas" }], /nas is in the plan twice/],
        ["a host name with metacharacters", [{ name: "nas;reboot" }], /not a host name: ";" is not allowed/],
        ["a service name with metacharacters", [{ name: "nas", services: ["web", "$(id)"] }], /nas: .*not a service name/],
        ["the same service twice", [{ name: "nas", services: ["web", "web"] }], /service web is listed twice/],
        ["an unknown host in after", [{ name: "nas", after: ["gone"] }], /nas waits for "gone", which is not in the plan/],
        ["a host that waits for itself", [{ name: "nas", after: ["nas"] }], /waits for itself/],
        ["a host that waits for this machine", [{ name: "me", local: true }, { name: "nas", after: ["me"] }], /this machine is always last/],
        ["two machines that are this one", [{ name: "a", local: true }, { name: "b", local: true }], /only one host can be this machine/],
        ["a cycle", [{ name: "a", after: ["c"] }, { name: "b", after: ["a"] }, { name: "c", after: ["b"] }], /a → c → b → a/],
        ["a cycle through what a host needs", [{ name: "app", needs: ["nas"], after: ["nas"] }, { name: "nas" }], /app → nas → app|nas → app → nas/],
        ["a cycle against the classes", [{ name: "switch", priority: "core" }, { name: "app", after: ["switch"] }], /wait for each other/],
        ["a need that is not in the plan", [{ name: "app", needs: ["gone"] }], /app needs "gone", which is not in the plan/],
        ["an action that does not exist", [{ name: "nas", steps: [{ action: "rm" }] }], /nas: there is no action "rm"/],
        ["wrong parameters of a step", [{ name: "nas", steps: [{ action: "stop-service", params: { service: "a;b" } }] }], /nas: .*not a service name/],
        ["a power-off in the middle", [{ name: "nas", steps: [{ action: "poweroff" }] }], /nas: "poweroff" switches the machine off and can only be its end/],
        ["an end that is none", [{ name: "nas", final: { action: "stop-service", params: { service: "web" } } }], /"stop-service" does not switch a machine off/],
        ["a step's time limit of 0 s", [{ name: "nas", steps: [{ action: "stop-service", params: { service: "web" }, timeoutS: 0 }] }], /time limit must be between 1 and 3600 s/],
        ["a time limit that is over before the action is", [{ name: "nas", steps: [{ action: "wait", params: { seconds: 60 }, timeoutS: 30 }] }], /nas: wait: its time limit of 30 s is over before it is done, give it at least 65 s/],
        ["a stop timeout of 0 s", [{ name: "nas", stopTimeoutS: 0 }], /between 1 and 3600 s/],
        ["a stop timeout that is no number", [{ name: "nas", stopTimeoutS: NaN }], /between 1 and 3600 s/],
    ] as const satisfies readonly [string, PlanDraft["hosts"], RegExp][]) {
        it(`refuses ${rule}`, () => {
            assert.match(problemsOf(hosts), expected);
            assert.equal(parsePlan({ hosts }).plan, undefined);
        });
    }

    it("refuses a delay that shutdown would not take", () => {
        for (const delayMinutes of [-1, 1.5, 61, NaN]) assert.match(problemsOf([{ name: "nas" }], { final: { verb: "shutdown", delayMinutes } }), /delay/);
    });

    it("says everything that is wrong at once", () => {
        assert.equal(parsePlan({ hosts: [{ name: "a b" }, { name: "nas", after: ["x", "y"] }] }).problems.length, 3);
    });

    it("sorts every host behind those it waits for, this machine last", () => {
        const { plan } = parsePlan({ hosts: [{ name: "me", local: true }, { name: "c", after: ["b"] }, { name: "b", after: ["a"] }, { name: "x" }, { name: "a" }] });
        assert.deepEqual(plan?.hosts.map((host) => host.name), ["a", "b", "c", "x", "me"]);
    });
});
