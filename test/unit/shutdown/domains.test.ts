import assert from "node:assert/strict";
import * as fc from "fast-check";
import { divide, partOf, type Feed } from "../../../lib/shutdown/domains";
import { parsePlan, priorities, type PlanDraft, type ShutdownPlan } from "../../../lib/shutdown/plan";
import { stepsOf } from "../../../lib/shutdown/steps";

const planOf = (hosts: PlanDraft["hosts"]): ShutdownPlan => parsePlan({ hosts }).plan ?? assert.fail();
const rack = planOf([
    { name: "app", fedBy: ["ups1"] },
    { name: "web", fedBy: ["ups2"] },
    { name: "nas", fedBy: ["ups1", "ups2"] },
    { name: "switch" },
]);

describe("what an outage takes of a plan", () => {
    for (const [outage, device, feeds, out] of [
        ["one UPS, the other speaks for itself", "ups1", { ups2: "speaks" }, ["app", "switch"]],
        ["the other UPS", "ups2", { ups1: "speaks" }, ["web", "switch"]],
        ["one UPS, nothing heard of the other", "ups1", { station: "speaks" }, ["app", "web", "nas", "switch"]],
        ["the second of two, whose first has had its run", "ups2", { ups1: "dealt" }, ["web", "nas", "switch"]],
        ["a group that feeds nobody by name", "rack", { ups1: "speaks", ups2: "speaks" }, ["app", "web", "nas", "switch"]],
        ["a UPS that is said to be fine in the same breath", "ups1", { ups1: "speaks", ups2: "speaks" }, ["app", "switch"]],
    ] as const) {
        it(`${outage}: ${out.join(", ")}`, () => assert.deepEqual(divide(rack, device, (other) => (feeds as Record<string, Feed>)[other]).out, out));
    }

    it("says what still feeds those that stay", () => {
        assert.deepEqual(divide(rack, "ups1", (device) => (device === "ups2" ? "speaks" : undefined)).fed, [{ host: "web", by: "ups2" }, { host: "nas", by: "ups2" }]);
    });
});

const part = (plan: ShutdownPlan, ...names: string[]): ShutdownPlan => partOf(plan, (name) => names.includes(name));

describe("a part of a plan", () => {
    it("is the plan itself when nobody stays", () => assert.equal(part(rack, "app", "web", "nas", "switch"), rack));

    it("keeps the order between hosts that was made by one that stays", () => {
        const chain = planOf([{ name: "app" }, { name: "db", after: ["app"] }, { name: "nas", after: ["db"] }]);
        assert.deepEqual(part(chain, "nas", "app").hosts.map(({ name, after }) => [name, after]), [["app", []], ["nas", ["app"]]]);
    });

    it("has this machine last, and whom a host needs after it", () => {
        const whole = planOf([{ name: "here", local: true }, { name: "nas" }, { name: "app", needs: ["nas"] }, { name: "web" }]);
        const some = part(whole, "here", "nas", "app");
        assert.deepEqual(some.hosts.map(({ name }) => name), ["app", "nas", "here"]);
        assert.deepEqual(stepsOf(some).map(({ view }) => view.id), stepsOf(whole).map(({ view }) => view.id).filter((id) => !id.startsWith("web/")));
    });

    const plans = fc.array(fc.record({ after: fc.array(fc.nat(7), { maxLength: 3 }), needs: fc.array(fc.nat(7), { maxLength: 2 }), priority: fc.constantFrom(...priorities) }), { minLength: 1, maxLength: 8 })
        .map((drafts) => parsePlan({
            hosts: drafts.map(({ after, needs, priority }, index) => ({
                name: `h${index}`, priority, services: ["s"],
                after: after.filter((other) => other < index && drafts[other]?.priority === priority).map((other) => `h${other}`),
                needs: needs.filter((other) => other > index && drafts[other]?.priority === priority).map((other) => `h${other}`),
            })),
        }).plan)
        .filter((plan) => plan !== undefined);

    it("takes each host's steps behind those that they are behind in the whole plan (property)", () => {
        fc.assert(fc.property(plans, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (plan, kept) => {
            const names = new Set(plan.hosts.map(({ name }) => name).filter((_, index) => kept[index]));
            const services = (some: ShutdownPlan): Map<string, Set<string>> => {
                const needs = new Map(stepsOf(some).map((step) => [step.view.id, step.needs]));
                const behind = (id: string): string[] => (needs.get(id) ?? []).flatMap((need) => [need, ...behind(need)]);
                return new Map([...needs.keys()].filter((id) => id.endsWith("/s")).map((id) => [id, new Set(behind(id).filter((other) => other.endsWith("/s") && names.has(other.split("/")[0] ?? "")))]));
            };
            const [whole, some] = [services(plan), services(part(plan, ...names))];
            assert.deepEqual([...some.keys()].sort(), [...whole.keys()].filter((id) => names.has(id.split("/")[0] ?? "")).sort());
            for (const [id, before] of some) assert.deepEqual([...before].sort(), [...(whole.get(id) ?? [])].sort(), id);
        }), { numRuns: 300 });
    });
});
