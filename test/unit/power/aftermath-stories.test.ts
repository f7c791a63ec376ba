import assert from "node:assert/strict";
import * as fc from "fast-check";
import { isLow } from "../../../lib/power/aftermath";
import { afterBoot, parseClassifierState, type ClassifierState } from "../../../lib/power/classifier-state";
import { classify, type ClassifierConfig, type ClassifierStep } from "../../../lib/power/classify";
import type { Reading } from "../../../lib/power/reading";
import { defaultThresholds } from "../../../lib/power/thresholds";

/** What a plug with a constant load gives for some polls: W, or nothing where it can't be read. `knows`: its source says whether mains is there. */
interface Phase {
    watts: number | "missing";
    polls: number;
    knows: boolean;
}
/** Node-RED ends before the poll `at`, see quorum-world. */
interface End {
    at: number;
    down: number;
    how: "killed" | "killed in a save" | "stopped";
    boots: boolean;
    clockMs: number;
}
interface Story {
    confirmations: number;
    /** s between two polls. */
    every: number;
    phases: Phase[];
    ends: End[];
}
interface Said extends ClassifierStep {
    reading: Reading;
    life: number;
    boot: number;
    /** s of true time. */
    second: number;
    /** Something of what was known was not on the disk when the process was killed since. */
    forgot: boolean;
}

function play({ confirmations, every, phases, ends }: Story): Said[] {
    const config: ClassifierConfig = { thresholds: defaultThresholds, hysteresis: 5, confirmations, missedPolls: 3, loadIsConstant: true };
    const polls = phases.flatMap((phase) => Array<Phase>(phase.polls).fill(phase));
    const said: Said[] = [];
    let state: ClassifierState | undefined;
    let disk: { before?: string; now?: string; place: number } = { place: -1 };
    let [life, boot, second, offsetMs, forgot] = [0, 0, 0, 0, false];
    const save = (place: number): void => void (disk = { ...(disk.now !== undefined && { before: disk.now }), now: JSON.stringify(state), place });
    for (const [place, { watts, knows }] of polls.entries()) {
        for (const { down, how, boots, clockMs } of ends.filter(({ at }) => at === place)) {
            if (how === "stopped" && state) save(place);
            const text = how === "killed in a save" && disk.place === place - 1 ? disk.before : disk.now;
            const found = text === undefined ? undefined : parseClassifierState(JSON.parse(text)) ?? assert.fail("the state on the disk is not believed");
            forgot ||= how === "killed in a save" || state?.aftermath?.over !== found?.aftermath?.over;
            if (boots) boot += 1;
            life += 1;
            second += down;
            offsetMs += clockMs;
            state = found && afterBoot(found, String(boot));
            disk = { ...(text !== undefined && { before: text, now: text }), place };
        }
        const reading: Reading = { device: "plug", source: "kasa", at: second * 1000 + offsetMs, ...(watts === "missing" ? { quality: "missing" } : { quality: "good", watts, ...(knows && { mains: watts < 40 ? "absent" : "present" }) }) };
        const before = state;
        const step = classify(config, before, reading);
        step.state.boot ??= String(boot);
        state = step.state;
        if (before?.state !== state.state || step.transition || step.missed || before.boot !== state.boot) save(place);
        said.push({ ...step, reading, life, boot, second, forgot });
        forgot = false;
        second += every;
    }
    return said;
}

const isGood = ({ reading }: Said): boolean => reading.quality === "good";
const wattsOf = ({ reading }: Said): number => reading.watts ?? NaN;
/** Whether it shuts machines down, by its level or its news. */
const acts = ({ classified, transition }: Said): boolean => (classified.conclusive && isLow(classified.state)) || (transition?.conclusive === true && isLow(transition.to));

/** Everything that is wrong with a story. */
function wrongIn(story: Story): string[] {
    const { confirmations: n } = story;
    const said = play(story);
    const found: string[] = [];
    const clocked = story.ends.some(({ clockMs }) => clockMs < 0);
    for (const [place, now] of said.entries()) {
        const wrong = (why: string): void => void found.push(`poll ${place}: ${now.classified.state} at ${now.reading.watts} W${now.transition ? `, told from ${now.transition.from}${now.transition.conclusive ? "!" : ""}` : ""}: ${why}`);
        const before = said.slice(0, place);
        const inBoot = said.slice(0, place + 1).filter(({ boot }) => boot === now.boot);
        const lastBefore = before.findLast(({ boot }) => boot !== now.boot);
        // 1. After a boot low watts prove nothing before power was seen.
        const seen = inBoot.some((each) => wattsOf(each) > 150);
        const shows = inBoot.some((each) => each.reading.mains === "absent");
        const stood = inBoot.some((each, index) => isGood(each) && inBoot.slice(0, index).some((earlier) => wattsOf(earlier) > 30 && each.second - earlier.second >= 300 - story.every * n));
        const onItsWay = before.some((each, index) => (each.state.state === "WARNING" || each.state.state === "ALERT") && (said[index + 1]?.boot ?? each.boot) !== each.boot) || story.ends.some(({ how }) => how !== "stopped");
        if (acts(now) && now.boot > 0 && lastBefore && !seen && !shows && !stood && !onItsWay) wrong("no power was seen since this machine was started");
        // 2. What is lost, or gone for a poll, is no low watts; nor is what a better reading shows.
        if (acts(now) && !isGood(now)) { if (!inBoot.slice(0, -1).some((each) => wattsOf(each) <= 35)) wrong("nothing low was read"); }
        else if (acts(now) && wattsOf(now) > 35) wrong("this reading is not low");
        if (now.transition?.conclusive && isLow(now.transition.to) && now.transition.from !== "DEAD" && inBoot.filter(isGood).slice(-n).some((each) => !(wattsOf(each) <= 35))) wrong("it was not low for so many readings");
        // 3. Where power was seen, and so many low readings follow, it is told, and once.
        const row = inBoot.filter(isGood).slice(-n);
        const low = inBoot.findLastIndex((each) => isGood(each) && wattsOf(each) > 35) + 1;
        const since = inBoot.slice(low);
        const kept = since.every(({ forgot, life }) => !forgot && life === now.life) && since.filter((each) => !isGood(each)).length < 3;
        const power = inBoot.slice(0, low).findLast((each) => wattsOf(each) > 155);
        if (power && isGood(now) && row.length === n && row.every((each) => wattsOf(each) <= 30 && since.includes(each)) && kept && inBoot.slice(inBoot.indexOf(power)).every(({ forgot, life }) => !forgot && life === now.life)) {
            if (!acts(now)) wrong("it is low, and proves nothing");
            const known = inBoot.slice(0, low).findLastIndex(({ state }) => state.state === "HEALTHY");
            if (known >= 0 && !inBoot.slice(known).some(({ transition }) => transition?.conclusive && isLow(transition.to))) wrong("it is low, and it was not told");
        }
        const last = before.findLast(({ transition }) => transition);
        if (now.transition && last?.transition && (last.transition.conclusive || !now.transition.conclusive) && last.boot === now.boot && last.transition.to === now.transition.to && !said.slice(said.indexOf(last) + 1, place + 1).some(({ forgot }) => forgot) && now.transition.from === last.transition.from && since.length > n && last.life === now.life) wrong("told twice");
        if (now.transition && last?.transition && last.boot === now.boot && now.transition.from !== "UNKNOWN" && now.transition.from !== last.transition.to && !said.slice(said.indexOf(last) + 1, place + 1).some(({ forgot }) => forgot)) wrong(`the last one led to ${last.transition.to}`);
        if (now.state.since > now.reading.at && !clocked) wrong("since later than now");
    }
    return found.slice(0, 3);
}

const phase: fc.Arbitrary<Phase> = fc.record({ watts: fc.constantFrom<Phase["watts"][]>(400, 400, 0, 0, 20, 33, 60, 100, 152, "missing"), polls: fc.constantFrom(1, 1, 2, 3, 4, 12, 35), knows: fc.constantFrom(false, false, false, true) });
const stories: fc.Arbitrary<Story> = fc.record({
    confirmations: fc.integer({ min: 1, max: 3 }), every: fc.constantFrom(1, 10, 10, 60), phases: fc.array(phase, { minLength: 1, maxLength: 8 }),
    ends: fc.array(fc.record({ phase: fc.nat(8), plus: fc.integer({ min: -1, max: 3 }), down: fc.constantFrom(0, 5, 120, 4000), how: fc.constantFrom<End["how"][]>("killed", "killed in a save", "stopped", "stopped"), boots: fc.boolean(), clockMs: fc.constantFrom(0, 0, -5000, -3_600_000) }), { maxLength: 3 }),
}).map(({ phases, ends, ...rest }): Story => {
    const all: Phase[] = [{ watts: 400, polls: 4, knows: false }, ...phases];
    return { ...rest, phases: all, ends: ends.map(({ phase: place, plus, ...each }) => ({ ...each, at: Math.max(1, all.slice(0, place).reduce((sum, { polls }) => sum + polls, 0) + plus) })) };
});

describe("any plug, any outage, any boot", function () {
    this.timeout(900_000);
    // The same ones each time. STORIES=2000 tries others, by hand.
    const { STORIES } = process.env;
    it("low watts prove an outage only where power was seen, and then always, and are told once (property)", () => {
        fc.assert(fc.property(stories, (story) => assert.deepEqual(wrongIn(story), [])), STORIES === undefined ? { numRuns: 300, seed: 20_261_122 } : { numRuns: Number(STORIES) });
    });
});
