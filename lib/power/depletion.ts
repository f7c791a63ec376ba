import { followTrend, slopeOf, type Slope } from "./charge-trend";
import type { DepletionState } from "./depletion-state";
import { followDrain, withoutTrend, type Drain, type DrainConfig } from "./drain";
import { arrive } from "./order";
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
    const fresh: DepletionState = { order, firstAt: reading.at, smoother: [] };
    const known = before === undefined || arrival === "restarted" ? fresh : { ...before, order };
    if (before !== undefined && (arrival === "late" || arrival === "same")) return { state: known, depletion: repeated(config, known, reading) };
    if (reading.quality !== "good") return { state: known, depletion: repeated(config, known, reading, `no data: ${reading.error ?? `the reading is ${reading.quality}`}`) };

    const state = track(config, withMains(known, reading), reading);
    const depletion = { ...conclude(config, state, reading), ...(reading.simulated && { simulated: true as const }) };
    return { state: { ...state, last: depletion }, depletion };
}

/** A transfer ends what was known about the trend: charging and discharging are two different things. */
function withMains(state: DepletionState, reading: Reading): DepletionState {
    const { mains } = reading;
    if (mains === undefined || mains === "unknown" || mains === state.mains) return state;
    const { order, firstAt, smoother, drain, last } = state;
    return { order, firstAt, mains, smoother, ...(mains === "absent" && { onBatterySince: reading.at }), ...(drain && { drain: withoutTrend(drain) }), ...(last && { last }) };
}

function track(config: DepletionConfig, state: DepletionState, { at, charge, watts }: Reading): DepletionState {
    const next = { ...state };
    if (charge !== undefined && config.source !== "watts") {
        const { smoother, point } = smooth(state.smoother, { at, value: charge });
        next.smoother = smoother;
        if (point) next.trend = followTrend(state.trend, point, config.windowMs);
    }
    if (watts !== undefined && config.source !== "charge" && config.batteryWh !== undefined) {
        const use = state.mains === "present" ? "charging" : state.mains === "absent" || config.source === "watts" ? "draining" : "unknown";
        const drain = followDrain(state.drain, { at, value: watts }, use, { ...config, batteryWh: config.batteryWh });
        // A gauge knows better than reckoning, and reckoning goes on from it should it fall silent.
        next.drain = charge === undefined || config.source === "watts" ? drain : { ...drain, charge };
    }
    return next;
}

/** The gauge's own trend where it has a rate, else the watts', else the reason why neither has. */
function conclude(config: DepletionConfig, state: DepletionState, reading: Reading): Depletion {
    const { trend, drain, mains } = state;
    const gauge = config.source === "watts" ? undefined : reading.charge;
    const base = { thresholdPercent: config.thresholdPercent, at: reading.at };
    const slope = trend && slopeOf(trend, config.windowMs);
    if (gauge !== undefined && trend && slope) {
        const since = state.onBatterySince ?? (trend.heading === -1 ? trend.headingSince : undefined);
        return rated(config, { ...base, method: "charge", charge: gauge }, slope, { at: trend.last.at, charge: trend.last.value }, since);
    }
    const drawn = drain?.trend && slopeOf(drain.trend, config.windowMs);
    if (drain && drawn) return reckoned(config, state, drain, drawn, base);

    const known = gauge !== undefined ? { ...base, method: "charge" as const, charge: gauge }
        : drain?.last ? { ...base, method: "watts" as const, charge: round(drain.charge, 2) } : undefined;
    if (known === undefined) return { ...base, method: config.source === "watts" ? "watts" : "charge", samples: 0, spanSeconds: 0, ...note(whatIsMissing(config, reading)) };
    const evidence = { samples: 0, spanSeconds: 0 };
    if (mains === "present") return { ...known, perMinute: 0, ...evidence };
    return { ...known, ...evidence, ...note(known.method === "charge" && trend ? "the charge has not moved enough yet" : "more readings are needed") };
}

/** The estimate from watts. Where nobody says whether the battery is in use, it is what would be. */
function reckoned(config: DepletionConfig, state: DepletionState, drain: Drain, slope: Slope, base: Pick<Depletion, "thresholdPercent" | "at">): Depletion {
    const result = { ...base, method: "watts" as const, charge: round(drain.charge, 2) };
    if (state.mains !== "absent" && config.source !== "watts") {
        return rated(config, result, slope, { at: base.at, charge: drain.charge }, undefined, `mains unknown: as if the battery, at ${round(drain.charge, 0)} %, carried this load`);
    }
    const unmeasured = drain.unmeasuredMs > 0 ? `${Math.round(drain.unmeasuredMs / 1000)} s without readings: what was drawn then is not counted` : undefined;
    return rated(config, result, slope, { at: drain.last?.at ?? base.at, charge: drain.charge }, state.onBatterySince ?? state.firstAt, unmeasured);
}

/** The estimate with its rate, or with the reason why the rate is still held back. */
function rated(config: DepletionConfig, base: Pick<Depletion, "thresholdPercent" | "at" | "method" | "charge">, slope: Slope, known: { at: number; charge: number }, since: number | undefined, caveat?: string): Depletion {
    const result = { ...base, samples: slope.samples, spanSeconds: round(slope.spanMs / 1000, 1) };
    const graceLeftMs = since === undefined ? 0 : since + config.graceMs - base.at;
    if (slope.perMinute > 0 && graceLeftMs > 0) return { ...result, ...note(`grace period, ${Math.ceil(graceLeftMs / 1000)} s to go`) };
    const perMinute = Math.max(-fastestPerMinute, Math.min(fastestPerMinute, slope.perMinute));
    if (perMinute < idlePerMinute) return { ...result, perMinute: Math.min(0, perMinute) + 0, ...note(caveat) };
    const charge = Math.max(0, known.charge - (perMinute * (base.at - known.at)) / 60_000);
    const secondsTo = (percent: number): number => Math.max(0, Math.round(((charge - percent) / perMinute) * 60));
    return { ...result, perMinute, secondsToThreshold: secondsTo(config.thresholdPercent), secondsToEmpty: secondsTo(0), ...note(caveat) };
}

/** The last estimate again, with its own time, when a reading brings nothing new. */
function repeated(config: DepletionConfig, { last }: DepletionState, reading: Reading, why?: string): Depletion {
    if (last) return why === undefined ? last : { ...last, note: why };
    return { thresholdPercent: config.thresholdPercent, method: config.source === "watts" ? "watts" : "charge", samples: 0, spanSeconds: 0, at: reading.at, ...note(why), ...(reading.simulated && { simulated: true }) };
}

function whatIsMissing({ source, batteryWh }: DepletionConfig, { watts }: Reading): string {
    if (source === "charge") return "the reading carries no charge";
    if (batteryWh === undefined && (source === "watts" || watts !== undefined)) return "to reckon from watts, the battery's capacity is needed in the node's settings";
    if (watts !== undefined) return "more readings are needed";
    return source === "watts" ? "the reading carries no watts" : "the reading carries neither charge nor watts";
}

function note(text: string | undefined): { note?: string } {
    return text === undefined ? {} : { note: text };
}

function round(value: number, decimals: number): number {
    return Math.round(value * 10 ** decimals) / 10 ** decimals;
}
