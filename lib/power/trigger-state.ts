import type { BatteryClock } from "./battery-clock";
import { parseDepletionState, type DepletionState } from "./depletion-state";
import { afterRestart, parseOrder, type Order } from "./order";
import { isReadiness, type Readiness } from "./readiness";
import type { Stillness } from "./stillness";
import type { TriggerInput } from "./trigger-input";
import { healths, shutdownRules, type Health, type ShutdownRule, type VerdictChange } from "./verdict";

/** What a device last said that it runs on. `excused`: on battery for a test or a calibration, or bypassed: no outage. */
export type Standing = "mains" | "battery" | "excused";

/** What a trigger remembers of one stream. All times are event times in ms. */
export interface TriggerState {
    order: Order;
    /** ms between two readings, as it was last, gaps aside; and the newest such times, gaps among them. */
    paceMs?: number;
    intervals?: number[];
    /** What the newest readings that were worth anything said, and when. */
    known: {
        source: string;
        at?: number;
        on?: Standing;
        /** In bypass, with no word on mains: what feeds the load is not its battery. */
        bypassed?: true;
        /** Whether the source itself shows that power fails, or that it is there: for other sources, as a witness. */
        shows?: "absent" | "present";
        /** %, s and %/min. */
        charge?: number;
        runtime?: number;
        perMinute?: number;
    };
    /** Readings in a row that said nothing, and since when nothing is known. */
    missed?: { count: number; since: number };
    /** From the first reading on battery until mains is back for good. */
    battery?: BatteryClock;
    /** Since when every reading has said that mains is there. */
    mainsSince?: number;
    /** Since when readings have come without a gap. */
    heardSince?: number;
    /** Whether the battery would carry an outage. */
    readiness?: Readiness;
    /** Since when every reading has said OFF, and how many. */
    off?: { since: number; samples: number };
    /** Since when every reading has told of a test or a calibration, and none of them from the battery; see isTestStuck. */
    testedSince?: number;
    /** LB on battery, after stabilization. */
    lowBattery?: { since: number; samples: number };
    /** The numbers on battery, and since when they have not moved. */
    still?: Stillness;
    /** Since when the claimed runtime has not moved on battery. */
    runtimeStillSince?: number;
    depletion?: DepletionState;
    /** An FSD that has been acted upon and is still there. */
    forced?: true;
    /** The decision that stands. `boot`: in which boot of this machine it was taken, see markedBy. */
    decided?: { rule: ShutdownRule; at: number; boot?: string };
    /** In which boot of this machine the source was on battery. */
    boot?: string;
    /** What the last verdict said, to tell what is new. */
    told?: { health: Health; outcomes: string; unready?: true };
    /** The newest moment: what was known before it, and all that was said in it. */
    moment?: { before?: TriggerState; inputs: TriggerInput[]; changes: VerdictChange[] };
    /** Read from a file: what happened since is unknown until the next reading. */
    resumed?: true;
}

/** A saved state after a restart, or undefined for anything that is none. */
export function parseTriggerState(value: unknown): TriggerState | undefined {
    const state = parsePlain(value);
    if (state === undefined) return undefined;
    const moment = parseMoment((value as { moment?: unknown }).moment);
    return { ...state, ...(moment && { moment }) };
}

function parsePlain(value: unknown): TriggerState | undefined {
    if (!isRecord(value) || !isRecord(value.known)) return undefined;
    const { known, missed, battery, off, lowBattery, still, decided, told, boot } = value;
    const order = parseOrder(value.order);
    const on = allStandings.find((name) => name === known.on);
    const depletion = value.depletion === undefined ? undefined : parseDepletionState(value.depletion);
    const believed = order !== undefined && typeof known.source === "string" && (known.on === undefined || on !== undefined)
        && [known.at, known.charge, known.runtime, known.perMinute, value.paceMs, value.mainsSince, value.heardSince, value.testedSince, value.runtimeStillSince].every((number) => number === undefined || isNumber(number))
        && areNumbers(missed, ["count", "since"]) && areNumbers(battery, ["elapsedMs", "assumedMs", "transferAt"]) && areNumbers(off, ["since", "samples"])
        && areNumbers(lowBattery, ["since", "samples"]) && areNumbers(decided, ["at"]) && areNumbers(still, ["since"])
        && (still === undefined || (isRecord(still) && Array.isArray(still.values)))
        && (decided === undefined || (isRecord(decided) && shutdownRules.some((rule) => rule === decided.rule) && isName(decided.boot))) && isName(boot)
        && (told === undefined || (isRecord(told) && healths.some((health) => health === told.health) && typeof told.outcomes === "string"))
        && (value.intervals === undefined || (Array.isArray(value.intervals) && value.intervals.every(isNumber)))
        && (value.readiness === undefined || isReadiness(value.readiness))
        && (value.depletion === undefined || depletion !== undefined);
    if (!believed) return undefined;
    const plain = { ...value };
    delete plain.moment;
    return { ...(plain as unknown as TriggerState), order: afterRestart(order), ...(depletion && { depletion }), resumed: true };
}

function parseMoment(value: unknown): TriggerState["moment"] {
    if (!isRecord(value) || !Array.isArray(value.inputs) || !Array.isArray(value.changes)) return undefined;
    const before = value.before === undefined ? undefined : parsePlain(value.before);
    if (value.before !== undefined && before === undefined) return undefined;
    if (!value.inputs.every((input) => isRecord(input) && isRecord(input.reading) && isNumber(input.reading.at))) return undefined;
    return { ...(before && { before }), inputs: value.inputs as TriggerInput[], changes: value.changes as VerdictChange[] };
}

const allStandings: readonly Standing[] = ["mains", "battery", "excused"];

/** Whether a part is absent, or a record with finite numbers under these names. */
function areNumbers(value: unknown, names: readonly string[]): boolean {
    return value === undefined || (isRecord(value) && names.every((name) => isNumber(value[name])));
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isName(value: unknown): boolean {
    return value === undefined || typeof value === "string";
}

function isNumber(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}

/** The same state for a person who says that it may decide again. An FSD that is still there stays acted upon. */
export function rearmed(state: TriggerState): TriggerState {
    const { decided, moment, ...rest } = state;
    return decided === undefined && moment === undefined ? state : rest;
}

/** The same state, with the boot of this machine on an outage, and on a decision that bears none: event times may be those of another machine's clock. */
export function markedBy(boot: string, state: TriggerState): TriggerState {
    const { decided, known } = state;
    if (decided !== undefined && decided.boot === undefined) return { ...state, boot, decided: { ...decided, boot } };
    return known.on === "battery" && state.boot === undefined ? { ...state, boot } : state;
}

/**
 * A saved state as this machine finds it in its present `boot`. A decision of an earlier one is spent: it has led to what it
 * could, and all else that was known then is as old. An FSD that is still there stays acted upon, or it would shut down a
 * machine again and again. Without a decision, the clock on battery stays; but that the source was on battery is known no more: a server that
 * needs minutes to come up with this machine would be taken for one that fell silent in an outage.
 */
export function forgetBeforeBoot(state: TriggerState, boot: string): TriggerState {
    const { order, known: { source, charge, runtime }, forced, decided, battery } = state;
    if (decided?.boot !== undefined && decided.boot !== boot) return { order, known: { source }, ...(forced && { forced }), resumed: true };
    if (decided !== undefined || state.known.on !== "battery" || state.boot === undefined || state.boot === boot) return state;
    return { order, known: { source, ...(charge !== undefined && { charge }), ...(runtime !== undefined && { runtime }) }, ...(forced && { forced }), ...(battery && { battery }), resumed: true };
}
