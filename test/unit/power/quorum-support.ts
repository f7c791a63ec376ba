import { defaultQuorum, type Quorum, type QuorumConfig } from "../../../lib/power/quorum";
import type { MemberEvidence } from "../../../lib/power/quorum-member";
import type { QuorumState } from "../../../lib/power/quorum-state";
import { hearMember, passTime, type QuorumNews, type QuorumStep } from "../../../lib/power/quorum-step";

/** Event times of the tests begin here, so that a second of theirs is easy to tell. */
export const t0 = 1_700_000_000_000;

export const twoUpses: QuorumConfig = { ...defaultQuorum, group: "rack", members: [{ name: "ups_a", role: "counts" }, { name: "ups_b", role: "counts" }] };

/** What is heard of a member in a test: a trigger's word. `unread` is a poll that failed. */
export const words = {
    mains: { health: "healthy", supply: "mains", conclusive: false, why: "on mains" },
    battery: { health: "degraded", supply: "battery", conclusive: true, why: "on battery" },
    low: { health: "critical", supply: "battery", conclusive: true, why: "charge 18 % is below 20 %" },
    returning: { health: "critical", supply: "mains", conclusive: true, returning: true, why: "charge 18 % is below 20 %" },
    watts: { health: "degraded", supply: "unknown", conclusive: false, why: "CRITICAL at 24.0 W" },
    unread: { health: "unknown", supply: "unknown", conclusive: false, why: "DATA-STALE" },
} as const satisfies Record<string, Omit<MemberEvidence, "member" | "at" | "rank">>;
export type WordName = keyof typeof words;

export function evidence(member: string, word: WordName, seconds: number, more: Partial<MemberEvidence> = {}): MemberEvidence {
    return { member, at: t0 + seconds * 1000, rank: 2, ...words[word], ...more };
}

/** A group that is told one second after the other. */
export class Rig {
    state: QuorumState | undefined;
    news: QuorumNews[] = [];
    last: Quorum | undefined;
    seconds = 0;
    constructor(public config: QuorumConfig = twoUpses) {}

    hear(given: MemberEvidence, begins = false): void {
        this.take(hearMember(this.config, this.state, given, begins));
    }
    take({ state, news, quorum }: QuorumStep): void {
        this.state = state;
        this.news.push(...news);
        this.last = quorum;
    }
    /** Polls once a second for so long. A member that is not named says nothing. */
    poll(seconds: number, told: Partial<Record<string, WordName>>): this {
        for (let second = 0; second < seconds; second += 1) {
            for (const [member, word] of Object.entries(told)) if (word !== undefined) this.hear(evidence(member, word, this.seconds));
            this.seconds += 1;
            if (this.state !== undefined) this.take(passTime(this.config, this.state, t0 + this.seconds * 1000 - 1));
        }
        return this;
    }
    /** "shutdown" and "restored" with the second at which each was told. */
    commands(): [string, number][] {
        return this.news.flatMap(({ command }) => (command === undefined ? [] : [[command.action, (command.at - t0) / 1000] as [string, number]]));
    }
    changes(): (string | undefined)[] {
        return this.news.map(({ quorum }) => quorum.change);
    }
}
