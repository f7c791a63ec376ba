import assert from "node:assert/strict";
import type { StepView } from "../../lib/shutdown/progress";
import { finalCommand, Rig, stopCommand, type RigHost } from "../support/armed-monitor";

const plan: RigHost[] = [
    { name: "no-login", services: ["a"], stopTimeout: 2, behaviour: { auth: "hang" } },
    { name: "refused", services: ["a"], stopTimeout: 2, behaviour: { auth: "refuse" } },
    { name: "no-answer", services: ["a", "b"], stopTimeout: 2, behaviour: { command: "hang" } },
    { name: "vanishing", services: ["a"], stopTimeout: 2, behaviour: { command: "vanish" } },
    { name: "no-status", services: ["a"], stopTimeout: 2, behaviour: { command: "silent" } },
    { name: "left-open", services: ["a"], behaviour: { command: "keep-open" } },
    { name: "chatty", services: ["a"], behaviour: { outputBytes: 10_000_000 } },
    { name: "well", services: ["a", "b"] },
];

describe("hosts that hang, vanish or talk nonsense", function () {
    this.timeout(300_000);
    let rig: Rig;
    before(async () => {
        rig = await Rig.start(plan);
        await rig.switchOn();
        await rig.deploy();
        await rig.state("HEALTHY");
    });
    after(() => rig.stop());

    it("hold up no other host: the one that is well is told all of it at once", async () => {
        rig.plug.setWatts(25);
        await rig.red.eventually(() => rig.told("well").length === 3, 90_000, () => `three commands: ${rig.told("well").join()}`);
        assert.deepEqual(rig.told("well"), [stopCommand("a"), stopCommand("b"), finalCommand]);
        const { startedAt, steps } = await rig.result(180_000);
        const lasted = (step: Partial<StepView> = {}): number => (step.endedAt ?? NaN) - (step.startedAt ?? NaN);
        const its = steps.filter(({ host, kind }) => host === "well" && kind !== "prove");
        const idle = (its.at(-1)?.endedAt ?? NaN) - startedAt - its.reduce((sum, step) => sum + lasted(step), 0);
        // A busy machine makes steps longer, not the time between them.
        assert.ok(idle < lasted(steps.find(({ id }) => id === "no-login/connect")) / 2, `it waited for ${idle} ms between its steps: ${JSON.stringify(steps)}`);
    });
    it("end in a report that names each with its trouble, and Node-RED lives", async () => {
        const result = await rig.result(180_000);
        assert.equal(result.outcome, "incomplete");
        const states = (name: string): string[] => result.steps.filter(({ host }) => host === name).map(({ state }) => state);
        for (const name of ["no-login", "refused", "no-answer", "vanishing", "no-status"]) assert.ok(states(name).some((state) => state === "failed"), `${name}: ${states(name).join()}`);
        for (const name of ["well", "left-open", "chatty"]) assert.ok(states(name).every((state) => state === "done"), `${name}: ${JSON.stringify(result.steps.filter(({ host }) => host === name))}`);
        for (const { error, state } of result.steps) if (state === "failed") assert.ok((error ?? "").length > 5);
        assert.equal(rig.red.ended, false);
        assert.equal(rig.red.output, "");
    });
});
