import type { QuorumConfig } from "./quorum";
import type { MemberState } from "./quorum-member";
import { healths, type Supply } from "./verdict";

/** What a group remembers of its real members, or of its fakes. Times are event times in ms. */
export interface QuorumState {
    /** Since when its members are listened to. */
    startedAt: number;
    /** The newest time that was seen. */
    now: number;
    members: MemberState[];
    /** A shutdown was told and the quorum is not back for good. */
    lost?: { since: number; conclusive: boolean };
    /** In which boot of this machine its members were heard, see heardIn. */
    boot?: string;
    /** Since when a shutdown would follow if it lasted. */
    shortSince?: number;
    /** While lost: since when there are enough healthy members. */
    backSince?: number;
    /** What was told last: the lost members, and whether the group was blind. */
    told: { lost: string[]; blind: boolean };
    simulated?: true;
}

/** A group that has heard nothing yet. */
export function newQuorum(config: QuorumConfig, at: number, simulated?: true): QuorumState {
    return { startedAt: at, now: at, members: config.members.map(({ name }) => ({ name, gaps: [] })), told: { lost: [], blind: false }, ...(simulated && { simulated }) };
}

/** What was known of a member for so long without anybody listening says nothing any more, ms. */
const forgetMs = 15 * 60_000;

/**
 * A group after a time in which nobody listened: a restart, or a process that slept. What it knew is kept for people and
 * for the failsafe, but every member has to be heard again before anything follows. Nothing is kept after a quarter of
 * an hour, or where the clock says that no time has passed: only that a shutdown was told, and an FSD.
 */
export function resumeQuorum(config: QuorumConfig, before: QuorumState, at: number): QuorumState {
    const away = at - before.now;
    const keeps = away >= 0 && away <= forgetMs;
    const members = config.members.map(({ name }): MemberState => {
        const { word, forced, gaps = [], shown } = before.members.find((member) => member.name === name) ?? {};
        return { name, gaps, ...(forced && { forced }), ...(keeps && word && { word }), ...(keeps && shown && { shown }) };
    });
    const { lost, told, simulated } = before;
    return { startedAt: at, now: at, members, told, ...(lost && { lost }), ...(simulated && { simulated }) };
}

/** The same state, with the boot of this machine in which it came about. */
export function heardIn(boot: string, state: QuorumState): QuorumState {
    return state.boot === boot ? state : { ...state, boot };
}

/**
 * resumeQuorum, for a state that may have been saved in an earlier `boot` of this machine. What was shut down then is spent, and all is
 * heard anew: a server that needs minutes to come up with this machine would be taken for one that fell silent in an outage. Only where a
 * member that counts told of an FSD that may still be there, the loss stays: it would shut down again and again.
 */
export function resumeInBoot(config: QuorumConfig, before: QuorumState, at: number, boot: string): QuorumState {
    if (before.boot === undefined || before.boot === boot) return heardIn(boot, resumeQuorum(config, before, at));
    const forced = config.members.some(({ name, role }) => role === "counts" && before.members.find((member) => member.name === name)?.forced);
    if (before.lost && !forced) return heardIn(boot, newQuorum(config, at));
    const members = before.members.map(({ name, gaps, forced: still }) => ({ name, gaps, ...(still && { forced: still }) }));
    return heardIn(boot, resumeQuorum(config, { ...before, members }, at));
}

/** A saved state, or undefined for anything that is none. */
export function parseQuorumState(value: unknown): QuorumState | undefined {
    if (!isObject(value)) return undefined;
    const { startedAt, now, members, lost, shortSince, backSince, told, simulated, boot } = value;
    if (!isNumber(startedAt) || !isNumber(now) || !Array.isArray(members)) return undefined;
    const parsed = members.map(parseMember);
    if (parsed.some((member) => member === undefined)) return undefined;
    const names = isObject(told) && Array.isArray(told.lost) ? told.lost.filter((name): name is string => typeof name === "string") : [];
    // An older version kept the boot with the loss alone.
    const bootThen = isObject(lost) ? boot ?? lost.boot : boot;
    return {
        startedAt, now, members: parsed as MemberState[], told: { lost: names, blind: isObject(told) && told.blind === true },
        ...(isObject(lost) && isNumber(lost.since) && { lost: { since: lost.since, conclusive: lost.conclusive === true } }), ...(typeof bootThen === "string" && { boot: bootThen }),
        ...(isNumber(shortSince) && { shortSince }), ...(isNumber(backSince) && { backSince }), ...(simulated === true && { simulated }),
    };
}

function parseMember(value: unknown): MemberState | undefined {
    if (!isObject(value)) return undefined;
    const { name, order, word, forced, heard, silent, gaps, shown } = value;
    if (typeof name !== "string" || !Array.isArray(gaps)) return undefined;
    const health = isObject(shown) ? healths.find((each) => each === shown.health) : undefined;
    const said = parseWord(word);
    return {
        name, gaps: gaps.filter(isNumber), ...(isObject(order) && isNumber(order.at) && { order: { at: order.at } }), ...(said && { word: said }), ...((forced === true || said?.why === fsdBefore) && { forced: true }), ...(heard === true && { heard }),
        ...(isObject(silent) && isNumber(silent.since) && typeof silent.why === "string" && { silent: { since: silent.since, why: silent.why } }),
        ...(isObject(shown) && health !== undefined && isNumber(shown.since) && { shown: { health, since: shown.since } }),
    };
}

const supplies: readonly Supply[] = ["mains", "battery", "off", "unknown"];

/** By this text alone an older version knew the word of an FSD. */
const fsdBefore = "forced shutdown (FSD)";

function parseWord(value: unknown): MemberState["word"] {
    if (!isObject(value)) return undefined;
    const health = healths.find((name) => name === value.health);
    const supply = supplies.find((name) => name === value.supply);
    const rank = ([0, 1, 2] as const).find((number) => number === value.rank);
    if (health === undefined || supply === undefined || rank === undefined || !isNumber(value.at) || typeof value.why !== "string") return undefined;
    return { at: value.at, health, supply, conclusive: value.conclusive === true, why: value.why, ...(value.returning === true && { returning: true as const }), rank };
}

function isObject(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null;
}

function isNumber(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}
