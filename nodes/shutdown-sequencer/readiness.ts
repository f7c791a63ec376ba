import { systemClock } from "../../lib/kit/clock";
import type { HealthNews } from "../../lib/shutdown/health";
import { Prepared } from "../../lib/shutdown/prepared";
import type { HostAccess } from "../../lib/shutdown/transport";
import { sourceOf, supplyOf } from "./supply";

export interface ReadinessOptions {
    access(host: string): HostAccess;
    /** The hosts of the plan to log in to while power fails; none while nothing is armed. */
    hosts(): readonly string[];
    tell(news: HealthNews): void;
}

/** What a sequencer does as soon as power fails, long before anything is shut down: it logs in everywhere, and says where it can't. */
export class Readiness {
    readonly #prepared: Prepared;
    /** The sources whose power fails: one that is fine says nothing of another. */
    readonly #failing = new Set<string>();

    constructor(readonly options: ReadinessOptions) {
        this.#prepared = new Prepared({
            access: options.access,
            told: (host, error) => {
                const text = error === undefined ? `${host} can be reached again` : `power fails, and ${error.message}`;
                options.tell({ ok: error === undefined, at: systemClock.now(), text, changed: [], proven: 0, of: 0 });
            },
        });
    }

    /** Any message of the flow: many say whether power fails. */
    heed(msg: Record<string, unknown>): void {
        const supply = supplyOf(msg);
        const before = this.#failing.size;
        if (supply === "failing") this.#failing.add(sourceOf(msg));
        if (supply === "fine") this.#failing.delete(sourceOf(msg));
        if (before === 0 && this.#failing.size > 0) this.#prepared.prepare(this.options.hosts());
        if (before > 0 && this.#failing.size === 0) this.#prepared.release();
    }

    /** The way to a host, by the connection that is open already where there is one. */
    accessTo(host: string): HostAccess {
        return this.#prepared.accessTo(host);
    }

    close(): void {
        this.#prepared.release();
    }
}
