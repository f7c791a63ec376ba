import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parsePlan, type PlanDraft, type ShutdownPlan } from "../../../lib/shutdown/plan";
import { previewPlan, stepsOf } from "../../../lib/shutdown/steps";

function planOf(hosts: PlanDraft["hosts"], final?: PlanDraft["final"]): ShutdownPlan {
    const { plan, problems } = parsePlan({ hosts, ...(final && { final }) });
    assert.deepEqual(problems, []);
    return plan as ShutdownPlan;
}

/** The three machines of S0, in its order. */
const s0 = planOf([
    { name: "gpu3", services: ["promtail"] },
    { name: "gpu1", services: ["vlm-adapter", "grafana-server"], after: ["gpu3"] },
    { name: "gpu2", services: ["llm-gateway", "vllm"], local: true },
]);

/** Everything that must be over before a step, over any number of steps. */
function allNeeds(plan: ShutdownPlan, id: string): Set<string> {
    const steps = new Map(stepsOf(plan).map((step) => [step.view.id, step]));
    const found = new Set<string>();
    const visit = (next: string): void => steps.get(next)?.needs.forEach((need) => {
        if (!found.has(need)) {
            found.add(need);
            visit(need);
        }
    });
    visit(id);
    return found;
}

describe("the steps of a plan", () => {
    it("are S0's sequence: services host by host, then the final command on all, this machine last", () => {
        assert.deepEqual(previewPlan(s0).map((step) => step.id), [
            "gpu3/connect", "gpu3/stop-service/promtail",
            "gpu1/connect", "gpu1/stop-service/vlm-adapter", "gpu1/stop-service/grafana-server",
            "gpu2/stop-service/llm-gateway", "gpu2/stop-service/vllm",
            "gpu3/power-off", "gpu1/power-off", "gpu2/power-off",
        ]);
    });

    it("stop the services of a host one after the other, and only after those of the hosts it waits for", () => {
        const needs = allNeeds(s0, "gpu1/stop-service/grafana-server");
        assert.ok(needs.has("gpu1/stop-service/vlm-adapter"));
        assert.ok(needs.has("gpu3/stop-service/promtail"));
    });

    it("send no final command before every service of the ordered group is dealt with", () => {
        const plan = planOf([{ name: "a", services: ["s"] }, { name: "b", services: ["s"], after: ["a"] }, { name: "c", services: ["s"], after: ["b"] }]);
        for (const host of ["a", "b", "c"]) {
            for (const other of ["a", "b", "c"]) assert.ok(allNeeds(plan, `${host}/power-off`).has(`${other}/stop-service/s`), `${host} needs ${other}`);
        }
    });

    it("switch off a host only after those it waits for", () => assert.ok(allNeeds(s0, "gpu1/power-off").has("gpu3/power-off")));

    it("pass an order on through a host that has no services", () => {
        const plan = planOf([{ name: "a", services: ["s"] }, { name: "b", after: ["a"] }, { name: "c", services: ["s"], after: ["b"] }]);
        assert.ok(allNeeds(plan, "c/stop-service/s").has("a/stop-service/s"));
    });

    it("never make a host wait for one that it has no order with", () => {
        const plan = planOf([{ name: "a", services: ["s"] }, { name: "b", services: ["s"] }, { name: "me", local: true, services: ["s"] }]);
        assert.ok([...allNeeds(plan, "a/power-off")].every((id) => id.startsWith("a/")));
        assert.ok([...allNeeds(plan, "b/power-off")].every((id) => id.startsWith("b/")));
    });

    it("put everything of this machine behind everybody else", () => {
        const others = previewPlan(s0).filter((step) => step.host !== "gpu2" && step.kind !== "power-off").map((step) => step.id);
        const first = allNeeds(s0, "gpu2/stop-service/llm-gateway");
        assert.ok(others.every((id) => first.has(id)));
        assert.ok(allNeeds(s0, "gpu2/power-off").has("gpu1/power-off"));
    });

    it("log in to no machine but the remote ones", () => assert.equal(previewPlan(s0).some((step) => step.id === "gpu2/connect"), false));

    it("touch a host of a later class only when those of the earlier ones have their final commands", () => {
        const steps = stepsOf(planOf([{ name: "sw", priority: "core", services: ["ctl"] }, { name: "gpu", priority: "early", services: ["train"] }, { name: "app", services: ["web"] }, { name: "me", local: true, services: ["nr"] }]));
        const all = (id: string): string[] => {
            const needs = steps.find(({ view }) => view.id === id)?.needs ?? [];
            return [...needs, ...needs.flatMap(all)];
        };
        assert.ok(all("app/stop-service/web").includes("gpu/power-off"));
        assert.ok(all("sw/stop-service/ctl").includes("app/power-off"));
        assert.ok(!all("gpu/power-off").some((id) => id.startsWith("app") || id.startsWith("sw")), "nobody of a later class holds up an earlier one");
        assert.ok(all("me/power-off").includes("sw/power-off"));
        assert.ok(steps.filter(({ view }) => view.kind === "connect").every(({ needs }) => needs.length === 0), "all logins begin at once");
    });

    it("let a host that needs another one go before it", () => {
        const steps = stepsOf(planOf([{ name: "nas", services: ["nfs"] }, { name: "app", services: ["web"], needs: ["nas"] }]));
        assert.deepEqual(steps.find(({ view }) => view.id === "nas/stop-service/nfs")?.needs, ["nas/connect", "app/stop-service/web"]);
    });

    it("look whether each host is down, and let this machine wait for that alone", () => {
        const { plan } = parsePlan({ proofS: 60, hosts: [{ name: "nas", services: ["db"] }, { name: "app", after: [] }, { name: "me", local: true }] });
        const steps = stepsOf(plan as ShutdownPlan);
        const of = (id: string): string[] => steps.find(({ view }) => view.id === id)?.needs ?? [];
        assert.deepEqual(of("nas/prove"), ["nas/power-off"]);
        assert.ok(["nas/prove", "app/prove"].every((id) => of("me/power-off").includes(id)));
        assert.ok(!steps.some(({ view }) => view.id === "me/prove"));
        assert.equal(steps.find(({ view }) => view.id === "nas/prove")?.timeoutMs, 180_000, "60 s after the two minutes of shutdown -h +2");
    });

    it("have no final command when the plan wants none", () => {
        assert.equal(previewPlan(planOf([{ name: "a" }], { verb: "none" })).some((step) => step.kind === "power-off"), false);
    });

    it("show the plan's own final command", () => {
        assert.equal(previewPlan(s0).at(-1)?.label, "shutdown -h +2");
        assert.equal(previewPlan(planOf([{ name: "a" }], { verb: "poweroff" })).at(-1)?.label, "poweroff");
    });

    it("of any valid plan can all be reached, need only earlier ones, and sit in a layer above their needs", () => {
        const hosts = fc.array(fc.record({ services: fc.subarray(["s1", "s2", "s3"]), waits: fc.array(fc.nat(20), { maxLength: 4 }), local: fc.boolean() }), { minLength: 1, maxLength: 12 });
        fc.assert(fc.property(hosts, (drafts) => {
            const local = drafts.findIndex((draft) => draft.local);
            const plan = planOf(drafts.map((draft, index) => ({
                name: `h${index}`, services: draft.services, local: index === local,
                after: [...new Set(draft.waits.filter((other) => other < index && other !== local).map((other) => `h${other}`))],
            })));
            const layers = new Map<string, number>();
            for (const step of stepsOf(plan)) {
                for (const need of step.needs) {
                    const below = layers.get(need);
                    assert.ok(below !== undefined && below < (step.view.layer ?? 0), `${step.view.id} needs ${need}`);
                }
                layers.set(step.view.id, step.view.layer ?? 0);
            }
        }));
    });
});
