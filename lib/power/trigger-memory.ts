import { runClock, startClock, unsettledMs, type BatteryClock } from "./battery-clock";
import { estimateDepletion, type DepletionConfig } from "./depletion";
import { isTestStuck, mainsOf, testOf, type Evidence } from "./evidence";
import type { Order } from "./order";
import { withInterval, type Passing } from "./passing";
import type { Reading } from "./reading";
import { followReadiness } from "./readiness";
import { followStillness } from "./stillness";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerInput } from "./trigger-input";
import type { TriggerState } from "./trigger-state";

/** What is known of a stream after a reading. No rule has been asked yet: `decided`, `forced` and `told` stay as they were. */
export function remember(config: TriggerConfig, before: TriggerState | undefined, input: TriggerInput, evidence: Evidence, passing: Passing, order: Order): TriggerState {
    const { reading } = input;
    const { at } = reading;
    const next: TriggerState = {
        order,
        known: before?.known ?? { source: reading.source },
        ...(before?.battery && { battery: before.battery }),
        ...(before?.mainsSince !== undefined && { mainsSince: before.mainsSince }),
        ...(before?.testedSince !== undefined && { testedSince: before.testedSince }),
        ...(before?.off && { off: before.off }),
        ...(before?.lowBattery && { lowBattery: before.lowBattery }),
        ...(before?.still && { still: before.still }),
        ...(before?.runtimeStillSince !== undefined && { runtimeStillSince: before.runtimeStillSince }),
        ...(before?.depletion && { depletion: before.depletion }),
        ...(before?.forced && { forced: true as const }),
        ...(before?.decided && { decided: before.decided }),
        ...(before?.told && { told: before.told }),
    };
    next.heardSince = (passing.gap ? undefined : (before?.heardSince ?? before?.order.at)) ?? at;
    const readiness = followReadiness(config, before?.readiness, evidence, { at, gap: passing.gap !== undefined });
    if (readiness) next.readiness = readiness;
    if (before !== undefined) next.intervals = withInterval(before.intervals, at - before.order.at);
    const paceMs = passing.gap || before === undefined ? before?.paceMs : at - before.order.at;
    if (paceMs !== undefined) next.paceMs = paceMs;
    const wasOn = before?.known.on;
    if (wasOn === "battery" && evidence.standing !== "mains" && evidence.standing !== "excused" && next.battery) next.battery = runClock(next.battery, passing);
    const breaks = passing.gap !== undefined || wasLost(config, before, at);
    rememberMains(next, evidence, at, breaks);
    if (evidence.standing !== "blind") {
        rememberTest(next, before, reading, evidence, passing);
        rememberOff(next, evidence, at, passing);
    }

    const knows = evidence.standing === "mains" || evidence.standing === "battery" || evidence.standing === "excused";
    if (evidence.standing === "blind" || (wasOn !== undefined && !knows)) {
        // What passed in a gap nobody has waited for: the network may just be waking up again.
        const since = passing.gap ? at : (before?.missed?.since ?? before?.known.at ?? at);
        next.missed = { count: (before?.missed?.count ?? 0) + 1, since };
        return next;
    }
    if (evidence.standing === "battery") {
        if (wasOn !== "battery") next.battery = startClock(next.battery, at, assumedBefore(config, before, at, passing));
        if (breaks) delete next.lowBattery;
        rememberBattery(config, next, before, input, evidence, passing);
    } else {
        delete next.still;
        delete next.runtimeStillSince;
        delete next.depletion;
        delete next.lowBattery;
    }
    next.known = knownFrom(next, before, input, evidence);
    return next;
}

/** Whether nothing was known of the source for so long that what came before proves no row: a poll or two that failed are no reason. */
function wasLost({ missedPolls, missedMs }: TriggerConfig, before: TriggerState | undefined, at: number): boolean {
    return before?.missed !== undefined && before.missed.count >= missedPolls && at - before.missed.since >= missedMs;
}

/** Mains counts as back from the first reading of an unbroken row; a gap and lost data break it, and so does an output that is off: the load has no mains. */
function rememberMains(next: TriggerState, { standing, off }: Evidence, at: number, breaks: boolean): void {
    const neverKnewMains = next.known.on === undefined;
    if (off) delete next.mainsSince;
    else if (standing === "mains" || (standing === "sound" && neverKnewMains)) {
        next.mainsSince = (breaks ? undefined : next.mainsSince) ?? at;
    } else if (standing === "battery" || standing === "excused" || (neverKnewMains && standing !== "blind")) {
        delete next.mainsSince;
    }
}

/** A test counts from the first reading of a row on mains that tells of it; a gap breaks the row, until it is known to be stuck. One that has taken the device to battery is one. */
function rememberTest(next: TriggerState, before: TriggerState | undefined, reading: Reading, { standing }: Evidence, { gap }: Passing): void {
    if (testOf(reading) === undefined || standing === "excused") delete next.testedSince;
    else if (standing === "mains") next.testedSince = (gap && !knowsTestStuck(before) ? undefined : next.testedSince) ?? reading.at;
}

/** Whether the test that the device tells of was known to be stuck already; a clock that jumps makes none so. */
export function knowsTestStuck(before: TriggerState | undefined): boolean {
    return before !== undefined && isTestStuck(before.testedSince, before.order.at);
}

/** OFF counts from the first reading of an unbroken row that says it; a gap breaks it. */
function rememberOff(next: TriggerState, { off }: Evidence, at: number, { gap }: Passing): void {
    const row = gap ? undefined : next.off;
    if (off) next.off = { since: row?.since ?? at, samples: (row?.samples ?? 0) + 1 };
    else delete next.off;
}

/** What lasts on battery lasts from the first reading of an unbroken row; a gap breaks it, since a clock may have jumped, and that of LB breaks with lost data. */
function rememberBattery(config: TriggerConfig, next: TriggerState, before: TriggerState | undefined, { reading }: TriggerInput, evidence: Evidence, { gap }: Passing): void {
    if (gap) {
        delete next.still;
        delete next.runtimeStillSince;
    }
    const { at } = reading;
    const settled = next.battery !== undefined && unsettledMs(next.battery, at, config.stabilizationMs) === 0;
    if (evidence.lowBattery && settled) next.lowBattery = { since: next.lowBattery?.since ?? at, samples: (next.lowBattery?.samples ?? 0) + 1 };
    else delete next.lowBattery;

    const still = followStillness(next.still, reading);
    if (still) next.still = still;
    else delete next.still;
    const runtimeStands = reading.runtime !== undefined && before?.known.on === "battery" && before.known.runtime === reading.runtime;
    if (runtimeStands) next.runtimeStillSince ??= gap ? at : (before.known.at ?? at);
    else delete next.runtimeStillSince;

    const { charge } = evidence;
    const drained: Reading = { device: reading.device, source: reading.source, at, quality: "good", mains: "absent", ...(charge !== undefined && { charge }) };
    next.depletion = estimateDepletion(depletionConfig(config), next.depletion, drained).state;
}

function depletionConfig(config: TriggerConfig): DepletionConfig {
    return { source: "charge", windowMs: config.depletionWindowMs, graceMs: config.depletionGraceMs, thresholdPercent: config.lowCharge, startCharge: 100, efficiency: 90 };
}

/**
 * How long the battery may have been in use before the first reading on battery (nut#1533): unknown where nothing was ever read, since
 * mains was last seen where this process was away. No more than half of what is allowed, so that it does not decide at once.
 */
function assumedBefore(config: TriggerConfig, before: TriggerState | undefined, at: number, { gap }: Passing): BatteryClock["assumedMs"] {
    const half = config.timeOnBatteryMs / 2;
    if (before?.known.on === undefined || before.known.at === undefined) return half;
    return gap?.away ? Math.min(half, Math.max(0, at - before.known.at)) : 0;
}

function knownFrom(next: TriggerState, before: TriggerState | undefined, { reading }: TriggerInput, { standing, charge, runtime }: Evidence): TriggerState["known"] {
    const earlier = before?.known;
    const on = standing === "mains" || standing === "battery" || standing === "excused" ? standing : earlier?.on;
    const shows = standing === "battery" || standing === "failing" ? "absent" as const : standing === "mains" || standing === "sound" ? "present" as const : undefined;
    const perMinute = next.depletion?.last?.perMinute;
    const lastCharge = charge ?? earlier?.charge;
    const lastRuntime = runtime ?? earlier?.runtime;
    return {
        source: reading.source,
        at: reading.at,
        ...(on && { on }),
        ...(standing === "excused" && mainsOf(reading) === undefined && { bypassed: true as const }),
        ...(shows && { shows }),
        ...(lastCharge !== undefined && { charge: lastCharge }),
        ...(lastRuntime !== undefined && { runtime: lastRuntime }),
        ...(perMinute !== undefined && { perMinute }),
    };
}

/** The same memory where the clock of the source was set back: every time moves with it, every age stays. */
export function rebased(state: TriggerState, byMs: number): TriggerState {
    const { order, known, missed, battery, mainsSince, heardSince, readiness, testedSince, off, lowBattery, still, runtimeStillSince, decided, ...rest } = state;
    delete rest.moment;
    delete rest.depletion;
    return {
        ...rest,
        order: { at: order.at + byMs },
        known: known.at === undefined ? known : { ...known, at: known.at + byMs },
        ...(missed && { missed: { ...missed, since: missed.since + byMs } }),
        ...(battery && { battery: { ...battery, transferAt: battery.transferAt + byMs } }),
        ...(mainsSince !== undefined && { mainsSince: mainsSince + byMs }),
        ...(heardSince !== undefined && { heardSince: heardSince + byMs }),
        ...(readiness && { readiness: readiness.since === undefined ? readiness : { ...readiness, since: readiness.since + byMs } }),
        ...(testedSince !== undefined && { testedSince: testedSince + byMs }),
        ...(off && { off: { ...off, since: off.since + byMs } }),
        ...(lowBattery && { lowBattery: { ...lowBattery, since: lowBattery.since + byMs } }),
        ...(still && { still: { ...still, since: still.since + byMs } }),
        ...(runtimeStillSince !== undefined && { runtimeStillSince: runtimeStillSince + byMs }),
        ...(decided && { decided: { ...decided, at: decided.at + byMs } }),
    };
}
