import assert from "node:assert/strict";
import fc from "fast-check";
import type { Alert } from "../../../lib/alerts/alert";
import { heldMs, pairsIn } from "../../../lib/alerts/blips";
import { Outbox } from "../../../lib/alerts/outbox";
import { accept, applyRecord, emptyQueue, parseRecord, queueLimits, type Queue } from "../../../lib/alerts/queue";
import { Trouble } from "../../../lib/kit/trouble";
import { settle, VirtualClock } from "../../support/virtual-clock";
import { alert, FakeChannel, Heard, MemoryDisk, severed } from "./support";

const start = 1_770_000_000_000;
const on = (ups = "ups1", more: Partial<Alert> = {}): Alert => alert(`on ${ups}`, { severity: "warning", key: ups, opens: true, ...more });
const off = (ups = "ups1", brief = `brief ${ups}`): Alert => alert(`off ${ups}`, { key: ups, closes: { severity: "info", title: brief, text: "" } });
const critical = alert("critical", { severity: "critical" });
const info = alert("info");
const post = (queue: Queue, one: Alert, inFlight?: number, limits = queueLimits): Queue => accept(queue, one, start, inFlight, limits).records.reduce(applyRecord, queue);
const queueOf = (...alerts: Alert[]): Queue => alerts.reduce((queue, one) => post(queue, one), emptyQueue);
const titles = (queue: Queue): string[] => queue.entries.map(({ alert: { title } }) => title);

describe("a blip", () => {
    for (const [what, alerts, wanted] of [
        ["is told as one", [on(), off()], ["brief ups1"]],
        ["takes the place of its end", [on(), info, off()], ["info", "brief ups1"]],
        ["of each UPS is its own", [on("ups1"), on("ups2"), off("ups1")], ["on ups2", "brief ups1"]],
        ["of two UPSes is two", [on("ups1"), on("ups2"), off("ups2"), off("ups1")], ["brief ups2", "brief ups1"]],
        ["stays two alerts around something critical", [on(), critical, off()], ["on ups1", "critical", "off ups1"]],
        ["after another is told too", [on(), off("ups1", "brief a"), on(), off("ups1", "brief b")], ["brief a", "brief b"]],
        ["needs a beginning", [off()], ["off ups1"]],
        ["that goes on is told as begun", [on(), off(), on()], ["brief ups1", "on ups1"]],
        ["is not made of an end and a beginning", [off(), on()], ["off ups1", "on ups1"]],
        ["is told once when both come twice", [on(), on(), off(), off()], ["brief ups1"]],
    ] as const) {
        it(what, () => assert.deepEqual(titles(queueOf(...alerts)), wanted));
    }
    it("is no longer one when its beginning is on the way", () => assert.deepEqual(titles(post(queueOf(on()), off(), 1)), ["on ups1", "off ups1"]));
    it("becomes one when that attempt has failed", () => {
        const queue = post(queueOf(on()), off(), 1);
        assert.deepEqual(titles(pairsIn(queue.entries).reduce(applyRecord, queue)), ["brief ups1"]);
    });
    it("costs nobody the place in a full queue", () => {
        const queue = queueOf(on(), alert("a"), alert("b"));
        assert.deepEqual(titles(post(queue, off(), undefined, { ...queueLimits, entries: 3 })), ["a", "b", "brief ups1"]);
    });
    it("keeps when it ended, its key, and its taint", () => {
        const [entry] = queueOf(on("ups1", { simulated: true }), { ...off(), at: 5, simulated: true }).entries;
        assert.deepEqual(entry?.alert, { severity: "info", title: "brief ups1", text: "", at: 5, key: "ups1", simulated: true });
    });
    it("is one line of the file that may be read twice", () => {
        const queue = queueOf(on(), off());
        assert.deepEqual(parseRecord({ join: 1, with: 2 }), { join: 1, with: 2 });
        assert.deepEqual(applyRecord(queue, { join: 1, with: 2 }), queue);
        assert.equal(parseRecord({ join: 1 }), undefined);
    });

    describe("waits", () => {
        for (const [what, alerts, age, wanted] of [
            ["for the delay", [on()], 0, 6000], ["for the rest of the delay", [on()], 4000, 2000], ["no longer than the delay", [on()], 6001, 0],
            ["and those behind it too, since the order is kept", [on(), info], 1000, 5000], ["not, when something critical is behind it", [on(), info, critical], 0, 0],
            ["not, when it is critical itself", [on("ups1", { severity: "critical" })], 0, 0], ["not behind others", [info, on()], 0, 0], ["not, when its age can't be believed", [on()], undefined, 0],
        ] as const) {
            it(what, () => assert.equal(heldMs(queueOf(...alerts).entries, age, 6000), wanted));
        }
    });
});

describe("an outbox and blips", () => {
    function rig(): { clock: VirtualClock; channel: FakeChannel; disk: MemoryDisk; heard: Heard; outbox: () => Outbox<string>; restart(): Promise<void> } {
        const [clock, channel, disk, heard] = [new VirtualClock(start), new FakeChannel(), new MemoryDisk(), new Heard()];
        let { file, sever } = severed(disk);
        const open = (): Outbox<string> => new Outbox({ file, channel, events: heard, clock, random: () => 1 });
        let outbox = open();
        return {
            clock, channel, disk, heard, outbox: () => outbox,
            async restart() {
                sever();
                void outbox.close(0);
                await settle();
                ({ file, sever } = severed(disk));
                outbox = open();
                await settle();
            },
        };
    }
    const away = new Trouble("unreachable", "network away");

    it("tells an outage of 5 s once, with the message of its end", async () => {
        const { outbox, channel, clock, heard } = rig();
        await outbox().post(on(), "begun");
        await clock.pass(5000);
        assert.deepEqual(channel.titles, []);
        await outbox().post(off(), "ended");
        await settle();
        assert.deepEqual(channel.titles, ["brief ups1"]);
        assert.deepEqual(heard.delivered_.map(({ carry, delivery: { delayedMs } }) => [carry, delayedMs]), [["ended", 0]]);
    });
    it("tells an outage of 7 s twice, the first after 6 s", async () => {
        const { outbox, channel, clock } = rig();
        await outbox().post(on());
        await clock.pass(5999);
        assert.deepEqual(channel.titles, []);
        await clock.pass(1);
        assert.deepEqual(channel.titles, ["on ups1"]);
        await outbox().post(off());
        await settle();
        assert.deepEqual(channel.titles, ["on ups1", "off ups1"]);
    });
    it("never delays something critical, and keeps the order", async () => {
        const { outbox, channel, clock } = rig();
        await outbox().post(on());
        await clock.pass(1000);
        await outbox().post(critical);
        await settle();
        assert.deepEqual(channel.titles, ["on ups1", "critical"]);
    });
    it("tells ten outages of hours without a network as ten, not as twenty (Eneru's scenario 34b)", async () => {
        const { outbox, channel, clock } = rig();
        channel.fails = away;
        for (let number = 0; number < 10; number += 1) {
            await outbox().post(on());
            await clock.pass(8 * 60_000);
            await outbox().post(off("ups1", `brief ${number}`));
            await clock.pass(20 * 60_000);
        }
        channel.fails = undefined;
        await clock.pass(300_000);
        assert.deepEqual(channel.titles, Array.from({ length: 10 }, (_, number) => `brief ${number}`));
    });
    it("makes a pair one also when the beginning was on the way into a dead network", async () => {
        const { outbox, channel, clock } = rig();
        channel.hangs = true;
        await outbox().post(on());
        await clock.pass(7000);
        await outbox().post(off());
        channel.hangs = false;
        await clock.pass(60_000 + 5000);
        assert.deepEqual(channel.titles, ["brief ups1"]);
    });
    it("survives a kill between the two", async () => {
        const { outbox, channel, clock, restart } = rig();
        await outbox().post(on());
        await restart();
        await clock.pass(1000);
        await outbox().post(off());
        await settle();
        assert.deepEqual(channel.titles, ["brief ups1"]);
    });
    it("survives a kill between the end and its record", async () => {
        const { outbox, channel, disk, restart } = rig();
        channel.hangs = true;
        await outbox().post(on());
        await outbox().post(off());
        const { length } = disk.records;
        disk.records = disk.records.filter((record) => !("join" in record));
        assert.equal(disk.records.length, length - 1);
        channel.hangs = false;
        await restart();
        assert.deepEqual(channel.titles, ["brief ups1"]);
    });
    it("waits after a restart only for what is left of the delay", async () => {
        const { outbox, channel, clock, restart } = rig();
        await outbox().post(on());
        await clock.pass(4000);
        await restart();
        await clock.pass(1999);
        assert.deepEqual(channel.titles, []);
        await clock.pass(1);
        assert.deepEqual(channel.titles, ["on ups1"]);
    });
    it("leaves no timer behind when it closes while one waits", async () => {
        const { outbox, clock } = rig();
        await outbox().post(on());
        await settle();
        await outbox().close();
        assert.equal(clock.pending, 0);
    });
    describe("for a reader of beginnings only", () => {
        it("takes the end of what is still to be told", async () => {
            const { outbox, channel } = rig();
            await outbox().post(on());
            assert.equal(await outbox().finish(off()), true);
            await settle();
            assert.deepEqual(channel.titles, ["brief ups1"]);
        });
        it("takes no other end", async () => {
            const { outbox, channel, clock } = rig();
            assert.equal(await outbox().finish(off()), false);
            await outbox().post(on());
            await clock.pass(6000);
            assert.equal(await outbox().finish(off()), false);
            await settle();
            assert.deepEqual(channel.titles, ["on ups1"]);
        });
    });

    it("whatever happens: each beginning and each end is told once, alone or as a pair, in order", async () => {
        const action = fc.constantFrom("on 1", "off 1", "on 2", "off 2", "critical", "info", "pass", "long", "offline", "online", "crash");
        await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
            const { outbox, channel, clock, restart } = rig();
            const posted: string[] = [];
            const last = new Map<string, string>();
            for (const [number, step] of actions.entries()) {
                const [kind = "", ups = ""] = step.split(" ");
                if (kind === "pass") await clock.pass(2000);
                else if (kind === "long") await clock.pass(400_000);
                else if (kind === "offline") channel.fails = away;
                else if (kind === "online") channel.fails = undefined;
                else if (kind === "crash") {
                    await settle(); // what was delivered is on the disk
                    await restart();
                }
                else if (kind === "on") {
                    last.set(ups, `on${number}`);
                    posted.push(`on${number}`);
                    await outbox().post(on(ups, { title: `on${number}` }));
                } else if (kind === "off") {
                    // What it is told as names both halves.
                    await outbox().post({ ...off(ups, `${last.get(ups)}+off${number}`), title: `off${number}` });
                    posted.push(`off${number}`);
                } else {
                    await outbox().post(kind === "critical" ? { ...critical, title: `c${number}`, key: `c${number}` } : { ...info, title: `i${number}`, key: `i${number}` });
                    posted.push(`${kind.slice(0, 1)}${number}`);
                }
            }
            channel.fails = undefined;
            await clock.pass(600_000);
            const told = channel.titles.flatMap((title) => title.split("+"));
            assert.deepEqual([...told].sort(), [...posted].sort());
            // The place of a pair is that of its end: without the halves that moved there the order is that of posting.
            const moved = new Set(channel.titles.flatMap((title) => (title.includes("+") ? [title.split("+")[0]] : [])));
            assert.deepEqual(told.filter((title) => !moved.has(title)), posted.filter((title) => !moved.has(title)));
            await outbox().close();
        }), { numRuns: 150 });
    });
});
