import assert from "node:assert/strict";
import * as fc from "fast-check";
import { fakeMark } from "../../../lib/power/command";
import { Streams } from "../../../lib/power/streams";
import { defaultTriggerConfig } from "../../../lib/power/trigger-config";
import { forgetBeforeBoot, markedBy, parseTriggerState, type TriggerState } from "../../../lib/power/trigger-state";
import { decideAmong } from "../../../lib/power/trigger-streams";
import type { Verdict } from "../../../lib/power/verdict";
import { shutdownRules } from "../../../lib/power/verdict";
import { Silence } from "../../../nodes/shutdown-trigger/silence";
import { blindFaults, faults, happenings, numberFaults, polled, truthOf, type Heard, type Moment, type Phase, type Trouble, type Ups } from "../../support/battery-world";

/** The process is killed, and comes back so many s later, with a wall clock that stands so much further, in the same boot of the machine or another. */
interface Kill {
    at: number;
    down: number;
    clockMs: number;
    boots: boolean;
    /** The last save was still under way. */
    unsaved: boolean;
}
interface Story {
    ups: Ups;
    phases: Phase[];
    every: 1 | 5 | 30 | "reader";
    troubles: Trouble[];
    kills: Kill[];
    /** A plug on the mains side, polled every 10 s, without fault. */
    plug: "none" | "each" | "two-kinds";
}

/** What came in and what was made of it. */
interface Said extends Heard {
    verdict: Verdict;
    action?: "shutdown" | "restored" | undefined;
    state: TriggerState;
    /** How often the process had been started. */
    life: number;
    /** In which boot of the machine it came in. */
    boot: number;
    made?: true;
}

function play({ ups, phases, every, troubles, kills, plug }: Story): { truth: Moment[]; log: Said[]; plugLog: Said[] } {
    const truth = truthOf(ups, phases);
    const config = { ...defaultTriggerConfig, agreement: plug === "two-kinds" ? ("two-kinds" as const) : ("each" as const) };
    const log: Said[] = [];
    const plugLog: Said[] = [];
    let pending: Heard[] = [];
    let streams = new Streams<TriggerState>();
    let disk: { before: [string, TriggerState][]; now: [string, TriggerState][] } = { before: [], now: [] };
    let unsavedSince: number | undefined;
    let silence = new Silence();
    let [life, boot, offsetMs, upFrom, plugSince] = [0, 0, 0, 0, 0];
    let plugMains: boolean | undefined;
    const save = (): void => {
        disk = { before: disk.now, now: [...streams.entries()] };
        unsavedSince = undefined;
    };
    const judge = (heard: Heard, made?: true): void => {
        const step = decideAmong(config, streams, heard.input);
        const state = markedBy(String(boot), step.state);
        streams.set(step.verdict.stream, state);
        (heard.input.reading.source === "kasa" ? plugLog : log).push({ ...heard, verdict: step.verdict, action: step.command?.action as Said["action"], state, life, boot, ...(made && { made }) });
        if (step.verdict.change !== undefined && step.verdict.change !== "evidence") save();
        else if (state.battery !== undefined || state.decided !== undefined || step.verdict.change !== undefined) unsavedSince ??= heard.second;
    };
    for (const [second, now] of truth.entries()) {
        const kill = kills.find(({ at }) => at === second);
        if (kill && second >= upFrom) {
            upFrom = second + kill.down;
            offsetMs += kill.clockMs;
            life += 1;
            if (kill.boots) boot += 1;
            streams = new Streams();
            silence = new Silence();
            pending = [];
            plugMains = undefined;
            const found = JSON.parse(JSON.stringify(kill.unsaved ? disk.before : disk.now)) as [string, unknown][];
            for (const [stream, value] of found) {
                const state = forgetBeforeBoot(parseTriggerState(value) ?? assert.fail("the state on the disk is not believed"), String(boot));
                streams.set(stream, state);
                if (!stream.endsWith(fakeMark)) silence.expect(stream, state, upFrom * 1000 + offsetMs, upFrom * 1000);
            }
            disk = { before: disk.now, now: [...streams.entries()] };
            unsavedSince = undefined;
        }
        if (second < upFrom) continue;
        if (unsavedSince !== undefined && second - unsavedSince >= 5) save();
        const interval = every === "reader" ? (now.onBattery ? 1 : 5) : every;
        if (second % interval === 0) pending.push(...polled(ups, truth, second, troubles, offsetMs));
        const come = pending.filter((each) => each.second <= second);
        if (come.length > 0) pending = pending.filter((each) => each.second > second);
        for (const heard of come) {
            silence.hear("ups1", heard.input.reading, second * 1000);
            judge(heard);
        }
        if (plug !== "none" && second % 10 === 0) {
            if (plugMains !== now.mains) [plugMains, plugSince] = [now.mains, second];
            const reading = { device: "plug", source: "kasa", at: second * 1000 + offsetMs, quality: "good" as const, watts: now.mains ? 400 : 0 };
            silence.hear("plug", reading, second * 1000);
            judge({ second, of: second, wrong: [], input: { reading, power: { state: now.mains ? "HEALTHY" : "DEAD", since: plugSince * 1000 + offsetMs, conclusive: true } } });
        }
        for (const reading of silence.due((stream) => streams.get(stream), second * 1000)) judge({ second, of: second, wrong: ["gone"], input: { reading } }, true);
    }
    return { truth, log, plugLog };
}

const seconds = (truth: readonly Moment[], from: number, to: number, holds: (moment: Moment) => boolean): number => truth.slice(Math.max(0, from), to + 1).filter(holds).length;
const { stabilizationMs, mainsStableMs, timeOnBatteryMs, offMs, lowCharge, lowRuntime, blindLeastMs } = defaultTriggerConfig;

/** Whether a reading says anything of what the UPS runs on. */
const speaks = ({ input: { reading } }: Heard): boolean => reading.quality === "good" && (reading.mains === "present" || reading.mains === "absent");
const isHonest = ({ wrong, made }: Said): boolean => made === undefined && wrong.length === 0;

/** Decisions that were not due. */
function falseOnes({ plug, every, kills }: Story, { truth, log, plugLog }: ReturnType<typeof play>): string[] {
    const poll = every === "reader" ? 5 : every;
    // A clock that stands a little further after a restart cannot be told from time that passed.
    const leaps = kills.reduce((sum, { clockMs }) => sum + Math.max(0, clockMs / 1000), 0);
    return log.flatMap((said, place) => {
        if (said.action !== "shutdown") return [];
        const wrong = (why: string): string[] => [`at ${said.second} s ${said.verdict.text}: ${why}`];
        const before = log.slice(0, place + 1);
        const last = before.findLast((each) => speaks(each));
        const now = truth[said.of] ?? assert.fail();
        const plugSpeaks = plugLog.some((each) => each.life === said.life && each.second < said.second && each.second > said.second - 120);
        if (plug === "two-kinds" && plugSpeaks && said.verdict.rule !== "forced-shutdown" && seconds(truth, said.second - 150, said.second, ({ mains }) => !mains) === 0) return wrong("the plug sees mains");
        switch (said.verdict.rule) {
            case "forced-shutdown":
                return now.forced ? [] : wrong("no FSD");
            case "output-off":
                return seconds(truth, said.of - offMs / 1000 + 1, said.of, ({ off }) => off) >= offMs / 1000 - 1 || wasOffAtEachPoll(before.filter(speaks), truth) ? [] : wrong("not off for so long");
            case "failsafe":
                return last && last.boot === said.boot && truth[last.of]?.onBattery === true && !truth[last.of]?.excuse ? [] : wrong("not last known on battery");
            case "low-charge": case "low-runtime": case "low-battery-flag": case "depletion": case "time-on-battery": {
                if (!now.onBattery) return wrong("not on battery");
                if (now.excuse) return now.charge < 11 ? [] : wrong("on purpose");
                // A frozen sensor says for as long as it does that it is so.
                return seconds(truth, 0, said.of, ({ onBattery }) => onBattery) + said.second - said.of >= stabilizationMs / 1000 - poll - leaps ? [] : wrong("not settled");
            }
            default:
                return wrong("by no rule of a UPS");
        }
    }).concat(plugLog.flatMap((said) => (said.action === "shutdown" && seconds(truth, said.of - 30, said.of, ({ mains }) => mains) > 10 ? [`the plug: ${said.verdict.text}`] : [])));
}

/** Decisions that never came. */
function missedOnes({ ups, every, plug, troubles, kills }: Story, { truth, log }: ReturnType<typeof play>): string[] {
    const poll = every === "reader" ? 5 : every;
    const found: string[] = [];
    let row: Said[] = [];
    let last: Said | undefined;
    let [onBattery, newestOf] = [0, 0];
    let excused = false;
    for (const [place, said] of log.entries()) {
        const before = log[place - 1];
        const passed = before === undefined || before.life !== said.life ? 0 : Math.max(0, said.of - newestOf);
        newestOf = Math.max(newestOf, said.of);
        // A decision of an earlier boot is spent, with all that led to it; what was not saved yet is lost.
        if (before && before.life !== said.life) onBattery = before.verdict.decision === "shutdown" ? 0 : onBattery - 10;
        const miss = (why: string): void => void (found.length === 0 && found.push(`at ${said.second} s ${said.verdict.text}: ${why}`));
        const decided = said.verdict.decision === "shutdown";
        const { reading } = said.input;
        // 1. What is told honestly, and again, decides.
        const goesOn = passed <= 60 && before?.life === said.life;
        if (!goesOn || !isHonest(said) || reading.mains !== "absent" || truth[said.of]?.excuse !== false) row = [];
        if (isHonest(said) && reading.mains === "absent" && truth[said.of]?.excuse === false) row.push(said);
        const [first] = row;
        const needed = stabilizationMs / 1000 + 2 * poll + (plug === "two-kinds" ? 20 : 0);
        const newest = row.slice(-3).map((each) => each.input.reading);
        if (first && said.second - first.second > needed && newest.length === 3 && !decided) {
            if (newest.every(({ charge }) => charge !== undefined && charge < lowCharge)) miss("its charge is low");
            if (ups.claims === "true" && newest.every(({ runtime = 0 }, index) => runtime > 0 && runtime < lowRuntime && runtime < (newest[index - 1]?.runtime ?? Infinity))) miss("its runtime is low");
        }
        // 2. Time on battery, by what the sensor last said.
        if (before && (speaks(before) || before.input.reading.flags?.includes("BYPASS"))) last = before;
        if (last && truth[last.of]?.excuse) excused = true;
        if (last?.input.reading.mains === "absent" && reading.mains !== "present" && last.life === said.life && passed <= 60 && truth[last.of]?.excuse === false) onBattery += passed;
        if (said.verdict.change === "restored" || said.verdict.change === "cancelled") [onBattery, excused] = [0, false];
        // The plug must have had the time to say that mains is gone.
        const agreed = plug !== "two-kinds" || seconds(truth, said.second - 20, said.second, ({ mains }) => mains) === 0;
        if (!excused && agreed && onBattery > (timeOnBatteryMs + blindLeastMs) / 1000 + needed + 4 * poll && !decided) miss(`${onBattery} s on battery`);
    }
    // 3. Where it was told what the battery holds, the decision comes before it is empty.
    const tame = [...blindFaults, ...numberFaults, "twice", "late", "LB on mains"] as string[];
    if (kills.length > 0 || ups.collapse > 0 || ups.perMinute > 12 || plug === "two-kinds" || !troubles.every(({ fault }) => tame.includes(fault))) return found;
    const wrong = troubles.map(({ fault }) => fault as string);
    for (const [second, { charge, mains }] of truth.entries()) {
        const began = truth.findLastIndex((moment, at) => at < second && moment.mains) + 1;
        if (charge > 0 || mains || (truth[second - 1]?.charge ?? 0) <= 0) continue;
        const heard = log.filter((said) => said.second >= began && said.second <= second);
        const told = heard.filter((said) => isHonest(said));
        if ((told[2]?.second ?? Infinity) > second - 150 || second - began < 200) continue;
        // A sensor that tells neither charge nor runtime any more leaves the time on battery.
        const [noCharge, noRuntime] = [wrong.includes("no charge") || ups.gauge === "none", wrong.some((fault) => fault.includes("runtime")) || (ups.claims !== "true" && ups.claims !== "hopeful")];
        if (noCharge && noRuntime) continue;
        if (truth.slice(began, second).some(({ excuse, onBattery: uses }) => excuse || !uses)) continue;
        if (!heard.some((said) => said.verdict.decision === "shutdown")) found.push(`empty at ${second} s, and nothing was decided`);
    }
    return found;
}

/** Words that come twice, or never. */
function unpaired({ kills, every }: Story, { truth, log }: ReturnType<typeof play>): string[] {
    const poll = every === "reader" ? 5 : every;
    const found: string[] = [];
    let open: Said | undefined;
    let good: { since: number; count: number } | undefined;
    for (const [place, said] of log.entries()) {
        const wrong = (why: string): void => void found.push(`at ${said.second} s ${said.verdict.text}: ${why}`);
        const now = truth[said.of] ?? assert.fail();
        if (said.action === "shutdown") {
            if (open && open.life === said.life) wrong("decided twice");
            open = said;
        } else if (said.action === "restored") {
            const { change } = said.verdict;
            const killed = kills.length > 0;
            if (change === "restored" && !open && !killed) wrong("restored, and nothing was decided");
            if (change === "cancelled" && open && open.life === said.life) wrong("cancelled, and something was decided");
            open = undefined;
            if (now.off || now.forced || now.onBattery) wrong("it is not over");
            const clocks = said.wrong.concat(log[place - 1]?.wrong ?? []);
            // What passed while nobody looked for less than a gap is not known.
            const looked = !kills.some(({ at, down }) => said.second >= at && said.second - at - down <= mainsStableMs / 1000 + poll);
            if (looked && !clocks.includes("frozen") && seconds(truth, said.of - mainsStableMs / 1000, said.of, ({ onBattery, off }) => !onBattery && !off) < mainsStableMs / 1000 - poll) wrong("mains was not back for so long");
        }
        const isGood = isHonest(said) && said.input.reading.mains === "present" && !now.off && !now.forced && (log[place - 1]?.life ?? said.life) === said.life && said.second - (log[place - 1]?.second ?? said.second) <= 60;
        good = isGood ? { since: good?.since ?? said.second, count: (good?.count ?? 0) + 1 } : undefined;
        if (good && good.count > 3 && said.second - good.since > mainsStableMs / 1000 + 2 * poll && (said.verdict.decision === "shutdown" || said.state.battery)) wrong("mains is back for good, and it is not re-armed");
    }
    return found;
}

/** Who asks every 30 s hears nothing of an output that is on for 3 s in between. */
function wasOffAtEachPoll(heard: readonly { of: number }[], truth: readonly { off: boolean }[]): boolean {
    const off = ({ of }: { of: number }): boolean => truth[of]?.off === true;
    const on = heard.findLastIndex((each) => !off(each));
    const [first, last] = [heard[on + 1], heard.at(-1)];
    return first !== undefined && last !== undefined && last.of - first.of >= offMs / 1000 - 1;
}

/** Verdicts that explain themselves wrongly. */
function unexplained({ log, plugLog, truth }: ReturnType<typeof play>): string[] {
    return [...log, ...plugLog].flatMap(({ verdict, second, action }) => {
        const { findings, decision, rule, change, text, notes = [], onBatterySeconds, supply, health } = verdict;
        const wrong: string[] = [];
        const holding = findings.find(({ outcome }) => outcome === "holds");
        if (change === "shutdown" && holding?.rule !== rule) wrong.push("not the first rule that holds");
        if ((decision === "shutdown") !== (rule !== undefined)) wrong.push("a decision has a rule");
        if ((change === "shutdown") !== (action === "shutdown") || (change === "restored" || change === "cancelled") !== (action === "restored")) wrong.push("the command is not the change");
        if (decision === "none" && holding) wrong.push(`${holding.rule} holds, and nothing is decided`);
        if (decision === "shutdown" && health !== "critical") wrong.push(`decided, and ${health}`);
        if (health === "healthy" && supply !== "mains" && supply !== "unknown") wrong.push(`healthy on ${supply}`);
        if (findings.length > 0 && findings.map((each) => each.rule).join() !== shutdownRules.join()) wrong.push("not every rule is asked");
        if (/NaN|undefined|Infinity|null|-\d+(?:\.\d+)? s\b/.test([text, ...notes, ...findings.map(({ why }) => why)].join("; "))) wrong.push(`no words for people: ${[...notes, ...findings.map(({ why }) => why)].join("; ")}`);
        for (const { rule: asked, outcome, value, limit, ageSeconds } of findings) {
            if (ageSeconds !== undefined && !(ageSeconds >= 0 && ageSeconds <= truth.length + 3 * 3600)) wrong.push(`${asked}: an age of ${ageSeconds} s`);
            if (outcome !== "holds" || value === undefined || limit === undefined) continue;
            const below = asked === "low-charge" || asked === "low-runtime";
            if (below ? !(value < limit) : asked === "time-on-battery" ? !(value > limit) : !(value >= limit)) wrong.push(`${asked} holds: ${value} of ${limit}`);
        }
        if (onBatterySeconds !== undefined && (onBatterySeconds < 0 || onBatterySeconds > truth.length + 3 * 3600)) wrong.push(`${onBatterySeconds} s on battery`);
        return wrong.map((why) => `at ${second} s ${text}: ${why}`);
    });
}

/** Everything that is wrong with a story. */
function wrongIn(story: Story): string[] {
    const played = play(story);
    return [...falseOnes(story, played), ...missedOnes(story, played), ...unpaired(story, played), ...unexplained(played)].slice(0, 3);
}

const upses: fc.Arbitrary<Ups> = fc.record({
    start: fc.integer({ min: 30, max: 100 }), perMinute: fc.constantFrom(1, 3, 6, 8, 12, 25), chargesPerMinute: fc.constantFrom(0, 1, 5), collapse: fc.constantFrom(0, 0, 0, 45),
    gauge: fc.constantFrom("whole", "whole", "fine", "none"), claims: fc.constantFrom("true", "true", "hopeful", "none", "zero", "all ones"), lowBatteryAt: fc.constantFrom(0, 15, 35),
});
const phase: fc.Arbitrary<Phase> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ what: fc.constant("mains" as const), lasts: fc.constantFrom(5, 20, 40, 100) }) },
    { weight: 4, arbitrary: fc.record({ what: fc.constant("outage" as const), lasts: fc.constantFrom(3, 20, 60, 200, 700, 1400) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("flicker" as const), lasts: fc.constantFrom(40, 500, 2000) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("unsaid self-test" as const), lasts: fc.constantFrom(5, 12) }) },
    { weight: 4, arbitrary: fc.record({ what: fc.constantFrom(...happenings.filter((what) => !["mains", "outage", "flicker", "unsaid self-test"].includes(what))), lasts: fc.constantFrom(5, 25, 70, 400) }) },
);
const trouble: fc.Arbitrary<Trouble> = fc.record({ fault: fc.constantFrom(...faults), from: fc.nat(1500), lasts: fc.constantFrom(3, 30, 100, 400, 2000) });
const kill: fc.Arbitrary<Kill> = fc.record({ at: fc.nat(1800), down: fc.constantFrom(0, 3, 40, 300), clockMs: fc.constantFrom(0, 0, 5000, -5000, -3_600_000), boots: fc.boolean(), unsaved: fc.boolean() });
const stories: fc.Arbitrary<Story> = fc.record({
    ups: upses, phases: fc.array(phase, { minLength: 1, maxLength: 6 }).map((rest): Phase[] => [{ what: "mains", lasts: 60 }, ...rest]), every: fc.constantFrom<Story["every"][]>(5, 5, 5, 30, 30, 30, "reader", 1),
    troubles: fc.array(trouble, { maxLength: 3 }), kills: fc.array(kill, { maxLength: 2 }), plug: fc.constantFrom<Story["plug"][]>("none", "none", "each", "two-kinds"),
}).map((story) => (story.plug === "two-kinds" ? { ...story, troubles: story.troubles.filter(({ fault }) => fault !== "ahead" && fault !== "behind") } : story));

describe("any battery, any outage, any sensor", function () {
    this.timeout(900_000);
    // The same ones each time. STORIES=2000 tries others, by hand: the model is simple, and wrong itself in one of some thousands, at the edges of what a
    // sensor tells (an answer that comes late three times in a row, a self-test that nobody tells of right behind an outage).
    const { STORIES } = process.env;
    it("is shut down when it must, never when it must not, once, and told why (property)", () => {
        fc.assert(fc.property(stories, (story) => assert.deepEqual(wrongIn(story), [])), STORIES === undefined ? { numRuns: 300, seed: 20_261_122 } : { numRuns: Number(STORIES) });
    });
});
