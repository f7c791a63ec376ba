import assert from "node:assert/strict";
import { at } from "../support/armed-flow";
import { finalCommand, Rig, stopCommand, type RigHost } from "../support/armed-monitor";

const plan: RigHost[] = [
    { name: "apps", services: ["web-frontend", "grafana-server", "jobs"], behaviour: { delayMs: 700 } },
    { name: "nas", services: ["nfs-server", "postgresql"], after: ["apps"], behaviour: { delayMs: 700 } },
];

describe("a redeploy in the middle of a shutdown", function () {
    this.timeout(300_000);
    let rig: Rig;
    beforeEach(async () => {
        rig = await Rig.start(plan);
        await rig.switchOn();
        await rig.deploy();
        await rig.state("HEALTHY");
    });
    afterEach(() => rig.stop());

    it("drops nothing: three full deploys later every service is stopped, in order, and there is one report", async () => {
        rig.plug.setWatts(25);
        for (const told of [1, 3, 5]) {
            await rig.red.eventually(() => rig.toldInAll >= told, 60_000, () => `${told} commands`);
            await rig.deploy();
        }
        const result = await rig.result();
        assert.equal(result.outcome, "completed", JSON.stringify(result, null, 1));
        for (const { name, services } of plan) assert.deepEqual([...new Set(rig.told(name))], [...services.map(stopCommand), finalCommand]);
        assert.ok(rig.toldInAll <= 7 + 3, "only what was under way may be told again");
        await rig.red.until(at.classifier, rig.red.received(at.classifier).length + 3, 60_000);
        assert.equal(rig.red.received(at.result).length, 1);
    });
    it("that turns Dry run on ends the real commands", async () => {
        rig.plug.setWatts(25);
        await rig.red.eventually(() => rig.toldInAll >= 1, 60_000, () => "the first command");
        await rig.deploy({ dryRun: true });
        const more = (readings: number): Promise<unknown> => rig.red.until(at.classifier, rig.red.received(at.classifier).length + readings, 60_000);
        // By then hosts have heard all that was said before.
        await more(1);
        const told = rig.toldInAll;
        await more(4);
        assert.equal(rig.toldInAll, told);
    });
});
