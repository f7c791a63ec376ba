import { arrive, type Order } from "./order";
import type { QuorumConfig } from "./quorum";
import type { Health, Supply } from "./verdict";

/** What a message says of a member. */
export interface MemberEvidence {
    /** Its name in the group. */
    member: string;
    /** Event time in ms. */
    at: number;
    health: Health;
    supply: Supply;
    /** Whether a health that is not good is proven; see ShutdownCommand.conclusive. */
    conclusive: boolean;
    /** Cause, for people. */
    why: string;
    /** It is critical since the UPS's primary orders a shutdown (FSD), which stays until upsd is restarted. */
    forced?: true;
    /** It is critical by what was decided before, and has power again; see Verdict.returning. */
    returning?: true;
    /** Who judged: a plain reading 0, a classifier 1, a trigger 2. The better judge is heard while it speaks. */
    rank: 0 | 1 | 2;
    simulated?: true;
}

/** What was said of a member, and when. */
export type Word = Omit<MemberEvidence, "member" | "simulated">;

/** What a group remembers of a member. Times are event times in ms. */
export interface MemberState {
    name: string;
    order?: Order;
    /** The last word that said something of its health. */
    word?: Omit<Word, "forced">;
    /** That word told of an FSD, however long ago it was. */
    forced?: true;
    /** Its health was told since the start of the process. */
    heard?: true;
    /** It can't be read: since when, and the cause. */
    silent?: { since: number; why: string };
    /** The last gaps between its inputs, ms of event time, newest last. */
    gaps: number[];
    /** The health that was last shown, and since when. */
    shown?: { health: Health; since: number };
}

const gapsKept = 5;
const severities: readonly Health[] = ["unknown", "healthy", "degraded", "critical"];

/**
 * A member after one more word of it. Equal words in any order lead to the same: of two of the same moment the better
 * judge counts, then the worse health.
 * @returns undefined when the source's clock was set back
 */
export function hear(config: QuorumConfig, before: MemberState, word: Word, now: number): MemberState | undefined {
    const { word: last, silent } = before;
    if (last !== undefined && word.rank < last.rank && now - last.at < staleMs(config, before)) return before;
    const { arrival, order } = arrive(before.order, word.at);
    if (arrival === "restarted") return undefined;
    if (arrival === "late") return { ...before, order };
    const gap = before.order === undefined ? 0 : word.at - before.order.at;
    const after: MemberState = { ...before, order, gaps: gap > 0 ? [...before.gaps, gap].slice(-gapsKept) : before.gaps };
    if (word.health === "unknown") {
        if (last !== undefined && last.at >= word.at) return after;
        const why = silent === undefined || arrival === "newer" || word.why < silent.why ? word.why : silent.why;
        // It may have been mute for a while when the first report of it comes.
        const since = silent?.since ?? (last === undefined ? word.at : Math.min(word.at, last.at + staleMs(config, before)));
        return { ...after, silent: { since, why } };
    }
    if (last !== undefined && last.at === word.at && compare(last, word) >= 0) return after;
    delete after.silent;
    delete after.forced;
    const { forced, ...said } = word;
    after.word = said;
    if (forced) after.forced = true;
    if (now - word.at < staleMs(config, after)) after.heard = true;
    return after;
}

function compare(a: Omit<Word, "forced">, b: Omit<Word, "forced">): number {
    return a.rank - b.rank || severities.indexOf(a.health) - severities.indexOf(b.health) || Number(a.conclusive) - Number(b.conclusive) || Number(b.returning === true) - Number(a.returning === true) || (a.why < b.why ? -1 : a.why > b.why ? 1 : 0);
}

/** The health of a member at event time `at`, and the times at which it changes by itself. */
export interface Held {
    health: Health;
    /** Not heard of since the start, and the start is not long ago. */
    awaited: boolean;
    silentSince?: number;
    why: string;
    /** When patience ends, event time in ms. */
    until: number;
    /** Until when what it said last proves that it is well, event time in ms: for a lost poll or two. */
    proves: number;
}

/** How a member stands when nothing more is heard of it until `at`. */
export function held(config: QuorumConfig, member: MemberState, startedAt: number, at: number): Held {
    const { word, silent } = member;
    const started = startedAt + config.coldStartSeconds * 1000;
    if (!member.heard && at < started) {
        return { health: word?.health ?? "unknown", awaited: true, why: word === undefined ? silent?.why ?? "not heard of yet" : `not heard of since the start, was ${word.health}: ${word.why}`, until: started, proves: -Infinity };
    }
    if (word === undefined) return { health: "unknown", awaited: false, silentSince: silent?.since ?? startedAt, why: silent?.why ?? "never heard of", until: started, proves: -Infinity };
    const noticed = silent?.since ?? word.at + staleMs(config, member);
    const until = member.heard ? noticed + patienceMs(config, member, word) : started;
    const proves = member.heard ? noticed + blinkMs(member) : -Infinity;
    if (member.heard && at < noticed) return { health: word.health, awaited: false, why: word.why, until, proves };
    const cause = silent?.why ?? "nothing heard";
    const why = `${cause}, was ${word.health}: ${word.why}`;
    // A source that was failing when it fell silent has not recovered.
    const health = at < until || word.health === "critical" ? word.health : "unknown";
    return { health, awaited: false, silentSince: Math.min(noticed, at), why, until, proves };
}

/** How long a member that can't be read keeps its health. On battery there is less time to wait (Eneru's failsafe: three polls). */
function patienceMs(config: QuorumConfig, member: MemberState, { supply }: Pick<Word, "supply">): number {
    // One lost poll of a slow source is no loss: the next one must have had its chance.
    return supply === "battery" ? blinkMs(member) : Math.max(config.graceSeconds * 1000, 1.5 * (usualGapMs(member) ?? 0));
}

/** For how long a source may not answer without anything following from it, ms. */
function blinkMs(member: MemberState): number {
    return Math.max(leastStaleMs, 3 * (usualGapMs(member) ?? 0));
}

const leastStaleMs = 15_000;

/** After how long without a word a member can't be read, ms. */
export function staleMs(config: QuorumConfig, member: MemberState): number {
    if (config.staleSeconds !== undefined) return config.staleSeconds * 1000;
    const usual = usualGapMs(member);
    return Math.max(leastStaleMs, usual === undefined ? config.coldStartSeconds * 1000 : 5 * usual);
}

/** The lower median of the last gaps: one outage of the source does not change what is usual. */
function usualGapMs({ gaps }: MemberState): number | undefined {
    return gaps.toSorted((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)];
}
