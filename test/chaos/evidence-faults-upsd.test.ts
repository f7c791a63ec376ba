import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NutServerSimulator } from "../simulators/nut-server";
import { deployLanes, Lane } from "../support/fault-lane";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { nutMissing, RealNut } from "../support/nut";
import { temporaryFolder } from "../support/temporary-folder";

const low = { "battery.charge": "15", "battery.runtime": "300" };

/** Waits for the decision and returns with which answered poll it came, counted from the first that showed what passes the threshold. */
async function decides(lane: Lane): Promise<number> {
    await lane.until("the decision", () => lane.shutdowns().length > 0);
    await lane.more(2);
    assert.equal(lane.shutdowns().length, 1, lane.shutdowns().map(({ text }) => text).join(" | "));
    return lane.polls(lane.readings().findIndex(({ charge = 100 }) => charge < 20), lane.verdicts().findIndex(({ change }) => change === "shutdown"));
}

describe("faults of a real upsd, from the server to the decision", function () {
    this.timeout(480_000);
    const missing = nutMissing();
    let red: NodeRed;
    const lanes: Lane<RealNut>[] = [];
    const lane = (key: string): Lane<RealNut> => {
        const found = lanes.find((each) => each.key === key);
        assert.ok(found);
        return found;
    };
    const back = async (each: Lane<RealNut>): Promise<void> => each.until("good readings again", () => each.readings().at(-1)?.quality === "good");

    /** What happens to it; `lost`: for good, so that the countdown decides. */
    const faults: { key: string; lost: boolean; named: RegExp; begin(lane: Lane<RealNut>): Promise<void> }[] = [
        { key: "driver_killed", lost: true, named: /DRIVER-NOT-CONNECTED/, begin: ({ rig }) => rig.driverDown("ups1") },
        { key: "driver_hangs", lost: true, named: /DATA-STALE/, begin: ({ rig }) => rig.stale("ups1") },
        { key: "upsd_killed", lost: true, named: /connection refused/, begin: ({ rig }) => rig.down() },
        { key: "upsd_stops_answering", lost: true, named: /no answer within 5 s/, begin: async ({ rig }) => void process.kill(rig.pid, "SIGSTOP") },
        { key: "upsd_restarted", lost: false, named: /refused|hung up/, begin: async (each) => {
            await each.rig.down();
            await each.until("the loss", () => each.says(/refused|hung up/));
            await each.rig.up();
            await back(each);
        } },
        { key: "driver_restarted", lost: false, named: /DRIVER-NOT-CONNECTED/, begin: async (each) => {
            await each.rig.driverDown("ups1");
            await each.until("the loss", () => each.says(/DRIVER-NOT-CONNECTED/));
            await each.rig.driverUp("ups1");
            await back(each);
        } },
    ];

    before(async function () {
        if (missing !== undefined) {
            console.log(`skipped: ${missing}`);
            return this.skip();
        }
        // A loss that ends by itself ends when a busy machine comes to it.
        for (const { key, lost } of faults) for (const variant of ["mains", "outage"]) lanes.push(new Lane(`${key}_${variant}`, await new RealNut().start(), lost ? {} : { trigger: { blindLeast: "120", blindMost: "120" } }));
        red = await startNodeRed();
        await deployLanes(red, lanes);
    });
    after(async () => {
        await red?.stop();
        await Promise.all(lanes.map(({ rig }) => rig.stop()));
    });

    for (const { key, lost, named, begin } of faults) {
        it(`${key}, with mains present: no shutdown, and named`, async () => {
            const mains = lane(`${key}_mains`);
            await mains.onMains();
            await begin(mains);
            await mains.until(String(named), () => mains.says(named));
            await mains.more(lost ? 3 : 6);
            assert.deepEqual(mains.shutdowns(), []);
        });
        it(`${key}, in an outage: shut down ${lost ? "when the countdown is over" : "within two polls"}, and named`, async () => {
            const outage = lane(`${key}_outage`);
            await outage.onMains();
            await outage.onBattery();
            const began = outage.count - 1;
            await begin(outage);
            if (!lost) {
                assert.deepEqual(outage.shutdowns(), []);
                await outage.rig.apply("ups1", low);
                const polls = await decides(outage);
                assert.ok(polls <= 2, `${polls} polls`);
            } else {
                await outage.until("the decision", () => outage.shutdowns().length > 0);
                const [decision] = outage.shutdowns();
                const known = outage.readings().findLast(({ quality }) => quality === "good");
                const took = ((decision?.at ?? 0) - (known?.at ?? 0)) / 1000;
                // Where each poll waits 5 s for an answer, or the machine is busy, the countdown is looked at as seldom.
                assert.ok(decision?.rule === "failsafe" && took >= 5.5 && took <= 6 + 2 * Math.max(5.5, outage.longestPause(began)), `${took} s: ${String(decision?.text)}`);
            }
            assert.ok(outage.says(named), outage.log().join("\n"));
        });
    }
});

const library = readdirSync("/usr/lib", { withFileTypes: true }).map((entry) => join("/usr/lib", entry.name, "faketime/libfaketime.so.1")).find((path) => existsSync(path));

describe("the time of the machine that decides", function () {
    this.timeout(300_000);
    let red: NodeRed | undefined;
    let folder: ReturnType<typeof temporaryFolder>;
    let mains: Lane<NutServerSimulator>;
    let outage: Lane<NutServerSimulator>;

    const start = async (trigger: object, env: Record<string, string> = {}): Promise<void> => {
        [mains, outage] = await Promise.all(["mains", "outage"].map(async (key) => new Lane(key, await new NutServerSimulator().start(), { trigger }))) as [typeof mains, typeof outage];
        red = await startNodeRed({ env });
        await deployLanes(red, [mains, outage]);
        await Promise.all([mains.onMains(), outage.onMains()]);
        await outage.onBattery();
    };
    beforeEach(() => void (folder = temporaryFolder()));
    afterEach(async () => {
        await red?.stop();
        red = undefined;
        await Promise.all([mains, outage].map((lane) => lane?.rig.stop()));
        await folder.remove();
    });

    for (const seconds of ["+3600", "-3600"]) {
        it(`wall clock by ${seconds} s: no shutdown on mains; in an outage within two polls, and not before`, async function () {
            if (library === undefined) {
                console.log("skipped: needs libfaketime (apt-get install faketime)");
                return this.skip();
            }
            const jump = (by: string): void => writeFileSync(join(folder.path, "offset"), `${by}\n`);
            jump("+0");
            // The monotonic clock stays true, as when NTP or a person sets the time.
            await start({}, { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: join(folder.path, "offset"), FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" });
            const before = ((await red?.holds())?.wall ?? 0) + Number(seconds) * 1000;
            jump(seconds);
            await Promise.all([mains.more(6), outage.more(6)]);
            assert.ok(Math.abs(((await red?.holds())?.wall ?? 0) - before) < 60_000, "the wall clock really jumped");
            assert.deepEqual([mains.shutdowns(), outage.shutdowns()], [[], []]);
            assert.ok((outage.verdict?.onBatterySeconds ?? Infinity) < 600, outage.verdict?.text ?? "");
            await outage.rig.apply("ups1", low);
            const polls = await decides(outage);
            assert.ok(polls <= 2, `${polls} polls`);
            assert.deepEqual(mains.shutdowns(), []);
        });
    }

    it("the process stands still for 11 s, as a suspended machine does: named, not counted, and within two polls of waking up", async () => {
        await start({ gap: "3", timeOnBattery: "12" });
        red?.child.kill("SIGSTOP");
        await new Promise((resolve) => setTimeout(resolve, 11_000));
        // Of the last reading before, which may have come later than what we knew when we stopped it.
        const elapsed = outage.verdict?.onBatterySeconds ?? 0;
        await outage.rig.apply("ups1", low);
        red?.child.kill("SIGCONT");
        const gap = /\d\d s without a reading, or a clock that jumped/;
        await outage.until("the gap", () => outage.says(gap));
        const woken = outage.verdicts().find(({ notes = [] }) => notes.some((note) => gap.test(note)));
        assert.ok((woken?.onBatterySeconds ?? Infinity) - elapsed < 5.5, `${elapsed} s, then ${String(woken?.onBatterySeconds)} s on battery`);
        const polls = await decides(outage);
        assert.ok(polls <= 2 && outage.shutdowns()[0]?.rule === "low-charge", `${polls} polls, ${String(outage.shutdowns()[0]?.text)}`);
        await mains.until("the gap on mains", () => mains.says(gap));
        await mains.more(3);
        assert.deepEqual(mains.shutdowns(), []);
    });
});
