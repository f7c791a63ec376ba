import assert from "node:assert/strict";
import * as fc from "fast-check";
import { advanceOutage, beginOutage, momentOf, type Moment, type OutageRun } from "../../../lib/power/outage-run";
import { outageNamed, outageNames, type OutageName } from "../../../lib/power/outages";
import { defaultThresholds, stateAt } from "../../../lib/power/thresholds";

const battery = { capacityWh: 3840, efficiency: 90, loadWatts: 420 };

function begin(name: OutageName, { startCharge = 100, charge = 100 } = {}): OutageRun {
    return beginOutage(outageNamed(name)!, battery, startCharge, charge);
}

/** A whole outage, `seconds` of it at a time. */
function play(start: OutageRun, seconds: number): Moment[] {
    const moments = [momentOf(start)];
    for (let run = start, ended = false; !ended;) {
        const step = advanceOutage(run, seconds);
        moments.push(...step.moments);
        ({ run, ended } = step);
    }
    return moments;
}

const statesOf = (moments: Moment[]): string[] => moments.map(({ watts }) => stateAt(watts, defaultThresholds)).filter((state, place, all) => state !== all[place - 1]);
const mainsOf = (moments: Moment[]): string[] => moments.map(({ mains }) => mains).filter((mains, place, all) => mains !== all[place - 1]);

describe("outage run", () => {
    for (const seconds of [1, 60, 1000]) {
        it(`slow drain passes through every state of S0, ${seconds} s at a time`, () => {
            const moments = play(begin("slow drain"), seconds);
            assert.deepEqual(statesOf(moments), ["HEALTHY", "WARNING", "ALERT", "CRITICAL", "DEAD"]);
            assert.deepEqual(mainsOf(moments), ["present", "absent"]);
            assert.equal(moments.at(-1)?.charge, 0);
        });
        it(`cliff falls from HEALTHY to DEAD at once, ${seconds} s at a time`, () => {
            assert.deepEqual(statesOf(play(begin("cliff"), seconds)), ["HEALTHY", "DEAD"]);
        });
        it(`blip loses mains for some seconds and never leaves HEALTHY, ${seconds} s at a time`, () => {
            const moments = play(begin("blip"), seconds);
            assert.deepEqual([statesOf(moments), mainsOf(moments)], [["HEALTHY"], ["present", "absent", "present"]]);
            const absent = moments.filter(({ mains }) => mains === "absent");
            assert.ok(absent.length >= 4 && absent.length <= 8);
        });
    }

    it("slow drain is over within four minutes at x60, so that one can watch it", () => {
        const { seconds } = play(begin("slow drain"), 60).at(-1)!;
        assert.ok(seconds > 60 * 60 && seconds < 4 * 60 * 60, String(seconds));
    });

    it("restore goes on from the present charge: full output at once, and the battery fills", () => {
        const moments = play(begin("restore", { charge: 40 }), 60);
        assert.deepEqual([statesOf(moments), mainsOf(moments), moments[0]?.charge, moments.at(-1)?.charge], [["HEALTHY"], ["present"], 40, 100]);
    });
    it("restore of a full battery still says that all is well", () => {
        assert.ok(play(begin("restore"), 60).length >= 2);
    });
    it("a battery that starts lower than the outage does begins there", () => {
        assert.deepEqual([begin("slow drain", { startCharge: 12 }).charge, begin("slow drain").charge], [12, 25]);
    });
    it("runtime falls with the charge, and is 0 when empty", () => {
        const drain = play(begin("cliff"), 60).filter(({ mains }) => mains === "absent");
        assert.ok(drain.every(({ runtime }, place) => place === 0 || runtime <= (drain[place - 1]?.runtime ?? 0)));
        assert.equal(drain.at(-1)?.runtime, 0);
    });

    it("in any outage, at any pace: time rises, readings are no further apart than the phases say, and each run ends at the same time", () => {
        fc.assert(fc.property(fc.constantFrom(...outageNames), fc.double({ min: 2, max: 3000, noNaN: true }), (name, pace) => {
            const moments = play(begin(name, { charge: 50 }), pace);
            moments.forEach((moment, place) => {
                const before = moments[place - 1];
                if (before) assert.ok(moment.seconds > before.seconds && moment.seconds - before.seconds < 60.001);
                assert.ok(moment.charge >= 0 && moment.charge <= 100 && moment.watts >= 0 && moment.watts <= 420);
            });
            assert.ok(Math.abs(moments.at(-1)!.seconds - play(begin(name, { charge: 50 }), 60).at(-1)!.seconds) < 1);
        }), { numRuns: 40 });
    });
});
