import type { ShutdownCommand } from "./command";
import type { Quorum, QuorumChange, QuorumConfig, QuorumMember, QuorumStanding } from "./quorum";
import { hear, staleMs, type MemberEvidence } from "./quorum-member";
import { newQuorum, resumeQuorum, type QuorumState } from "./quorum-state";
import { quorumText } from "./quorum-text";
import { tallyOf, type Tally } from "./quorum-tally";
import { streamOf } from "./reading";

/** Something that has changed, and what the sequencer is to do about it. */
export interface QuorumNews {
    quorum: Quorum;
    command?: ShutdownCommand;
}

/** What follows from an input, or from time that has passed. */
export interface QuorumStep {
    state: QuorumState;
    /** How the group stands now; says nothing of changes. */
    quorum: Quorum;
    /** Oldest first. */
    news: QuorumNews[];
}

/** A pause between fakes is at least so long, ms. */
const leastPauseMs = 60_000;

/**
 * Hears one member.
 *
 * What a moment leads to is decided once time has moved on, when all that was said in it is known: so the order of inputs
 * of the same moment does not matter. What falls due in between (patience, dwell) is decided in its order.
 * @param begins a fake that begins anew, as a tape does. The second word of this kind finds a group that is new already
 */
export function hearMember(config: QuorumConfig, earlier: QuorumState | undefined, evidence: MemberEvidence, begins = false): QuorumStep {
    const { member: name, simulated, ...word } = evidence;
    if (earlier === undefined) return hearMember(config, newQuorum(config, word.at, simulated), evidence);
    // Of fakes nobody looks at the clock: when none of them has said a word for long, it was the person who paused.
    const paused = simulated && word.at - earlier.now > Math.max(leastPauseMs, ...earlier.members.map((member) => staleMs(config, member)));
    const before = paused ? resumeQuorum(config, earlier, word.at) : earlier;
    const known = before.members.find((member) => member.name === name);
    if (begins && known?.order !== undefined && known.order.at !== word.at) return anew(config, before, evidence);
    const { state, news } = pass(config, before, word.at, false);
    const member = state.members.find((each) => each.name === name) ?? { name, gaps: [] };
    const heard = hear(config, member, word, state.now);
    if (heard === undefined && simulated) return anew(config, before, evidence);
    const after = heard ?? hear(config, { name, gaps: [], ...(member.shown && { shown: member.shown }) }, word, state.now) ?? member;
    const members = config.members.map((each) => (each.name === name ? after : state.members.find((other) => other.name === each.name) ?? { name: each.name, gaps: [] }));
    return stepOf(config, { ...state, members }, news);
}

/** Lets time pass without an input, for a group whose members may fall silent. */
export function passTime(config: QuorumConfig, before: QuorumState, at: number): QuorumStep {
    const { state, news } = pass(config, before, at, true);
    return stepOf(config, state, news);
}

/** A group of fakes that begins again. What was shut down in its last life is restored, or it could not rehearse again. */
function anew(config: QuorumConfig, before: QuorumState, evidence: MemberEvidence): QuorumStep {
    const fresh = newQuorum(config, evidence.at, before.simulated);
    const step = hearMember(config, fresh, evidence);
    return before.lost === undefined ? step : { ...step, news: [newsOf(config, fresh, tallyOf(config, fresh), "restored"), ...step.news] };
}

/** @param inclusive whether the moment `to` is complete */
function pass(config: QuorumConfig, before: QuorumState, to: number, inclusive: boolean): { state: QuorumState; news: QuorumNews[] } {
    const news: QuorumNews[] = [];
    let state = before;
    while (to > state.now || (inclusive && to === state.now)) {
        const settled = settle(config, state);
        news.push(...settled.news);
        if (to === state.now) return { state: settled.state, news };
        const due = settled.due.filter((at) => at > state.now && at < to);
        state = { ...settled.state, now: Math.min(to, ...due) };
        if (state.now === to && !inclusive) break;
    }
    return { state, news };
}

/** Decides what follows from the moment `state.now`, all of which is known. */
function settle(config: QuorumConfig, before: QuorumState): { state: QuorumState; news: QuorumNews[]; due: number[] } {
    const { now } = before;
    const tally = tallyOf(config, before);
    const state: QuorumState = { ...before, members: before.members.map((member) => shownAs(member, tally.members)), told: toldOf(before.told, tally) };
    delete state.shortSince;
    delete state.backSince;
    // Told with too little proof, a shutdown is told again once there is enough.
    const wanted = tally.acts && (before.lost === undefined || (!before.lost.conclusive && tally.conclusive));
    const isBack = before.lost !== undefined && tally.evident >= config.minHealthy;
    const shortSince = wanted ? before.shortSince ?? now : undefined;
    const backSince = isBack ? before.backSince ?? now : undefined;
    const fires = shortSince !== undefined && tally.begins && now >= shortSince + config.dwellSeconds * 1000;
    // What nobody can read right now may have failed again.
    const restores = backSince !== undefined && now >= backSince + config.restoreSeconds * 1000 && tally.readable >= config.minHealthy;
    if (fires) state.lost = { since: before.lost?.since ?? now, conclusive: tally.conclusive };
    else if (shortSince !== undefined) state.shortSince = shortSince;
    if (restores) delete state.lost;
    else if (backSince !== undefined) state.backSince = backSince;
    const change = fires ? "lost" : restores ? "restored" : changeOf(before, tally);
    const due = [...tally.until, ...(shortSince === undefined ? [] : [shortSince + config.dwellSeconds * 1000]), ...(backSince === undefined ? [] : [backSince + config.restoreSeconds * 1000])];
    return { state, news: change === undefined ? [] : [newsOf(config, state, tally, change)], due };
}

function shownAs<Member extends QuorumState["members"][number]>(member: Member, shows: readonly QuorumMember[]): Member {
    const mine = shows.find(({ name }) => name === member.name);
    return mine === undefined ? member : { ...member, shown: { health: mine.health, since: mine.since } };
}

/** What has been told when this is. Of a member that is waited for nothing new is known. */
function toldOf(before: QuorumState["told"], { members, awaited, short, acts }: Tally): QuorumState["told"] {
    const lost = members.filter(({ name, counted }) => counted === "lost" || (counted === "awaited" && before.lost.includes(name)));
    return { lost: lost.map(({ name }) => name), blind: short ? !acts : before.blind && awaited > 0 };
}

function changeOf(before: QuorumState, tally: Tally): QuorumChange | undefined {
    const { lost, blind } = toldOf(before.told, tally);
    if (blind && !before.told.blind) return "blind";
    if (lost.some((name) => !before.told.lost.includes(name))) return "degraded";
    if (before.told.lost.some((name) => !lost.includes(name)) || (before.told.blind && !tally.short && !blind)) return "recovered";
    const turned = tally.members.some(({ name, health }) => {
        const shown = before.members.find((member) => member.name === name)?.shown;
        // That a member turns out to be well is no news.
        return shown !== undefined && shown.health !== health && !(shown.health === "unknown" && health === "healthy");
    });
    return turned ? "member" : undefined;
}

function newsOf(config: QuorumConfig, state: QuorumState, tally: Tally, change: QuorumChange): QuorumNews {
    const quorum = quorumOf(config, state, tally, change);
    if (change !== "lost" && change !== "restored") return { quorum };
    const action = change === "lost" ? "shutdown" : "restored";
    const command: ShutdownCommand = { action, reason: quorum.text, at: state.now, stream: quorum.stream, conclusive: action === "shutdown" && tally.conclusive, ...(state.simulated && { simulated: true }) };
    return { quorum, command };
}

function stepOf(config: QuorumConfig, state: QuorumState, news: QuorumNews[]): QuorumStep {
    return { state, news, quorum: quorumOf(config, state, tallyOf(config, state)) };
}

function quorumOf({ group, minHealthy }: QuorumConfig, state: QuorumState, tally: Tally, change?: QuorumChange): Quorum {
    const { simulated, now } = state;
    const quorum = {
        group, stream: streamOf({ device: group, ...(simulated && { simulated }) }), at: now, standing: standingOf(state, tally, minHealthy), healthy: tally.healthy, counting: tally.counting, needed: minHealthy,
        members: tally.members, ...(change && { change }), ...(change === "lost" && { conclusive: tally.conclusive }), ...(simulated && { simulated }),
    };
    return { ...quorum, text: quorumText(quorum) };
}

function standingOf({ lost }: QuorumState, { short, acts, healthy }: Tally, needed: number): QuorumStanding {
    if (lost !== undefined) return "lost";
    if (short) return acts ? "failing" : "blind";
    return healthy < needed ? "starting" : "held";
}
