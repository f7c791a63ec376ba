import type { Proof } from "./proof";
import type { Planned } from "./schedule";

/** How a run ends, or why it did not begin. The first three are S0's. */
export type RunOutcome =
    | "dry-run"        // Dry run is on, or the input was simulated: walked through, nothing sent
    | "not-enabled"    // Dry run is off, but Shutdown enabled is off or the evidence is not conclusive: a person has to act
    | "completed"      // every host took its final command
    | "incomplete"     // some step failed, was refused or timed out; the rest was done
    | "cancelled"      // a person, returning power or a real shutdown (for a rehearsal) ended it while there was a way back
    | "invalid";       // the plan or a switch is wrong: disarmed

/** A rehearsal opens no connection and sends nothing. */
export type RunMode = "rehearsal" | "live";

/** What a step does on a host. */
export type StepKind = "connect" | "stop-service" | "act" | "power-off" | "prove" | "undo";

export type StepState = "planned" | "running" | "done" | "failed" | "skipped" | "would-do";

/** One step of a plan's preview, and of a run: one function makes both. */
export interface StepView {
    /** Stable within the plan: "nas/stop-service/postgresql". */
    id: string;
    host: string;
    kind: StepKind;
    /** For people: "stop postgresql", "shutdown -h +2". */
    label: string;
    state: StepState;
    /** Steps of one layer can run at the same time; each layer comes after the one before. */
    layer?: number;
    /** When it is to be expected, from what was measured in earlier runs or else from its limit. A step back has no plan. */
    planned?: Planned;
    /** Event times in ms. */
    startedAt?: number;
    endedAt?: number;
    /** Cause, when it failed or was skipped. */
    error?: string;
    /** Of the look whether the host is down: how sure it is. */
    proof?: Proof;
    /** What to know about a step that is done: "sent: the connection ended before the host answered". */
    note?: string;
}

/** What a person, asked on a phone, must send back to hold or cancel the very run that was told of. */
export interface RunControl {
    token: string;
    /** Event time in ms. */
    until: number;
}

/** What a run waits for before it takes a further step, each until an event time in ms. */
export interface RunWaits {
    /** A person holds it. */
    held?: number;
    /** Power is back, and must stay back until then; then the run is put back. */
    power?: number;
}

/** `msg.progress` on output 1: the whole run each time, and what has just changed. */
export interface RunProgress {
    run: string;
    reason: string;
    mode: RunMode;
    /** The one host that a person has asked for; absent in an outage. */
    only?: string;
    simulated?: true;
    startedAt: number;
    /** Event time in ms at which this was told. */
    at?: number;
    /** With this token the run can be cancelled, and a real one held, until this event time; absent when it can't any more. */
    control?: RunControl;
    /** Absent: it waits for nobody. */
    waits?: RunWaits;
    /** The step that changed, when one did. */
    changed?: StepView;
    /** What happened, for people: "nas: stopped postgresql". */
    text: string;
    steps: StepView[];
}

/** `msg.result` on output 2, once per run. */
export interface RunResult {
    run: string;
    outcome: RunOutcome;
    reason: string;
    mode: RunMode;
    /** The one host that a person has asked for; absent in an outage. */
    only?: string;
    simulated?: true;
    startedAt: number;
    endedAt: number;
    text: string;
    steps: StepView[];
}
