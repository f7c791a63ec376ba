import type { ShutdownCommand } from "./command";

/** Why machines are shut down, in the order in which the rules are asked: the first that holds wins. */
export const shutdownRules = [
    "forced-shutdown", "failsafe", "low-charge", "low-runtime", "low-battery-flag", "depletion", "time-on-battery", "power-state", "output-off",
] as const;
export type ShutdownRule = (typeof shutdownRules)[number];

/** What feeds the load, as far as the evidence goes. `off`: the device says that its output is off. */
export type Supply = "mains" | "battery" | "off" | "unknown";

/** How a source of power stands, as a quorum counts it. */
export const healths = ["healthy", "degraded", "critical", "unknown"] as const;
export type Health = (typeof healths)[number];

/** What one rule found in one reading. */
export interface Finding {
    rule: ShutdownRule;
    /** `holds` decides; `waits`: would decide if it lasted; `suspended`: not asked, `why` says for what reason. */
    outcome: "holds" | "waits" | "no" | "suspended";
    /** What was looked at and what it would have taken, in the rule's unit (%, s, %/min). Absent where nothing is measured. */
    value?: number;
    limit?: number;
    /** Age in s of the value when the rule was asked. */
    ageSeconds?: number;
    /** For people: "charge 18 % is below 20 %", "runtime 65535 s is no runtime: ignored". */
    why: string;
}

/** What follows from one reading, with everything that led to it: `msg.verdict`. */
export interface Verdict {
    device: string;
    /** streamOf the readings. */
    stream: string;
    /** Event time in ms of the reading. */
    at: number;
    supply: Supply;
    health: Health;
    /** `shutdown` from the moment a rule holds until mains is back for good. */
    decision: "none" | "shutdown";
    /** The rule that led to the decision. */
    rule?: ShutdownRule;
    /** The decision stands, and power is seen again: whether for good is still to be seen. Nothing new is to be begun by it. */
    returning?: true;
    /** What is new with this reading; absent when nothing is. */
    change?: VerdictChange;
    /** s on battery by our own clock, while on battery. */
    onBatterySeconds?: number;
    findings: Finding[];
    /** What was odd about the reading, for people: "calibration", "3600 s without a reading, or a clock that jumped". */
    notes?: string[];
    /** One line for people: "ups1: shutdown: charge 18 % is below 20 % (age 0.4 s), 312 s on battery". */
    text: string;
    simulated?: true;
}

/**
 * `shutdown`: decided now. `restored`: mains is back for good after that. `cancelled`: an outage ended before anything
 * was decided. `on-battery` and `on-mains`: a transfer. `not-ready` and `ready`: whether the battery would carry an outage.
 * `evidence`: a finding or the health changed.
 */
export type VerdictChange = "shutdown" | "restored" | "cancelled" | "on-battery" | "on-mains" | "not-ready" | "ready" | "evidence";

/** A message that a decider of this kind sends. */
export interface VerdictMessage {
    verdict: Verdict;
    command?: ShutdownCommand;
}
