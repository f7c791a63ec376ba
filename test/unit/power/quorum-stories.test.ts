import assert from "node:assert/strict";
import * as fc from "fast-check";
import { defaultQuorum } from "../../../lib/power/quorum";
import { faults, happenings, play, truthOf, wirings, type Came, type End, type Phase, type Played, type Source, type Story, type Told, type What } from "../../support/quorum-world";

/** What a message says of its member, in the words of the help page. */
interface Word {
    health: "healthy" | "degraded" | "critical" | "unknown";
    /** It is known to be failing, should it fall silent now. */
    onBattery: boolean;
    proven: boolean;
    /** It had decided, and sees power again: nothing begins by it. */
    returning?: true;
}

function wordOf({ reading, power, verdict, what }: Came): Word {
    const forced = reading.flags?.includes("FSD") === true;
    const onBattery = reading.mains === "absent" && what !== "test";
    const word = (health: Word["health"], proven = false): Word => ({ health, onBattery, proven });
    if (verdict?.decision === "shutdown") return { ...word("critical", true), ...(verdict.returning && { returning: true }) };
    if (reading.quality !== "good") return word("unknown");
    if (what === "test") return word("healthy");
    if (verdict) return { health: verdict.health, onBattery: verdict.supply === "battery", proven: verdict.supply === "battery" };
    if (forced) return word("critical", true);
    if (power && power.state !== "UNKNOWN") {
        if (power.state === "CRITICAL" || power.state === "DEAD") return power.conclusive ? word("critical", true) : word("degraded");
        return word(power.state === "HEALTHY" && !onBattery ? "healthy" : "degraded", power.conclusive);
    }
    return reading.mains === undefined ? word("unknown") : word(onBattery ? "degraded" : "healthy", onBattery);
}

/** What is known of a member at the end of a second. */
interface Known {
    /** Its last word that said something, at which second, and in which boot of the machine. */
    word?: Word & { second: number; life: number; boot: number };
    /** Nothing but lost polls since. */
    unread?: { since: number };
}

/** What was known of each member at the end of each second. A process that did nothing for long begins another life. */
function knownOf(story: Story, { came, lives }: Played): { known: Known[][]; lives: number[] } {
    const own = lives.map((life, second) => (life < 0 || story.stalls.some(({ at, lasts }) => second >= at && second < at + lasts) ? -1 : life * 100 + story.stalls.filter(({ at, lasts }) => lasts > 9 && second >= at + lasts).length));
    let now: Known[] = story.sources.map(() => ({}));
    let place = 0;
    const known = lives.map((_, second) => {
        for (; came[place]?.second === second; place += 1) {
            const message = came[place]!;
            if (message.stale) continue;
            const word = wordOf(message);
            const before = now[message.member]!;
            const after: Known = word.health === "unknown" ? { ...before, unread: before.unread ?? { since: second } } : { word: { ...word, second, life: own[second]!, boot: message.boot } };
            now = now.map((each, member) => (member === message.member ? after : each));
        }
        return now;
    });
    return { known, lives: own };
}

/** Everything that is wrong with a story. */
function wrongIn(story: Story): string[] {
    const played = play(story);
    const { config, came, told, fakeTold, stood, boots } = played;
    const { known, lives } = knownOf(story, played);
    const truth = truthOf(story);
    const found: string[] = [];
    const counting = story.sources.flatMap(({ role }, member) => (role === "counts" ? [member] : []));
    const asHealthy = ({ health }: Word): boolean => health === "healthy" || (health === "degraded" && config.degradedCountsAs === "healthy");
    const heardNow = (second: number, member: number): Known["word"] => {
        const { word, unread } = known[second]![member]!;
        return word && !unread && word.life === lives[second] && second - word.second <= story.sources[member]!.every + 4 ? word : undefined;
    };
    const count = (second: number, holds: (word: NonNullable<Known["word"]>) => boolean): number => counting.filter((member) => {
        const word = heardNow(second, member);
        return word !== undefined && holds(word);
    }).length;
    const all = (from: number, to: number, holds: (second: number) => boolean): boolean => {
        for (let second = Math.max(0, from); second <= to; second += 1) if (!holds(second)) return false;
        return true;
    };
    const isLost = (second: number, member: number, proven: boolean): boolean => {
        const { word } = known[second]![member]!;
        if (word?.returning) return false;
        if (word?.health === "critical" && word.life === lives[second]) return true;
        const now = heardNow(second, member);
        return now !== undefined && !asHealthy(now) && (!proven || now.proven);
    };
    const lost = (second: number, proven: boolean): number => counting.filter((member) => isLost(second, member, proven)).length;
    const mostLost = counting.length - config.minHealthy;
    const held = (second: number): boolean => count(second, asHealthy) >= config.minHealthy;
    const isTroubled = (member: number, from: number, to: number): boolean =>
        story.troubles.some((each) => each.member === member && each.fault !== "twice" && each.from <= to && each.from + each.lasts >= from) || story.ends.some(({ at, down, late }) => late > 0 && at <= to && at + down + late >= from);

    // 1. Commands take turns, once each, over restarts of the process, too; a boot of the machine spends a loss.
    /** An FSD of before a boot is acted upon. */
    const isKept = (last: Told, second: number): boolean => {
        const booted = boots.findLastIndex((boot, at) => at <= second && boot === boots[second]! - 1);
        return boots[booted] === last.boot && counting.some((member) => came.findLast((each) => each.member === member && each.second <= booted && !each.stale && wordOf(each).health !== "unknown")?.reading.flags?.includes("FSD") && ["plain", "classified"].includes(story.sources[member]!.wiring));
    };
    let open: Told | undefined;
    for (const each of told.filter(({ command }) => command)) {
        const { command, quorum, second } = each;
        const wrong = (why: string): void => void found.push(`at ${second} s ${quorum.text}: ${why}`);
        if (open && open.boot !== each.boot && !isKept(open, second)) open = undefined;
        const last = open;
        const cutOff = last !== undefined && story.ends.some(({ at, how }) => how === "killed in a save" && at > last.second && at <= last.second + 2);
        if (command?.action === "restored") {
            if (!open) wrong("restored, and nothing was lost");
            open = undefined;
            // Known to be well for so long.
            if (!all(second - config.restoreSeconds + 1, second - 1, (moment) => counting.filter((member) => {
                const { word, unread } = known[moment]![member]!;
                return word !== undefined && asHealthy(word) && word.life === lives[second] && (unread === undefined || moment - unread.since <= Math.max(15, 3 * story.sources[member]!.every));
            }).length >= config.minHealthy)) wrong("it was not back for so long");
            if ([second - 1, second].every((moment) => counting.filter((member) => {
                const { word, unread } = known[moment]?.[member] ?? {};
                return word !== undefined && asHealthy(word) && unread === undefined;
            }).length < config.minHealthy)) wrong("its members can't be read");
            continue;
        }
        if (last && !cutOff && (last.command?.conclusive === true || command?.conclusive !== true)) wrong("told twice");
        open = each;
        // 2. Not while enough members have power, by what they say and in truth.
        for (let moment = Math.max(0, second - config.dwellSeconds + 1); moment < second; moment += 1) if (held(moment)) { wrong(`at ${moment} s enough were well`); break; }
        const powered = counting.filter((member) => {
            const from = second - 60 - 4 * story.sources[member]!.every;
            return !isTroubled(member, from, second) && all(from, second, (moment) => ["mains", "test"].includes(truth[moment]![member]!));
        });
        if (powered.length >= config.minHealthy) wrong("enough members have power");
        // 3. Not on lost data alone: one was seen failing since this machine was started, and proven if that is said.
        const failing = counting.flatMap((member) => [second - 1, second].flatMap((moment) => known[moment]?.[member]?.word ?? [])).filter((word) => word.boot === each.boot && (!asHealthy(word) || word.onBattery));
        if (!config.dataLossAlone && failing.length === 0) wrong("nobody was seen failing");
        if (!config.dataLossAlone && command?.conclusive && !failing.some(({ proven }) => proven)) wrong("nothing was proven");
    }
    const isTold = (second: number, proven: boolean): boolean => {
        const last = told.findLast((each) => each.second <= second && each.command);
        return last?.command?.action === "shutdown" && (last.boot === boots[second] || isKept(last, second)) && (last.command.conclusive || !proven);
    };
    // 4. In time: what is lost for good is told, and what is back for good is restored.
    const polls = 3;
    for (const [rule, lasts, isSo, isDue] of [
        ["the quorum is lost, and it is not told", config.dwellSeconds + polls, (second: number) => lost(second, false) > mostLost, (second: number) => !isTold(second, false)],
        ["it is proven to be lost, and it is told without", config.dwellSeconds + polls, (second: number) => lost(second, true) > mostLost, (second: number) => !isTold(second, true)],
        ["the quorum is back, and it is not restored", config.restoreSeconds + polls, held, (second: number) => stood[second]?.lost !== undefined],
    ] as const) {
        let since = 0;
        for (const second of stood.keys()) {
            if (!isSo(second) || lives[second] !== lives[since]) since = second + 1;
            else if (second - since > lasts && isDue(second)) {
                found.push(`at ${second} s since ${since} s ${rule}`);
                break;
            }
        }
    }
    // 5. In truth, too: where an FSD, or a constant load without power, lasts at all that could hold it.
    for (const [second] of truth.entries()) {
        const gone = counting.filter((member) => {
            const { wiring, every } = story.sources[member]!;
            const proves = (what: What): boolean => (wiring === "constant" ? ["outage", "low", "forced"].includes(what) : wiring !== "plug" && wiring !== "judged" && what === "forced");
            const from = second - 2 * every - config.dwellSeconds - polls;
            return from > 0 && !isTroubled(member, from, second) && all(from, second, (moment) => proves(truth[moment]![member]!) && lives[moment] === lives[second]) && boots[second] === 0;
        });
        if (gone.length > mostLost && lives[second]! >= 0 && stood[second]?.lost?.conclusive !== true) { found.push(`at ${second} s the quorum is truly lost, and it is not told`); break; }
    }
    // 6. What is told explains itself, and is told once.
    let before: string | undefined;
    for (const { quorum, command, second } of told) {
        const wrong = (why: string): void => void found.push(`at ${second} s ${quorum.text}: ${why}`);
        if (/NaN|undefined|Infinity|null/.test(quorum.text)) wrong("no words for people");
        if ((quorum.change === "lost") !== (command?.action === "shutdown") || (quorum.change === "restored") !== (command?.action === "restored")) wrong("the command is not the change");
        if (quorum.simulated || command?.simulated) wrong("a fake among the real ones");
        if (quorum.healthy > quorum.counting || quorum.counting !== counting.length) wrong("counts wrongly");
        if (quorum.change === "lost" && quorum.standing !== "lost") wrong("lost, and it stands otherwise");
        const says = JSON.stringify([story.stalls.filter(({ at }) => at <= second).length, story.ends.filter(({ at }) => at <= second).length, quorum.change, command?.conclusive, quorum.members.map(({ health, counted }) => [health, counted])]);
        if (says === before) wrong(`told twice: ${says}`);
        before = says;
    }
    if (fakeTold.some(({ quorum, command }) => !quorum.simulated || (command && command.simulated !== true))) found.push("a fake that is none");
    return found.slice(0, 3);
}

const what = fc.constantFrom<What[]>("mains", ...happenings);
const phase: fc.Arbitrary<Phase> = fc.oneof(
    { weight: 2, arbitrary: fc.record({ lasts: fc.constantFrom(3, 12, 40, 100), of: what.map((each) => [each, each, each, each]) }) },
    { weight: 3, arbitrary: fc.record({ lasts: fc.constantFrom(1, 3, 12, 40, 100), of: fc.array(what, { minLength: 4, maxLength: 4 }) }) },
);
const source: fc.Arbitrary<Source> = fc.record({ wiring: fc.constantFrom(...wirings), role: fc.constantFrom<Source["role"][]>("counts", "counts", "counts", "advisory"), every: fc.constantFrom(1, 5, 5, 10, 30) });
/** Most of what happens does so as something else begins. */
const moment = fc.oneof({ weight: 3, arbitrary: fc.record({ phase: fc.nat(6), plus: fc.integer({ min: -2, max: 5 }) }) }, { weight: 1, arbitrary: fc.record({ phase: fc.constant(0), plus: fc.nat(500) }) });
const trouble = fc.record({ member: fc.nat(3), fault: fc.constantFrom(...faults, "missing" as const, "gone" as const), from: moment, lasts: fc.constantFrom(2, 10, 40, 120, 400) });
const end = fc.record({ at: moment, down: fc.constantFrom(0, 2, 20, 200), how: fc.constantFrom<End["how"][]>("killed", "killed in a save", "stopped"), boots: fc.boolean(), clockMs: fc.constantFrom(0, 0, 0, 5000, -5000, -3_600_000), late: fc.constantFrom(0, 0, 150) });
const config = fc.record({
    degradedCountsAs: fc.constantFrom("healthy" as const, "healthy" as const, "critical" as const), unknownCountsAs: fc.constantFrom("critical" as const, "critical" as const, "degraded" as const, "healthy" as const), dataLossAlone: fc.constantFrom(false, false, false, true),
    graceSeconds: fc.constantFrom(60, 60, 0, 20), dwellSeconds: fc.constantFrom(3, 3, 1, 10), restoreSeconds: fc.constantFrom(30, 30, 2, 10), coldStartSeconds: fc.constantFrom(100, 100, 160),
}).map((some) => ({ ...defaultQuorum, ...some }));
const stories: fc.Arbitrary<Story> = fc.record({
    config, sources: fc.array(source, { minLength: 1, maxLength: 4 }), needed: fc.constantFrom(1, 1, 2, 3), phases: fc.array(phase, { minLength: 1, maxLength: 6 }), troubles: fc.array(trouble, { maxLength: 4 }),
    ends: fc.array(end, { maxLength: 2 }), stalls: fc.array(fc.record({ at: moment, lasts: fc.constantFrom(5, 15, 60) }), { maxLength: 1 }), fakes: fc.boolean(), order: fc.nat(7),
}).map((story): Story => {
    const sources = story.sources.map((each, place) => (place === 0 ? { ...each, role: "counts" as const } : each));
    const phases = [{ lasts: 20, of: [] }, ...story.phases];
    const secondOf = ({ phase: place, plus }: { phase: number; plus: number }): number => Math.max(1, phases.slice(0, place).reduce((sum, { lasts }) => sum + lasts, 0) + plus);
    return {
        ...story, sources, phases, needed: Math.min(story.needed, sources.filter(({ role }) => role === "counts").length), troubles: story.troubles.map((each) => ({ ...each, from: secondOf(each.from) })),
        ends: story.ends.map((each) => ({ ...each, at: secondOf(each.at) })), stalls: story.stalls.map((each) => ({ ...each, at: secondOf(each.at) })),
    };
});

describe("any group of sources, any outage", function () {
    this.timeout(900_000);
    // The same ones each time. STORIES=2000 tries others, by hand.
    const { STORIES } = process.env;
    it("is shut down when the quorum is truly lost, never while it holds, once, and restored once (property)", () => {
        fc.assert(fc.property(stories, (story) => assert.deepEqual(wrongIn(story), [])), STORIES === undefined ? { numRuns: 80, seed: 20_261_122 } : { numRuns: Number(STORIES) });
    });
});
