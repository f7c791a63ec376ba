import type { PlannedStep } from "./steps";

/** What keeps the steps of a run from beginning for a while: a hold of all of it, or hosts whose power may be back for good. */
export class Standstill {
    #all = false;
    #hosts: ReadonlySet<string> = new Set();
    readonly #kept: PlannedStep[] = [];

    /** @param all the whole run @param hosts these, until others are named */
    set({ all = this.#all, hosts = this.#hosts }: { all?: boolean; hosts?: Iterable<string> }): void {
        this.#all = all;
        this.#hosts = new Set(hosts);
    }

    stops({ view: { host } }: PlannedStep): boolean {
        return this.#all || this.#hosts.has(host);
    }

    /** A step whose turn has come is to begin when it may. */
    keep(step: PlannedStep): void {
        this.#kept.push(step);
    }

    /** The steps that were kept, and are so no more. */
    release(): PlannedStep[] {
        return this.#kept.splice(0);
    }
}
