import { count } from "./run-texts";
import type { Standing } from "./evidence";
import type { Switches } from "./gate";

/**
 * How far a person has come with trusting a plan. `observe`: it only says that somebody has to act. `rehearse`: it says
 * what it would do. `drilled`: it rehearses, and every host is proven. `armed`: it really shuts down.
 */
export type ArmingLevel = "observe" | "rehearse" | "drilled" | "armed";

/** A host of the plan, and what its evidence is worth. */
export interface HostStanding {
    host: string;
    standing: Standing;
    /** Age of the evidence, ms; absent without any. */
    ageMs?: number;
    /** For how long it still counts, ms; below 0 once it has expired. */
    expiresInMs?: number;
    /** Wall time of the drill in ms, for people. */
    drilledAt?: number;
    /** How long the drill took, ms. */
    ms?: number;
    problems?: readonly string[];
    hostKey?: string;
    confined?: boolean;
}

/** Where a sequencer stands on the ladder. */
export interface Arming {
    level: ArmingLevel;
    proven: number;
    of: number;
    /** "armed 7/9, nas: drill expired". */
    text: string;
    /** Why it is not armed though its switches are, or why there is nothing to rehearse. */
    obstacle?: string;
    /** What a person should change though it is armed. */
    caution?: string;
}

const words: Record<Exclude<Standing, "proven">, string> = { undrilled: "not drilled", changed: "changed since its drill", expired: "drill expired", failed: "drill failed" };

/** "nas: drill expired". */
export function standingText({ host, standing }: Pick<HostStanding, "host" | "standing">): string {
    return `${host}: ${standing === "proven" ? "proven" : words[standing]}`;
}

/** The rung that switches, plan and evidence amount to. */
export function armingOf({ dryRun, enabled, problems, unready, oneReading }: Switches, hosts: readonly HostStanding[]): Arming {
    const open = hosts.filter(({ standing }) => standing !== "proven");
    const sum = { proven: hosts.length - open.length, of: hosts.length };
    const many = count(hosts.length, "host");
    const real = dryRun === false && enabled === true;
    const obstacle = problems[0] ?? (real ? unready[0] : undefined) ?? (hosts.length === 0 ? "no plan" : undefined);
    if (obstacle !== undefined) return { level: "observe", ...sum, text: `not armed: ${obstacle}`, obstacle };
    if (dryRun !== false) return open.length === 0 ? { level: "drilled", ...sum, text: `dry run, ${many} drilled` } : { level: "rehearse", ...sum, text: `dry run, ${many}` };
    if (!real) return { level: "observe", ...sum, text: `not enabled, ${many}` };
    const [first] = open.toSorted((a, b) => urgency(a) - urgency(b));
    const armed = oneReading === undefined ? "armed" : "armed by one reading";
    return {
        level: "armed", ...sum, text: first === undefined ? `${armed}, ${many}` : `${armed} ${sum.proven}/${sum.of}, ${standingText(first)}`,
        ...(oneReading !== undefined && { caution: `one wrong reading would be enough for a shutdown: let ${oneReading} confirm by 2 or more` }),
    };
}

/** What a person should hear of first. */
function urgency({ standing }: HostStanding): number {
    return ["failed", "expired", "changed", "undrilled", "proven"].indexOf(standing);
}
