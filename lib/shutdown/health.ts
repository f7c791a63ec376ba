import { standingText, type HostStanding } from "./arming";
import type { Standing } from "./evidence";

/** A change of what is known of an armed plan's hosts, as `msg.health` carries it. */
export interface HealthNews {
    /** Whether every host that was told of is well again. */
    ok: boolean;
    /** Event time in ms. */
    at: number;
    text: string;
    changed: HostStanding[];
    proven: number;
    of: number;
}

/** Hosts that are to be looked after: never proven, no longer, or longer ago than `everyMs`. */
export function dueForCheck(hosts: readonly HostStanding[], everyMs: number): string[] {
    return hosts.filter(({ standing, ageMs = Infinity }) => standing !== "proven" || ageMs >= everyMs).map(({ host }) => host);
}

const bad: ReadonlySet<Standing> = new Set(["failed", "expired"]);

/**
 * What a person has to hear, before an outage shows it: hosts that can't be shut down any more, or whose drill has expired,
 * and those of them that are well again. Each change once.
 * @param before what was known, by host
 */
export function healthNews(before: ReadonlyMap<string, Standing>, hosts: readonly HostStanding[], at: number): HealthNews | undefined {
    const worse = hosts.filter(({ host, standing }) => bad.has(standing) && before.get(host) !== standing);
    const better = hosts.filter(({ host, standing }) => standing === "proven" && bad.has(before.get(host) ?? "proven"));
    if (worse.length + better.length === 0) return undefined;
    const proven = hosts.filter(({ standing }) => standing === "proven").length;
    const lines = [...worse.map((host) => `${standingText(host)}${host.problems?.[0] === undefined ? "" : `, ${host.problems[0]}`}`), ...better.map(({ host }) => `${host}: can be shut down again`)];
    return { ok: worse.length === 0, at, changed: [...worse, ...better], proven, of: hosts.length, text: [`${proven} of ${hosts.length} hosts are proven`, ...lines].join("\n") };
}
