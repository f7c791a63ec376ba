import assert from "node:assert/strict";
import * as fc from "fast-check";
import { afterBoot, parseClassifierState, type ClassifierState } from "../../../lib/power/classifier-state";
import { classify, type ClassifierConfig, type ClassifierStep } from "../../../lib/power/classify";
import type { Reading } from "../../../lib/power/reading";
import { defaultThresholds } from "../../../lib/power/thresholds";
import { isLow, parseAftermath } from "../../../lib/power/aftermath";

const config: ClassifierConfig = { thresholds: defaultThresholds, hysteresis: 5, confirmations: 2, missedPolls: 3, loadIsConstant: true };

/** A poll: watts, null for one that failed, or what else a reading says. */
type Poll = number | null | Partial<Reading>;

/** A classifier whose machine is started again now and then. Polls are 10 s apart. */
class Rig {
    state: ClassifierState | undefined;
    seconds = 0;
    steps: ClassifierStep[] = [];
    constructor(readonly settings: ClassifierConfig = config, public boot = "boot-1") {}

    poll(...polls: Poll[]): this {
        for (const each of polls) {
            const said: Partial<Reading> = each === null ? { quality: "missing" } : typeof each === "number" ? { watts: each } : each;
            const step = classify(this.settings, this.state, { device: "plug", source: "kasa", at: 1e12 + this.seconds * 1000, quality: "good", ...said });
            step.state.boot ??= this.boot;
            this.state = step.state;
            this.steps.push(step);
            this.seconds += 10;
        }
        return this;
    }
    restart(boot: string, seconds = 120): this {
        this.seconds += seconds;
        this.steps = [];
        return this.resume(boot);
    }
    resume(boot = this.boot): this {
        this.boot = boot;
        this.state = this.state && afterBoot(parseClassifierState(JSON.parse(JSON.stringify(this.state)))!, boot);
        return this;
    }
    /** What was told, with "!" where it shuts down. */
    get told(): string[] {
        return this.steps.flatMap(({ transition }) => (transition ? [`${transition.from} > ${transition.to}${transition.conclusive && isLow(transition.to) ? "!" : ""}`] : []));
    }
    /** The states that shut down by themselves, though no transition is heard. */
    get levels(): string[] {
        return this.steps.flatMap(({ classified: { conclusive, state } }) => (conclusive && isLow(state) ? [state] : []));
    }
}

const shutDown = (...after: Poll[]): Rig => new Rig().poll(421, 421, 24, 24, 3, 3, ...after);

describe("what a classifier knows after a boot of this machine, where an outage was told before", () => {
    it("is told like any other before it", () => assert.deepEqual(shutDown().told, ["HEALTHY > CRITICAL!", "CRITICAL > DEAD!"]));

    const stories: [story: string, polls: Poll[], told: string[]][] = [
        ["the machines stay off: nothing is shut down", [3, 3, 3, 3, 3, 3], []],
        ["they boot, and watts rise: power is back", [3, 3, 20, 20, 60, 60, 120, 120, 421, 421], ["DEAD > CRITICAL", "CRITICAL > ALERT", "ALERT > WARNING", "WARNING > HEALTHY"]],
        ["they boot, and all of them run at the next reading", [20, 421, 421], ["DEAD > CRITICAL", "CRITICAL > HEALTHY"]],
        ["they boot, and one of two readings is low", [20, 421, 20, 421, 421], ["DEAD > CRITICAL", "CRITICAL > HEALTHY"]],
        ["they boot, and mains fails again", [20, 421, 20, 20], ["DEAD > CRITICAL", "UNKNOWN > CRITICAL!"]],
        ["they boot, and watts swing meanwhile", [3, 3, 60, 60, 20, 20, 3, 3, 60, 60], ["DEAD > ALERT", "ALERT > CRITICAL", "CRITICAL > DEAD", "DEAD > ALERT"]],
        ["mains fails again before HEALTHY is confirmed", [421, 3, 3], ["UNKNOWN > DEAD!"]],
        ["mains fails again when the machines were off for a while", [3, 3, 421, 3, 3, 3], ["UNKNOWN > DEAD!"]],
        ["mains fails again, and the source gives way", [421, 24, 24, 3, 3], ["DEAD > CRITICAL", "UNKNOWN > CRITICAL!", "CRITICAL > DEAD!"]],
        ["one HEALTHY reading, and one that is low, which is less than confirms", [421, 24, 421, 421], ["DEAD > CRITICAL", "CRITICAL > HEALTHY"]],
        ["mains flaps: one outage each time", [421, 3, 421, 3, 3, 421, 421, 3, 3], ["UNKNOWN > DEAD!", "DEAD > HEALTHY", "HEALTHY > DEAD!"]],
        ["one HEALTHY reading, and the next outage is not confirmed", [421, 3, 421, 421], ["DEAD > HEALTHY"]],
        ["HEALTHY, and the next outage is told as always", [421, 421, 24, 24], ["DEAD > HEALTHY", "HEALTHY > CRITICAL!"]],
        ["it can't be read, and then its machines are off: nothing is shut down", [null, null, null, 3, 3], ["DEAD > UNKNOWN", "UNKNOWN > DEAD"]],
        ["it can't be read before mains fails again", [421, null, null, null, 3, 3], ["DEAD > UNKNOWN", "UNKNOWN > DEAD!"]],
        ["a source that knows of mains says that it is lost", [{ watts: 3, mains: "absent" }, { watts: 3, mains: "absent" }], ["UNKNOWN > DEAD!"]],
        ["one that knows it to be present", [{ watts: 3, mains: "present" }, { watts: 3, mains: "present" }], []],
        ["one that tests its battery", Array<Poll>(3).fill({ watts: 3, mains: "absent", testing: true }), []],
    ];
    for (const [story, polls, told] of stories) {
        it(story, () => {
            const rig = shutDown().restart("boot-2").poll(...polls);
            assert.deepEqual(rig.told, told);
            if (!told.some((line) => line.endsWith("!"))) assert.deepEqual(rig.levels, []);
        });
    }

    const standing = (seconds: number): Poll[] => Array<Poll>(seconds / 10 + 2).fill(100);
    it("a load that never becomes HEALTHY shuts down again once it has been better for five minutes: machines that boot draw little", () => {
        assert.deepEqual(shutDown().restart("boot-2").poll(...standing(270), 3, 3).told, ["DEAD > WARNING", "WARNING > DEAD"]);
        assert.deepEqual(shutDown().restart("boot-2").poll(...standing(280), 3, 3).told, ["DEAD > WARNING", "WARNING > DEAD!"]);
        assert.deepEqual(shutDown().restart("boot-2").poll(...standing(310)).restart("boot-3").poll(100, 3, 3).told, ["WARNING > DEAD!"], "it was over before the next boot");
        assert.deepEqual(shutDown().restart("boot-2").poll(...standing(100)).restart("boot-3", 3600).poll(100, 3, 3).told, ["WARNING > DEAD"], "what was before a boot does not count");
    });

    it("each boot begins anew, and one HEALTHY reading is no outage that was told", () => {
        assert.deepEqual(shutDown().restart("boot-2").poll(421).restart("boot-3").poll(3, 3, 3).told, []);
        assert.deepEqual(shutDown().restart("boot-2").poll(421, 3, 3).restart("boot-3").poll(3, 3, 421, 3, 3).told, ["UNKNOWN > DEAD!"]);
    });

    it("is not confirmed by a reading from before the boot", () => assert.deepEqual(new Rig().poll(421, 421, 3).restart("boot-2", 3600).poll(3, 421, 421).told, []));

    it("a source that was HEALTHY, or could not be read, may have lost its power unseen: low watts prove nothing yet", () => {
        for (const before of [[421, 421], [421, 421, null, null, null]]) {
            const booted = (...polls: Poll[]): string[] => new Rig().poll(...before).restart("boot-2").poll(...polls).told.filter((line) => !line.endsWith("HEALTHY"));
            assert.deepEqual(booted(3, 3, 24, 24, 60, 60, 421, 421).filter((line) => line.endsWith("!")), []);
            assert.match(booted(421, 421, 3, 3).join(), /^HEALTHY > DEAD!$/);
            assert.match(booted({ watts: 3, mains: "absent" }, { watts: 3, mains: "absent" }).join(), /> DEAD!$/);
        }
    });

    it("one that was on its way down goes on: a monitor that is started in an outage acts", () => {
        for (const watts of [100, 60]) assert.match(new Rig().poll(watts, watts).restart("boot-2").poll(3, 3).told.join(), /> DEAD!$/, `${watts} W`);
    });

    it("a slow source is not taken for one that has been better", () => {
        const rig = new Rig({ ...config, confirmations: 3 }).poll(421, 421, 421).restart("boot-2").poll(3);
        rig.seconds += 3600;
        assert.deepEqual(rig.poll(3, 3).told, ["HEALTHY > DEAD"]);
    });

    it("of a file from before this was kept nothing is known: it goes on as ever", () => {
        const rig = shutDown();
        const old = { ...rig.state!, boot: undefined };
        assert.deepEqual(afterBoot(parseClassifierState(old)!, "boot-2").aftermath, undefined);
        rig.state = parseClassifierState(old);
        assert.deepEqual(rig.poll(3).restart("boot-2").poll(3, 421, 3, 3).told, ["UNKNOWN > DEAD!"], "and the next reading knows its boot");
    });

    it("is read back from a file, whatever else stands there", () => {
        for (const [value, aftermath] of [[{}, {}], [{ over: true, betterSince: "x" }, { over: true }], [{ betterSince: 5 }, { betterSince: 5 }], [{ over: 1 }, {}], [null, undefined], ["over", undefined]]) {
            assert.deepEqual(parseAftermath(value), aftermath, JSON.stringify(value));
        }
    });

    describe("properties", () => {
        const polls = fc.array(fc.option(fc.constantFrom(0, 3, 8, 24, 33, 60, 100, 152, 160, 421)), { maxLength: 40 });
        const settings = fc.record({ confirmations: fc.integer({ min: 1, max: 4 }), hysteresis: fc.constantFrom(0, 5) });
        it("a restart of Node-RED alone, at any moment after any boot, changes nothing", () => {
            fc.assert(fc.property(settings, polls, polls, fc.nat(40), (some, before, after, place) => {
                const life = (): Rig => new Rig({ ...config, ...some }).poll(...before).resume("boot-2").poll(...after.slice(0, place));
                assert.deepEqual(life().resume().poll(...after.slice(place)).steps, life().poll(...after.slice(place)).steps);
            }));
        });
        it("with a boot nothing that is HEALTHY for long is ever deaf: the next outage is told, and shuts down", () => {
            fc.assert(fc.property(settings, polls, polls, (some, before, after) => {
                const n = some.confirmations;
                const rig = new Rig({ ...config, ...some }).poll(421, ...before).restart("boot-2").poll(...after, ...Array<Poll>(n).fill(421), ...Array<Poll>(n).fill(0));
                assert.match(rig.told.at(-1) ?? "none", /> DEAD!$/);
            }));
        });
        it("after a boot nothing below HEALTHY shuts down what was shut down before, within five minutes", () => {
            fc.assert(fc.property(settings, fc.array(fc.option(fc.constantFrom(0, 3, 24, 33, 60, 100, 150)), { maxLength: 30 }), (some, after) => {
                const n = some.confirmations;
                const rig = new Rig({ ...config, ...some }).poll(...Array<Poll>(n).fill(421), ...Array<Poll>(n).fill(3)).restart("boot-2").poll(...after);
                assert.deepEqual([rig.told.filter((line) => line.endsWith("!")), rig.levels], [[], []]);
            }));
        });
    });
});
