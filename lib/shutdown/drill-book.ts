import { sleep, systemClock, type Clock } from "../kit/clock";
import { Trouble } from "../kit/trouble";
import type { HostStanding } from "./arming";
import { drillHost, type HostDrill } from "./drill";
import { drillMark, evidenceOf, standingOf, type EvidenceBook } from "./evidence";
import type { ShutdownPlan } from "./plan";
import { count } from "./run-texts";
import { slots } from "./slots";
import { countOn } from "./steady-count";
import type { HostAccess } from "./transport";

/** What there is to drill, as it is at this moment. */
export interface DrillTarget {
    /** Undefined when it is wrong; `problems` says why. */
    plan: ShutdownPlan | undefined;
    problems: readonly string[];
    /** @throws Trouble when the plan has no such host */
    access(host: string): HostAccess;
}

/** What a drill of some hosts has shown, as `msg.drill` carries it. */
export interface PlanDrill {
    ok: boolean;
    /** Event time in ms of its begin. */
    at: number;
    text: string;
    hosts: HostDrill[];
}

export interface DrillBookOptions {
    target(): DrillTarget;
    /** For how long a drill counts, ms. */
    lastsMs: number;
    /** Never rejects; undefined when there is no evidence that can be believed. */
    load(): Promise<EvidenceBook | undefined>;
    /** Never rejects. */
    save(book: EvidenceBook): Promise<void>;
    /** Hears after each drill. */
    changed?: () => void;
    clock?: Clock;
    /** How many hosts are drilled at once. Default 32, as in a run. */
    atOnce?: number;
}

/** The drills of one plan: what they have shown, and what that is worth now. A host is drilled once at a time. */
export class DrillBook {
    #book: EvidenceBook;
    readonly #underWay = new Map<string, Promise<HostDrill>>();
    readonly #slot: ReturnType<typeof slots>;
    readonly #clock: Clock;
    /** Why nobody may drill now. */
    readonly #holds = new Set<{ why: string }>();
    #stop = new AbortController();
    #closed = false;
    /** Resolves when the stored evidence has been read. Never rejects. */
    readonly ready: Promise<void>;

    constructor(readonly options: DrillBookOptions) {
        this.#clock = options.clock ?? systemClock;
        this.#slot = slots(options.atOnce ?? 32);
        const wall = this.#clock.wall();
        this.#book = { count: { ms: wall, wall, steady: this.#clock.monotonic() }, hosts: new Map() };
        this.ready = options.load().then((stored) => {
            if (stored !== undefined) this.#book = stored;
            this.#countOn();
        });
    }

    /** Every host of the plan, and what its evidence is worth. */
    standings(): HostStanding[] {
        this.#countOn();
        const { plan, access } = this.options.target();
        return (plan?.hosts ?? []).map((host) => {
            const evidence = this.#book.hosts.get(host.name);
            const standing = standingOf(evidence, drillMark(host, access(host.name)), this.#book.count.ms, this.options.lastsMs);
            if (evidence === undefined) return { host: host.name, standing };
            const { at, wall: drilledAt, ms, problems, hostKey, confined } = evidence;
            const ageMs = this.#book.count.ms - at;
            return { host: host.name, standing, ageMs, expiresInMs: this.options.lastsMs - ageMs, drilledAt, ms, problems, ...(hostKey !== undefined && { hostKey }), ...(confined !== undefined && { confined }) };
        });
    }

    /**
     * Drills hosts, all without names, and remembers what came out.
     * @param again a host that fails is tried once more after so many ms before it counts: it may just be starting
     * @throws Trouble when there is nothing to drill, when it may not be now, or when it was stopped
     */
    async drill(names?: readonly string[], { again }: { again?: number } = {}): Promise<PlanDrill> {
        await this.ready;
        const [hold] = this.#holds;
        if (hold !== undefined) throw new Trouble("busy", `no drill now: ${hold.why}`);
        const { plan, problems } = this.options.target();
        if (plan === undefined) throw new Trouble("config", `no drill: ${problems.join("; ") || "no plan"}`);
        const stranger = names?.find((name) => !plan.hosts.some((host) => host.name === name));
        if (stranger !== undefined) throw new Trouble("config", `no drill: host ${JSON.stringify(stranger.slice(0, 64))} is not in the plan`);
        const at = this.#clock.now();
        const chosen = plan.hosts.filter(({ name }) => names === undefined || names.includes(name)).map(({ name }) => name);
        const hosts = await Promise.all(chosen.map((name) => this.#drillOnce(name, again)));
        return { ok: hosts.every(({ ok }) => ok), at, text: drillText(hosts), hosts };
    }

    /** While somebody holds it, nobody drills, and drills under way end: a shutdown wants the hosts to itself. @returns lets go */
    hold(why: string): () => void {
        const mine = { why };
        this.#holds.add(mine);
        this.#stop.abort();
        this.#stop = new AbortController();
        return () => void this.#holds.delete(mine);
    }

    /** Writes down how much time has passed, so that a restart knows. */
    async save(): Promise<void> {
        await this.ready;
        this.#countOn();
        if (this.#book.hosts.size > 0) await this.options.save(this.#book);
    }

    close(): void {
        this.#closed = true;
        this.#stop.abort();
    }

    #drillOnce(name: string, again: number | undefined): Promise<HostDrill> {
        const running = this.#underWay.get(name);
        if (running !== undefined) return running;
        const mine = this.#slot(() => this.#drillHost(name, again)).finally(() => this.#underWay.delete(name));
        this.#underWay.set(name, mine);
        return mine;
    }

    async #drillHost(name: string, again: number | undefined): Promise<HostDrill> {
        const { signal } = this.#stop;
        const first = await this.#take(name, signal);
        if (first.drill.ok || again === undefined) return this.#remember(first);
        await sleep(again, this.#clock, signal);
        return this.#remember(await this.#take(name, signal));
    }

    async #take(name: string, signal: AbortSignal): Promise<{ drill: HostDrill; of: string }> {
        const { plan, access } = this.options.target();
        const host = plan?.hosts.find((candidate) => candidate.name === name);
        if (host === undefined || this.#closed || this.#holds.size > 0) throw new Trouble("stopped", `host ${name}: the drill was stopped`);
        const of = drillMark(host, access(name));
        return { drill: await drillHost(host, () => access(name), { clock: this.#clock, signal }), of };
    }

    #remember({ drill, of }: { drill: HostDrill; of: string }): HostDrill {
        this.#countOn();
        const { plan } = this.options.target();
        const others = [...this.#book.hosts].filter(([name]) => name !== drill.host && (plan === undefined || plan.hosts.some((host) => host.name === name)));
        this.#book = { count: this.#book.count, hosts: new Map([...others, [drill.host, evidenceOf(drill, of, this.#book.count)]]) };
        if (this.#closed) return drill;
        void this.options.save(this.#book);
        this.options.changed?.();
        return drill;
    }

    #countOn(): void {
        this.#book = { ...this.#book, count: countOn(this.#book.count, { wall: this.#clock.wall(), steady: this.#clock.monotonic() }) };
    }
}

function drillText(hosts: readonly HostDrill[]): string {
    const failed = hosts.flatMap(({ host, checks }) => checks.filter(({ ok }) => !ok).slice(0, 3).map(({ what, error }) => `${host}: ${what}: ${error}`));
    const well = hosts.filter(({ ok }) => ok).length;
    return [`${well} of ${count(hosts.length, "host")} could be shut down`, ...failed].join("\n");
}
