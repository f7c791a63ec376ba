import type { Layout } from "./layout";
import type { Stage } from "./stage";

/** A story of one or more UPSes that the real nodes live through: ups.md §2.3, with Eneru's numbers and values. */
export interface Scenario {
    /** Begins with the number in ups.md §2.3, where it has one; what follows is what OUR nodes must do. */
    title: string;
    layout: Layout;
    /** On a NUT server of its own, with no other UPS. */
    alone?: true;
    /** With a Telegram of its own, that it may take down. */
    ownTelegram?: true;
    /** Its Node-RED runs in a container, where there can be one. */
    inContainer?: true;
    /** It is about the very machine that Node-RED runs on: played only where nothing that switches that off is real. */
    ownMachine?: true;
    play(stage: Stage): Promise<void>;
}

/** What breaks in the middle of a story, in this order: kill -9 · SIGTERM · a full deploy · upsd and its drivers. Both ends of each act wait until the other stories are there too. */
export const breaks = ["kill", "stop", "redeploy", "server"] as const;
export type Break = (typeof breaks)[number];

/** Such a story in acts: what happens before a break, while it lasts, and after it. */
export interface BrokenScenario {
    title: string;
    layout: Layout;
    /** How it is wired from the redeploy on. */
    redeployed?: Layout;
    acts: Partial<Record<Break, { before(stage: Stage): Promise<void>; meanwhile?(stage: Stage): Promise<void>; after(stage: Stage): Promise<void> }>>;
}

/** Begins the names of a scenario's UPSes: "34a OB, OL, OB ..." has "s34a". */
export const keyOf = (title: string): string => `s${(/^\w+/.exec(title)?.[0] ?? "").toLowerCase()}`;
