import type { ShutdownPlan } from "../../lib/shutdown/plan";
import { momentOf, type Heard, type Moment, type Phase, type Trouble, type Ups } from "./battery-world";
import type { Wiring } from "./chain";
import type { Fault } from "./outage-machine";

/** Something that happens at a second of the story, or so many ms after the first such moment that comes then. */
export interface Act {
    when: number | "decided" | "told" | "putting back" | "back";
    afterMs: number;
    does:
        | { kind: "mains" | "outage"; lasts: number }
        | { kind: "kill"; downMs: number; boots: boolean }
        | { kind: "redeploy" }
        | { kind: "person"; word: "hold" | "release" | "cancel" };
}

export interface Story {
    wiring: Wiring;
    upses: readonly Ups[];
    /** Of each UPS; those without their own share the first one's. */
    phases: readonly (readonly Phase[])[];
    plug: boolean;
    every: 1 | 5 | 30 | "reader";
    troubles: readonly Trouble[];
    plan: ShutdownPlan;
    faults: readonly Fault[];
    slow: readonly number[];
    diskMs: number;
    acts: readonly Act[];
}

/** A UPS through the story. */
export class Source {
    /** Each second so far. */
    readonly truth: Moment[] = [];
    /** Readings that come late. */
    pending: Heard[] = [];
    /** Since which second there has been true mains, and nothing else that is a reason. */
    fineSince: number | undefined;
    /** Since which second its battery has been in use for want of mains; and since when its charge is low then. */
    outSince: number | undefined;
    lowSince: number | undefined;
    /** Its battery is empty, and it feeds nobody. */
    dead = false;
    readonly #place = { index: 0, second: 0 };

    constructor(readonly name: string, public ups: Ups, readonly phases: readonly Phase[]) {}

    /** One second passes. @param what happens instead of what its story says @param fresh with a new battery */
    pass(second: number, what: Phase["what"] | undefined, fresh: boolean): [before: Moment | undefined, now: Moment] {
        const place = this.#place;
        while (place.index < this.phases.length && place.second >= (this.phases[place.index]?.lasts ?? 0)) Object.assign(place, { index: place.index + 1, second: 0 });
        const before = this.truth.at(-1);
        const now = momentOf(this.ups, fresh ? 100 : (before?.charge ?? this.ups.start), what ?? this.phases[place.index]?.what ?? "mains", place.second);
        place.second += 1;
        this.truth.push(now);
        const isFine = now.mains && !now.forced && !now.off && (!now.onBattery || (now.excuse && now.charge >= 12));
        this.fineSince = isFine ? (this.fineSince ?? second) : undefined;
        this.outSince = now.onBattery && !now.mains ? (this.outSince ?? second) : undefined;
        this.lowSince = this.outSince !== undefined && now.charge < 20 ? (this.lowSince ?? second) : undefined;
        this.dead = !now.mains && (this.dead || now.charge <= 0);
        return [before, now];
    }
}
