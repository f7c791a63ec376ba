import { shutdownRules, type ShutdownRule } from "./verdict";

/** When a trigger decides to shut down. Times in ms unless the name says otherwise. */
export interface TriggerConfig {
    /** Which rules are asked. One that is off is never a reason, not even above a hard floor. */
    rules: Readonly<Record<ShutdownRule, boolean>>;
    /** After a transfer to battery so long only FSD, failsafe and OFF decide: fresh transfers report junk. */
    stabilizationMs: number;
    /** Mains must be back for so long without a break before an outage is over. */
    mainsStableMs: number;

    /** %: below it the charge is too low. */
    lowCharge: number;
    /** s: below it the runtime that the device claims is too low. */
    lowRuntime: number;

    /** A plausible LB must be said by so many readings in a row, over at least so long. */
    lowBatterySamples: number;
    lowBatteryMs: number;
    /** An LB that no number bears out must last so long. */
    lowBatteryAloneMs: number;
    /** %: below it the charge bears out an LB. */
    lowBatteryCharge: number;

    /** Low runtime: takes the time that the charge lasts at its measured rate, where that is less than the claim or the claim is not believed. */
    measuredRuntime: boolean;

    /** %/min: above it the battery empties too fast, measured over the window, not before the grace is over. */
    depletionPerMinute: number;
    depletionWindowMs: number;
    depletionGraceMs: number;

    /** On battery for longer than this is too long. */
    timeOnBatteryMs: number;
    /** The device must say OFF for so long. */
    offMs: number;

    /** A source is lost after so many missed polls in a row that span at least so long ... */
    missedPolls: number;
    missedMs: number;
    /** ... and then the pessimistic countdown runs, since the last good reading: at least and at most so long. */
    blindLeastMs: number;
    blindMostMs: number;

    /** %: calibration, a self-test and bypass suspend the rules about the battery only above this charge. */
    hardFloor: number;
    /** Numbers that all stand still for so long on battery are believed no more. */
    frozenMs: number;
    /** So long without any reading, and far longer than usual, is a gap: read again before acting. */
    gapMs: number;

    /** %: a charge below it while the battery is not in use is told, and so is one that has not risen on mains for so long; 0: is not. */
    readyCharge: number;
    chargeStillMs: number;
    /** Low watts count after so long without a gap: machines that still boot draw little. */
    powerGraceMs: number;

    /** Who must agree: each source decides for itself, or a second kind of source must say the same. */
    agreement: "each" | "two-kinds";
    /** A second source's word counts for so long. */
    witnessMs: number;
}

const everyRule = Object.fromEntries(shutdownRules.map((rule) => [rule, true])) as Record<ShutdownRule, boolean>;

/** Eneru's thresholds where it has them; the rest as its users' bug reports suggest. */
export const defaultTriggerConfig: Readonly<TriggerConfig> = {
    rules: everyRule,
    stabilizationMs: 30_000,
    mainsStableMs: 30_000,
    lowCharge: 20,
    lowRuntime: 600,
    lowBatterySamples: 2,
    lowBatteryMs: 3000,
    lowBatteryAloneMs: 60_000,
    lowBatteryCharge: 50,
    measuredRuntime: false,
    depletionPerMinute: 15,
    depletionWindowMs: 300_000,
    depletionGraceMs: 90_000,
    timeOnBatteryMs: 900_000,
    offMs: 30_000,
    missedPolls: 3,
    missedMs: 15_000,
    blindLeastMs: 60_000,
    blindMostMs: 900_000,
    hardFloor: 10,
    frozenMs: 300_000,
    gapMs: 90_000,
    readyCharge: 30,
    chargeStillMs: 6 * 3_600_000,
    powerGraceMs: 300_000,
    agreement: "each",
    witnessMs: 120_000,
};

/** What is wrong with settings that are each possible by themselves, one sentence each. */
export function triggerProblems(config: TriggerConfig): string[] {
    const problems: string[] = [];
    if (!shutdownRules.some((rule) => config.rules[rule])) problems.push("every rule is off: nothing would ever be shut down");
    if (config.blindMostMs < config.blindLeastMs) problems.push(`after lost data it can't wait at least ${config.blindLeastMs / 1000} s and at most ${config.blindMostMs / 1000} s`);
    if (config.rules["low-charge"] && config.hardFloor > config.lowCharge) problems.push(`the hard floor (${config.hardFloor} %) must not be above the low charge (${config.lowCharge} %)`);
    return problems;
}
