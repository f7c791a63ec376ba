import type { Health, Supply } from "./verdict";
import { slug } from "./reading";

/** Whether a member's health counts for the quorum, or is only shown. */
export type MemberRole = "counts" | "advisory";

/** A source of power that a group watches. */
export interface GroupMember {
    /** Slug of the device, or of the topic under which it is heard. */
    name: string;
    role: MemberRole;
}

/** How a group counts. Times in s of event time. */
export interface QuorumConfig {
    /** Slug of the group: names its stream. */
    group: string;
    members: readonly GroupMember[];
    /** So many counting members must be healthy. */
    minHealthy: number;
    degradedCountsAs: "healthy" | "critical";
    unknownCountsAs: "healthy" | "degraded" | "critical";
    /** Whether a quorum that is lost only because members can't be read, all of them last seen on mains, shuts down too. */
    dataLossAlone: boolean;
    /** A member on mains that can't be read keeps its last known health for so long. */
    graceSeconds: number;
    /** The quorum must be lost for so long. */
    dwellSeconds: number;
    /** The quorum must be back for so long before the group is ready for the next loss. */
    restoreSeconds: number;
    /** After a start, members that have not been heard of count neither as healthy nor as lost for so long. */
    coldStartSeconds: number;
    /** A member that says nothing at all for so long can't be read. Absent: five times its usual interval, at least 15 s. */
    staleSeconds?: number;
}

/** Eneru's values where it has one. Its cold start, five polls + 5 s + the grace + 10 s, is 100 s at a poll of 5 s. */
export const defaultQuorum = {
    minHealthy: 1, degradedCountsAs: "healthy", unknownCountsAs: "critical", dataLossAlone: false,
    graceSeconds: 60, dwellSeconds: 3, restoreSeconds: 30, coldStartSeconds: 100,
} as const satisfies Omit<QuorumConfig, "group" | "members">;

/** The most members of a group. */
export const mostMembers = 64;

/** What is wrong with a group as a whole. */
export function quorumProblems({ members, minHealthy }: Pick<QuorumConfig, "members" | "minHealthy">): string[] {
    const counting = members.filter(({ role }) => role === "counts").length;
    const names = members.map(({ name }) => name);
    const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
    return [
        ...(counting === 0 ? ["no member that counts"] : []),
        ...(counting > 0 && minHealthy > counting ? [`${minHealthy} healthy needed of ${counting} that count`] : []),
        ...(twice.length > 0 ? [`twice a member: ${twice.join(", ")}`] : []),
        ...(members.length > mostMembers ? [`more than ${mostMembers} members`] : []),
    ];
}

/** The name of a member as it is compared: "UPS A" and "ups_a" are the same. Empty for a name of nothing. */
export function memberName(text: string): string {
    return text.trim() === "" ? "" : slug(text);
}

/** How a member counts. `awaited`: not heard of since the start. */
export type Counted = "healthy" | "lost" | "awaited" | "advisory";

/** A member as `msg.quorum` shows it. */
export interface QuorumMember {
    name: string;
    role: MemberRole;
    /** Its last known health while it is waited for; `unknown` after that, but a critical one stays critical. */
    health: Health;
    counted: Counted;
    /** Since when, event time in ms. */
    since: number;
    /** Age in s of the last word that said something of its health. Absent: there was none. */
    ageSeconds?: number;
    /** What fed it by that word. */
    supply: Supply;
    /** It can't be read since then (event time in ms). */
    silentSince?: number;
    /** For people: "on battery", "charge 18 % is below 20 %". */
    why: string;
}

/**
 * `starting`: too few members have been heard of. `failing`: short of healthy ones, not yet for long enough. `lost`: from
 * the shutdown until the quorum is back for good. `blind`: too few members can be read, and none of them is known to fail.
 */
export type QuorumStanding = "starting" | "held" | "failing" | "lost" | "blind";

/**
 * `lost`: decided now. `restored`: re-armed after that. `blind`: no longer to be judged. `degraded`: one more member is
 * lost, the quorum holds. `recovered`: fewer are lost. `member`: a member's health has changed and nothing else.
 */
export type QuorumChange = "lost" | "restored" | "blind" | "degraded" | "recovered" | "member";

/** How a group of sources stands: `msg.quorum`. */
export interface Quorum {
    group: string;
    /** streamOf the group: a fake member makes a group of its own. */
    stream: string;
    /** Event time in ms. */
    at: number;
    standing: QuorumStanding;
    /** How many counting members are healthy, of how many, and how many must be. */
    healthy: number;
    counting: number;
    needed: number;
    members: QuorumMember[];
    /** What is new; absent when nothing is. */
    change?: QuorumChange;
    /** With `lost`: whether the evidence suffices for something destructive; see ShutdownCommand. */
    conclusive?: boolean;
    /** One line for people: "rack: quorum lost: 0/2 healthy (1 needed): ups_a critical (charge 18 % is below 20 %), ups_b ..." */
    text: string;
    simulated?: true;
}
