import type { PlanHost } from "./plan";

/** What of a host decides about its place. */
type Placed = Pick<PlanHost, "name" | "local" | "priority" | "after" | "needs">;

const rank = { early: 0, normal: 1, core: 2 } as const;

/** Who comes before each host, by name. */
export interface PlanOrder {
    /**
     * Those it is to follow, and those that need it. This machine follows everybody, and whom it needs itself goes all the
     * same: nothing could be told to them afterwards.
     */
    waits: ReadonlyMap<string, readonly string[]>;
    /** Those of earlier classes, which must be off before the host is touched. This machine has no class. */
    gone: ReadonlyMap<string, readonly string[]>;
}

export function orderOf(hosts: readonly Placed[]): PlanOrder {
    const remote = hosts.filter((host) => !host.local);
    const dependents = new Map<string, string[]>();
    for (const { name, needs } of remote) for (const need of needs) dependents.set(need, [...(dependents.get(need) ?? []), name]);
    const earlier = new Map(Object.entries(rank).map(([priority, own]) => [priority, remote.filter((host) => rank[host.priority] < own).map(({ name }) => name)]));
    const everybody = remote.map(({ name }) => name);
    return {
        waits: new Map(hosts.map(({ name, local, after }) => [name, local ? everybody : [...new Set([...after, ...(dependents.get(name) ?? [])])]])),
        gone: new Map(hosts.map(({ name, local, priority }) => [name, local ? [] : (earlier.get(priority) ?? [])])),
    };
}

/** One of the cycles, its first host named again at the end. */
export function findCycle(hosts: readonly Placed[]): string[] | undefined {
    const { waits, gone } = orderOf(hosts);
    const clear = new Set<string>();
    const visit = (name: string, path: readonly string[]): string[] | undefined => {
        if (clear.has(name)) return undefined;
        if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
        for (const other of [...(waits.get(name) ?? []), ...(gone.get(name) ?? [])]) {
            const found = visit(other, [...path, name]);
            if (found !== undefined) return found;
        }
        clear.add(name);
        return undefined;
    };
    for (const { name } of hosts) {
        const found = visit(name, []);
        if (found !== undefined) return found;
    }
    return undefined;
}

/** Every host behind those it waits for, this machine last, otherwise as listed. */
export function inOrder<Host extends Placed>(hosts: readonly Host[]): Host[] {
    const sorted = new Set<Host>();
    const { waits, gone } = orderOf(hosts);
    const places = new Map(hosts.map((host, place) => [host.name, place]));
    const place = (host: Host): void => {
        if (sorted.has(host)) return;
        const before = [...new Set([...(waits.get(host.name) ?? []), ...(gone.get(host.name) ?? [])])];
        before.flatMap((name) => places.get(name) ?? []).sort((a, b) => a - b).forEach((index) => {
            const other = hosts[index];
            if (other !== undefined) place(other);
        });
        sorted.add(host);
    };
    [...hosts].sort((a, b) => Number(a.local) - Number(b.local)).forEach(place);
    return [...sorted];
}
