import { HostLink } from "./host-link";
import type { ShutdownPlan } from "./plan";
import { slots } from "./slots";
import type { HostAccess } from "./transport";

/** The hosts of a run, each with its connection. */
export class HostLinks {
    readonly #links = new Map<string, HostLink>();
    readonly #login: ReturnType<typeof slots>;

    /** @param logins how many may be under way at once */
    constructor(readonly access: (host: string) => HostAccess, logins: number) {
        this.#login = slots(logins);
    }

    /** Those that are known stay as they are. */
    add({ hosts }: ShutdownPlan): void {
        for (const { name } of hosts) if (!this.#links.has(name)) this.#links.set(name, new HostLink(name, () => this.access(name), this.#login));
    }

    of(host: string): HostLink | undefined {
        return this.#links.get(host);
    }

    close(): void {
        this.#links.forEach((link) => link.close());
    }
}
