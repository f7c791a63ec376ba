import { Trouble } from "../kit/trouble";
import type { Classified } from "../power/power-state";
import { parseReading, slug, type Reading } from "../power/reading";
import { shutdownRules, type ShutdownRule } from "../power/verdict";
import { recordOf } from "./timeline-event";

/**
 * A tape: an outage as JSON lines. The first line is the header, every other one an entry: what it is (`kind`), when it was
 * (`at`: whole ms of event time since the tape began) and the thing itself, in the same object. Times inside a thing (`since`)
 * are relative too. Order is the order of arrival; times may go back where a source's clock did.
 */
export const tapeVersion = 1;

/** What a tape can hold. Only readings and powers are played; the rest is there to be read, and compared with. */
export const tapeKinds = ["reading", "power", "event", "verdict", "command", "transition", "missed", "quorum", "progress", "result"] as const;
export type TapeKind = (typeof tapeKinds)[number];

/** The decisions that a tape is judged by. Transfers and evidence on the way to them are not. */
export const decisionChanges = ["shutdown", "restored", "cancelled"] as const;
export type DecisionChange = (typeof decisionChanges)[number];

/** A decision that was made, or that a tape must lead to. */
export interface Decision {
    change: DecisionChange;
    device: string;
    /** The rule that must decide; absent: any. */
    rule?: ShutdownRule;
    /** ms since the tape began. */
    at: number;
}

/** A decision that a tape must lead to: at the earliest `at`, at the latest `within` ms after it. */
export interface Expectation extends Decision {
    within: number;
}

export interface TapeHeader {
    version: typeof tapeVersion;
    name: string;
    /** For people: what happens on it, and what should follow. */
    about: string;
    /** Settings of the shutdown-trigger that the expectations hold for, as its editor stores them; what is absent has its default. */
    trigger: Readonly<Record<string, unknown>>;
    /** All decisions that it must lead to: `[]` says none at all. Absent: nobody has said. */
    expect?: readonly Expectation[];
    /** Of a recorded tape: event time in ms at which it began. */
    began?: number;
}

/** What is played: a reading, and the power state that a classifier had given it. Times are ms since the tape began. */
export interface TapeReading {
    reading: Reading;
    power?: Omit<Classified, "reading">;
}

export interface Tape {
    header: TapeHeader;
    /** In the order of arrival. */
    readings: TapeReading[];
    /** Decisions that were recorded. */
    decisions: Decision[];
    /** Entries that are no reading. */
    others: number;
    /** Whole lines that could not be understood; of a newer kind, or damaged. */
    bad: number;
    /** The last line broke off in the middle and was dropped. */
    torn: boolean;
}

/** The first line as a header. @throws Trouble of kind "garbage" that says what is wrong with it */
export function parseHeader(value: unknown): TapeHeader {
    const raw = recordOf(value);
    if (raw?.kind !== "tape") throw new Trouble("garbage", "it is no tape: the first line is no header");
    if (typeof raw.version !== "number" || !Number.isInteger(raw.version) || raw.version < 1) throw new Trouble("garbage", "its header has no version");
    if (raw.version > tapeVersion) throw new Trouble("garbage", `it is of version ${raw.version}, this is version ${tapeVersion}`, "update Ridethrough");
    if (typeof raw.name !== "string" || raw.name.trim() === "") throw new Trouble("garbage", "its header has no name");
    if (raw.expect !== undefined && !Array.isArray(raw.expect)) throw new Trouble("garbage", "expect is not a list");
    return {
        version: tapeVersion,
        name: raw.name.trim(),
        about: typeof raw.about === "string" ? raw.about : "",
        trigger: recordOf(raw.trigger) ?? {},
        ...(raw.expect !== undefined && { expect: raw.expect.map(parseExpectation) }),
        ...(isTime(raw.began) && { began: raw.began }),
    };
}

function parseExpectation(value: unknown, place: number): Expectation {
    const raw = recordOf(value) ?? {};
    const wrong = (what: string): Trouble => new Trouble("garbage", `expectation ${place + 1} ${what}`);
    const decision = parseDecision(raw);
    if (decision === undefined) throw wrong(`needs a change (${decisionChanges.join(", ")}), a device and a time in ms`);
    if (raw.rule !== undefined && decision.rule === undefined) throw wrong(`names no rule: ${shutdownRules.join(", ")}`);
    const within = raw.within ?? 0;
    if (typeof within !== "number" || !Number.isFinite(within) || within < 0) throw wrong("has a `within` that is no time in ms");
    return { ...decision, within };
}

/** The decision in a verdict or an expectation; undefined where there is none. */
function parseDecision({ change, device, rule, at }: Readonly<Record<string, unknown>>): Decision | undefined {
    const known = decisionChanges.find((name) => name === change);
    if (known === undefined || typeof device !== "string" || device === "" || !isTime(at)) return undefined;
    const named = shutdownRules.find((name) => name === rule);
    return { change: known, device: slug(device), ...(named !== undefined && { rule: named }), at };
}

/** Puts the lines of a tape together. */
export class TapeBuilder {
    readonly #tape: Tape;
    #place = new Map<string, TapeReading>();

    constructor(header: TapeHeader) {
        this.#tape = { header, readings: [], decisions: [], others: 0, bad: 0, torn: false };
    }

    /** An entry, or `undefined` for a line that was none. */
    add(value: unknown): void {
        const raw = recordOf(value);
        const kind = tapeKinds.find((name) => name === raw?.kind);
        if (raw === undefined || kind === undefined || !isTime(raw.at)) this.#tape.bad += 1;
        else if (kind === "reading") this.#reading(raw, raw.at);
        else {
            this.#tape.others += 1;
            if (kind === "power") this.#power(raw, raw.at);
            const decision = kind === "verdict" ? parseDecision(raw) : undefined;
            if (decision) this.#tape.decisions.push(decision);
        }
    }

    /** @param torn whether the last line broke off */
    finish(torn: boolean): Tape {
        return { ...this.#tape, torn };
    }

    #reading(raw: Record<string, unknown>, at: number): void {
        // Its time is checked already, and from the twelfth day on would look like one of our days in s.
        const parsed = parseReading({ ...raw, at: undefined }, at);
        if ("error" in parsed) {
            this.#tape.bad += 1;
            return;
        }
        const entry: TapeReading = { reading: parsed.reading };
        this.#tape.readings.push(entry);
        this.#place.set(placeOf(parsed.reading.device, at), entry);
    }

    /** A power state belongs to the reading of the same device and moment. */
    #power({ device, state, since, conclusive, confirming }: Record<string, unknown>, at: number): void {
        const entry = typeof device === "string" ? this.#place.get(placeOf(slug(device), at)) : undefined;
        if (entry === undefined || typeof state !== "string" || !isTime(since)) return;
        entry.power = { state, since, conclusive: conclusive === true, ...(recordOf(confirming) && { confirming }) } as TapeReading["power"] & object;
    }
}

function placeOf(device: string, at: number): string {
    return `${device} ${at}`;
}

/** Whether it is a number of ms. */
export function isTime(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value);
}
