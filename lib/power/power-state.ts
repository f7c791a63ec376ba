import type { Reading } from "./reading";

/** The five states of S0, worst last, and UNKNOWN when the source can't be read. */
export const powerStates = ["HEALTHY", "WARNING", "ALERT", "CRITICAL", "DEAD"] as const;
export type KnownPowerState = (typeof powerStates)[number];
export type PowerState = KnownPowerState | "UNKNOWN";

/** A change of power state, as `msg.transition` carries it. */
export interface Transition {
    device: string;
    from: PowerState;
    to: PowerState;
    /** When the state `to` began: event time in ms (the first of the readings that confirmed it). */
    since: number;
    /** Event time in ms of the reading that completed the transition. */
    at: number;
    /** W at that moment; absent when `to` is UNKNOWN. */
    watts?: number;
    /**
     * Whether low watts prove that the source is failing: the user has said that this load is constant, or the reading
     * itself says that mains is absent and its watts were measured. Without it the load may just have been switched off, and nothing
     * destructive follows from the transition alone.
     */
    conclusive: boolean;
    simulated?: true;
}

/** A source that could not be read for another N polls, as `msg.missed` carries it. */
export interface Missed {
    device: string;
    /** Failures in a row so far. */
    failures: number;
    /** Event time in ms of the first of them. */
    since: number;
    at: number;
    /** Cause and cure, from the last missing reading. */
    error?: string;
    simulated?: true;
}

/** What `msg.power` says of each reading that went through a classifier. */
export interface Classified {
    state: PowerState;
    /** Event time in ms. */
    since: number;
    /** Whether this reading, were it a transition, would be a conclusive one; see Transition.conclusive. */
    conclusive: boolean;
    /** The state that is being confirmed, and how far: "CRITICAL, 1 of 2". */
    confirming?: { state: KnownPowerState; seen: number; needed: number };
    reading: Reading;
}
