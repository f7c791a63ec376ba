import { powerEventKinds } from "../power/power-event";
import { powerStates } from "../power/power-state";
import { streamOf } from "../power/reading";
import { recordOf, type TimelineEvent } from "./timeline-event";

type Message = Readonly<Record<string, unknown>>;
type Fields = Record<string, unknown>;

/** The number of a power state: 0 HEALTHY to 4 DEAD, -1 UNKNOWN. */
export function powerStateCode(state: string): number {
    return (powerStates as readonly string[]).indexOf(state);
}

/** How far a step is: 0 planned, 1 running, 2 done (or would be), 3 skipped, 4 failed. */
const stepCodes: ReadonlyMap<unknown, number> = new Map([["planned", 0], ["running", 1], ["done", 2], ["would-do", 2], ["skipped", 3], ["failed", 4]]);

/**
 * Rows of a change of state (`msg.transition`), of polls in a row without an answer (`msg.missed`), of a decider's command
 * (`msg.command`), and of what happens to a UPS (`msg.event`: 1 when something begins, 0 when it is over).
 */
export function changeEvents(msg: Message, now: number): TimelineEvent[] {
    const [transition, missed, command, event] = [recordOf(msg.transition), recordOf(msg.missed), recordOf(msg.command), recordOf(msg.event)];
    const events: TimelineEvent[] = [];
    if (transition !== undefined && typeof transition.to === "string" && typeof transition.device === "string") {
        events.push(happening("power_state", streamed(transition.device, transition), powerStateCode(transition.to), transition, time(transition.at, now), { state: transition.to }));
    } else if (missed !== undefined && typeof missed.device === "string") {
        events.push(happening("power_state", streamed(missed.device, missed), -1, missed, time(missed.at, now), { state: "UNKNOWN" }));
    }
    if (command !== undefined && typeof command.action === "string") {
        events.push(happening("shutdown_command", typeof command.stream === "string" ? command.stream : "flow", 1, command, time(command.at, now)));
    }
    // The readers of other devices have events of their own kinds, which are no rows.
    if (typeof event?.device === "string" && (powerEventKinds as readonly unknown[]).includes(event.kind)) {
        events.push(happening("ups_event", streamed(event.device, event), event.since === undefined ? 1 : 0, event, time(event.at, now)));
    }
    return events;
}

/** Rows of a run: its begin, each step that changed (`msg.progress`), and its end (`msg.result`). */
export function runEvents(msg: Message, now: number): TimelineEvent[] {
    return [...progressEvents(recordOf(msg.progress), now), ...resultEvents(recordOf(msg.result), now)];
}

function progressEvents(progress: Fields | undefined, now: number): TimelineEvent[] {
    if (typeof progress?.run !== "string") return [];
    const { run, reason, mode, simulated, text, startedAt } = progress;
    const about = { run, reason, mode, text, ...(simulated === true && { simulated }) };
    const changed = recordOf(progress.changed);
    if (changed === undefined) return [happening("shutdown_progress", "shutdown", null, about, now, { started_at: startedAt })];
    const at = time(changed.endedAt, time(changed.startedAt, now));
    return [happening("shutdown_step", typeof changed.host === "string" ? changed.host : "shutdown", stepCodes.get(changed.state) ?? null, about, at, {
        step: changed.id, kind: changed.kind, label: changed.label, state: changed.state, error: changed.error, note: changed.note, proof: changed.proof, seconds: seconds(changed.startedAt, changed.endedAt),
    })];
}

function resultEvents(result: Fields | undefined, now: number): TimelineEvent[] {
    if (typeof result?.run !== "string" || typeof result.outcome !== "string") return [];
    const { run, outcome, reason, mode, simulated, text, startedAt, endedAt } = result;
    const steps = Array.isArray(result.steps) ? (result.steps as unknown[]).map(recordOf) : [];
    const count = (...states: string[]): number => steps.filter((step) => states.includes(String(step?.state))).length;
    const proofs = new Map<string, number>();
    for (const proof of steps.map((step) => step?.proof)) if (typeof proof === "string") proofs.set(proof, (proofs.get(proof) ?? 0) + 1);
    return [happening("shutdown_result", "shutdown", seconds(startedAt, endedAt) ?? null, { run, outcome, reason, mode, text, ...(simulated === true && { simulated }) }, time(endedAt, now), {
        started_at: startedAt, steps: steps.length, done: count("done", "would-do"), failed: count("failed"), skipped: count("skipped"),
        ...(proofs.size > 0 && { proofs: Object.fromEntries(proofs) }),
    })];
}

/**
 * Rows of what a sequencer says of its hosts: a drill (`msg.drill`) and the news of a health check (`msg.health`), 1 when all is well.
 * Its answer to who asks (`msg.arming`) is no happening. Undefined for a message with none of them.
 */
export function hostEvents(msg: Message, now: number): TimelineEvent[] | undefined {
    const [drill, health, arming] = [recordOf(msg.drill), recordOf(msg.health), recordOf(msg.arming)];
    const all = (value: unknown): Fields[] => (Array.isArray(value) ? (value as unknown[]) : []).map(recordOf).filter((each) => each !== undefined);
    const said = ({ ok, at, text }: Fields, type: string, more: Fields): TimelineEvent[] => [happening(type, "shutdown", ok ? 1 : 0, { text }, time(at, now), more)];
    if (typeof drill?.ok === "boolean" && Array.isArray(drill.hosts)) {
        const shown = all(drill.hosts).map(({ host, ok, ms, checks }) => [String(host), { ok, ms, ...firstError(all(checks)) }] as const);
        return said(drill, "shutdown_drill", { hosts: Object.fromEntries(shown) });
    }
    if (typeof health?.ok === "boolean" && Array.isArray(health.changed)) {
        return said(health, "shutdown_health", { hosts: Object.fromEntries(all(health.changed).map(({ host, standing }) => [String(host), standing])), proven: health.proven, of: health.of });
    }
    return arming !== undefined && Array.isArray(arming.hosts) ? [] : undefined;
}

function firstError(checks: readonly Fields[]): { error?: unknown } {
    const failed = checks.find(({ ok }) => ok === false);
    return failed === undefined ? {} : { error: failed.error };
}

/** What the row's own columns already say. */
const inColumns: readonly string[] = ["at", "device", "stream"];

function happening(event_type: string, source: string, value: number | null, about: Fields, created_at: number, more: Fields = {}): TimelineEvent {
    const rest = Object.entries(about).filter(([key]) => !inColumns.includes(key));
    return { event_type, source, value, metadata: { ...Object.fromEntries(rest), ...more }, created_at };
}

function streamed(device: string, { simulated }: Fields): string {
    return streamOf({ device, ...(simulated === true && { simulated }) });
}

function seconds(from: unknown, to: unknown): number | undefined {
    return typeof from === "number" && typeof to === "number" && to >= from ? Math.round(to - from) / 1000 : undefined;
}

function time(value: unknown, fallback: number): number {
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : fallback;
}
