import { discharge, outputWatts, recharge, runtimeAt, secondsToEmpty, secondsToFull, type Battery } from "./battery-model";
import type { Outage, Phase } from "./outages";

/** How far an outage has come. */
export interface OutageRun {
    outage: Outage;
    battery: Battery;
    phase: number;
    /** Simulated s since this phase began, and since the outage did. */
    inPhase: number;
    elapsed: number;
    /** % */
    charge: number;
}

/** What a meter would read at one moment. */
export interface Moment {
    /** Simulated s since the outage began. */
    seconds: number;
    mains: "present" | "absent";
    charge: number;
    watts: number;
    /** s that the charge lasts at these watts. */
    runtime: number;
}

/** s that count as none: what is left over when fractions are added up. */
const instant = 1e-6;

/**
 * Begins an outage.
 * @param startCharge % at which the user's battery stands before an outage
 * @param charge % at which it stands now
 */
export function beginOutage(outage: Outage, battery: Omit<Battery, "derateBelow">, startCharge: number, charge: number): OutageRun {
    const from = outage.fromCharge === undefined ? charge : Math.min(startCharge, outage.fromCharge);
    return { outage, battery: { ...battery, derateBelow: outage.derateBelow }, phase: 0, inPhase: 0, elapsed: 0, charge: from };
}

/** The reading at this moment of a run. */
export function momentOf(run: OutageRun): Moment {
    const { mains } = phaseOf(run);
    const watts = mains === "present" ? run.battery.loadWatts : outputWatts(run.battery, run.charge);
    return { seconds: run.elapsed, mains, charge: run.charge, watts, runtime: runtimeAt(run.battery, run.charge, watts) };
}

/**
 * Lets simulated time pass. Gives the moments on the way, as close together as the phases want them, so that nothing is
 * skipped at high speed.
 */
export function advanceOutage(before: OutageRun, seconds: number): { run: OutageRun; moments: Moment[]; ended: boolean } {
    let run = before;
    let left = seconds;
    const moments: Moment[] = [];
    while (run.phase < run.outage.phases.length) {
        const phase = phaseOf(run);
        const remaining = remainingIn(run, phase);
        if (remaining <= instant) {
            run = { ...run, phase: run.phase + 1, inPhase: 0 };
            continue;
        }
        if (left <= instant) break;
        const step = Math.min(left, remaining, phase.everySeconds);
        run = { ...run, inPhase: run.inPhase + step, elapsed: run.elapsed + step, charge: chargeAfter(run, phase, step, remaining - step <= instant) };
        left -= step;
        moments.push(momentOf(run));
    }
    return { run, moments, ended: run.phase >= run.outage.phases.length };
}

function chargeAfter({ battery, charge }: OutageRun, { mains, lasts }: Phase, seconds: number, ends: boolean): number {
    if (ends && lasts === "until empty") return 0;
    if (ends && lasts === "until full") return 100;
    return mains === "present" ? recharge(charge, seconds) : discharge(battery, charge, seconds);
}

function phaseOf({ outage, phase }: OutageRun): Phase {
    return outage.phases[phase] ?? outage.phases.at(-1) ?? { mains: "present", lasts: 0, everySeconds: 60 };
}

function remainingIn(run: OutageRun, { lasts }: Phase): number {
    if (lasts === "until empty") return secondsToEmpty(run.battery, run.charge);
    if (lasts === "until full") return secondsToFull(run.charge);
    return lasts - run.inPhase;
}
