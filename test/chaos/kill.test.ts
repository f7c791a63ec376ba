import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { at } from "../support/armed-flow";
import { finalCommand, Rig, stopCommand, type RigHost } from "../support/armed-monitor";

const plan: RigHost[] = [
    { name: "apps", services: ["web-frontend", "grafana-server", "jobs"], behaviour: { delayMs: 400 } },
    { name: "nas", services: ["nfs-server", "postgresql"], after: ["apps"], behaviour: { delayMs: 400 } },
    { name: "box", services: ["camera"], behaviour: { delayMs: 400 } },
];

describe("Node-RED killed with SIGKILL", function () {
    this.timeout(480_000);
    let rig: Rig;
    beforeEach(async () => (rig = await Rig.start(plan)));
    afterEach(() => rig.stop());

    it("again and again in the middle of a shutdown: the next start goes on where it was, until all is done, once", async () => {
        await rig.switchOn();
        await rig.deploy();
        await rig.state("HEALTHY");
        rig.plug.setWatts(25);
        let kills = 0;
        for (const told of [1, 3, 5, 7]) {
            await rig.red.eventually(() => rig.toldInAll >= told, 60_000, () => `${told} commands`);
            // Anywhere between "told" and "answered", a different place each time.
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 450));
            if (rig.red.received(at.result).length > 0) break;
            await rig.red.kill("SIGKILL");
            kills += 1;
            await rig.switchOn();
        }
        assert.ok(kills >= 2, `${kills} kills`);
        const result = await rig.result();
        assert.deepEqual([result.outcome, result.mode], ["completed", "live"], JSON.stringify(result, null, 1));
        for (const { name, services } of plan) {
            const told = rig.told(name);
            const wanted = [...services.map(stopCommand), finalCommand];
            assert.deepEqual([...new Set(told)], wanted, `${name} in order`);
            for (const command of wanted) assert.ok(told.filter((each) => each === command).length <= 1 + kills, `${name}: ${command}`);
            // Only what was under way at a kill may be told again: never more than one repetition a kill and host.
            assert.ok(told.length <= wanted.length + kills, `${name}: ${told.join(", ")}`);
        }
        const apps = rig.hosts[0]?.commands.filter(({ short }) => short === stopCommand("jobs")).at(0)?.at ?? Infinity;
        const nas = rig.hosts[1]?.commands.filter(({ short }) => short === stopCommand("nfs-server")).at(0)?.at ?? 0;
        assert.ok(nas > apps, "nas waited for apps");
    });

    it("after a shutdown: the next start does nothing more in this outage, and the one after the next recovery is armed again", async () => {
        await rig.switchOn();
        await rig.deploy();
        await rig.state("HEALTHY");
        rig.plug.setWatts(25);
        await rig.result();
        const told = rig.toldInAll;
        for (let time = 0; time < 2; time += 1) {
            await rig.red.kill("SIGKILL");
            await rig.switchOn();
            await rig.red.until(at.classifier, 3, 60_000);
        }
        assert.equal(rig.toldInAll, told);
        rig.plug.setWatts(420);
        await rig.state("HEALTHY");
        rig.plug.setWatts(3);
        assert.equal((await rig.result()).outcome, "completed");
        assert.equal(rig.toldInAll, 2 * told);
    });

    it("while Telegram is away: every alert of the outage still arrives, oldest first", async () => {
        await rig.switchOn();
        await rig.deploy();
        await rig.state("HEALTHY");
        await rig.telegram.down();
        for (const [watts, state] of [[120, "WARNING"], [60, "ALERT"]] as const) {
            rig.plug.setWatts(watts);
            await rig.state(state);
        }
        const kept = join(rig.userDir, "ridethrough", "telegram-alert", `${at.telegram}.outbox`);
        await rig.red.eventually(() => existsSync(kept) && /POWER WARNING[^]*POWER ALERT/.test(readFileSync(kept, "utf8")), 60_000, () => "both alerts on the disk");
        await rig.red.kill("SIGKILL");
        await rig.switchOn();
        await rig.telegram.up();
        const texts = (): string => rig.telegram.messages.map(({ text }) => text).join("\n");
        await eventually(() => /POWER WARNING[^]*POWER ALERT/.test(texts()), 60_000, () => `two alerts: ${texts()}`);
    });
});
