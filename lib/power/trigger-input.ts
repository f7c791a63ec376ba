import type { ShutdownCommand } from "./command";
import type { Classified } from "./power-state";
import type { Reading } from "./reading";
import type { TriggerState } from "./trigger-state";
import type { Verdict } from "./verdict";
import type { Witness } from "./witness";

/** One reading of one stream, with what a classifier before the trigger made of it. */
export interface TriggerInput {
    reading: Reading;
    power?: Pick<Classified, "state" | "since" | "conclusive">;
    /** What sources of other kinds say; see witnessesOf. */
    witnesses?: readonly Witness[];
}

/** What follows from it. `command`: with a change to shutdown, restored or cancelled. */
export interface TriggerStep {
    state: TriggerState;
    verdict: Verdict;
    command?: ShutdownCommand;
}
