import { followTrend, slopeOf, type Slope } from "./charge-trend";
import type { DepletionState } from "./depletion-state";
import { followDrain, withoutTrend, type Drain, type DrainConfig } from "./drain";
import { arrive, type Order } from "./order";
import { knownBefore, type Reading } from "./reading";
import { smooth } from "./smooth";

/** How depletion is estimated. */
export interface DepletionConfig extends Omit<DrainConfig, "batteryWh"> {
    /** `charge`: as the device reports it. `watts`: reckoned from what is drawn. `auto`: charge where there is one, else watts. */
    source: "auto" | "charge" | "watts";
    /** No rate is given for so long after a discharge began. */
    graceMs: number;
    /** % whose remaining time is told. */
    thresholdPercent: number;
    /** Usable Wh of the full battery; without it watts say nothing about charge. */
    batteryWh?: number;
}

/** How fast a battery empties, as `msg.depletion` carries it. */
export interface Depletion {
    /** %/min: above 0 discharging, below 0 charging. Absent while there is no rate; `note` then says why. */
    perMinute?: number;
    /** s from `at` until the charge is at the threshold, and until it is 0. Only while discharging. */
    secondsToThreshold?: number;
    secondsToEmpty?: number;
    thresholdPercent: number;
    /** %, as reported, or as reckoned from watts. */
    charge?: number;
    method: "charge" | "watts";
    /** The evidence: how many points the rate rests on, and the time in s between the first and the last. */
    samples: number;
    spanSeconds: number;
    /** Event time in ms of the reading that the estimate belongs to. */
    at: number;
    simulated?: true;
    /** For people: why there is no rate yet, or what to keep in mind. */
    note?: string;
}

/** %/min below which a battery counts as idle: two months from full to empty. */
const idlePerMinute = 0.001;
/** %/min beyond which a rate is a fault of measurement. */
const fastestPerMinute = 100;

/** Adds one reading of one stream to the estimate. A late reading and a second one of the same moment change nothing. */
export function estimateDepletion(config: DepletionConfig, earlier: DepletionState | undefined, reading: Reading): { state: DepletionState; depletion: Depletion } {
    const before = knownBefore(earlier, reading);
    const { arrival, order } = arrive(before?.order, reading.at);
    const state = goOn(arrival === "restarted" ? undefined : before, order, reading.at);
    if (before !== undefined && (arrival === "late" || arrival === "same")) return { state, depletion: repeated(config, state, reading) };
    if (reading.quality !== "good") return { state, depletion: repeated(config, state, reading, `no data: ${reading.error ?? `the reading is ${reading.quality}`}`) };

    heedMains(state, reading);
    track(config, state, reading);
    const depletion = conclude(config, state, reading);
    if (reading.simulated) depletion.simulated = true;
    state.last = depletion;
    return { state, depletion };
}

/** A state of its own for the reading at `at`. Field by field, since a spread costs as much as all the rest. */
function goOn(before: DepletionState | undefined, order: Order, at: number): DepletionState {
    if (before === undefined) return { order, firstAt: at, mains: undefined, onBatterySince: undefined, smoother: [], trend: undefined, drain: undefined, last: undefined };
    const { firstAt, mains, onBatterySince, smoother, trend, drain, last } = before;
    return { order, firstAt, mains, onBatterySince, smoother, trend, drain, last };
}

/** A transfer ends what was known about the trend: charging and discharging are two different things. */
function heedMains(state: DepletionState, { mains, at }: Reading): void {
    if (mains === undefined || mains === "unknown" || mains === state.mains) return;
    state.mains = mains;
    state.onBatterySince = mains === "absent" ? at : undefined;
    state.trend = undefined;
    if (state.drain) state.drain = withoutTrend(state.drain);
}

function track(config: DepletionConfig, state: DepletionState, { at, charge, watts }: Reading): void {
    if (charge !== undefined && config.source !== "watts") {
        const { smoother, point } = smooth(state.smoother, { at, value: charge });
        state.smoother = smoother;
        if (point) state.trend = followTrend(state.trend, point, config.windowMs);
    }
    if (watts !== undefined && config.source !== "charge" && knowsCapacity(config)) {
        const use = state.mains === "present" ? "charging" : state.mains === "absent" || config.source === "watts" ? "draining" : "unknown";
        state.drain = followDrain(state.drain, { at, value: watts }, use, config);
        // A gauge knows better than reckoning, and reckoning goes on from it should it fall silent.
        if (charge !== undefined && config.source !== "watts") state.drain.charge = charge;
    }
}

function knowsCapacity(config: DepletionConfig): config is DepletionConfig & DrainConfig {
    return config.batteryWh !== undefined;
}

/** The gauge's own trend where it has a rate, else the watts', else the reason why neither has. */
function conclude(config: DepletionConfig, state: DepletionState, reading: Reading): Depletion {
    const { trend, drain, mains } = state;
    const { at } = reading;
    const gauge = config.source === "watts" ? undefined : reading.charge;
    const slope = gauge !== undefined && trend && slopeOf(trend, config.windowMs);
    if (slope && isOld(config, slope, trend.last.at, at)) return noted(resting(config, at, "charge", gauge), unread(at - trend.last.at));
    if (slope) {
        const since = state.onBatterySince ?? (trend.heading === -1 ? trend.headingSince : undefined);
        return rated(config, resting(config, at, "charge", gauge), slope, { at: trend.last.at, charge: trend.last.value }, since);
    }
    const drawn = drain?.trend && slopeOf(drain.trend, config.windowMs);
    if (drawn && drain.last && isOld(config, drawn, drain.last.at, at)) return noted(resting(config, at, "watts", round(drain.charge, 100)), unread(at - drain.last.at));
    if (drawn) return reckoned(config, state, drain, drawn, at);

    const known = gauge !== undefined ? resting(config, at, "charge", gauge) : drain?.last && resting(config, at, "watts", round(drain.charge, 100));
    if (known === undefined) return noted(resting(config, at, config.source === "watts" ? "watts" : "charge"), whatIsMissing(config, reading));
    if (mains === "present") return { ...known, perMinute: 0 };
    return noted(known, known.method === "charge" && trend ? "the charge has not moved enough yet" : "more readings are needed");
}

/**
 * Whether nothing was read for so long before this reading that the trend, which is one reading behind, says nothing of now: power may have been back
 * meanwhile. A slow source is not late.
 */
function isOld({ windowMs }: DepletionConfig, { samples, spanMs }: Slope, lastAt: number, at: number): boolean {
    return at - lastAt > Math.max(windowMs, (3.5 * spanMs) / Math.max(1, samples - 1));
}

function unread(ms: number): string {
    return `${Math.round(ms / 1000)} s without readings: more are needed`;
}

/** The estimate from watts. Where nobody says whether the battery is in use, it is what would be. */
function reckoned(config: DepletionConfig, state: DepletionState, drain: Drain, slope: Slope, at: number): Depletion {
    const result = resting(config, at, "watts", round(drain.charge, 100));
    if (state.mains !== "absent" && config.source !== "watts") {
        return rated(config, result, slope, { at, charge: drain.charge }, undefined, `mains unknown: as if the battery, at ${round(drain.charge, 1)} %, carried this load`);
    }
    const unmeasured = drain.unmeasuredMs > 0 ? `${Math.round(drain.unmeasuredMs / 1000)} s without readings: what was drawn then is not counted` : undefined;
    return rated(config, result, slope, { at: drain.last?.at ?? at, charge: drain.charge }, state.onBatterySince ?? state.firstAt, unmeasured);
}

/** `result` with its rate, or with the reason why the rate is still held back. */
function rated(config: DepletionConfig, result: Depletion, slope: Slope, known: { at: number; charge: number }, since: number | undefined, caveat?: string): Depletion {
    result.samples = slope.samples;
    result.spanSeconds = round(slope.spanMs / 1000, 10);
    const graceLeftMs = since === undefined ? 0 : since + config.graceMs - result.at;
    if (slope.perMinute > 0 && graceLeftMs > 0) return noted(result, `grace period, ${Math.ceil(graceLeftMs / 1000)} s to go`);
    const perMinute = Math.max(-fastestPerMinute, Math.min(fastestPerMinute, slope.perMinute));
    result.perMinute = perMinute < idlePerMinute ? Math.min(0, perMinute) + 0 : perMinute;
    if (perMinute < idlePerMinute) return noted(result, caveat);
    const charge = Math.max(0, known.charge - (perMinute * (result.at - known.at)) / 60_000);
    const secondsTo = (percent: number): number => Math.max(0, Math.round(((charge - percent) / perMinute) * 60));
    result.secondsToThreshold = secondsTo(config.thresholdPercent);
    result.secondsToEmpty = secondsTo(0);
    return noted(result, caveat);
}

/** An estimate without a rate. */
function resting({ thresholdPercent }: DepletionConfig, at: number, method: Depletion["method"], charge?: number): Depletion {
    if (charge === undefined) return { thresholdPercent, at, method, samples: 0, spanSeconds: 0 };
    return { thresholdPercent, at, method, charge, samples: 0, spanSeconds: 0 };
}

/** The last estimate again, with its own time, when a reading brings nothing new. */
function repeated(config: DepletionConfig, { last }: DepletionState, reading: Reading, why?: string): Depletion {
    if (last) return why === undefined ? last : { ...last, note: why };
    const nothing = noted(resting(config, reading.at, config.source === "watts" ? "watts" : "charge"), why);
    return reading.simulated ? { ...nothing, simulated: true } : nothing;
}

function whatIsMissing({ source, batteryWh }: DepletionConfig, { watts }: Reading): string {
    if (source === "charge") return "the reading carries no charge";
    if (batteryWh === undefined && (source === "watts" || watts !== undefined)) return "to reckon from watts, the battery's capacity is needed in the node's settings";
    if (watts !== undefined) return "more readings are needed";
    return source === "watts" ? "the reading carries no watts" : "the reading carries neither charge nor watts";
}

function noted(depletion: Depletion, note: string | undefined): Depletion {
    if (note !== undefined) depletion.note = note;
    return depletion;
}

/** Rounded to a whole number of `parts` of one. */
function round(value: number, parts: number): number {
    return Math.round(value * parts) / parts;
}
