import { parseCommand } from "../power/command";
import { powerEventKinds } from "../power/power-event";
import { parseReading } from "../power/reading";
import { isTime, tapeVersion, type TapeHeader, type TapeKind } from "./tape";
import { recordOf } from "./timeline-event";

/** An entry before it is on a tape: its times are event times in ms. */
export interface TapeLine extends Readonly<Record<string, unknown>> {
    kind: TapeKind;
    at: number;
}

/** Which verdicts are written: those that change something, or the one of every reading. */
export type VerdictChoice = "changes" | "all";

type Message = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string";

/** By what ours is told from that of other nodes, which use such names for anything: an answer of a server, a command with a password. */
const isOurs = {
    power: ({ state, since }) => isText(state) && isTime(since),
    event: ({ kind, device }) => powerEventKinds.some((known) => known === kind) && isText(device),
    transition: ({ device, from, to }) => [device, from, to].every(isText),
    missed: ({ device, failures }) => isText(device) && isTime(failures),
    verdict: ({ device, text, findings }) => [device, text].every(isText) && Array.isArray(findings),
    command: (command) => "command" in parseCommand(command, 0),
    quorum: ({ group, standing }) => [group, standing].every(isText),
    progress: ({ run, text, steps }) => [run, text].every(isText) && Array.isArray(steps),
    result: ({ run, outcome, steps }) => [run, outcome].every(isText) && Array.isArray(steps),
} satisfies Record<string, (value: Record<string, unknown>) => boolean>;

/**
 * What of a message goes onto a tape: everything that one of our nodes has put on it. Foreign properties are not written:
 * they may hold secrets.
 * @param last event time in ms of the newest line so far, for what brings no time of its own
 */
export function tapeLines(msg: Message, { last, verdicts }: { last: number; verdicts: VerdictChoice }): TapeLine[] {
    const lines: TapeLine[] = [];
    const add = (kind: TapeKind, value: Record<string, unknown> | undefined): void => {
        if (value !== undefined) lines.push({ kind, at: isTime(value.at) ? value.at : last, ...without(value, ["kind", "at"]) });
    };
    const parsed = msg.reading === undefined ? { error: "" } : parseReading(msg.reading, last);
    if ("reading" in parsed) add("reading", without({ ...parsed.reading }, ["begins"]));
    const ours = (name: keyof typeof isOurs): Record<string, unknown> | undefined => {
        const value = recordOf(msg[name]);
        return value !== undefined && isOurs[name](value) ? value : undefined;
    };
    const power = ours("power");
    if (power !== undefined && "reading" in parsed) add("power", { at: parsed.reading.at, device: parsed.reading.device, ...without(power, ["reading"]) });
    const event = ours("event");
    if (event !== undefined) add("event", { ...event, event: event.kind });
    add("transition", ours("transition"));
    add("missed", ours("missed"));
    const verdict = ours("verdict");
    if (verdicts === "all" || verdict?.change !== undefined) add("verdict", verdict);
    add("command", ours("command"));
    add("quorum", ours("quorum"));
    add("progress", slim(ours("progress"), last));
    add("result", slim(ours("result"), last));
    return lines;
}

/**
 * The step that has changed, not the whole plan each time, and not the token that a run can be cancelled with. A run goes by
 * the clock, and readings that are simulated may be ahead of it: it never goes back on the tape.
 */
function slim(run: Record<string, unknown> | undefined, last: number): Record<string, unknown> | undefined {
    if (run === undefined) return undefined;
    const changed = recordOf(run.changed);
    const times = [run.endedAt, changed?.endedAt, changed?.startedAt, run.startedAt];
    const at = Math.max(last, times.find(isTime) ?? last);
    return { at, ...without(run, ["steps", "startedAt", "endedAt", "changed", "control"]), ...(changed && { changed: without(changed, ["startedAt", "endedAt"]) }) };
}

/** A line as it is written: times in whole ms since the tape began. */
export function writtenLine(line: TapeLine, began: number): string {
    return `${JSON.stringify(relative(line, began))}\n`;
}

export function writtenHeader(header: TapeHeader): string {
    return `${JSON.stringify({ kind: "tape", ...header, version: tapeVersion })}\n`;
}

/** The properties that are times, wherever they are. */
const times: ReadonlySet<string> = new Set(["at", "since"]);

function relative(value: Readonly<Record<string, unknown>>, began: number): Record<string, unknown> {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => {
        if (times.has(key) && typeof inner === "number") return [key, Math.round(inner - began)];
        const nested = recordOf(inner);
        return [key, nested === undefined ? inner : relative(nested, began)];
    }));
}

function without(value: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
    return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}
