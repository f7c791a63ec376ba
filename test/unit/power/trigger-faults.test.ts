import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { Reading } from "../../../lib/power/reading";
import { defaultTriggerConfig } from "../../../lib/power/trigger-config";
import { judgeAll, poll } from "../../support/trigger-story";

/** What can be wrong with a poll. None of them says of its own that mains is gone, and each is over after a time. */
const faults = ["missing", "stale", "garbage status", "WAIT", "no charge", "no runtime", "runtime 0", "runtime 65535", "runtime rises", "wild charge", "LB", "self-test", "calibration", "asleep", "clock ahead", "clock behind", "twice", "late"] as const;
interface Trouble {
    fault: (typeof faults)[number];
    from: number;
    lasts: number;
}
/** An outage and what goes wrong in it: seconds, % and %/min. */
interface Story {
    transferAt: number;
    start: number;
    perMinute: number;
    every: number;
    claims: boolean;
    troubles: Trouble[];
}
const story: fc.Arbitrary<Story> = fc.record({
    transferAt: fc.integer({ min: 60, max: 120 }), start: fc.integer({ min: 30, max: 100 }), perMinute: fc.double({ noNaN: true, min: 2, max: 8 }), every: fc.constantFrom(1, 2, 5, 5), claims: fc.boolean(),
    troubles: fc.array(fc.record({ fault: fc.constantFrom(...faults), from: fc.integer({ min: 0, max: 700 }), lasts: fc.integer({ min: 1, max: 100 }) }), { maxLength: 6 }),
});

function truth({ transferAt, start, perMinute, claims }: Story, second: number, outage: boolean): Reading {
    const on = outage && second >= transferAt;
    const charge = on ? Math.max(0, start - ((second - transferAt) / 60) * perMinute) : start;
    return poll(second, { mains: on ? "absent" : "present", flags: [on ? "OB" : "OL", ...(on && charge <= 20 ? ["LB"] : [])], charge: Math.floor(charge), load: 30 + (second % 7), ...(claims && { runtime: Math.ceil((charge / perMinute) * 60) }) });
}

/** What comes in of a poll while that is wrong. */
function spoil(reading: Reading, fault: Trouble["fault"], second: number): Reading[] {
    const { charge, runtime, ...bare } = reading;
    const flags = reading.flags ?? [];
    switch (fault) {
        case "missing": case "stale": return [poll(second, { quality: fault, error: "no answer" })];
        case "garbage status": return [{ ...reading, mains: "unknown", flags: ["%%"] }];
        case "WAIT": return [{ ...reading, mains: "unknown", flags: ["WAIT"] }];
        case "no charge": return [{ ...bare, ...(runtime !== undefined && { runtime }) }];
        case "no runtime": return [{ ...bare, ...(charge !== undefined && { charge }) }];
        case "runtime 0": return [{ ...reading, runtime: 0 }];
        case "runtime 65535": return [{ ...reading, runtime: 65_535 }];
        case "runtime rises": return [{ ...reading, runtime: 1000 + second }];
        case "wild charge": return [second % 3 === 0 ? { ...reading, charge: 2 } : reading];
        case "LB": return [second % 40 < 2 ? { ...reading, flags: [...flags, "LB"] } : reading];
        case "self-test": return [{ ...reading, testing: true }];
        case "calibration": return [{ ...reading, flags: [...flags, "CAL"] }];
        case "asleep": return [];
        case "clock ahead": return [{ ...reading, at: reading.at + 3_600_000 }];
        case "clock behind": return [{ ...reading, at: reading.at - 3_600_000 }];
        case "twice": return [reading, reading];
        case "late": return [reading, { ...reading, at: reading.at - 20_000, charge: 1, runtime: 1 }];
    }
}

/** All that comes in, each with the true second. */
function heard(what: Story, outage: boolean): { second: number; reading: Reading }[] {
    const seconds = Array.from({ length: Math.ceil(1500 / what.every) }, (_, place) => place * what.every);
    return seconds.flatMap((second) => {
        const wrong = what.troubles.filter(({ from, lasts }) => second >= from && second < from + lasts);
        return wrong.reduce<Reading[]>((readings, { fault }) => readings.flatMap((reading) => spoil(reading, fault, second)), [truth(what, second, outage)]).map((reading) => ({ second, reading }));
    });
}

/** The true second of the decision. */
function decidedAt(what: Story, outage: boolean): number {
    const all = heard(what, outage);
    const place = judgeAll(all.map(({ reading }) => reading)).findIndex(({ verdict }) => verdict.decision === "shutdown");
    return all[place]?.second ?? Infinity;
}

/** The second from which on the true charge or runtime is below its limit, the transfer has settled and nothing is wrong any more. */
function mustFrom(what: Story): number {
    const { transferAt, troubles, every } = what;
    const { lowCharge, lowRuntime, stabilizationMs } = defaultTriggerConfig;
    const over = Math.max(0, ...troubles.map(({ from, lasts }) => from + lasts));
    for (let second = Math.max(transferAt, over); second < 1500; second += 1) {
        const { charge = 100, runtime = Infinity } = truth(what, second, true);
        // A test or calibration that ends is a transfer, which settles.
        if ((charge < lowCharge || (runtime < lowRuntime && runtime > 0)) && second >= transferAt + stabilizationMs / 1000) return Math.max(second, over + stabilizationMs / 1000 + every);
    }
    return Infinity;
}

describe("trigger, with anything wrong at any time", function () {
    this.timeout(120_000);
    it("on mains it never shuts down", () => {
        fc.assert(fc.property(story, (what) => assert.equal(decidedAt(what, false), Infinity)), { numRuns: 150 });
    });
    it("in an outage it has decided three polls after the threshold is passed and the trouble is over", () => {
        fc.assert(fc.property(story, (what) => {
            const must = mustFrom(what);
            if (must < 1480) assert.ok(decidedAt(what, true) <= must + 3 * what.every, `must by ${must + 3 * what.every}, decided at ${decidedAt(what, true)}`);
        }), { numRuns: 150 });
    });
    it("in an outage that it knows of it shuts down before the battery is empty, also where the trouble is never over", () => {
        const lasting = fc.record({ transferAt: fc.constant(60), start: fc.integer({ min: 60, max: 70 }), perMinute: fc.double({ noNaN: true, min: 3, max: 6 }), every: fc.constantFrom(2, 5), claims: fc.boolean(), fault: fc.constantFrom(...faults), from: fc.integer({ min: 70, max: 900 }) });
        fc.assert(fc.property(lasting, ({ fault, from, ...what }) => {
            const all: Story = { ...what, troubles: fault === "asleep" ? [] : [{ fault, from, lasts: 10_000 }] };
            const empty = what.transferAt + (what.start / what.perMinute) * 60;
            assert.ok(decidedAt(all, true) < empty, `${fault}: decided at ${decidedAt(all, true)}, empty at ${empty}`);
        }), { numRuns: 150 });
    });
});
