import assert from "node:assert/strict";
import * as fc from "fast-check";
import { sleep } from "../../../lib/kit/clock";
import { startLiveRun } from "../../../lib/shutdown/live-run";
import { parsePlan, priorities, type PlanDraft, type ShutdownPlan } from "../../../lib/shutdown/plan";
import type { RunProgress, StepView } from "../../../lib/shutdown/progress";
import { scheduledViews, scheduleOf, type UsualMs } from "../../../lib/shutdown/schedule";
import { previewPlan, stepsOf } from "../../../lib/shutdown/steps";
import { FakeHosts, ok } from "../../support/fake-hosts";
import { VirtualClock } from "../../support/virtual-clock";

function planOf(draft: PlanDraft): ShutdownPlan {
    const { plan, problems } = parsePlan(draft);
    assert.deepEqual(problems, []);
    return plan as ShutdownPlan;
}

describe("the schedule of a plan", () => {
    const times = (steps: readonly StepView[]): unknown[] => steps.map(({ id, planned }) => [id, planned?.startMs, planned?.endMs, ...(planned?.measured ? [true] : [])]);

    it("adds up limits where nothing was measured, each step from the moment when those it needs are over", () => {
        const plan = planOf({ hosts: [{ name: "app", services: ["web"], stopTimeoutS: 20 }, { name: "nas", services: ["db"], after: ["app"] }], proofS: 60 });
        assert.deepEqual(times(previewPlan(plan)), [
            ["app/connect", 0, 10_000],
            ["app/stop-service/web", 10_000, 30_000],
            ["nas/connect", 0, 10_000],
            ["nas/stop-service/db", 30_000, 60_000],
            ["app/power-off", 60_000, 70_000],
            ["app/prove", 70_000, 250_000],
            ["nas/power-off", 70_000, 80_000],
            ["nas/prove", 80_000, 260_000],
        ]);
    });

    it("takes what was measured instead, and says of which steps that is", () => {
        const plan = planOf({ hosts: [{ name: "app", services: ["web"] }] });
        const usual: UsualMs = ({ view }) => (view.kind === "stop-service" ? 1200 : undefined);
        assert.deepEqual(times(scheduledViews(stepsOf(plan), usual)), [["app/connect", 0, 10_000], ["app/stop-service/web", 10_000, 11_200, true], ["app/power-off", 11_200, 21_200]]);
    });

    it("is what a run of any plan keeps to when every step takes as long as it usually does", async () => {
        const drafts = fc.array(fc.record({ services: fc.subarray(["a", "b", "c"]), after: fc.array(fc.nat(5), { maxLength: 2 }), priority: fc.constantFrom(...priorities), local: fc.boolean() }), { minLength: 1, maxLength: 6 });
        await fc.assert(fc.asyncProperty(drafts, fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 40, maxLength: 40 }), async (shape, lengths) => {
            const plan = planOf({
                hosts: shape.map(({ services, after, priority, local }, index) => ({
                    name: `h${index}`, services, priority, local: local && index === shape.length - 1,
                    after: after.filter((other) => other < index && shape[other]?.priority === priority).map((other) => `h${other}`),
                })),
            });
            const lengthOf = new Map(stepsOf(plan).map(({ view }, place) => [view.id, lengths[place % lengths.length] ?? 1]));
            const usualMs: UsualMs = ({ view }) => lengthOf.get(view.id);
            const [clock, hosts, told] = [new VirtualClock(), new FakeHosts(), [] as RunProgress[]];
            /** A host takes one step at a time: the newest that it was told of. */
            const newest = (host: string): StepView | undefined => told.findLast(({ changed }) => changed?.host === host && changed.state === "running")?.changed;
            const work = (host: string): Promise<void> => sleep(lengthOf.get(newest(host)?.id ?? "") ?? 0, clock);
            // A connection is asked for with every step, and made with the first.
            hosts.connect = (host) => (newest(host)?.kind === "connect" ? work(host) : Promise.resolve());
            hosts.obey = (_command, host) => work(host).then(() => ok);
            const startedAt = clock.now();
            const run = startLiveRun({ run: "r", stream: "ups", reason: "", mode: "live", startedAt }, plan, { clock, boot: "b", access: hosts.access, note: () => Promise.resolve(), progress: (next) => void told.push(next), usualMs });
            await clock.pass(2_000_000);
            const result = await run.finished;
            assert.equal(result?.outcome, "completed");
            for (const { id, planned, startedAt: began = 0, endedAt: ended = 0 } of result.steps) assert.deepEqual([id, began - startedAt, ended - startedAt], [id, planned?.startMs, planned?.endMs]);
        }), { numRuns: 60 });
    });

    it("of 200 hosts is made in a moment: every step is looked at once", () => {
        let asked = 0;
        const steps = stepsOf(planOf({ hosts: Array.from({ length: 200 }, (_, index) => ({ name: `h${index}`, services: ["a", "b"], after: index < 10 ? [] : [`h${index - 10}`] })) }));
        assert.equal(scheduleOf(steps, () => void (asked += 1)).size, steps.length);
        assert.equal(asked, steps.length);
    });
});
