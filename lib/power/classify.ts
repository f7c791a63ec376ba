import { followState, heedReading, isLow, showsOutage } from "./aftermath";
import type { ClassifierState } from "./classifier-state";
import { arrive, type Order } from "./order";
import { powerStates, type Classified, type KnownPowerState, type Missed, type PowerState, type Transition } from "./power-state";
import { knownBefore, type Reading } from "./reading";
import { severityOf, stateAt, type Thresholds } from "./thresholds";

/** How a classifier judges. */
export interface ClassifierConfig {
    thresholds: Thresholds;
    /** W by which a threshold must be exceeded before a worse state is left for a better one. */
    hysteresis: number;
    /** Readings in a row that a change of state needs; 1 is S0's behaviour. */
    confirmations: number;
    /** Missing readings in a row that make a state UNKNOWN, and after which each report comes. */
    missedPolls: number;
    /** The user says that the load never changes by itself, so that low watts prove a failing source. */
    loadIsConstant: boolean;
}

/** What follows from one reading. */
export interface ClassifierStep {
    state: ClassifierState;
    classified: Classified;
    transition?: Transition;
    missed?: Missed;
}

/**
 * Judges one reading of one stream. S0's rules, in event time:
 * - N readings in a row that are all in a state, or beyond it, confirm at least that state. So a source that falls
 *   through several states is never confirmed later than one that stays in the first of them.
 * - A reading that is stale, missing or without watts is a missed poll, never 0 W. It neither confirms nor disturbs a
 *   confirmation under way; enough of them in a row make the state UNKNOWN.
 * - A stream begins as UNKNOWN. That its first state is HEALTHY is not told; every other first state is.
 * - After a boot of this machine low watts prove nothing until power was seen (see Aftermath). An outage after that is told though the
 *   state may be the same as before the boot.
 * - A simulated reading that `begins` its stream anew finds nothing known. Where the last word was worse, HEALTHY is told.
 * - Late readings change nothing; a second reading of the same moment replaces the first.
 */
export function classify(config: ClassifierConfig, before: ClassifierState | undefined, reading: Reading): ClassifierStep {
    const mine = knownBefore(before, reading);
    const { arrival, order } = arrive(mine?.order, reading.at);
    const known = goOn(mine, order, reading.at);
    if (mine === undefined && !isNews(before)) known.unannounced = true;
    if (arrival === "late") return { state: known, classified: classifiedAs(config, known, reading) };
    if (arrival === "restarted") startOver(known, reading.at);
    if (reading.quality === "good" && reading.watts !== undefined) return measured(config, known, reading, reading.watts);
    return arrival === "same" ? { state: known, classified: classifiedAs(config, known, reading) } : missing(config, known, reading);
}

/** Whether a HEALTHY that follows has to be told: of a stream that begins anew only where the last word was another. */
function isNews(before: ClassifierState | undefined): boolean {
    return before !== undefined && !before.unannounced && before.state !== "HEALTHY";
}

/** A state of its own. Field by field, since spreads cost as much as all the rest. */
function goOn(before: ClassifierState | undefined, order: Order, at: number): ClassifierState {
    if (before === undefined) return { state: "UNKNOWN", since: at, order, recent: [] };
    const state: ClassifierState = { state: before.state, since: before.since, order, recent: before.recent };
    if (before.missed) state.missed = before.missed;
    if (before.unannounced) state.unannounced = true;
    if (before.aftermath) state.aftermath = before.aftermath;
    if (before.boot !== undefined) state.boot = before.boot;
    return state;
}

function measured(config: ClassifierConfig, known: ClassifierState, reading: Reading, watts: number): ClassifierStep {
    const { order, unannounced, boot } = known;
    const recent = remember(known.recent, { at: reading.at, watts }, config.confirmations);
    const seen = known.aftermath && powerStates[severityIn(known.state, watts, config)];
    const aftermath = known.aftermath && heedReading(known.aftermath, reading, seen);
    const low = aftermath && confirmedLow(config, recent);
    // Where power was seen since this machine was started, it may be called as before the boot, and is another outage.
    const to = confirmedState(config, known.state, recent) ?? (aftermath?.over ? low : undefined);
    const state: ClassifierState = { state: to ?? known.state, since: to === undefined ? known.since : (recent[0]?.at ?? reading.at), order, recent };
    if (to === undefined && unannounced) state.unannounced = true;
    // A low state of which not all readings are low is no outage: they are on their way up.
    const open = aftermath && followState(aftermath, state.state, to !== undefined && (low !== undefined || !isLow(to)), reading.at, seen);
    if (open) state.aftermath = open;
    if (boot !== undefined) state.boot = boot;
    const step: ClassifierStep = { state, classified: classifiedAs(config, state, reading) };
    if (to === undefined || (unannounced && to === "HEALTHY")) return step;
    step.transition = transitionOf(to === known.state ? "UNKNOWN" : known.state, state, reading, step.classified.conclusive);
    step.transition.watts = watts;
    return step;
}

/** The newest samples, as many as are needed. One of the same moment is replaced. */
function remember(recent: ClassifierState["recent"], sample: { at: number; watts: number }, needed: number): ClassifierState["recent"] {
    if (needed === 1) return [sample];
    const end = recent.findLastIndex(({ at }) => at < sample.at) + 1;
    return recent.slice(Math.max(0, end + 1 - needed), end).concat(sample);
}

function missing(config: ClassifierConfig, known: ClassifierState, reading: Reading): ClassifierStep {
    const failures = (known.missed?.failures ?? 0) + 1;
    const since = known.missed?.since ?? reading.at;
    const missed = { failures, since };
    if (failures % config.missedPolls !== 0) {
        known.missed = missed;
        return { state: known, classified: classifiedAs(config, known, reading) };
    }
    const turns = known.state !== "UNKNOWN";
    const state: ClassifierState = { state: "UNKNOWN", since: turns ? since : known.since, order: known.order, recent: [], missed };
    const open = known.aftermath && followState(known.aftermath, "UNKNOWN", turns, reading.at);
    if (open) state.aftermath = open;
    if (known.boot !== undefined) state.boot = known.boot;
    return {
        state,
        classified: classifiedAs(config, state, reading),
        missed: { device: reading.device, ...missed, at: reading.at, error: reading.error ?? whyMissed(reading), ...taint(reading) },
        ...(turns && { transition: transitionOf(known.state, state, reading, false) }),
    };
}

/** The state that the recent readings confirm, when it is another than the present one. */
function confirmedState(config: ClassifierConfig, state: PowerState, recent: ClassifierState["recent"]): KnownPowerState | undefined {
    if (recent.length < config.confirmations) return undefined;
    let mildest = Infinity;
    let worst = -Infinity;
    for (const { watts } of recent) {
        const severity = severityIn(state, watts, config);
        mildest = Math.min(mildest, severity);
        worst = Math.max(worst, severity);
    }
    if (state === "UNKNOWN") return powerStates[mildest];
    const present = severityOf(state);
    if (mildest > present) return powerStates[mildest];
    return worst < present ? powerStates[worst] : undefined;
}

/** The low state that the recent readings confirm by themselves, whatever is known. */
function confirmedLow(config: ClassifierConfig, recent: ClassifierState["recent"]): KnownPowerState | undefined {
    const state = confirmedState(config, "UNKNOWN", recent);
    return isLow(state) ? state : undefined;
}

/** How bad these watts are for a source in `state`: better than it only beyond the hysteresis. */
function severityIn(state: PowerState, watts: number, { thresholds, hysteresis }: ClassifierConfig): number {
    const plain = severityOf(stateAt(watts, thresholds));
    if (state === "UNKNOWN" || plain >= severityOf(state)) return plain;
    return Math.min(severityOf(state), severityOf(stateAt(watts - hysteresis, thresholds)));
}

/** The change that the newest readings point to, and how many of them do. */
function confirming(config: ClassifierConfig, state: PowerState, recent: ClassifierState["recent"]): Classified["confirming"] {
    const newest = recent.at(-1);
    if (newest === undefined) return undefined;
    const present = state === "UNKNOWN" ? undefined : severityOf(state);
    const last = severityIn(state, newest.watts, config);
    if (last === present) return undefined;
    const worsens = present === undefined || last > present;
    const run: number[] = [];
    for (const { watts } of recent.toReversed()) {
        const severity = severityIn(state, watts, config);
        if (present !== undefined && (worsens ? severity <= present : severity >= present)) break;
        run.push(severity);
    }
    const candidate = powerStates[worsens ? Math.min(...run) : Math.max(...run)];
    return candidate === undefined || run.length >= config.confirmations ? undefined : { state: candidate, seen: run.length, needed: config.confirmations };
}

function classifiedAs(config: ClassifierConfig, known: ClassifierState, reading: Reading): Classified {
    const { state, since, recent } = known;
    const candidate = confirming(config, state, recent);
    const conclusive = !isContradicted(config, known) && isConclusive(config, known, reading);
    return candidate === undefined ? { state, since, conclusive, reading } : { state, since, conclusive, confirming: candidate, reading };
}

/** A reading that shows more is no proof of a low state; but between DEAD and CRITICAL each shows an outage. */
function isContradicted(config: ClassifierConfig, { state, recent }: ClassifierState): boolean {
    const newest = recent.at(-1);
    return newest !== undefined && isLow(state) && !isLow(powerStates[severityIn(state, newest.watts, config)]);
}

/**
 * See Transition.conclusive. Watts that a UPS did not measure (whole percents of its rating) come in steps of 9 W and more, and 0 of
 * them is no 0 W: they show a state, as measured ones do, but mains that is absent makes no proof of them.
 */
function isConclusive({ loadIsConstant }: ClassifierConfig, { aftermath }: ClassifierState, reading: Reading): boolean {
    return aftermath === undefined && (loadIsConstant || (showsOutage(reading) && reading.derived?.includes("watts") !== true));
}

function transitionOf(from: PowerState, after: ClassifierState, reading: Reading, conclusive: boolean): Transition {
    const transition: Transition = { device: reading.device, from, to: after.state, since: after.since, at: reading.at, conclusive };
    if (reading.simulated) transition.simulated = true;
    return transition;
}

/** The source's clock was set back: what was measured before lies in its future now. */
function startOver(state: ClassifierState, at: number): void {
    state.since = Math.min(state.since, at);
    state.recent = [];
    if (state.missed) state.missed = { ...state.missed, since: Math.min(state.missed.since, at) };
}

function whyMissed(reading: Reading): string {
    return reading.quality === "good" ? `${reading.device}: the reading carries no watts` : `${reading.device}: the reading is ${reading.quality}`;
}

function taint(reading: Reading): { simulated?: true } {
    return reading.simulated ? { simulated: true } : {};
}
