import assert from "node:assert/strict";
import { parsePlan, type ShutdownPlan } from "../../../lib/shutdown/plan";
import type { RunProgress } from "../../../lib/shutdown/progress";
import { startRehearsal } from "../../../lib/shutdown/rehearsal";
import type { Run } from "../../../lib/shutdown/run-view";
import { previewPlan } from "../../../lib/shutdown/steps";
import { VirtualClock } from "../../support/virtual-clock";

describe("a rehearsal", () => {
    const plan = parsePlan({ hosts: [{ name: "app", services: ["web"] }, { name: "nas", after: ["app"] }] }).plan as ShutdownPlan;
    let clock: VirtualClock;
    let progress: RunProgress[];
    const start = (which = plan): Run =>
        startRehearsal({ run: "r1", stream: "plug", reason: "plug CRITICAL", mode: "rehearsal", startedAt: clock.now() }, which, "Dry run is on", { clock, progress: (next) => void progress.push(next) });

    beforeEach(() => {
        clock = new VirtualClock();
        progress = [];
    });

    it("walks exactly the previewed steps, one after the other, slowly enough to watch", async () => {
        const run = start();
        await clock.pass(299);
        assert.equal(progress.length, 1);
        await clock.pass(1);
        assert.equal(progress.length, 2);
        await clock.pass(2000);
        const result = await run.finished;
        assert.deepEqual(progress.slice(1).map((next) => next.changed?.id), previewPlan(plan).map((step) => step.id));
        assert.deepEqual([result?.outcome, result?.steps.every((step) => step.state === "would-do")], ["dry-run", true]);
        assert.equal(result?.text, "plug CRITICAL: would shut down 2 hosts, 1 service, then shutdown -h +2. Nothing was sent: Dry run is on.");
    });

    it("of a long plan is over within ten seconds", async () => {
        const long = parsePlan({ hosts: Array.from({ length: 100 }, (_, index) => ({ name: `h${index}`, services: ["a", "b"] })) }).plan as ShutdownPlan;
        const run = start(long);
        await clock.pass(10_100);
        assert.equal((await run.finished)?.outcome, "dry-run");
    });

    it("ends at once when it is cancelled, and says that nothing was sent", async () => {
        const run = start();
        await clock.pass(300);
        assert.equal(run.cancel("enough"), true);
        const result = await run.finished;
        assert.deepEqual([result?.outcome, result?.text], ["cancelled", "enough. It was a rehearsal: nothing was sent."]);
        assert.equal(run.cancel("again"), false);
        assert.equal(clock.pending, 0);
    });

    it("ends without a word when it is suspended", async () => {
        const run = start();
        await run.suspend();
        assert.equal(await run.finished, undefined);
        assert.equal(clock.pending, 0);
    });
});
