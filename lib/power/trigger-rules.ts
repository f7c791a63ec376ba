import { onBatteryMs, unsettledMs } from "./battery-clock";
import { isBelow } from "./crossing";
import type { Evidence } from "./evidence";
import { blindAllowance, frozenAllowanceMs } from "./failsafe";
import { backingOf } from "./low-battery-flag";
import type { Passing } from "./passing";
import { whyImplausible } from "./runtime-plausibility";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerInput } from "./trigger-input";
import type { TriggerState } from "./trigger-state";
import type { Finding, ShutdownRule } from "./verdict";
import type { Testimony } from "./witness";

/** What a rule is asked about. */
export interface Asked {
    config: TriggerConfig;
    input: TriggerInput;
    evidence: Evidence;
    passing: Passing;
    /** What is known with this reading, and what was known before it. */
    state: TriggerState;
    before: TriggerState | undefined;
    /** What other kinds of source say, where two must agree. */
    testimony: Testimony | undefined;
}

/** A rule's answer. `floor`: it holds below the hard floor. `overdue`: another transfer is no reason to wait longer. */
export type Answer = Omit<Finding, "rule"> & { floor?: true; overdue?: true };

interface Rule {
    /** `battery`: asked only while on battery, and only when the transfer has settled. `any`: at all times. */
    when: "battery" | "any";
    ask(asked: Asked): Answer;
}

/** % and s: steps in which a charge and a runtime come down; a longer one in a single sample has to be confirmed. */
const chargeStep = 5;
const runtimeStep = 120;

/** The rules, in the order of shutdownRules: the first that holds wins. */
export const triggerRules: Readonly<Record<ShutdownRule, Rule>> = {
    "forced-shutdown": { when: "any", ask: askForcedShutdown },
    failsafe: { when: "any", ask: askFailsafe },
    "low-charge": { when: "battery", ask: askLowCharge },
    "low-runtime": { when: "battery", ask: askLowRuntime },
    "low-battery-flag": { when: "battery", ask: askLowBatteryFlag },
    depletion: { when: "battery", ask: askDepletion },
    "time-on-battery": { when: "battery", ask: askTimeOnBattery },
    "power-state": { when: "any", ask: askPowerState },
    "output-off": { when: "any", ask: askOutputOff },
};

/** Asks one rule, with the gates that stand before it. */
export function ask(rule: ShutdownRule, asked: Asked): Answer {
    const { config, evidence } = asked;
    if (!config.rules[rule]) return { outcome: "no", why: "switched off" };
    const { when, ask: question } = triggerRules[rule];
    if (when === "any") return question(asked);
    switch (evidence.standing) {
        case "mains":
            return { outcome: "no", why: rule === "low-battery-flag" && evidence.lowBattery ? "LB while mains is present: ignored" : "mains is present" };
        case "blind":
            return { outcome: "no", why: "no data" };
        case "excused":
            return excused(rule, asked);
        case "battery":
            return onBatteryNow(question(asked), asked);
        default:
            return { outcome: "no", why: "the reading does not say whether mains is present" };
    }
}

/**
 * Mains that comes and goes would put everything off for ever, until the battery is empty: below the hard floor, and where the time
 * on battery has long been over, only the first transfer of an outage has to settle.
 */
function onBatteryNow(answer: Answer, { config, state: { battery }, input }: Asked): Answer {
    if (battery === undefined || ((answer.floor || answer.overdue) && battery.elapsedMs >= config.stabilizationMs)) return answer;
    return settled(answer, unsettledMs(battery, input.reading.at, config.stabilizationMs));
}

/** A fresh transfer reports junk: what holds then has to hold when it has settled. */
function settled(answer: Answer, leftMs: number): Answer {
    return answer.outcome === "holds" && leftMs > 0 ? { ...answer, outcome: "waits", why: `${answer.why}; stabilization, ${seconds(leftMs)} s to go` } : answer;
}

/** On battery on purpose: nothing is asked above the hard floor; nor below it where nobody says that the battery is in use. */
function excused(rule: ShutdownRule, { config, evidence, state, before }: Asked): Answer {
    const { charge, excuse } = evidence;
    const suspended: Answer = { outcome: "suspended", why: excuse ?? "no outage" };
    if (rule !== "low-charge" || charge === undefined || state.known.bypassed) return suspended;
    const below = isBelow(config.hardFloor, charge, before?.known.charge, chargeStep);
    const measured = { value: charge, limit: config.hardFloor, ageSeconds: 0 };
    if (below === "above") return { ...suspended, ...measured, why: `${excuse}: charge ${text(charge)} % is not below the hard floor of ${text(config.hardFloor)} %` };
    return { ...measured, outcome: below === "below" ? "holds" : "waits", why: `charge ${text(charge)} % is below the hard floor of ${text(config.hardFloor)} %, ${excuse} or not`, floor: true };
}

function askForcedShutdown({ evidence, state, before }: Asked): Answer {
    if (!evidence.forced) return { outcome: "no", why: "no FSD" };
    if (before?.forced && !state.decided) return { outcome: "no", why: "FSD is still there from before: acted upon already" };
    return { outcome: "holds", why: "FSD: the primary has declared a forced shutdown" };
}

function askFailsafe(asked: Asked): Answer {
    const { config, evidence, state, input } = asked;
    const { at } = input.reading;
    if (state.missed === undefined) return evidence.standing === "battery" ? askFrozen(asked) : { outcome: "no", why: "the data is fresh" };
    const { count, since } = state.missed;
    const age = state.known.at === undefined ? {} : { ageSeconds: (at - state.known.at) / 1000 };
    const polls = `${count} poll${count === 1 ? "" : "s"} missed`;
    if (state.known.on !== "battery") {
        return { outcome: "no", ...age, why: `${polls}; ${state.known.on === "mains" ? "last known on mains" : state.known.on === "excused" ? "last known on battery for a test or in bypass" : "never known on battery"}` };
    }
    const waitedMs = at - since;
    const { ms, why } = blindAllowance(config, state, input.reading);
    const found = { value: waitedMs / 1000, limit: Math.max(ms, config.missedMs) / 1000, ...age };
    if (count < config.missedPolls || waitedMs < config.missedMs) return { outcome: "waits", ...found, why: `${polls}, last known on battery; needs ${config.missedPolls} polls and ${seconds(config.missedMs)} s` };
    if (waitedMs < ms) return { outcome: "waits", ...found, why: `no data for ${seconds(waitedMs)} s, last known on battery, ${why}: ${seconds(ms - waitedMs)} s to go` };
    return { outcome: "holds", ...found, why: `no data for ${seconds(waitedMs)} s (${polls}), last known on battery, ${why}` };
}

/** Numbers that all stand still are old numbers: the runtime that they claim runs down from when they froze. */
function askFrozen({ config, state, input }: Asked): Answer {
    const stillMs = state.still === undefined ? 0 : input.reading.at - state.still.since;
    if (stillMs < config.frozenMs) return { outcome: "no", why: "the data is fresh" };
    const allowedMs = frozenAllowanceMs(config, state.known.runtime);
    const why = `no number has moved for ${seconds(stillMs)} s on battery: frozen`;
    if (allowedMs === undefined) return { outcome: "no", value: stillMs / 1000, why };
    const found = { value: stillMs / 1000, limit: allowedMs / 1000, ageSeconds: stillMs / 1000 };
    return stillMs > allowedMs
        ? { outcome: "holds", ...found, why: `${why}, and the runtime of ${text(state.known.runtime ?? 0)} s that they claim is used up` }
        : { outcome: "waits", ...found, why: `${why}, ${seconds(allowedMs - stillMs)} s until the runtime that they claim is used up` };
}

function askLowCharge({ config, evidence, before, input }: Asked): Answer {
    const { charge } = evidence;
    if (charge === undefined) return { outcome: "no", why: input.reading.charge === undefined ? "no charge is measured" : `charge ${text(input.reading.charge)} % is no charge: ignored` };
    const found = { value: charge, limit: config.lowCharge, ageSeconds: 0 };
    const floor = charge < config.hardFloor && { floor: true as const };
    switch (isBelow(config.lowCharge, charge, before?.known.charge, chargeStep)) {
        case "above":
            return { outcome: "no", ...found, why: `charge ${text(charge)} % is not below ${text(config.lowCharge)} %` };
        case "unconfirmed":
            return { outcome: "waits", ...found, why: `charge ${text(charge)} % jumped from ${before?.known.charge === undefined ? "nothing" : `${text(before.known.charge)} %`}: the next reading must confirm it` };
        case "below":
            return { outcome: "holds", ...found, ...floor, why: `charge ${text(charge)} % is below ${text(config.lowCharge)} %` };
    }
}

/** The claimed runtime where it is believed. */
function believedRuntime({ config, before, state, input }: Asked): { runtime: number } | { why: string } {
    const claimed = input.reading.runtime;
    if (claimed === undefined) return { why: "no runtime is claimed" };
    const stillMs = state.runtimeStillSince === undefined ? 0 : input.reading.at - state.runtimeStillSince;
    const onBatteryBefore = before?.known.on === "battery" ? before.known.runtime : undefined;
    const why = whyImplausible({ now: claimed, before: onBatteryBefore, stillMs }, config.frozenMs);
    return why === undefined ? { runtime: claimed } : { why };
}

/**
 * How long the charge lasts at the rate at which it has fallen, s. Of two charges in a row the higher one counts: a single low
 * one proves nothing.
 */
function measuredRuntime({ config, evidence: { charge }, before, state }: Asked): { seconds: number; why: string } | undefined {
    const perMinute = state.depletion?.last?.perMinute;
    if (!config.measuredRuntime || charge === undefined || perMinute === undefined || !(perMinute > 0)) return undefined;
    const left = Math.max(charge, before?.known.charge ?? charge);
    return { seconds: Math.round((left / perMinute) * 60), why: `${text(left)} % that fall by ${text(perMinute)} %/min` };
}

function askLowRuntime(asked: Asked): Answer {
    const { config, before, input, passing } = asked;
    const believed = believedRuntime(asked);
    const measured = measuredRuntime(asked);
    const claim = "runtime" in believed ? believed.runtime : undefined;
    if (measured !== undefined && (claim === undefined || measured.seconds < claim)) {
        const found = { value: measured.seconds, limit: config.lowRuntime, ageSeconds: 0 };
        const said = `runtime ${measured.seconds} s, as measured (${measured.why}${claim === undefined ? "" : `; ${text(claim)} s are claimed`}),`;
        if (measured.seconds >= config.lowRuntime) return { outcome: "no", ...found, why: `${said} is not below ${text(config.lowRuntime)} s` };
        return afterGap({ outcome: "holds", ...found, why: `${said} is below ${text(config.lowRuntime)} s` }, passing);
    }
    if ("why" in believed) return { outcome: "no", ...(input.reading.runtime !== undefined && { value: input.reading.runtime, limit: config.lowRuntime, ageSeconds: 0 }), why: believed.why };
    const { runtime } = believed;
    const found = { value: runtime, limit: config.lowRuntime, ageSeconds: 0 };
    switch (isBelow(config.lowRuntime, runtime, before?.known.runtime, runtimeStep)) {
        case "above":
            return { outcome: "no", ...found, why: `runtime ${text(runtime)} s is not below ${text(config.lowRuntime)} s` };
        case "unconfirmed":
            return { outcome: "waits", ...found, why: `runtime ${text(runtime)} s jumped from ${before?.known.runtime === undefined ? "nothing" : `${text(before.known.runtime)} s`}: the next reading must confirm it` };
        case "below":
            return { outcome: "holds", ...found, why: `runtime ${text(runtime)} s is below ${text(config.lowRuntime)} s` };
    }
}

function askLowBatteryFlag(asked: Asked): Answer {
    const { config, evidence, state, input } = asked;
    if (!evidence.lowBattery) return { outcome: "no", why: "no LB" };
    if (state.lowBattery === undefined) return { outcome: "waits", why: "LB; it counts after stabilization only" };
    const { since, samples } = state.lowBattery;
    const lastedMs = input.reading.at - since;
    const believed = believedRuntime(asked);
    const backing = backingOf(config, evidence.charge, "runtime" in believed ? believed.runtime : undefined, input.reading.lowCharge);
    if (backing.kind === "explained-away") return { outcome: "no", why: `LB: ignored, ${backing.by}` };
    const neededMs = backing.kind === "borne-out" ? config.lowBatteryMs : config.lowBatteryAloneMs;
    const found = { value: lastedMs / 1000, limit: neededMs / 1000, ageSeconds: 0 };
    const why = `LB for ${seconds(lastedMs)} s, ${backing.kind === "borne-out" ? `and ${backing.by}` : "though no number bears it out"}`;
    if (samples < config.lowBatterySamples || lastedMs < neededMs) return { outcome: "waits", ...found, why: `${why}; it must last ${seconds(neededMs)} s` };
    return { outcome: "holds", ...found, why };
}

function askDepletion({ config, state, passing }: Asked): Answer {
    const rate = state.depletion?.last;
    if (rate?.perMinute === undefined) return { outcome: "no", why: rate?.note ?? "no rate yet" };
    const found = { value: Math.round(rate.perMinute * 100) / 100, limit: config.depletionPerMinute, ageSeconds: (state.order.at - rate.at) / 1000 };
    const said = `the charge falls by ${text(rate.perMinute)} %/min`;
    if (!(rate.perMinute > config.depletionPerMinute)) return { outcome: "no", ...found, why: rate.perMinute > 0 ? `${said}, not by more than ${text(config.depletionPerMinute)} %/min` : "the charge does not fall" };
    return afterGap({ outcome: "holds", ...found, why: `${said}, by more than ${text(config.depletionPerMinute)} %/min` }, passing);
}

function askTimeOnBattery({ config, state, passing }: Asked): Answer {
    if (state.battery === undefined) return { outcome: "no", why: "not on battery" };
    const elapsedMs = onBatteryMs(state.battery);
    const found = { value: elapsedMs / 1000, limit: config.timeOnBatteryMs / 1000, ageSeconds: 0 };
    const assumed = state.battery.assumedMs > 0 ? ` (${seconds(state.battery.assumedMs)} s of it assumed: it began before anybody looked)` : "";
    const said = `${seconds(elapsedMs)} s on battery${assumed}`;
    if (!(elapsedMs > config.timeOnBatteryMs)) return { outcome: "no", ...found, why: `${said}, not longer than ${seconds(config.timeOnBatteryMs)} s` };
    const overdue = elapsedMs > config.timeOnBatteryMs + config.stabilizationMs && { overdue: true as const };
    return afterGap({ outcome: "holds", ...found, ...overdue, why: `${said}, longer than ${seconds(config.timeOnBatteryMs)} s` }, passing);
}

/** What rests on elapsed time is read again after a gap before it counts. */
function afterGap(answer: Answer, { gap }: Passing): Answer {
    return gap ? { ...answer, outcome: "waits", why: `${answer.why}; ${seconds(gap.ms)} s without a reading, or a clock that jumped: read again first` } : answer;
}

function askPowerState({ config, evidence, state, input, testimony }: Asked): Answer {
    const { power, reading } = input;
    if (power === undefined) return { outcome: "no", why: "no classifier has judged this reading" };
    if (power.state !== "CRITICAL" && power.state !== "DEAD") return { outcome: "no", why: `power state ${power.state}` };
    const said = `power state ${power.state}${reading.watts === undefined ? "" : ` at ${text(reading.watts)} W`}`;
    if (evidence.standing === "blind") return { outcome: "no", why: "no data" };
    if (evidence.standing === "mains") return { outcome: "no", why: `${said}, but mains is present` };
    if (evidence.excuse) return { outcome: "suspended", why: evidence.excuse };
    const lastedMs = reading.at - power.since;
    const found = { value: lastedMs / 1000, limit: config.stabilizationMs / 1000, ageSeconds: 0 };
    const leftMs = Math.max(config.stabilizationMs - lastedMs, evidence.standing === "battery" && state.battery ? unsettledMs(state.battery, reading.at, config.stabilizationMs) : 0);
    const graceMs = evidence.standing === "battery" || testimony === "agree" ? 0 : config.powerGraceMs - (reading.at - (state.heardSince ?? reading.at));
    if (!power.conclusive && testimony !== "agree") return { outcome: "no", ...found, why: `${said} proves nothing: the load may have been switched off` };
    const answer: Answer = { outcome: "holds", ...found, why: `${said} for ${seconds(lastedMs)} s` };
    if (graceMs > leftMs) return { ...answer, outcome: "waits", why: `${answer.why}; its readings have only just begun, and machines that boot draw little: ${seconds(graceMs)} s to go` };
    return settled(answer, leftMs);
}

function askOutputOff({ config, evidence, state, input }: Asked): Answer {
    if (evidence.excuse && input.reading.flags?.includes("OFF")) return { outcome: "suspended", why: `OFF: ${evidence.excuse}` };
    if (!evidence.off || state.off === undefined) return { outcome: "no", why: evidence.standing === "blind" ? "no data" : "the output is not off" };
    const lastedMs = input.reading.at - state.off.since;
    const found = { value: lastedMs / 1000, limit: config.offMs / 1000, ageSeconds: 0 };
    if (state.off.samples < 2 || lastedMs < config.offMs) return { outcome: "waits", ...found, why: `OFF for ${seconds(lastedMs)} s; it must last ${seconds(config.offMs)} s` };
    return { outcome: "holds", ...found, why: `the output has been OFF for ${seconds(lastedMs)} s` };
}

/** Whole seconds. */
function seconds(ms: number): number {
    return Math.round(ms / 1000);
}

/** A number with one decimal at most. */
function text(value: number): number {
    return Math.round(value * 10) / 10;
}
