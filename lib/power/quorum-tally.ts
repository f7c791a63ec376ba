import type { Counted, QuorumConfig, QuorumMember } from "./quorum";
import { held } from "./quorum-member";
import type { QuorumState } from "./quorum-state";
import type { Health } from "./verdict";

/** The members of a group counted at one moment. */
export interface Tally {
    members: QuorumMember[];
    healthy: number;
    /** Counted as healthy, and known to be, but for a lost poll or two; and those among them that can be read right now. */
    evident: number;
    readable: number;
    awaited: number;
    counting: number;
    /** Too few are healthy, even if all that are waited for were. */
    short: boolean;
    /** It is short because of what is known of a member, or the user says that a loss of data suffices. */
    acts: boolean;
    /** It would be short also if those whose power is back, if not for good yet, were well: a loss may begin. */
    begins: boolean;
    /** Enough members are lost by proof; see ShutdownCommand.conclusive. */
    conclusive: boolean;
    /** When a member will change by itself, event times in ms. */
    until: number[];
}

/** Counts the members as they stand at `state.now`. */
export function tallyOf(config: QuorumConfig, state: QuorumState): Tally {
    const { now, startedAt } = state;
    const all = config.members.map(({ name, role }) => {
        const member = state.members.find((each) => each.name === name) ?? { name, gaps: [] };
        const { health, awaited, silentSince, why, until, proves } = held(config, member, startedAt, now);
        const counted: Counted = role === "advisory" ? "advisory" : awaited ? "awaited" : countOf(config, health);
        const { word, shown } = member;
        const shows: QuorumMember = {
            name, role, health, counted, since: shown?.health === health ? shown.since : now, supply: word?.supply ?? "unknown", why,
            ...(word !== undefined && { ageSeconds: Math.max(0, now - word.at) / 1000 }), ...(silentSince !== undefined && { silentSince }),
        };
        // Seen on battery when it fell silent, it is known to have been failing.
        const failing = counted === "lost" && (health !== "unknown" || word?.supply === "battery");
        const evident = counted === "healthy" && health !== "unknown" && now < proves;
        const returning = counted === "lost" && word?.returning === true;
        return { shows, due: [until, proves], evident, failing, returning, proven: failing && word?.conclusive === true };
    });
    const count = (of: (each: (typeof all)[number]) => boolean): number => all.filter(of).length;
    const counting = count(({ shows }) => shows.role === "counts");
    const healthy = count(({ shows }) => shows.counted === "healthy");
    const awaited = count(({ shows }) => shows.counted === "awaited");
    const short = healthy + awaited < config.minHealthy;
    const failing = count((each) => each.failing);
    const proven = count((each) => each.proven);
    // The ones that can't be read follow the ones that are proven to fail: they may be on the same mains.
    const unreadable = proven > 0 || config.dataLossAlone ? count(({ shows, failing: fails }) => shows.counted === "lost" && !fails) : 0;
    return {
        members: all.map(({ shows }) => shows), healthy, awaited, counting, short,
        evident: count((each) => each.evident), readable: count(({ evident, shows }) => evident && shows.silentSince === undefined),
        acts: short && (failing > 0 || config.dataLossAlone),
        begins: healthy + awaited + count(({ returning }) => returning) < config.minHealthy,
        conclusive: proven + unreadable > counting - config.minHealthy,
        until: all.flatMap(({ due }) => due),
    };
}

function countOf({ degradedCountsAs, unknownCountsAs }: QuorumConfig, health: Health): Counted {
    const as = health === "unknown" ? unknownCountsAs : health;
    return (as === "degraded" ? degradedCountsAs : as) === "healthy" ? "healthy" : "lost";
}
