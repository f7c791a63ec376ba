import { fakeMark } from "../../lib/power/command";
import { afterBoot, parseClassifierState, type ClassifierState } from "../../lib/power/classifier-state";
import { classify, type ClassifierConfig } from "../../lib/power/classify";
import { readingInOrder } from "../../lib/power/order";
import type { Classified } from "../../lib/power/power-state";
import type { QuorumConfig } from "../../lib/power/quorum";
import { evidenceFrom } from "../../lib/power/quorum-evidence";
import { heardIn, parseQuorumState, resumeInBoot, resumeQuorum, type QuorumState } from "../../lib/power/quorum-state";
import { hearMember, passTime, type QuorumNews, type QuorumStep } from "../../lib/power/quorum-step";
import type { Reading } from "../../lib/power/reading";
import { Streams } from "../../lib/power/streams";
import { defaultThresholds } from "../../lib/power/thresholds";
import { defaultTriggerConfig } from "../../lib/power/trigger-config";
import { forgetBeforeBoot, markedBy, parseTriggerState, type TriggerState } from "../../lib/power/trigger-state";
import { decideAmong } from "../../lib/power/trigger-streams";
import type { Verdict } from "../../lib/power/verdict";
import { Silence } from "../../nodes/shutdown-trigger/silence";

/**
 * How a member is wired to the group: the reader of a UPS, through a trigger or not, or a UPS that tells watts, or a plug, through a classifier. `constant`: the
 * plug's load is said to be constant. `judged`: such a plug's classifier stands before a trigger.
 */
export const wirings = ["trigger", "plain", "classified", "plug", "constant", "judged"] as const;
export interface Source {
    wiring: (typeof wirings)[number];
    role: "counts" | "advisory";
    /** s between two polls. */
    every: number;
}

/** What truly happens to a source for some seconds. `weak`: its plug gives 60 W. `idle`: its load was switched off. */
export const happenings = ["mains", "outage", "low", "forced", "test", "weak", "idle"] as const;
export type What = (typeof happenings)[number];
export interface Phase {
    lasts: number;
    of: What[];
}

/** What keeps a source's readings away, or makes them odd: polls fail; its reader is gone; each reading comes twice; an old one comes again; they come 4 s late, or are of the next hour. */
export const faults = ["missing", "gone", "twice", "old", "slow", "ahead"] as const;
export interface Trouble {
    member: number;
    fault: (typeof faults)[number];
    from: number;
    lasts: number;
}

/** Node-RED ends: killed, or stopped so that it can save. It comes back so many s later, in another boot of the machine or not, with a wall clock that stands so much further. */
export interface End {
    at: number;
    down: number;
    how: "killed" | "killed in a save" | "stopped";
    boots: boolean;
    clockMs: number;
    /** No source can be read for so many s more: their server comes up with the machine. */
    late: number;
}

export interface Story {
    config: Omit<QuorumConfig, "group" | "members" | "minHealthy">;
    sources: Source[];
    needed: number;
    phases: Phase[];
    troubles: Trouble[];
    ends: End[];
    /** The process does nothing at all from here on for so many s. */
    stalls: { at: number; lasts: number }[];
    /** Somebody rehearses meanwhile with fakes of the same names. */
    fakes: boolean;
    /** The order in which the sources are read. */
    order: number;
}

/** A message as the group got it. */
export interface Came {
    second: number;
    /** Of which second it truly tells. */
    of: number;
    member: number;
    what: What;
    reading: Reading;
    power?: Classified | undefined;
    verdict?: Verdict | undefined;
    /** Old, or again: it tells nothing new. */
    stale: boolean;
    life: number;
    boot: number;
}

/** What the group made of it. */
export interface Told extends QuorumNews {
    second: number;
    life: number;
    boot: number;
}

export interface Played {
    config: QuorumConfig;
    came: Came[];
    told: Told[];
    fakeTold: Told[];
    /** How the group stood at the end of each second; nothing while the process is down. */
    stood: (QuorumState | undefined)[];
    /** In which life of the process each second was; -1 while it is down. */
    lives: number[];
    boots: number[];
}

export const nameOf = (member: number): string => `ups_${member}`;

/** What happens to each member, second by second. */
export function truthOf({ phases, sources }: Story): What[][] {
    return phases.flatMap(({ lasts, of }) => Array.from({ length: lasts }, () => sources.map(({ wiring }, member): What => meant(of[member] ?? "mains", wiring))));
}

function meant(what: What, wiring: Source["wiring"]): What {
    const isPlug = wiring === "plug" || wiring === "constant" || wiring === "judged";
    // A constant load is not switched off, and a plug knows of no test.
    if (what === "idle") return wiring === "plug" ? "idle" : "mains";
    if (what === "weak") return isPlug ? "weak" : "mains";
    return isPlug && what === "test" ? "mains" : what;
}

/** What a source without fault says. */
function said(member: number, { wiring }: Source, what: What, second: number): Reading {
    const base = { device: nameOf(member), at: second * 1000, quality: "good" as const };
    if (wiring === "plug" || wiring === "constant" || wiring === "judged") return { ...base, source: "kasa", watts: { mains: 400, test: 400, outage: 0, low: 0, forced: 0, weak: 60, idle: 2 }[what] + (second % 3) / 10 };
    const onBattery = what === "outage" || what === "low" || what === "test";
    const flags = [onBattery ? "OB" : "OL", ...(what === "low" ? ["LB"] : what === "forced" ? ["FSD"] : what === "test" ? ["CAL"] : [])];
    // The numbers move, so that no sensor looks frozen.
    const charge = what === "low" ? 15 - (second % 7) / 10 : what === "outage" ? 80 - (second % 7) / 10 : 100;
    return { ...base, source: "nut", mains: onBattery ? "absent" : "present", flags, charge, runtime: what === "low" ? 200 - (second % 7) : 3000 - (second % 7), ...(wiring === "classified" && { watts: what === "low" ? 20 : 300 }) };
}

const classifierConfig = (constant: boolean): ClassifierConfig => ({ thresholds: defaultThresholds, hysteresis: 5, confirmations: 1, missedPolls: 5, loadIsConstant: constant });

interface Disk { before: string | undefined; now: string | undefined; at: number }
const emptyDisk = (): Disk => ({ before: undefined, now: undefined, at: -1 });

/** The nodes of one story, as their runtimes wire them to lib/. */
export function play(story: Story): Played {
    const { sources, troubles, ends, stalls, fakes, order } = story;
    const truth = truthOf(story);
    const config: QuorumConfig = { ...story.config, group: "rack", minHealthy: story.needed, members: sources.map(({ role }, member) => ({ name: nameOf(member), role })) };
    const played: Played = { config, came: [], told: [], fakeTold: [], stood: [], lives: [], boots: [] };
    let [life, boot, offsetMs, upFrom, lateUntil, savedAt] = [0, 0, 0, 0, 0, 0];
    let triggers = new Streams<TriggerState>();
    let classifiers = new Streams<ClassifierState>();
    let groups = new Streams<QuorumState>();
    let silence = new Silence();
    const disks = { triggers: emptyDisk(), classifiers: emptyDisk(), groups: emptyDisk() };
    let unsavedSince: number | undefined;
    let pending: { due: number; member: number; of: number; reading: Reading; stale: boolean }[] = [];

    const save = (disk: Disk, value: unknown, second: number): void => {
        Object.assign(disk, { before: disk.at === second ? disk.before : disk.now, now: JSON.stringify(value), at: second });
    };
    const news = (step: QuorumStep, second: number, list: Told[]): void => void list.push(...step.news.map((each) => ({ ...each, second, life, boot })));
    const standingOf = ({ members, lost }: QuorumState): string => JSON.stringify([lost, members.map(({ word, heard, silent }) => [word?.health, word?.supply, heard, silent !== undefined])]);
    const take = (step: QuorumStep, second: number): void => {
        const before = groups.get("rack");
        groups.set("rack", heardIn(String(boot), step.state));
        news(step, second, played.told);
        if (step.news.length > 0 || before === undefined || standingOf(before) !== standingOf(step.state)) save(disks.groups, groups, second);
    };
    const watch = (nowMs: number, second: number): void => {
        const state = groups.get("rack");
        if (state === undefined) return;
        take(passTime(config, nowMs - state.now > 10_000 ? resumeQuorum(config, state, nowMs) : state, nowMs), second);
    };
    const give = (msg: object, nowMs: number, second: number): void => {
        const heard = evidenceFrom(msg, config.members, nowMs, groups.get(`rack${fakeMark}`)?.now);
        if (!("evidence" in heard)) throw new Error(JSON.stringify(heard));
        if (heard.evidence.simulated) {
            const step = hearMember(config, groups.get(`rack${fakeMark}`), heard.evidence, heard.begins);
            groups.set(`rack${fakeMark}`, step.state);
            news(step, second, played.fakeTold);
            return;
        }
        watch(nowMs, second);
        take(hearMember(config, groups.get("rack"), heard.evidence, heard.begins), second);
    };
    const judge = (reading: Reading, power: Classified | undefined, second: number): Verdict => {
        const { state, verdict } = decideAmong(defaultTriggerConfig, triggers, { reading, ...(power && { power }) });
        triggers.set(reading.device, markedBy(String(boot), state));
        if (verdict.change !== undefined && verdict.change !== "evidence") {
            save(disks.triggers, triggers, second);
            unsavedSince = undefined;
        } else if (state.battery !== undefined || state.decided !== undefined || verdict.change !== undefined) unsavedSince ??= second;
        return verdict;
    };
    const hear = (member: number, of: number, reading: Reading, stale: boolean, nowMs: number, second: number): void => {
        const { wiring } = sources[member]!;
        let power: Classified | undefined;
        let verdict: Verdict | undefined;
        if (wiring !== "trigger" && wiring !== "plain") {
            const parsed = readingInOrder({ reading }, nowMs, (stream) => classifiers.get(stream)?.order.at);
            if ("error" in parsed) throw new Error(parsed.error);
            const before = classifiers.get(reading.device);
            const step = classify(classifierConfig(wiring === "constant" || wiring === "judged"), before, parsed.reading);
            step.state.boot ??= String(boot);
            classifiers.set(reading.device, step.state);
            power = step.classified;
            if (before?.state !== step.state.state || step.transition || step.missed || before.boot !== step.state.boot) save(disks.classifiers, classifiers, second);
        }
        if (wiring === "trigger" || wiring === "judged") {
            silence.hear(reading.device, reading, second * 1000);
            verdict = judge(reading, power, second);
        }
        played.came.push({ second, of, member, what: truth[of]?.[member] ?? "mains", reading, power, verdict, stale, life, boot });
        give({ topic: reading.device, reading, ...(power && { power }), ...(verdict && { verdict }) }, nowMs, second);
    };
    const start = (end: End, second: number): void => {
        if (end.how === "stopped") {
            for (const [disk, value] of [[disks.triggers, triggers], [disks.classifiers, classifiers], [disks.groups, groups]] as const) if (value.size > 0) save(disk, value, second - 1);
        }
        upFrom = second + end.down;
        lateUntil = upFrom + end.late;
        offsetMs += end.clockMs;
        life += 1;
        if (end.boots) boot += 1;
        const read = <State>(disk: Disk, parse: (value: unknown) => State | undefined): Streams<State> => {
            const text = end.how === "killed in a save" && disk.at >= second - 1 ? disk.before : disk.now;
            Object.assign(disk, { now: text, before: text, at: second });
            const streams = new Streams<State>();
            for (const [stream, value] of text === undefined ? [] : (JSON.parse(text) as { streams: [string, unknown][] }).streams) {
                const state = parse(value);
                if (state === undefined) throw new Error(`the state on the disk is not believed: ${JSON.stringify(value)}`);
                streams.set(stream, state);
            }
            return streams;
        };
        const atMs = upFrom * 1000 + offsetMs;
        [silence, unsavedSince, pending, savedAt] = [new Silence(), undefined, [], upFrom];
        triggers = read(disks.triggers, parseTriggerState);
        for (const [stream, saved] of [...triggers.entries()]) {
            const state = forgetBeforeBoot(saved, String(boot));
            triggers.set(stream, state);
            silence.expect(stream, state, atMs, upFrom * 1000);
        }
        classifiers = read(disks.classifiers, parseClassifierState);
        for (const [stream, saved] of [...classifiers.entries()]) classifiers.set(stream, afterBoot(saved, String(boot)));
        const found = read(disks.groups, parseQuorumState);
        groups = new Streams();
        const [real, fake] = [found.get("rack"), found.get(`rack${fakeMark}`)];
        if (real) groups.set("rack", resumeInBoot(config, real, atMs, String(boot)));
        if (fake) groups.set(`rack${fakeMark}`, resumeQuorum(config, fake, fake.now));
    };

    for (const [second, moment] of truth.entries()) {
        const end = second < upFrom ? undefined : ends.find(({ at }) => at === second);
        if (end) start(end, second);
        const isDown = second < upFrom;
        const stallsNow = stalls.some(({ at, lasts }) => second >= at && second < at + lasts);
        played.lives.push(isDown ? -1 : life);
        played.boots.push(boot);
        if (isDown || stallsNow) {
            played.stood.push(isDown ? undefined : groups.get("rack"));
            continue;
        }
        const base = second * 1000 + offsetMs;
        for (const place of sources.keys()) {
            const member = (place * (order % 2 === 0 ? 1 : sources.length - 1) + order) % sources.length;
            const source = sources[member]!;
            if (second % source.every !== 0) continue;
            const under: string[] = second < lateUntil ? ["missing"] : troubles.filter((each) => each.member === member && second >= each.from && second < each.from + each.lasts).map(({ fault }) => fault);
            if (under.includes("gone")) continue;
            const honest = { ...said(member, source, moment[member] ?? "mains", second), at: base };
            const reading: Reading = under.includes("missing") ? { device: honest.device, source: honest.source, at: base, quality: "missing", error: "no answer" } : { ...honest, at: base + (under.includes("ahead") ? 3_600_000 : 0) };
            const due = second + (under.includes("slow") ? 4 : 0);
            pending.push({ due, member, of: second, reading, stale: false });
            if (under.includes("twice")) pending.push({ due, member, of: second, reading, stale: true });
            if (under.includes("old")) pending.push({ due: second, member, of: second, reading: { ...reading, at: base - 20_000 }, stale: true });
        }
        const come = pending.filter(({ due }) => due <= second);
        pending = pending.filter(({ due }) => due > second);
        for (const [place, { member, of, reading, stale }] of come.entries()) hear(member, of, reading, stale, base + 10 + place, second);
        if (fakes && second % 7 === 0) give({ topic: nameOf(0), reading: { device: nameOf((second / 7) % sources.length), source: "simulator", at: base, quality: "good", mains: "absent", flags: ["OB", "FSD"], simulated: true } }, base + 100, second);
        for (const reading of silence.due((stream) => triggers.get(stream), second * 1000)) {
            const member = Number(reading.device.slice("ups_".length));
            const verdict = judge(reading, undefined, second);
            played.came.push({ second, of: second, member, what: moment[member] ?? "mains", reading, verdict, stale: false, life, boot });
            give({ topic: reading.device, reading, verdict }, base + 200, second);
        }
        watch(base + 900, second);
        if (unsavedSince !== undefined && second - unsavedSince >= 5) {
            save(disks.triggers, triggers, second);
            unsavedSince = undefined;
        }
        const state = groups.get("rack");
        if (state && second - savedAt >= 10) {
            savedAt = second;
            if (state.lost !== undefined || state.members.some(({ word, silent }) => silent !== undefined || word?.health !== "healthy")) save(disks.groups, groups, second);
        }
        played.stood.push(groups.get("rack"));
    }
    return played;
}
