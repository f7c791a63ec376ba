import { createHash } from "node:crypto";
import { hostNameProblem } from "./commands";
import type { HostDrill } from "./drill";
import type { PlanHost } from "./plan";
import type { SteadyCount } from "./steady-count";
import type { HostAccess } from "./transport";

/** What the last drill of a host has shown, as it is stored. */
export interface Evidence {
    /** What was drilled, see drillMark: the steps, and the way to the host. */
    of: string;
    /** On the book's own count, ms. */
    at: number;
    /** Wall time in ms, for people only. */
    wall: number;
    ok: boolean;
    /** How long the drill took. */
    ms: number;
    /** What failed, with cause and cure: "stop web: sudo does not allow it: ...". */
    problems: string[];
    hostKey?: string;
    confined?: boolean;
}

/** The evidence of a plan's hosts. */
export interface EvidenceBook {
    count: SteadyCount;
    hosts: ReadonlyMap<string, Evidence>;
}

/** What evidence is worth. `changed`: it is of other steps, or of another way to the host. */
export const standings = ["proven", "undrilled", "changed", "expired", "failed"] as const;
export type Standing = (typeof standings)[number];

/** Default time for which a drill counts, ms. */
export const evidenceLastsMs = 30 * 24 * 3_600_000;

/**
 * A mark that changes with everything that a drill of the host proves, and with nothing else.
 */
export function drillMark({ name, local, steps, final }: PlanHost, { root, way = "" }: Pick<HostAccess, "root" | "way">): string {
    const acts = [...steps, ...(final === undefined ? [] : [final])].map(({ action, params, timeoutMs }) => [action.verb, timeoutMs, Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
    return createHash("sha256").update(JSON.stringify([name, local, acts, final === undefined, root, way])).digest("base64url").slice(0, 22);
}

/** @param now the book's count, ms */
export function standingOf(evidence: Evidence | undefined, of: string, now: number, lastsMs = evidenceLastsMs): Standing {
    if (evidence === undefined) return "undrilled";
    if (evidence.of !== of) return "changed";
    if (!evidence.ok) return "failed";
    const ageMs = now - evidence.at;
    return ageMs >= 0 && ageMs < lastsMs ? "proven" : "expired";
}

const most = { problems: 20, characters: 300 };

/** A drill as evidence. @param count the book's */
export function evidenceOf({ ok, ms, checks, hostKey, confined }: HostDrill, of: string, { ms: at, wall }: SteadyCount): Evidence {
    const problems = checks.flatMap(({ what, error }) => (error === undefined ? [] : [`${what}: ${error}`.slice(0, most.characters)])).slice(0, most.problems);
    return { of, at, wall, ok, ms, problems, ...(hostKey !== undefined && { hostKey }), ...(confined !== undefined && { confined }) };
}

/** As it is written to the disk. */
export function storedBook({ count: { ms, wall }, hosts }: EvidenceBook): unknown {
    return { count: { ms, wall }, hosts: [...hosts].map(([host, evidence]) => ({ host, ...evidence })) };
}

/** Reads what storedBook wrote; undefined for everything that it cannot have written. */
export function parseBook(value: unknown): EvidenceBook | undefined {
    const { count, hosts } = fieldsOf(value);
    const { ms, wall } = fieldsOf(count);
    if (!isTime(ms) || !isTime(wall) || !Array.isArray(hosts)) return undefined;
    const parsed = hosts.map(parseEvidence);
    // Evidence from the future was not written by us.
    if (parsed.some((entry) => entry === undefined || entry[1].at > ms)) return undefined;
    return { count: { ms, wall }, hosts: new Map(parsed.filter((entry) => entry !== undefined)) };
}

function parseEvidence(value: unknown): [string, Evidence] | undefined {
    const { host, of, at, wall, ok, ms, problems, hostKey, confined } = fieldsOf(value);
    if (typeof host !== "string" || hostNameProblem(host) !== undefined || typeof of !== "string" || typeof ok !== "boolean") return undefined;
    if (!isTime(at) || !isTime(wall) || !isTime(ms) || !Array.isArray(problems) || !problems.every((problem) => typeof problem === "string")) return undefined;
    // Good evidence with problems, or bad evidence without, was made by hand.
    if (ok !== (problems.length === 0)) return undefined;
    if (hostKey !== undefined && typeof hostKey !== "string") return undefined;
    if (confined !== undefined && typeof confined !== "boolean") return undefined;
    return [host, { of, at, wall, ok, ms, problems, ...(hostKey !== undefined && { hostKey }), ...(confined !== undefined && { confined }) }];
}

function isTime(value: unknown): value is number {
    return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function fieldsOf(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
