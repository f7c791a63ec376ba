import { guestName } from "./actions/shell";
import type { Proof } from "./proof";
import type { RunMode, RunOutcome, StepState } from "./progress";

/** When a record was written by the machine's own count: ms since it was switched on. Older journals have none. */
interface Written {
    up?: number;
}

/** One thing that happened. Times are event times in ms. */
export type JournalRecord = Written & (
    /** A real run begins. `only`: of this one host, by a person's hand. `without`: hosts of the plan that it leaves alone. */
    | { kind: "run"; run: string; stream: string; reason: string; boot: string; only?: string; without?: string[]; at: number }
    /** What a token is known by with which it can be held or cancelled: its hash. */
    | { kind: "token"; run: string; mark: string; at: number }
    /** It still goes on, though it has long written nothing. */
    | { kind: "alive"; run: string; at: number }
    /** A person holds it, for so many ms at most; or lets it go on, or the time is over. */
    | { kind: "hold"; run: string; on: boolean; ms?: number; at: number }
    /** A step is about to be taken. */
    | { kind: "intent"; run: string; step: string; at: number }
    | { kind: "result"; run: string; step: string; state: StepState; startedAt?: number; error?: string; note?: string; proof?: Proof; did?: string[]; at: number }
    /** What a host reports to have stopped while a step goes on: it is to be put back also when nobody sees the end of the step. */
    | { kind: "did"; run: string; step: string; names: string[]; at: number }
    /** What the run has done is being put back from here on. */
    | { kind: "undo"; run: string; why: string; at: number }
    /** A stream's power has failed again while the run is put back: a run of its own begins when this one has ended. Without a reason: no more. */
    | { kind: "next"; run: string; stream: string; reason?: string; at: number }
    /** Hosts that have power again and stay, while the run goes on for the others. `anew`: those that had stayed, and go after all. */
    | { kind: "spare"; run: string; hosts: string[]; anew?: string[]; why: string; at: number }
    | { kind: "end"; run: string; outcome: RunOutcome; at: number }
    /** A stream's outage has been dealt with without a real run of its own: rehearsed, told, or joined to another's run. `boot`: of this machine. `without`: the hosts that this one leaves alone from here on. `calledOff`: by a person. */
    | { kind: "dealt"; stream: string; mode: RunMode; boot?: string; without?: string[]; calledOff?: true; at: number }
    /** A stream's power is back, and must stay so for a while before it counts; or that is over. */
    | { kind: "return"; stream: string; on: boolean; at: number }
    /** A stream's power is healthy again. */
    | { kind: "restored"; stream: string; at: number });

/** When something was written: event time in ms, and the same in ms since the machine was switched on. */
export type Moment = Written & { at: number };

export type StepResult = Omit<Extract<JournalRecord, { kind: "result" }>, "kind" | "run">;

/** A real run that has not ended. */
export interface OpenRun {
    run: string;
    stream: string;
    reason: string;
    boot: string;
    startedAt: number;
    /** When it last wrote. */
    last: Moment;
    /** The streams whose outage it answers: its own and those that joined, while their power is not back. */
    streams: ReadonlySet<string>;
    /** The host that it is about, as long as it answers no outage. */
    only?: string;
    /** Hosts of the plan that it leaves alone, since something else feeds them. */
    without?: readonly string[];
    /** The steps that were begun, and when. */
    intents: ReadonlyMap<string, Moment>;
    results: ReadonlyMap<string, StepResult>;
    /** What hosts reported to have stopped, by step. */
    did: ReadonlyMap<string, readonly string[]>;
    /** Streams whose power was back a moment ago, and whose hosts wait to see whether it stays. */
    returning: ReadonlySet<string>;
    /** Hosts that stay, since they had power again in time, and the words for it. */
    spared?: { hosts: readonly string[]; why: string };
    /** Why it was being put back; absent while it went forward. */
    undoing?: string;
    /** What begins when it has been put back: why, by stream. */
    next: ReadonlyMap<string, string>;
    /** Since when a person holds it, and for how many ms at most. */
    held?: Moment & { ms: number };
    /** The marks of the tokens that people were told. */
    marks: readonly string[];
}

/** What the records amount to. */
export interface JournalMemory {
    ran: ReadonlyMap<string, RunMode>;
    /** In which boot of this machine that was, where it is known. */
    boots: ReadonlyMap<string, string>;
    /** Streams whose real run was called off while they had no power: a person wants nothing more of their outage. */
    calledOff: ReadonlySet<string>;
    open: OpenRun | undefined;
}

export const emptyMemory = (): JournalMemory => ({ ran: new Map(), boots: new Map(), calledOff: new Set(), open: undefined });

/**
 * What to note of the outages that had their real run, to its end, before this machine was switched off: the news of an
 * outage begins another one. A state that is said again does not: who says it may still say what was true back then.
 */
export function spentBefore(boot: string, { ran, boots, open }: JournalMemory, at: number): JournalRecord[] {
    const spent = [...ran].flatMap(([stream, mode]) => (mode === "live" && (boots.get(stream) ?? boot) !== boot && open?.streams.has(stream) !== true ? [stream] : []));
    return spent.flatMap((stream): JournalRecord[] => [{ kind: "restored", stream, at }, { kind: "dealt", stream, mode: "rehearsal", boot, at }]);
}

/** The memory after one more record. Records of a run that is not the open one change nothing. */
export function remember({ boots, ...before }: JournalMemory, record: JournalRecord): JournalMemory {
    const after = follow(before, record);
    const boot = record.kind === "run" || record.kind === "dealt" ? record.boot : undefined;
    return { ...after, boots: boot === undefined || !("stream" in record) ? boots : with_(boots, record.stream, boot) };
}

function follow(memory: Omit<JournalMemory, "boots">, record: JournalRecord): Omit<JournalMemory, "boots"> {
    const { ran, open, calledOff } = memory;
    switch (record.kind) {
        case "run": {
            const { run, stream, reason, boot, only, without, at } = record;
            const open: OpenRun = { run, stream, reason, boot, startedAt: at, last: momentOf(record), ...(without && { without }), streams: new Set([stream]), marks: [], returning: new Set(), next: new Map(), intents: new Map(), results: new Map(), did: new Map() };
            // It answers no outage, and leaves none behind.
            return only === undefined ? { ...memory, ran: with_(ran, stream, "live"), open } : { ...memory, open: { ...open, only, streams: new Set() } };
        }
        case "dealt":
            return {
                ...memory, ran: with_(ran, record.stream, ran.get(record.stream) === "live" ? "live" : record.mode),
                calledOff: record.calledOff ? new Set([...calledOff, record.stream]) : calledOff,
                open: open && record.mode === "live" ? joined(open, record) : open,
            };
        case "restored":
            return {
                ran: new Map([...ran].filter(([stream]) => stream !== record.stream)),
                calledOff: without(calledOff, record.stream),
                // The hosts of one whose outage it does not answer go on waiting.
                open: open && { ...open, streams: without(open.streams, record.stream), ...(open.streams.has(record.stream) && { returning: without(open.returning, record.stream) }) },
            };
        case "return":
            return { ...memory, open: open && { ...open, returning: record.on ? new Set([...open.returning, record.stream]) : without(open.returning, record.stream) } };
        case "intent":
            if (open?.run !== record.run) return memory;
            return { ...memory, open: { ...open, last: momentOf(record), intents: with_(open.intents, record.step, momentOf(record)) } };
        case "result":
            if (open?.run !== record.run) return memory;
            return { ...memory, open: { ...open, last: momentOf(record), results: with_(open.results, record.step, record) } };
        case "did":
            if (open?.run !== record.run) return memory;
            return { ...memory, open: { ...open, last: momentOf(record), did: with_(open.did, record.step, [...(open.did.get(record.step) ?? []), ...record.names]) } };
        case "undo":
            return { ...memory, open: open?.run === record.run ? { ...open, last: momentOf(record), undoing: record.why, returning: new Set() } : open };
        case "next":
            return { ...memory, open: open?.run === record.run ? nextAfter(open, record) : open };
        case "token":
            return { ...memory, open: open?.run === record.run ? { ...open, last: momentOf(record), marks: [...open.marks, record.mark] } : open };
        case "alive":
            return { ...memory, open: open?.run === record.run ? { ...open, last: momentOf(record) } : open };
        case "hold":
            return { ...memory, open: open?.run === record.run ? heldBy(open, record) : open };
        case "spare":
            return { ...memory, open: open?.run === record.run ? { ...spared(open, record), last: momentOf(record) } : open };
        case "end":
            if (open?.run !== record.run) return memory;
            return { ran, open: undefined, calledOff: record.outcome === "cancelled" ? new Set([...calledOff, ...open.streams]) : calledOff };
    }
}

/** From now on it answers an outage, whoever began it. */
function joined({ only: _only, ...open }: OpenRun, { stream, without }: Extract<JournalRecord, { kind: "dealt" }>): OpenRun {
    return { ...open, ...(without && { without }), streams: new Set([...open.streams, stream]) };
}

function without(streams: ReadonlySet<string>, one: string): ReadonlySet<string> {
    return new Set([...streams].filter((stream) => stream !== one));
}

/** What was done to hosts that go after all is done again. */
function spared({ spared: _before, ...open }: OpenRun, { hosts, anew = [], why }: Extract<JournalRecord, { kind: "spare" }>): OpenRun {
    const keeps = (step: string): boolean => !anew.some((host) => step.startsWith(`${host}/`));
    return {
        ...open, ...(hosts.length > 0 && { spared: { hosts, why } }),
        intents: new Map([...open.intents].filter(([step]) => keeps(step))), results: new Map([...open.results].filter(([step]) => keeps(step))),
    };
}

function momentOf({ at, up }: JournalRecord): Moment {
    return { at, ...(up !== undefined && { up }) };
}

function nextAfter(open: OpenRun, record: Extract<JournalRecord, { kind: "next" }>): OpenRun {
    const others = [...open.next].filter(([stream]) => stream !== record.stream);
    return { ...open, last: momentOf(record), next: new Map(record.reason === undefined ? others : [...others, [record.stream, record.reason]]) };
}

/** The same run, after it was held or let go. */
function heldBy({ held: _before, ...open }: OpenRun, record: Extract<JournalRecord, { kind: "hold" }>): OpenRun {
    return { ...open, last: momentOf(record), ...(record.on && { held: { ...momentOf(record), ms: record.ms ?? 0 } }) };
}

function with_<V>(map: ReadonlyMap<string, V>, key: string, value: V): Map<string, V> {
    return new Map([...map, [key, value]]);
}

const kinds = ["run", "token", "alive", "hold", "intent", "result", "did", "undo", "next", "spare", "end", "dealt", "return", "restored"] as const;
const textFields = { run: ["run", "stream", "reason", "boot"], token: ["run", "mark"], alive: ["run"], hold: ["run"], intent: ["run", "step"], result: ["run", "step"], did: ["run", "step"], undo: ["run", "why"], next: ["run", "stream"], spare: ["run", "why"], end: ["run"], dealt: ["stream"], return: ["stream"], restored: ["stream"] } as const;
const stepStates: readonly unknown[] = ["done", "failed", "skipped"] satisfies StepState[];
const proofs: readonly unknown[] = ["watts", "network", "sent", "failed"] satisfies Proof[];
const outcomes: readonly unknown[] = ["completed", "incomplete", "cancelled", "invalid", "dry-run", "not-enabled"] satisfies RunOutcome[];

/** A record as it was written; undefined for anything else. */
export function parseRecord(value: unknown): JournalRecord | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const raw = value as Record<string, unknown>;
    const kind = kinds.find((name) => name === raw.kind);
    if (kind === undefined || typeof raw.at !== "number" || !Number.isFinite(raw.at)) return undefined;
    if (raw.up !== undefined && !(typeof raw.up === "number" && Number.isFinite(raw.up))) return undefined;
    if (textFields[kind].some((field) => typeof raw[field] !== "string")) return undefined;
    if (kind === "result" && !stepStates.includes(raw.state)) return undefined;
    if (kind === "result" && [raw.error, raw.note].some((text) => text !== undefined && typeof text !== "string")) return undefined;
    if (kind === "result" && raw.proof !== undefined && !proofs.includes(raw.proof)) return undefined;
    if (kind === "result" && raw.did !== undefined && !areNames(raw.did)) return undefined;
    if (kind === "did" && !areNames(raw.names)) return undefined;
    if (kind === "result" && raw.startedAt !== undefined && typeof raw.startedAt !== "number") return undefined;
    if ([raw.without, raw.hosts, raw.anew].some((names) => names !== undefined && !areTexts(names)) || (kind === "spare" && raw.hosts === undefined)) return undefined;
    if ([raw.only, raw.boot, raw.reason].some((text) => text !== undefined && typeof text !== "string")) return undefined;
    if ((kind === "return" || kind === "hold") && typeof raw.on !== "boolean") return undefined;
    if (kind === "hold" && raw.on === true && !(typeof raw.ms === "number" && Number.isFinite(raw.ms) && raw.ms >= 0)) return undefined;
    if (raw.calledOff !== undefined && raw.calledOff !== true) return undefined;
    if (kind === "end" && !outcomes.includes(raw.outcome)) return undefined;
    if (kind === "dealt" && raw.mode !== "live" && raw.mode !== "rehearsal") return undefined;
    return raw as unknown as JournalRecord;
}

function areTexts(value: unknown): boolean {
    return Array.isArray(value) && value.every((text) => typeof text === "string");
}

/** They become arguments of the way back. */
function areNames(value: unknown): boolean {
    return Array.isArray(value) && value.every((name) => typeof name === "string" && guestName.test(name));
}
