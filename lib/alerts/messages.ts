import { powerStates, type Missed, type Transition } from "../power/power-state";
import type { RunProgress, RunResult } from "../shutdown/progress";
import { bounded, parseAlert, type Alert } from "./alert";
import { drillAlert, healthAlert, isArming, isDrill, isHealth } from "./drill-alerts";
import { eventAlert, isPowerEvent } from "./event-alerts";
import { progressAlert, resultAlert, type StepChoice } from "./run-alerts";
import { missedAlert, transitionAlert, type Measured } from "./transition-alerts";
import { isQuorum, isVerdict, quorumAlert, verdictAlert } from "./verdict-alerts";

/** How alerts are worded. */
export interface Wording {
    /** What is measured: "Solix output", as in S0. Empty: the device's name. */
    label: string;
    steps: StepChoice;
}

/** A message of a flow, as far as it can hold something to tell. */
export interface TellingMessage {
    topic?: unknown;
    payload?: unknown;
    alert?: unknown;
    health?: unknown;
    drill?: unknown;
    arming?: unknown;
    result?: unknown;
    progress?: unknown;
    quorum?: unknown;
    verdict?: unknown;
    event?: unknown;
    missed?: unknown;
    transition?: unknown;
    reading?: unknown;
    depletion?: unknown;
}

/** `alert`: what a message has to tell; undefined when that is nothing (a number, a step that is not told). */
export type Telling = { alert: Alert | undefined } | { error: string };

/**
 * What a message has to tell: `msg.alert` as it is, or an alert made of `msg.health`, `msg.drill`, `msg.result`,
 * `msg.progress`, `msg.quorum`, `msg.verdict`, `msg.event`, `msg.missed`, `msg.transition` or a text in `msg.payload`, the
 * first that is there: the later in a flow, the earlier in this list. A number is never an alert.
 * @param at event time in ms
 */
export function alertFrom(msg: TellingMessage, wording: Wording, at: number): Telling {
    const telling = tellingOf(msg, wording, at);
    return "alert" in telling && telling.alert !== undefined ? { alert: bounded(telling.alert, at) } : telling;
}

function tellingOf(msg: TellingMessage, { label, steps }: Wording, at: number): Telling {
    if (isThere(msg.alert)) return parseAlert(msg.alert, at);
    // Other nodes use these names as well: what is not ours is none of our business.
    if (isHealth(msg.health)) return { alert: healthAlert(msg.health) };
    if (isDrill(msg.drill)) return { alert: drillAlert(msg.drill) };
    if (isArming(msg.arming)) return { alert: undefined };
    if (isOfRun(msg.result)) return isRun(msg.result, "outcome") ? { alert: resultAlert(msg.result as unknown as RunResult) } : { error: "msg.result is not the result of a shutdown run" };
    if (isOfRun(msg.progress)) return isRun(msg.progress, "text") ? { alert: progressAlert(msg.progress as unknown as RunProgress, steps, at) } : { error: "msg.progress is not the progress of a shutdown run" };
    if (isOfGroup(msg.quorum)) return isQuorum(msg.quorum) ? { alert: quorumAlert(msg.quorum) } : { error: "msg.quorum does not say how a group stands" };
    if (isOfTrigger(msg.verdict)) return isVerdict(msg.verdict) ? { alert: verdictAlert(msg.verdict) } : { error: "msg.verdict is not a trigger's" };
    if (isOfDevice(msg.event)) return isPowerEvent(msg.event) ? { alert: eventAlert(msg.event) } : { error: "msg.event is no known event of a power source" };
    if (isThere(msg.missed)) return isMissed(msg.missed) ? { alert: missedAlert(msg.missed) } : { error: "msg.missed does not say which device failed how often" };
    if (isThere(msg.transition)) return isTransition(msg.transition) ? { alert: transitionAlert(msg.transition, label, measuredIn(msg)) } : { error: "msg.transition is not a change of power state" };
    const { payload, topic } = msg;
    if (payload === undefined || payload === null || typeof payload === "number") return { alert: undefined };
    if (typeof payload !== "string") return { error: "nothing to tell: expected msg.alert, a transition, a run, or a text in msg.payload" };
    if (payload.trim() === "" || Number.isFinite(Number(payload))) return { alert: undefined };
    const key = typeof topic === "string" && topic.trim() !== "" ? `text/${topic}` : "text";
    return parseAlert({ severity: "info", title: "", text: payload, key, ...(isTainted(msg.reading) && { simulated: true }) }, at);
}

/** What was really measured or estimated and came along with a transition. */
function measuredIn({ reading, depletion }: TellingMessage): Measured {
    const { charge, runtime } = fieldsOf(reading);
    const { secondsToEmpty, charge: followed, method } = fieldsOf(depletion);
    const percent = amount(charge) ?? (method === "charge" ? amount(followed) : undefined);
    const secondsLeft = amount(secondsToEmpty) ?? amount(runtime);
    return { ...(percent !== undefined && { charge: percent }), ...(secondsLeft !== undefined && { secondsLeft }) };
}

function isTransition(value: unknown): value is Transition {
    const { device, to, from, at, watts } = fieldsOf(value);
    const known: readonly unknown[] = [...powerStates, "UNKNOWN"];
    return typeof device === "string" && known.includes(to) && known.includes(from) && amount(at) !== undefined && (watts === undefined || Number.isFinite(watts));
}

function isMissed(value: unknown): value is Missed {
    const { device, failures, at, error } = fieldsOf(value);
    return typeof device === "string" && amount(failures) !== undefined && amount(at) !== undefined && (error === undefined || typeof error === "string");
}

// Names that other nodes use as well: only what looks like ours has to be right.
function isOfGroup(value: unknown): boolean {
    return "standing" in fieldsOf(value);
}

function isOfTrigger(value: unknown): boolean {
    return "findings" in fieldsOf(value);
}

function isOfDevice(value: unknown): boolean {
    const { kind, device } = fieldsOf(value);
    return typeof kind === "string" && typeof device === "string";
}

function isOfRun(value: unknown): boolean {
    const { run, steps } = fieldsOf(value);
    return typeof run === "string" && Array.isArray(steps);
}

const outcomes: readonly unknown[] = ["dry-run", "not-enabled", "completed", "incomplete", "cancelled", "invalid"];

function isRun(value: unknown, kind: "outcome" | "text"): value is Record<string, unknown> {
    const { reason, text, steps, outcome, endedAt, changed } = fieldsOf(value);
    if (typeof text !== "string" || typeof reason !== "string" || !Array.isArray(steps) || !steps.every(isStep)) return false;
    if (changed !== undefined && !isStep(changed)) return false;
    return kind === "text" || (outcomes.includes(outcome) && amount(endedAt) !== undefined);
}

function isStep(value: unknown): boolean {
    const { id, host, label, state, kind, error = "" } = fieldsOf(value);
    return [id, host, label, state, kind, error].every((text) => typeof text === "string");
}

function isTainted(reading: unknown): boolean {
    return fieldsOf(reading).simulated === true;
}

function isThere(value: unknown): boolean {
    return value !== undefined && value !== null;
}

function fieldsOf(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function amount(value: unknown): number | undefined {
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
