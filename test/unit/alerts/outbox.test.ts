import assert from "node:assert/strict";
import fc from "fast-check";
import { Refused } from "../../../lib/alerts/channel";
import { Outbox } from "../../../lib/alerts/outbox";
import type { Advice } from "../../../lib/alerts/pace";
import { queueLimits } from "../../../lib/alerts/queue";
import { Trouble } from "../../../lib/kit/trouble";
import { settle, VirtualClock } from "../../support/virtual-clock";
import { alert, FakeChannel, Heard, MemoryDisk, severed } from "./support";

const refused = new Trouble("refused", "connection refused");
const advised = (advice: Advice): Refused => new Refused("failed", "no", undefined, advice, "no");
const noSpace = Object.assign(new Error("no space left"), { code: "ENOSPC" });

/** An outbox and everything around it; `restart` ends it as `kill -9` does and opens the next on the same disk. */
function rig(limits = queueLimits): { clock: VirtualClock; disk: MemoryDisk; channel: FakeChannel; heard: Heard; outbox: () => Outbox<string>; restart(): Promise<void> } {
    const clock = new VirtualClock(1_770_000_000_000);
    const disk = new MemoryDisk();
    const channel = new FakeChannel();
    const heard = new Heard();
    let { file, sever } = severed(disk);
    const open = (): Outbox<string> => new Outbox({ file, channel, events: heard, clock, limits, random: () => 1 });
    let outbox = open();
    return {
        clock, disk, channel, heard, outbox: () => outbox,
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

describe("Outbox", () => {
    it("delivers what comes in, in order, and tells with what effort", async () => {
        const { outbox, channel, heard, clock } = rig();
        await outbox().post(alert("a"), "first");
        await outbox().post(alert("b"));
        await settle();
        assert.deepEqual(channel.titles, ["a", "b"]);
        assert.deepEqual(heard.delivered_[0], { title: "a", delivery: { at: clock.now(), attempts: 1, delayedMs: 0, times: 1 }, carry: "first" });
        assert.equal(heard.delivered_[1]?.carry, undefined);
    });

    it("tells with how many attempts each alert got there", async () => {
        const { outbox, channel, heard, clock } = rig();
        channel.fails = refused;
        await outbox().post(alert("a"));
        await clock.pass(5000 + 10_000);
        channel.fails = undefined;
        await outbox().post(alert("b"));
        await clock.pass(20_000);
        assert.deepEqual(heard.delivered_.map(({ title, delivery: { attempts, delayedMs } }) => [title, attempts, delayedMs]), [["a", 4, 35_000], ["b", 1, 20_000]]);
    });

    it("stamps no age where the clock can't have told when it came", async () => {
        const channel = new FakeChannel();
        const heard = new Heard();
        const outbox = new Outbox({ file: new MemoryDisk(), channel, events: heard, clock: new VirtualClock(1000) });
        await outbox.post(alert("a"));
        await settle();
        assert.deepEqual([channel.delivered[0]?.delayedMs, heard.delivered_[0]?.delivery.delayedMs], [0, 0]);
        await outbox.close();
    });

    it("holds no timer while nothing waits", async () => {
        const { outbox, clock } = rig();
        await outbox().post(alert("a"));
        await settle();
        assert.equal(clock.pending, 0);
    });

    it("promises durability before delivery: post resolves while the channel hangs", async () => {
        const { outbox, channel, disk } = rig();
        channel.hangs = true;
        assert.deepEqual(await outbox().post(alert("a")), { repeat: false });
        assert.equal(disk.records.filter((record) => "add" in record).length, 1);
    });

    describe("when the network is away for hours", () => {
        it("keeps everything, backs off to five minutes, and then sends all with its age", async () => {
            const { outbox, channel, heard, clock } = rig();
            channel.fails = refused;
            for (let number = 0; number < 100; number += 1) await outbox().post(alert(`n${number}`));
            await clock.pass(3 * 3_600_000);
            assert.equal(outbox().waiting, 100);
            assert.deepEqual(heard.failures.slice(0, 8).map(({ retryInMs }) => retryInMs / 1000), [5, 10, 20, 40, 80, 160, 300, 300]);
            assert.ok(heard.failures.length < 50, "does not hammer");
            channel.fails = undefined;
            await clock.pass(300_000);
            assert.deepEqual(channel.titles, Array.from({ length: 100 }, (_, number) => `n${number}`));
            assert.ok(channel.delivered.every(({ delayedMs }) => delayedMs >= 3 * 3_600_000));
        });
        it("tries the oldest at once when something critical comes in", async () => {
            const { outbox, channel, clock } = rig();
            channel.fails = refused;
            await outbox().post(alert("old"));
            await clock.pass(600_000);
            channel.fails = undefined;
            await outbox().post(alert("urgent", { severity: "critical" }));
            await settle();
            assert.deepEqual(channel.titles, ["old", "urgent"]);
        });
        it("tries again at once when something critical came in during an attempt that fails", async () => {
            const { outbox, channel, clock } = rig();
            channel.hangs = true;
            await outbox().post(alert("old"));
            await outbox().post(alert("urgent", { severity: "critical" }));
            channel.hangs = false;
            await clock.pass(60_000 + 250);
            assert.deepEqual(channel.titles, ["old", "urgent"]);
        });
        it("begins with short waits again once something has arrived", async () => {
            const { outbox, channel, clock, heard } = rig();
            channel.fails = refused;
            await outbox().post(alert("a"));
            await clock.pass(5000);
            channel.fails = undefined;
            await clock.pass(10_000);
            channel.fails = refused;
            await outbox().post(alert("b"));
            await settle();
            assert.deepEqual(heard.failures.map(({ retryInMs }) => retryInMs), [5000, 10_000, 5000]);
        });
        it("lets an info wait its turn", async () => {
            const { outbox, channel, clock } = rig();
            channel.fails = refused;
            await outbox().post(alert("old"));
            await clock.pass(600_000);
            const { length } = channel.tried;
            await outbox().post(alert("new"));
            await settle();
            assert.equal(channel.tried.length, length);
        });
        it("hurries for something critical once, and not for what comes after it", async () => {
            const { outbox, channel, clock, heard } = rig();
            channel.hangs = true;
            await outbox().post(alert("old"));
            await outbox().post(alert("urgent", { severity: "critical" }));
            channel.fails = refused;
            channel.hangs = false;
            await clock.pass(60_000 + 250 + 10_000);
            assert.deepEqual(heard.failures.map(({ retryInMs }) => retryInMs), [250, 10_000, 20_000]);
        });
        it("counts a repeat instead of queueing it, and hands back what came with the first", async () => {
            const { outbox, channel, clock, heard } = rig();
            channel.fails = refused;
            await outbox().post(alert("a"), "first");
            assert.deepEqual(await outbox().post(alert("a"), "second"), { repeat: true });
            await outbox().post(alert("a"));
            channel.fails = undefined;
            await clock.pass(10_000);
            assert.deepEqual(channel.delivered.map(({ alert: { title }, times }) => [title, times]), [["a", 3]]);
            assert.deepEqual(heard.delivered_.map(({ carry }) => carry), ["first"]);
        });
    });

    it("comes back exactly when the service says, even for something critical", async () => {
        const { outbox, channel, clock } = rig();
        channel.fails = advised({ next: "wait", ms: 35_000 });
        await outbox().post(alert("a"));
        await settle();
        channel.fails = undefined;
        await clock.pass(20_000);
        await outbox().post(alert("b", { severity: "critical" }));
        await clock.pass(14_999);
        assert.equal(channel.tried.length, 1);
        await clock.pass(1);
        assert.deepEqual(channel.titles, ["a", "b"]);
    });

    it("keeps everything while a setting is wrong, and delivers it when it is mended", async () => {
        const { outbox, channel, clock, heard } = rig();
        channel.fails = advised({ next: "settings" });
        await outbox().post(alert("a"));
        await clock.pass(86_400_000);
        assert.equal(outbox().waiting, 1);
        assert.ok(heard.failures.length < 300);
        channel.fails = undefined;
        await clock.pass(300_000);
        assert.deepEqual(channel.titles, ["a"]);
    });

    it("does not let a message that can never be delivered block the others", async () => {
        const { outbox, channel, heard } = rig();
        channel.fails = advised({ next: "discard" });
        await outbox().post(alert("poison"));
        await settle();
        channel.fails = undefined;
        await outbox().post(alert("b"));
        await settle();
        assert.deepEqual(heard.drops, [{ title: "poison", why: "refused" }]);
        assert.deepEqual(channel.titles, ["b"]);
        assert.equal(channel.delivered[0]?.lost, 1);
    });

    it("ends an attempt that never ends", async () => {
        const { outbox, channel, clock, heard } = rig();
        channel.hangs = true;
        await outbox().post(alert("a"));
        await clock.pass(60_000);
        assert.equal(heard.failures[0]?.trouble.kind, "timeout");
        channel.hangs = false;
        await clock.pass(5000);
        assert.deepEqual(channel.titles, ["a"]);
    });

    describe("bounds", () => {
        it("drops the oldest that is not critical, and says how many with the next message", async () => {
            const { outbox, channel, clock, heard } = rig({ ...queueLimits, entries: 3 });
            channel.fails = refused;
            for (const title of ["a", "b", "c", "d", "e"]) await outbox().post(alert(title, { severity: title === "a" ? "critical" : "info" }));
            channel.fails = undefined;
            await clock.pass(10_000);
            assert.deepEqual(channel.titles, ["a", "d", "e"]);
            assert.deepEqual(heard.drops, [{ title: "b", why: "full" }, { title: "c", why: "full" }]);
            assert.deepEqual(channel.delivered.map(({ lost }) => lost), [2, 0, 0]);
        });
        it("keeps no room for what has arrived", async () => {
            const { outbox, channel, heard } = rig({ ...queueLimits, entries: 2 });
            await outbox().post(alert("a"));
            await settle();
            channel.fails = advised({ next: "wait", ms: 60_000 });
            for (const title of ["b", "c"]) await outbox().post(alert(title));
            assert.deepEqual(heard.drops, []);
        });
        it("tells also of one that was dropped as it came", async () => {
            const { outbox, channel, heard } = rig({ ...queueLimits, entries: 1 });
            channel.fails = advised({ next: "wait", ms: 60_000 });
            await outbox().post(alert("urgent", { severity: "critical" }));
            await settle();
            await outbox().post(alert("i"), "carried");
            assert.deepEqual(heard.drops, [{ title: "i", why: "full" }]);
            assert.equal(outbox().waiting, 1);
        });
        it("leaves alone what is on its way, and drops another", async () => {
            const { outbox, channel, heard } = rig({ ...queueLimits, entries: 2 });
            channel.hangs = true;
            for (const title of ["a", "b", "c"]) await outbox().post(alert(title));
            assert.deepEqual(heard.drops, [{ title: "b", why: "full" }]);
        });
        it("drops what is older than a week", async () => {
            const { outbox, channel, clock, heard } = rig();
            channel.fails = refused;
            await outbox().post(alert("a"));
            await clock.pass(8 * 86_400_000);
            assert.deepEqual(heard.drops, [{ title: "a", why: "old" }]);
            assert.equal(outbox().waiting, 0);
        });
    });

    describe("restarts", () => {
        it("a restart with 100 queued loses nothing, keeps the order, and stamps the age", async () => {
            const { outbox, channel, clock, heard, restart } = rig();
            channel.fails = refused;
            for (let number = 0; number < 100; number += 1) await outbox().post(alert(`n${number}`));
            await restart();
            assert.equal(heard.waiting, 100);
            await clock.pass(840_000);
            channel.fails = undefined;
            await clock.pass(300_000);
            assert.deepEqual(channel.titles, Array.from({ length: 100 }, (_, number) => `n${number}`));
            assert.ok(channel.delivered.every(({ delayedMs }) => delayedMs >= 840_000));
        });
        it("sends nothing again that was delivered", async () => {
            const { outbox, channel, restart } = rig();
            await outbox().post(alert("a"));
            await settle();
            await restart();
            assert.deepEqual(channel.titles, ["a"]);
        });
        it("remembers repeats and drops", async () => {
            const { outbox, channel, clock, restart } = rig({ ...queueLimits, entries: 2 });
            channel.fails = refused;
            for (const title of ["a", "b", "b", "c"]) await outbox().post(alert(title));
            await restart();
            channel.fails = undefined;
            await clock.pass(10_000);
            assert.deepEqual(channel.delivered.map(({ alert: { title }, times, lost }) => [title, times, lost]), [["b", 2, 1], ["c", 1, 0]]);
        });
        it("sends the next only when the disk knows of the last, so that a crash repeats one at most", async () => {
            const { outbox, channel, clock, disk } = rig();
            channel.fails = refused;
            for (const title of ["a", "b", "c"]) await outbox().post(alert(title));
            channel.fails = undefined;
            disk.hangs = true;
            await clock.pass(5000);
            assert.deepEqual(channel.titles, ["a"]);
        });
        it("never gives a number twice, so that an old record cannot end a new alert", async () => {
            const { outbox, channel, disk, restart } = rig();
            await outbox().post(alert("a"));
            await settle();
            await restart();
            channel.hangs = true;
            await outbox().post(alert("b"));
            await restart();
            assert.equal(outbox().waiting, 1, JSON.stringify(disk.records));
        });
    });

    describe("closing", () => {
        it("lets an attempt under way end well", async () => {
            const { outbox, channel, clock } = rig();
            channel.send = (message) => new Promise((resolve) => void clock.after(300, () => {
                channel.delivered.push(message);
                resolve();
            }));
            await outbox().post(alert("a"));
            const closed = outbox().close(500);
            await clock.pass(300);
            await closed;
            assert.equal(outbox().waiting, 0);
        });
        it("does not wait for an attempt that hangs, and sends nothing afterwards", async () => {
            const { outbox, channel, clock, disk } = rig();
            channel.hangs = true;
            await outbox().post(alert("a"));
            await outbox().post(alert("b"));
            const closed = outbox().close(500);
            await clock.pass(500);
            await closed;
            channel.hangs = false;
            await clock.pass(600_000);
            assert.equal(channel.tried.length, 1);
            assert.equal(disk.records.length, 2);
            assert.equal(clock.pending, 0);
        });
        it("waits half a second for an attempt under way, unless told otherwise, and takes its end for no failure", async () => {
            const { outbox, channel, clock, heard, disk } = rig();
            channel.hangs = true;
            await outbox().post(alert("a"));
            let closed = false;
            const closing = outbox().close().then(() => (closed = true));
            await clock.pass(499);
            assert.equal(closed, false);
            await clock.pass(1);
            await closing;
            assert.deepEqual([heard.failures, outbox().waiting, disk.closed], [[], 1, 1]);
        });
        it("leaves no timer behind while it backs off", async () => {
            const { outbox, channel, clock } = rig();
            channel.fails = refused;
            await outbox().post(alert("a"));
            await settle();
            await outbox().close();
            assert.equal(clock.pending, 0);
        });
        it("forgets everything when it is removed", async () => {
            const { outbox, channel, disk } = rig();
            channel.fails = refused;
            await outbox().post(alert("a"));
            await outbox().remove();
            assert.deepEqual(disk.records, []);
        });
        it("forgets at once what is on its way when it is removed, and writes nothing of it any more", async () => {
            const { outbox, channel, clock, disk } = rig();
            channel.hangs = true;
            await outbox().post(alert("a"));
            await outbox().remove();
            await clock.pass(120_000);
            assert.deepEqual([disk.records, channel.tried.length, clock.pending], [[], 1, 0]);
        });
    });

    describe("a failing disk", () => {
        it("stops nothing: alerts go out from memory, and the trouble is said once", async () => {
            const { outbox, channel, disk, heard } = rig();
            disk.fails = noSpace;
            for (const title of ["a", "b", "c"]) await outbox().post(alert(title));
            await settle();
            assert.deepEqual(channel.titles, ["a", "b", "c"]);
            assert.deepEqual(heard.disks, ["disk"]);
        });
        it("is caught up with when it works again", async () => {
            const { outbox, channel, disk, heard, restart } = rig();
            channel.fails = refused;
            disk.fails = noSpace;
            await outbox().post(alert("a"));
            await outbox().post(alert("b"));
            disk.fails = undefined;
            await outbox().post(alert("c"));
            assert.deepEqual(heard.disks, ["disk", undefined]);
            await restart();
            assert.equal(heard.waiting, 3);
        });
        it("that hangs holds up nobody for longer than 5 s", async () => {
            const { outbox, channel, disk, clock, heard } = rig();
            disk.hangs = true;
            let accepted = 0;
            for (const title of ["a", "b", "c"]) void outbox().post(alert(title)).then(() => (accepted += 1));
            await clock.pass(5000);
            await clock.pass(1);
            assert.equal(accepted, 3);
            await clock.pass(5000);
            assert.deepEqual(channel.titles, ["a", "b", "c"]);
            assert.deepEqual(heard.disks, ["timeout"]);
        });
    });

    it("rewrites its file now and then instead of letting it grow", async () => {
        const { outbox, disk } = rig();
        for (let number = 0; number < 1000; number += 1) {
            await outbox().post(alert(`n${number}`));
            await settle();
        }
        assert.ok(disk.records.length <= 510, `${disk.records.length}`);
        assert.ok(disk.rewrites > 0 && disk.rewrites < 20, `${disk.rewrites}`);
    });

    it("whatever fails and whenever it is killed: every accepted alert is delivered, in order, at most one twice per crash", async () => {
        const action = fc.oneof(
            { weight: 6, arbitrary: fc.constantFrom("post", "critical") },
            { weight: 3, arbitrary: fc.constantFrom("pass", "online", "offline", "429", "settings", "lost answer") },
            { weight: 1, arbitrary: fc.constantFrom("crash", "half crash") },
        );
        await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
            const { outbox, channel, clock, restart } = rig();
            const accepted: string[] = [];
            let crashes = 0;
            const take = channel.send.bind(channel);
            for (const [index, step] of actions.entries()) {
                channel.send = take;
                if (step === "post" || step === "critical") {
                    await outbox().post(alert(`n${index}`, { severity: step === "critical" ? "critical" : "info" }));
                    accepted.push(`n${index}`);
                } else if (step === "pass") await clock.pass(60_000);
                else if (step === "online") channel.fails = undefined;
                else if (step === "offline") channel.fails = refused;
                else if (step === "429") channel.fails = advised({ next: "wait", ms: 35_000 });
                else if (step === "settings") channel.fails = advised({ next: "settings" });
                else if (step === "lost answer") {
                    // The service takes the message, and the answer is lost.
                    channel.send = async (message, signal) => {
                        await take(message, signal);
                        crashes += 1;
                        throw refused;
                    };
                    await clock.pass(1000);
                } else {
                    crashes += 1;
                    if (step === "half crash") void outbox().post(alert(`half${index}`)); // killed before it was accepted
                    await restart();
                }
            }
            channel.send = take;
            channel.fails = undefined;
            await clock.pass(600_000);
            const seen = channel.titles.filter((title) => !title.startsWith("half"));
            const once = seen.filter((title, index) => seen.indexOf(title) === index);
            assert.deepEqual(once, accepted);
            assert.ok(seen.length - once.length <= crashes, `${seen.length - once.length} sent twice in ${crashes} crashes`);
            assert.deepEqual(seen.filter((title, index) => title !== seen[index - 1]), accepted, "a repeat follows the first at once");
            await outbox().close();
        }), { numRuns: 60 });
    });
});
