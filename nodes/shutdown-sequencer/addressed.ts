import type { FlowMessage } from "../shared/wire";

/** Which sequencer tells something, as every message of its has it in `msg.sequencer`. */
export interface SequencerMark {
    id: string;
    name: string;
    /** The plan's name. */
    plan: string;
}

/** What a person or a dashboard asks of one sequencer among several. */
const words: ReadonlySet<string> = new Set(["hold", "release", "cancel", "drill", "evidence", "shutdown"]);

/**
 * Whether a message asks something of another sequencer: it has the mark of that one, or its id. Only what is asked can be
 * for somebody else: a trigger is for everybody who hears it, whatever it carries along.
 */
export function isForAnother({ sequencer, payload, ...msg }: FlowMessage & { sequencer?: unknown }, id: string): boolean {
    const meant = typeof sequencer === "object" && sequencer !== null ? (sequencer as Partial<SequencerMark>).id : sequencer;
    const triggers = ["command", "transition", "verdict", "power"].some((name) => msg[name] !== undefined);
    return !triggers && typeof payload === "string" && words.has(payload.trim().toLowerCase()) && typeof meant === "string" && meant !== "" && meant !== id;
}
