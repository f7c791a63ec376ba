import type { PlanHost } from "./plan";

/** What of a host decides about its place. */
type Placed = Pick<PlanHost, "name" | "local" | "priority" | "after" | "needs">;

const rank = { early: 0, normal: 1, core: 2 } as const;

/**
 * The hosts that a host waits for by name: those it is to follow, and those that need it. This machine follows everybody,
 * and whom it needs itself goes all the same: nothing could be told to them afterwards.
 */
export function waitsFor(host: Placed, hosts: readonly Placed[]): string[] {
    if (host.local) return hosts.filter((other) => !other.local).map(({ name }) => name);
    const dependents = hosts.filter((other) => !other.local && other.needs.includes(host.name)).map(({ name }) => name);
    return [...new Set([...host.after, ...dependents])];
}

/** The hosts of an earlier class, which must be off before a host is touched. This machine has no class. */
export function goneBefore(host: Placed, hosts: readonly Placed[]): string[] {
    return host.local ? [] : hosts.filter((other) => !other.local && rank[other.priority] < rank[host.priority]).map(({ name }) => name);
}

/** One of the cycles, its first host named again at the end. */
export function findCycle(hosts: readonly Placed[]): string[] | undefined {
    const next = new Map(hosts.map((host) => [host.name, [...waitsFor(host, hosts), ...goneBefore(host, hosts)]]));
    const clear = new Set<string>();
    const visit = (name: string, path: readonly string[]): string[] | undefined => {
        if (clear.has(name)) return undefined;
        if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
        for (const other of next.get(name) ?? []) {
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
    const place = (host: Host): void => {
        if (sorted.has(host)) return;
        const before = new Set([...waitsFor(host, hosts), ...goneBefore(host, hosts)]);
        hosts.filter(({ name }) => before.has(name)).forEach(place);
        sorted.add(host);
    };
    [...hosts].sort((a, b) => Number(a.local) - Number(b.local)).forEach(place);
    return [...sorted];
}
