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
    /** Of `restored`: for how many s power has been back already. */
    stableSeconds?: number;
    simulated?: true;
}

export type ParsedCommand = { command: ShutdownCommand } | { error: string };

/**
 * Checks a foreign value against the ShutdownCommand contract; unknown fields are dropped. Whatever is not plainly true
 * counts as not conclusive, and whatever is not plainly false as simulated: the safe side.
 * @param at event time in ms for a command that brings none
 */
export function parseCommand(value: unknown, at: number): ParsedCommand {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { error: "msg.command is not an object" };
    const raw = value as Record<string, unknown>;
    const { action, reason, stream } = raw;
    if (action !== "shutdown" && action !== "restored" && action !== "cancel") return { error: "msg.command.action is not shutdown, restored or cancel" };
    if (typeof stream !== "string" || stream.trim() === "") return { error: "msg.command.stream does not name who decided" };
    if (reason !== undefined && typeof reason !== "string") return { error: "msg.command.reason is not a text" };
    if (raw.at !== undefined && !(typeof raw.at === "number" && Number.isFinite(raw.at))) return { error: "msg.command.at is not a time in ms" };
    const command: ShutdownCommand = { action, reason: reason ?? stream, at: raw.at ?? at, stream, conclusive: raw.conclusive === true };
    if (typeof raw.stableSeconds === "number" && raw.stableSeconds > 0) command.stableSeconds = raw.stableSeconds;
    return { command: isTainted(raw.simulated) || stream.endsWith(fakeMark) ? taint(command) : command };
}

/** Ends the name of a stream that is made up. */
export const fakeMark = " (simulated)";

/** Whether a `simulated` mark taints: anything but absent, false and null. */
export function isTainted(mark: unknown): boolean {
    return mark !== undefined && mark !== false && mark !== null;
}

/** The command as one that can only rehearse. Its stream becomes another than the real one. */
export function taint(command: ShutdownCommand): ShutdownCommand {
    return { ...command, simulated: true, stream: command.stream.endsWith(fakeMark) ? command.stream : `${command.stream}${fakeMark}` };
}
