import type { Switches } from "./gate";
import type { RunJournal } from "./journal";
import type { PatienceOptions } from "./patience";
import type { ShutdownPlan } from "./plan";
import type { RunProgress, RunResult } from "./progress";
import type { RunIo } from "./run-io";
import type { HostAccess } from "./transport";

/** Where a sequencer says what happens. `origin` is what came with the command, absent for a run found at the start. */
export interface SequencerVoice<Origin> {
    progress(progress: RunProgress, origin: Origin | undefined): void;
    result(result: RunResult, origin: Origin | undefined): void;
    warn(text: string): void;
    lost?(text: string): void; // what was known of earlier runs; absent: a warning like others
}

/** What a sequencer has to work with. Asked for anew each time, since a deploy may change a host alone. */
export interface SequencerSetup {
    /** Undefined when the plan is wrong; `switches.problems` says why. */
    plan: ShutdownPlan | undefined;
    switches: Switches;
    access(host: string): HostAccess;
}

export interface SequencerOptions<Origin> extends PatienceOptions, Pick<RunIo, "prove" | "measured" | "usualMs"> {
    setup(): SequencerSetup;
    journal: RunJournal;
    voice: SequencerVoice<Origin>;
    /** See RehearsalIo. */
    paceMs?: number;
    boot?: string;
    /** ms since this machine was switched on. */
    uptimeMs?: () => number;
}
