import type { Verdict } from "../power/verdict";
import { decisionChanges, type Decision, type Expectation, type Tape } from "./tape";

/** How what was decided compares with what a tape must lead to. */
export interface TapeCheck {
    /** Expectations that were met, of how many. */
    met: number;
    of: number;
    /** Decisions that should have come and did not, in time or at all. */
    missing: Expectation[];
    /** Decisions that nobody expected. */
    unexpected: Decision[];
}

/** A recorded decision must come again, give or take a poll, in ms. */
const recordedWithin = 5000;

/** What a tape must lead to: as its header says, or else as it was when it was recorded. Undefined: nobody has said. */
export function expectationsOf({ header, decisions }: Tape): readonly Expectation[] | undefined {
    if (header.expect !== undefined) return header.expect;
    return decisions.length === 0 ? undefined : decisions.map((decision) => ({ ...decision, within: recordedWithin }));
}

/** The decision that a verdict brings, when it is one of those that tapes are judged by. @param base event time in ms at which the tape began */
export function decisionIn({ change, device, rule, at }: Pick<Verdict, "change" | "device" | "rule" | "at">, base: number): Decision | undefined {
    const known = decisionChanges.find((name) => name === change);
    return known === undefined ? undefined : { change: known, device, ...(rule !== undefined && { rule }), at: at - base };
}

/** Compares decisions with expectations. Each decision meets one expectation, and all others are unexpected. */
export function checkDecisions(expected: readonly Expectation[], seen: readonly Decision[]): TapeCheck {
    const left = [...seen];
    const missing = expected.filter((wanted) => {
        const place = left.findIndex((decision) => meets(decision, wanted));
        if (place >= 0) left.splice(place, 1);
        return place < 0;
    });
    return { met: expected.length - missing.length, of: expected.length, missing, unexpected: left };
}

export function isAsExpected({ missing, unexpected }: TapeCheck): boolean {
    return missing.length === 0 && unexpected.length === 0;
}

function meets(decision: Decision, { change, device, rule, at, within }: Expectation): boolean {
    return decision.change === change && decision.device === device && (rule === undefined || decision.rule === rule) && decision.at >= at && decision.at <= at + within;
}

/** What differs, a line each, for people. */
export function differences({ missing, unexpected }: TapeCheck): string[] {
    return [
        ...missing.map((wanted) => `missing: ${inWords(wanted)}${wanted.within > 0 ? ` (within ${wanted.within / 1000} s)` : ""}`),
        ...unexpected.map((decision) => `not expected: ${inWords(decision)}`),
    ];
}

function inWords({ change, device, rule, at }: Decision): string {
    return `${clockTime(at)} ${device} ${change}${rule === undefined ? "" : ` by ${rule}`}`;
}

/** ms since a tape began, as "00:12:03.5". */
export function clockTime(ms: number): string {
    const sign = ms < 0 ? "-" : "";
    const tenths = Math.floor(Math.abs(ms) / 100);
    const two = (number: number): string => String(Math.floor(number)).padStart(2, "0");
    return `${sign}${two(tenths / 36_000)}:${two((tenths / 600) % 60)}:${two((tenths / 10) % 60)}.${tenths % 10}`;
}
