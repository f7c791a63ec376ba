import { isTainted, parseCommand, taint, type ShutdownCommand } from "../power/command";
import { powerStates, type PowerState } from "../power/power-state";
import type { RunMode, RunOutcome } from "./progress";

/** From which power state on a transition starts a run; a jump to a worse one counts. */
export const startStates = ["critical", "dead", "never"] as const;
export type StartOn = (typeof startStates)[number];

/**
 * What a message says to the sequencer. `level`: it is not the news of a change but a state that holds, said again with
 * every reading. `only`: of one host, whose name a person has typed. `ignored`: understood, and nothing to do.
 */
export type Heard = { command: ShutdownCommand; level?: true; only?: string } | { hold: boolean; simulated: boolean } | { ignored: string } | { error: string };

/** The stream of words in msg.payload and of the node's button: a person tries something. Never remembered. */
export const manualStream = "manual (simulated)";

/** The stream of a host that a person really shuts down: no outage, and never remembered as one. */
export const handStream = "by hand";

/** The message parts that carry a taint. */
const carriers = ["command", "verdict", "transition", "reading", "power", "missed", "depletion"] as const;

/** Whether anything about a message is made up. */
export function isTaintedMessage(msg: Record<string, unknown>): boolean {
    if (isTainted(msg.simulated)) return true;
    return carriers.some((name) => {
        const part = msg[name] as { simulated?: unknown; reading?: { simulated?: unknown } | null } | null | undefined;
        return part !== null && part !== undefined && (isTainted(part.simulated) || isTainted(part.reading?.simulated));
    });
}

/**
 * What a message tells the sequencer: `msg.command`, else `msg.transition`, else what stands in `msg.verdict` or `msg.power`, else a word in
 * `msg.payload`. The word "shutdown" rehearses; only "cancel" acts on a real run.
 * @param at event time in ms, for a message that brings none
 */
export function commandFrom(msg: Record<string, unknown>, { at, startOn }: { at: number; startOn: StartOn }): Heard {
    const tainted = isTaintedMessage(msg);
    if (msg.command !== undefined && msg.command !== null) {
        const parsed = parseCommand(msg.command, at);
        return "error" in parsed ? parsed : { command: tainted ? taint(parsed.command) : parsed.command };
    }
    if (msg.transition !== undefined && msg.transition !== null) {
        const heard = commandOfTransition(msg.transition, startOn, at);
        return "command" in heard && tainted ? { command: taint(heard.command) } : heard;
    }
    if (msg.missed !== undefined) return { ignored: "a source that cannot be read starts nothing" };
    if (typeof msg.verdict === "object" && msg.verdict !== null) {
        const heard = commandOfVerdict(msg.verdict as Record<string, unknown>, at);
        return "command" in heard ? { command: tainted ? taint(heard.command) : heard.command, level: true } : heard;
    }
    if (typeof msg.power === "object" && msg.power !== null) {
        const heard = commandOfLevel(msg.power as Record<string, unknown>, startOn, at);
        return "command" in heard ? { command: tainted ? taint(heard.command) : heard.command, level: true } : heard;
    }
    const word = typeof msg.payload === "string" ? msg.payload.trim().toLowerCase() : "";
    const manual = { reason: `"${word}" by hand`, at, stream: manualStream, conclusive: false };
    if (word === "shutdown" && isGiven(msg.host)) return commandByHand(msg, tainted, at);
    if (word === "shutdown" || word === "restored") return { command: { action: word, ...manual, simulated: true } };
    if (word === "cancel") return { command: { action: "cancel", ...manual, ...(tainted && { simulated: true as const }) } };
    if (word === "hold" || word === "release") return { hold: word === "hold", simulated: tainted };
    return { error: 'expected msg.command, msg.transition, or "shutdown", "restored", "cancel", "hold" or "release" in msg.payload' };
}

/** One host, as a person asks for it: really where its name stands in `msg.confirm` once more, else rehearsed. */
function commandByHand({ host, confirm }: Record<string, unknown>, tainted: boolean, at: number): Heard {
    if (typeof host !== "string") return { error: "msg.host is not the name of a host" };
    if (isGiven(confirm) && confirm !== host) return { error: `msg.confirm is not ${JSON.stringify(host)}, the name of the host that is really to be shut down` };
    const command = { action: "shutdown", reason: `${host} by hand`, at } as const;
    if (!isGiven(confirm) || tainted) return { only: host, command: { ...command, stream: manualStream, conclusive: false, simulated: true } };
    return { only: host, command: { ...command, stream: handStream, conclusive: true } };
}

function isGiven(value: unknown): boolean {
    return value !== undefined && value !== null && value !== "";
}

function commandOfTransition(value: unknown, startOn: StartOn, at: number): Heard {
    const { device, to, watts, ...raw } = (typeof value === "object" ? value : {}) as Record<string, unknown>;
    const state = [...powerStates, "UNKNOWN" as const].find((name): name is PowerState => name === to);
    if (state === undefined || typeof device !== "string" || device === "") return { error: "msg.transition names no device or no power state" };
    const action = state === "HEALTHY" ? "restored" : startingOn(startOn).some((name) => name === state) ? "shutdown" : undefined;
    if (action === undefined) return { ignored: `${device} ${state}` };
    const reason = `${device} ${state}${typeof watts === "number" && Number.isFinite(watts) ? ` at ${watts.toFixed(1)} W` : ""}`;
    const parsed = parseCommand({ action, reason, stream: device, at: raw.at, conclusive: raw.conclusive, simulated: raw.simulated }, at);
    return "error" in parsed ? { error: parsed.error.replace("msg.command", "msg.transition") } : parsed;
}

function startingOn(startOn: StartOn): readonly PowerState[] {
    return startOn === "critical" ? ["CRITICAL", "DEAD"] : startOn === "dead" ? ["DEAD"] : [];
}

/** The state of a stream as the classifier puts it on every reading. A reading that is not good says nothing new, and one that shows better begins nothing. */
function commandOfLevel({ state, conclusive, confirming, reading }: Record<string, unknown>, startOn: StartOn, at: number): Heard {
    const { device, watts, quality, simulated, at: measuredAt } = (typeof reading === "object" && reading !== null ? reading : {}) as Record<string, unknown>;
    if (quality !== "good") return { ignored: "a reading that is not good starts nothing" };
    const level = commandOfTransition({ device, to: state, watts, at: measuredAt, conclusive, simulated }, startOn, at);
    const shown = (confirming as { state?: unknown } | null | undefined)?.state;
    const better = "command" in level && level.command.action === "shutdown" && shown !== undefined && !startingOn(startOn).some((name) => name === shown);
    return better ? { ignored: "the newest reading shows better" } : level;
}

/** What a trigger's evidence says with every reading: its decision, for as long as it stands. While power is back, if not for good yet, it begins nothing. */
function commandOfVerdict({ decision, returning, supply, stream, text, at: decidedAt, simulated }: Record<string, unknown>, at: number): Heard {
    if (returning === true) return { ignored: "power is back, and must stay" };
    const action = decision === "shutdown" ? "shutdown" : decision === "none" && supply === "mains" ? "restored" : undefined;
    if (action === undefined) return { ignored: "a verdict that decides nothing" };
    const parsed = parseCommand({ action, reason: text, stream, at: decidedAt, conclusive: action === "shutdown", simulated }, at);
    return "error" in parsed ? { error: parsed.error.replace("msg.command", "msg.verdict") } : parsed;
}

/** S0's two switches, and what stands against them. */
export interface Switches {
    dryRun: boolean;
    enabled: boolean;
    /** What is wrong with the plan or with a switch: there is nothing to rehearse either. */
    problems: readonly string[];
    /** Why hosts cannot be reached: no address, no pinned key. Stands against a real run only. */
    unready: readonly string[];
    /** Which power classifier before it takes a single reading for an outage: 'the power classifier "Plug"'. */
    oneReading?: string;
}

/** What the sequencer is doing and remembers. */
export interface GateState {
    /** `streams`: those whose outage the run under way answers. `byHand`: it answers none so far. `feeds`: the stream that speaks feeds hosts of it. */
    running?: { mode: RunMode; streams: ReadonlySet<string>; simulated: boolean; committed: boolean; undoing?: boolean; byHand?: boolean; feeds?: boolean };
    /** What each stream has led to since its power was last healthy. */
    ran: ReadonlyMap<string, RunMode>;
}

export type Decision =
    /** `preempts`: a rehearsal that is under way ends first, and a host that is going down by hand is left to it. */
    | { act: "run"; mode: RunMode; outcome: Extract<RunOutcome, "completed" | "dry-run">; why: string; preempts: boolean }
    /** No run: only say that a person has to act. */
    | { act: "tell"; mode: "rehearsal"; outcome: Extract<RunOutcome, "not-enabled" | "invalid">; why: string }
    | { act: "cancel"; why: string; rearm: boolean }
    /** `spares`: the run under way goes on for others that still have no power. */
    | { act: "rearm"; why: string; spares?: true }
    /** The run under way counts for this stream too. */
    | { act: "join"; why: string }
    /** `quiet`: it was said before. `open`: when it is said again, it is to be decided anew. */
    | { act: "ignore"; why: string; quiet?: true; open?: true };

/**
 * The only place that decides whether anything real happens.
 * @param level see Heard. It makes up for a transition that was lost (in a deploy, with a file): it starts a run only for an
 * outage that has led to nothing yet, and re-arms unless a run under way would end by it
 * @param byHand a person shuts one host down
 */
export function decideRun(command: ShutdownCommand, switches: Switches, state: GateState, level = false, byHand = false): Decision {
    if (level && command.action === "shutdown" && state.ran.has(command.stream)) return { act: "ignore", why: "this outage has been dealt with already" };
    if (level && command.action === "restored" && endsBy(command, state)) return { act: "ignore", why: "a run under way ends by news only", open: true };
    switch (command.action) {
        case "shutdown":
            return decideShutdown(command, switches, state, byHand);
        case "cancel":
            return decideCancel(command, state);
        case "restored":
            return decideRestored(command, state);
    }
}

function endsBy({ stream }: ShutdownCommand, { running }: GateState): boolean {
    if (running === undefined || !running.streams.has(stream) || running.committed || running.undoing) return false;
    return running.mode !== "live" || running.streams.size === 1;
}

function decideShutdown(command: ShutdownCommand, switches: Switches, { running, ran }: GateState, byHand: boolean): Decision {
    const wish = wishOf(command, switches);
    const mode = wish.act === "run" ? wish.mode : "rehearsal";
    const before = byHand || command.stream === manualStream ? undefined : ran.get(command.stream);
    if (running?.mode === "live") {
        if (command.simulated) return { act: "ignore", why: "a real shutdown is under way: simulated input is ignored" };
        // Nobody could call off the others any more, were they to join it.
        if (!byHand && running.byHand && running.committed && wish.act === "run" && mode === "live" && before !== "live") return { ...wish, preempts: true };
        if (!byHand && !running.streams.has(command.stream) && mode === "live" && before !== "live") return { act: "join", why: "a shutdown is under way already" };
        return { act: "ignore", why: "a shutdown is under way already" };
    }
    if (wish.outcome === "invalid") return wish;
    if (before === "live") return { act: "ignore", why: "the shutdown of this outage has run already" };
    if (before === "rehearsal" && mode === "rehearsal") return { act: "ignore", why: "this outage has been dealt with already" };
    if (wish.act !== "run" || running === undefined) return wish;
    if (mode === "live" || (running.simulated && !command.simulated)) return { ...wish, preempts: true };
    return { act: "ignore", why: "a rehearsal is under way already" };
}

/** What the command and the switches alone would lead to. */
function wishOf(command: ShutdownCommand, { dryRun, enabled, problems, unready }: Switches): Extract<Decision, { act: "run" | "tell" }> {
    const rehearsal = (why: string): Decision & { act: "run" } => ({ act: "run", mode: "rehearsal", outcome: "dry-run", why, preempts: false });
    if (problems.length > 0) return { act: "tell", mode: "rehearsal", outcome: "invalid", why: problems.join("; ") };
    if (command.simulated) return rehearsal("the input is simulated");
    if (dryRun !== false) return rehearsal("Dry run is on");
    if (enabled !== true) return { act: "tell", mode: "rehearsal", outcome: "not-enabled", why: "Shutdown enabled is off" };
    if (unready.length > 0) return { act: "tell", mode: "rehearsal", outcome: "invalid", why: unready.join("; ") };
    if (command.conclusive !== true) {
        return { act: "tell", mode: "rehearsal", outcome: "not-enabled", why: "low watts alone do not prove an outage, the load may just be off, or not be up again since this machine was restarted; if this load is constant, say so in the power-classifier" };
    }
    return { act: "run", mode: "live", outcome: "completed", why: "Dry run is off and Shutdown enabled is on", preempts: false };
}

function decideCancel(command: ShutdownCommand, { running }: GateState): Decision {
    if (running === undefined) return { act: "ignore", why: "nothing to cancel" };
    if (command.simulated && !running.simulated) return { act: "ignore", why: "a simulated cancel ends no real run" };
    if (running.undoing) return { act: "ignore", why: "it is cancelled already, and being put back" };
    if (running.committed) return { act: "ignore", why: "too late to cancel: the final commands are on their way" };
    return { act: "cancel", why: command.reason, rearm: false };
}

function decideRestored(command: ShutdownCommand, { running, ran }: GateState): Decision {
    const mine = running !== undefined && (running.streams.has(command.stream) || (command.stream === manualStream && running.simulated));
    if (mine && running.undoing) return { act: "rearm", why: "power is back, and what was done is being put back" };
    if (mine && running.committed) return { act: "rearm", why: "power is back, but the final commands are on their way: the run finishes" };
    const others = mine ? [...running.streams].filter((stream) => stream !== command.stream) : [];
    if (mine && !running.simulated && others.length > 0) return { act: "rearm", why: `power is back (${command.reason}), but not on ${others.join(", ")}: the run goes on`, spares: true };
    if (mine) return { act: "cancel", why: `power is back (${command.reason})`, rearm: true };
    if (running?.feeds && !command.simulated) return { act: "rearm", why: `power is back (${command.reason}): its hosts stay, the run goes on`, spares: true };
    return ran.has(command.stream) ? { act: "rearm", why: "power is back: ready for the next outage" } : { act: "ignore", why: "nothing to re-arm" };
}
