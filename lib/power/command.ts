/** What a decider tells the sequencer, as `msg.command` carries it. It never carries command text. */
export interface ShutdownCommand {
    /** `shutdown`: start a run. `restored`: power is back, re-arm (and end a run that has not committed). `cancel`: a person says stop. */
    action: "shutdown" | "restored" | "cancel";
    /** The rule and its evidence, for people: "solix_output CRITICAL at 24.0 W". */
    reason: string;
    /** Event time in ms. */
    at: number;
    /** The stream that decided (streamOf): one run per outage is counted per stream. */
    stream: string;
    /** Whether the evidence suffices for something destructive; see Transition.conclusive. */
    conclusive: boolean;
    simulated?: true;
}
