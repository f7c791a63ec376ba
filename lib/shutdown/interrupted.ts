import { uptime } from "node:os";
import { machine } from "../kit/boot";
import type { Cancel, Clock } from "../kit/clock";
import { partOf } from "./domains";
import type { Moment, OpenRun } from "./journal-records";
import type { SequencerSetup } from "./sequencer";
import { stepsOf } from "./steps";

/** A run that nobody went on with for longer than this belongs to an outage that may be over, ms. */
const resumeWithinMs = 15 * 60_000;
/**
 * After a longer interruption power may be back: those who decide get some time to say so before the run goes on, ms. A trigger says it when mains
 * was there for 30 s, the first reading may come some seconds after the start, and who looks twice needs a second one.
 */
const longInterruptionMs = 30_000;
const rereadMs = 45_000;
/** How often a run says that it goes on, ms. */
const aliveMs = 5 * 60_000;

/** This machine, as a run that was interrupted finds it. */
export interface Here {
    clock: Clock;
    boot: string;
    /** ms since this machine was switched on. */
    uptimeMs(): number;
}

/** This machine as it is, where nothing else is said. */
export function hereOf({ clock, boot = machine.boot, uptimeMs = () => Math.round(uptime() * 1000) }: Pick<Here, "clock"> & Partial<Here>): Here {
    return { clock, boot, uptimeMs };
}

/** The setup for the hosts of a run. A host that was put into the plan since is no part of what a person has asked for. */
export function setupFor({ only, without = [] }: OpenRun, whole: SequencerSetup): SequencerSetup {
    return { ...whole, plan: whole.plan && partOf(whole.plan, (host) => (only === undefined ? !without.includes(host) : host === only)) };
}

/** Why a run from the journal must not go on; `over` means that its outage may be over. As long as a person's hold lasts, nobody had to go on with it. */
export function obstacleTo(open: OpenRun, { plan, switches }: SequencerSetup, here: Here): { why: string; over: boolean } | undefined {
    if (plan === undefined || switches.problems.length > 0) return { why: switches.problems.join("; "), over: false };
    if (plan.hosts.length === 0) return { why: "its hosts are not in the plan any more", over: false };
    if (switches.dryRun !== false || switches.enabled !== true) return { why: "it is no longer armed", over: false };
    // The machine may have been switched off by this very run, and be up again because power is back.
    if (open.boot !== here.boot) return { why: "this machine has been restarted since", over: true };
    return agoMs(open.last, here) > resumeWithinMs && heldForMs(open, here) === 0 ? { why: "it was too long ago", over: true } : undefined;
}

/** How long a run that goes on waits for a word that power is back, ms. One that is being put back does so only for an outage that comes next. */
export function rereadMsFor(open: OpenRun, here: Here): number {
    const goesDown = open.undoing === undefined || open.next.size > 0;
    return goesDown && agoMs(open.last, here) > longInterruptionMs ? rereadMs : 0;
}

/** For how long a person's hold of a run still lasts, ms. */
export function heldForMs({ held }: OpenRun, here: Here): number {
    return held === undefined ? 0 : Math.max(0, held.ms - Math.max(0, agoMs(held, here)));
}

/** How long ago something was written in this same boot, ms. The wall clock may have been set in between: the machine's own count knows better. */
export function agoMs({ at, up }: Moment, { clock, uptimeMs }: Here): number {
    return up === undefined ? Math.abs(clock.now() - at) : uptimeMs() - up;
}

/** Says every few minutes that a run goes on: a step may take an hour, and an interruption is as long as nobody says so. */
export function keepAlive(finished: Promise<unknown>, clock: Clock, say: () => void): void {
    let cancel: Cancel = () => undefined;
    const again = (): void => {
        cancel = clock.after(aliveMs, () => {
            say();
            again();
        });
    };
    again();
    void finished.then(() => cancel());
}

/** Says which steps a journal tells of that the plan does not have; undefined when there are none. */
export function strangeSteps({ intents, results }: OpenRun, { plan }: SequencerSetup): string | undefined {
    const known = new Set(plan === undefined ? [] : stepsOf(plan).flatMap(({ view: { id } }) => [id, `${id}/undo`]));
    const strange = [...new Set([...intents.keys(), ...results.keys()])].filter((id) => !known.has(id));
    return strange.length === 0 ? undefined : `the journal tells of steps that the plan does not have, and is not believed in that: ${strange.slice(0, 5).join(", ")}${strange.length > 5 ? ` and ${strange.length - 5} more` : ""}`;
}
