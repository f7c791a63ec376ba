import assert from "node:assert/strict";
import triggerStored from "../fixtures/configs/shutdown-trigger.v1.json";
import { startTelegram } from "../simulators/telegram";
import { eventually } from "../support/eventually";
import { startNodeRed } from "../support/node-red";
import { nutMissing, RealNut } from "../support/nut";
import type { RigVariables } from "../support/nut-rig";
import { idOf, tabOf, telegramToken, type Layout } from "../support/scenarios/layout";
import { rows } from "../support/scenarios/rows";
import { Stage } from "../support/scenarios/stage";
import { startUpsmon, upsmonMissing, type Upsmon } from "../support/upsmon";

/** Our UPS and its twin, which upsmon watches: as a primary it sets FSD when it decides, and ours would follow that. */
const ours = "ours";
const twin = "twin";

class Twins {
    constructor(readonly stage: Stage, readonly upsmon: Upsmon) {}

    both(act: (ups: string) => Promise<void>): Promise<unknown> {
        return Promise.all([ours, twin].map(act));
    }
    say(values: RigVariables): Promise<unknown> {
        return this.both((ups) => this.stage.apply(ups, values));
    }
    /** Lets so many of our polls pass, one a second. */
    wait(polls: number): Promise<void> {
        return this.stage.polls(ours, polls);
    }
    onBattery(seconds: number): Promise<void> {
        return this.stage.until(`${seconds} s on battery`, () => (this.stage.verdict(ours)?.onBatterySeconds ?? 0) >= seconds, (seconds + 120) * 1000);
    }
    decided(): Promise<void> {
        return this.stage.until("our decision", () => this.stage.actions(ours).includes("shutdown"), 300_000);
    }
}

interface Story {
    what: string;
    should: "shut down" | "stay up";
    /** What upsmon does, where that is documented. */
    upsmon?: "shuts down" | "stays up";
    play(twins: Twins): Promise<unknown>;
}

const status = (text: string, more: RigVariables = {}): RigVariables => ({ ...rows["on-battery"], ...more, "ups.status": text });
const online = rows["online-charging"];

const stories: readonly Story[] = [
    { what: "a blip of 4 s", should: "stay up", upsmon: "stays up", play: async (twins) => {
        await twins.say(rows["on-battery"]);
        await twins.onBattery(4);
        await twins.say(online);
        await twins.stage.until("the outage over", () => twins.stage.actions(ours).includes("restored"), 120_000);
    } },
    { what: "OB LB, charge 14 %", should: "shut down", upsmon: "shuts down", play: async (twins) => {
        await twins.say(rows["low-battery"]);
        await twins.decided();
    } },
    { what: "OB LB, charge 85 %", should: "shut down", upsmon: "shuts down", play: async (twins) => {
        await twins.say(status("OB DISCHRG LB"));
        await twins.decided();
    } },
    { what: "OB, charge 14 %, the UPS never says LB", should: "shut down", play: async (twins) => {
        await twins.say({ ...rows["low-battery"], "ups.status": "OB DISCHRG" });
        await twins.decided();
    } },
    { what: "FSD", should: "shut down", upsmon: "shuts down", play: async (twins) => {
        await twins.both((ups) => twins.stage.fsd(ups));
        await twins.decided();
        await twins.wait(2);
    } },
    { what: "OB LB for 3 s at the transfer, then OB", should: "stay up", upsmon: "shuts down", play: async (twins) => {
        await twins.say(status("OB LB", { "battery.charge": "100" }));
        await twins.wait(3);
        await twins.say(status("OB DISCHRG", { "battery.charge": "99" }));
        await twins.onBattery(40);
        await twins.say(online);
    } },
    { what: "OL LB RB for 2 s, three times", should: "stay up", upsmon: "stays up", play: async (twins) => {
        for (let glitch = 0; glitch < 3; glitch += 1) {
            await twins.say({ "ups.status": "OL LB RB" });
            await twins.wait(2);
            await twins.say({ "ups.status": "OL" });
            await twins.wait(3);
        }
    } },
    { what: "a calibration down to LB and 15 %", should: "stay up", play: async (twins) => {
        await twins.say(status("OB DISCHRG CAL", { "battery.charge": "40" }));
        await twins.wait(10);
        await twins.say(status("OB DISCHRG LB CAL", { "battery.charge": "15", "battery.runtime": "300" }));
        await twins.wait(40);
        await twins.say(online);
    } },
    { what: "OL OFF for 3 s", should: "stay up", play: async (twins) => {
        await twins.say({ "ups.status": "OL OFF" });
        await twins.wait(3);
        await twins.say(online);
        await twins.wait(5);
    } },
    { what: "stale for 5 s on mains, then back", should: "stay up", upsmon: "stays up", play: async (twins) => {
        await twins.both((ups) => twins.stage.stale(ups));
        await twins.wait(5);
        await twins.both((ups) => twins.stage.driverUp(ups));
        await twins.wait(5);
    } },
    { what: "the driver gone for 25 s on mains", should: "stay up", play: async (twins) => {
        await twins.both((ups) => twins.stage.driverDown(ups));
        await twins.wait(25);
        await twins.both((ups) => twins.stage.driverUp(ups));
        await twins.wait(5);
    } },
    { what: "the driver gone for 8 s on battery, then back", should: "stay up", play: async (twins) => {
        await twins.say(rows["on-battery"]);
        await twins.onBattery(3);
        await twins.both((ups) => twins.stage.driverDown(ups));
        await twins.wait(8);
        await twins.both((ups) => twins.stage.driverUp(ups));
        await twins.onBattery(40);
        await twins.say(online);
    } },
    { what: "the driver gone for good on battery", should: "shut down", play: async (twins) => {
        await twins.say({ ...rows["on-battery"], "battery.runtime": "700" });
        await twins.onBattery(3);
        await twins.both((ups) => twins.stage.driverDown(ups));
        await twins.decided();
    } },
];

/** The same stories on one real upsd, watched by NUT's own monitor and by ours with its defaults, both once a second. */
describe("side by side with upsmon", function () {
    this.timeout(600_000);
    const undo: (() => unknown)[] = [];
    const matrix: string[][] = [];
    const layout: Layout = { upses: { [ours]: online }, trigger: triggerStored, reader: { interval: "1", batteryInterval: "1" } };
    let plays: Promise<Twins>[] = [];

    before(async function () {
        if (nutMissing() !== undefined || upsmonMissing() !== undefined) return this.skip();
        const key = (index: number): string => `side${index}`;
        const rig = await new RealNut({ upses: Object.fromEntries(stories.flatMap((_, index) => [ours, twin].map((ups) => [`${key(index)}_${ups}`, online]))) }).start();
        undo.push(() => rig.stop());
        const telegram = await startTelegram({ token: telegramToken });
        undo.push(() => telegram.stop());
        const red = await startNodeRed();
        undo.push(() => red.stop());
        const twins = await Promise.all(stories.map(async (_, index) => {
            const upsmon = await startUpsmon({ upses: [`${key(index)}_${twin}`], port: rig.port, user: "mon", password: rig.users.mon });
            undo.push(() => upsmon.stop());
            return new Twins(new Stage(key(index), layout, rig, red, telegram), upsmon);
        }));
        await red.deploy(stories.flatMap(({ what }, index) => tabOf(key(index), what, layout, { nutPort: rig.port, telegramUrl: telegram.url, keyFile: "", ssh: {} })), {
            credentials: Object.fromEntries(stories.map((_, index) => [idOf(key(index), "telegram"), { token: telegramToken }])),
        });
        plays = twins.map(async (each, index) => {
            await each.stage.until("the first verdict", () => each.stage.verdict(ours) !== undefined);
            await stories[index]?.play(each);
            // Its next poll sees what ours has seen.
            await each.wait(3);
            const { upsmon } = each;
            if (stories[index]?.upsmon === "shuts down") await eventually(() => upsmon.shutdownAt() !== undefined, 90_000).catch(() => undefined);
            return each;
        });
        for (const play of plays) play.catch(() => undefined);
    });
    after(async () => {
        await Promise.allSettled(plays);
        for (const end of undo.toReversed()) await end();
        const widths = [0, 1, 2, 3].map((column) => Math.max(...matrix.map((line) => line[column]?.length ?? 0)));
        for (const line of matrix) console.log(`      ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`);
    });

    stories.forEach(({ what, should, upsmon }, index) => {
        it(`${what}: we ${should}`, async () => {
            if (matrix.length === 0) matrix.push(["", "should", "Ridethrough", "upsmon"]);
            const twins = await plays[index];
            assert.ok(twins !== undefined);
            const decision = twins.stage.verdicts(ours).find(({ change }) => change === "shutdown");
            const theirs = twins.upsmon.shutdownAt() === undefined ? "stays up" : "shuts down";
            const after = decision?.onBatterySeconds === undefined ? "" : `, ${Math.round(decision.onBatterySeconds)} s on battery`;
            matrix.push([what, should, decision === undefined ? "stays up" : `shuts down (${decision.rule ?? ""}${after})`, theirs]);
            assert.equal(decision === undefined ? "stay up" : "shut down", should);
            if (upsmon !== undefined) assert.equal(theirs, upsmon, `upsmon said: ${twins.upsmon.log().slice(-1500)}`);
        });
    });
});
