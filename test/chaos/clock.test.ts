import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Reading } from "../../lib/power/reading";
import { at } from "../support/armed-flow";
import { finalCommand, Rig, stopCommand, type RigHost } from "../support/armed-monitor";

const plan: RigHost[] = [{ name: "apps", services: ["web-frontend", "jobs"], behaviour: { delayMs: 700 } }, { name: "nas", services: ["postgresql"], after: ["apps"], behaviour: { delayMs: 700 } }];

const library = readdirSync("/usr/lib", { withFileTypes: true }).map((entry) => join("/usr/lib", entry.name, "faketime/libfaketime.so.1")).find((path) => existsSync(path));

describe("a wall clock that jumps", function () {
    this.timeout(300_000);
    let rig: Rig;
    before(function () {
        if (library === undefined) {
            console.log("skipped: needs libfaketime (apt-get install faketime)");
            this.skip();
        }
    });
    beforeEach(async () => {
        rig = await Rig.start(plan);
        jump("+0");
        // The monotonic clock stays true, as when NTP or a person sets the time.
        await rig.switchOn({ env: { LD_PRELOAD: library ?? "", FAKETIME_TIMESTAMP_FILE: join(rig.userDir, "offset"), FAKETIME_NO_CACHE: "1", FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" } });
        await rig.deploy();
        await rig.state("HEALTHY");
    });
    afterEach(() => rig.stop());

    const jump = (seconds: string): void => writeFileSync(join(rig.userDir, "offset"), `${seconds}\n`);
    const readings = (): Reading[] => rig.red.received(at.classifier).map((msg) => msg.reading as Reading);
    const more = async (count: number): Promise<unknown> => rig.red.until(at.classifier, readings().length + count, 60_000);

    for (const seconds of ["+3600", "-3600"]) {
        it(`by ${seconds} s changes no decision and no time of a reading`, async () => {
            const before = (await rig.red.holds()).wall;
            jump(seconds);
            await more(4);
            const moved = (await rig.red.holds()).wall - before - Number(seconds) * 1000;
            assert.ok(Math.abs(moved) < 60_000, `the wall clock really jumped (off by ${moved} ms)`);
            jump("+0");
            await more(2);
            assert.deepEqual(rig.transitions(), []);
            const times = readings().map((reading) => reading.at);
            for (const [index, time] of times.slice(1).entries()) assert.ok(time > (times[index] ?? 0) && time - (times[index] ?? 0) < 60_000, `${times[index]} then ${time}`);
            assert.equal(rig.toldInAll, 0);
        });
        it(`by ${seconds} s in the middle of a shutdown neither stops nor hurries nor repeats it`, async () => {
            rig.plug.setWatts(25);
            await rig.red.eventually(() => rig.toldInAll >= 1, 60_000, () => "the first command");
            jump(seconds);
            const result = await rig.result();
            assert.equal(result.outcome, "completed", JSON.stringify(result, null, 1));
            for (const { name, services } of plan) assert.deepEqual(rig.told(name), [...services.map(stopCommand), finalCommand]);
            for (const { id, startedAt = 0, endedAt = 0 } of result.steps) assert.ok(endedAt >= startedAt && endedAt - startedAt < 60_000, `${id}: ${endedAt - startedAt} ms`);
            await more(3);
            assert.deepEqual(rig.transitions().map(({ to }) => to), ["CRITICAL"]);
        });
    }
});
