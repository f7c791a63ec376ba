import type { Clock } from "../kit/clock";
import { parseReading } from "../power/reading";
import { askHost } from "./ask-host";
import { defaultGateway } from "./gateway";
import { addDarkWatts, addDuration, listOf, darkBound, nothingMeasured, upperMs, type Measured } from "./measured";
import type { PlanHost } from "./plan";
import { proveDark, type Others, type ProofOutcome } from "./proof";
import type { PlannedStep } from "./steps";

export interface ObserverOptions {
    clock: Clock;
    /** Where a host is; undefined when nobody knows. */
    address(host: string): { host: string; port: number } | undefined;
    /** Keeps what was measured: always the same object, as it is by then. */
    save(measured: Measured): void;
    /** For how long a host must be dark, ms. */
    steadyMs?: number;
    ask?: typeof askHost;
    /** The router of our own network, which may still be there when all hosts are silent. */
    gateway?(): string | undefined;
    everyMs?: number;
}

const defaultSteadyMs = 10_000;
/** As long as this an answer, or that there was none, counts for us having a network, ms. */
const canaryMs = 5000;
const mostOthers = 4;
/** Most routers answer for names; one that refuses has answered, too. */
const routerPort = 53;
/** A machine that is off draws at most this part of what it drew before, as long as nothing better is known. */
const unlearnedPart = 0.2;
const mostPlugs = 512;

/** Sees and remembers what runs do to the machines: whether they go down, how long steps take, what a plug shows then. */
export class Observer {
    #measured = nothingMeasured();
    readonly #plugs = new Map<string, { watts: number; at: number }>();
    #canary = { at: -Infinity, alive: true };

    constructor(readonly options: ObserverOptions) {}

    /** What an earlier process had measured. */
    restore(measured: Measured): void {
        this.#measured = measured;
    }

    /** A reading on its way through the flow: its watts may be those of a plug that feeds one host. Made-up ones are no proof. */
    hear(value: unknown): void {
        const parsed = parseReading(value, this.options.clock.now());
        if ("error" in parsed) return;
        const { device, watts, quality, simulated, at } = parsed.reading;
        if (simulated || quality !== "good" || watts === undefined) return;
        this.#plugs.delete(device);
        this.#plugs.set(device, { watts, at });
        const [oldest] = this.#plugs.keys();
        if (this.#plugs.size > mostPlugs && oldest !== undefined) this.#plugs.delete(oldest);
    }

    /** See RunIo.prove. */
    async prove({ name, watch }: PlanHost, withinMs: number, others: () => Others, signal: AbortSignal): Promise<ProofOutcome> {
        const { clock, address, everyMs, ask = askHost, steadyMs = defaultSteadyMs } = this.options;
        const target = address(name);
        const working = watch === undefined ? undefined : this.#plugs.get(watch);
        const learned = watch === undefined ? undefined : listOf(this.#measured.darkWatts, watch);
        const darkWatts = Math.max(darkBound(learned), learned === undefined && working !== undefined ? working.watts * unlearnedPart : 0);
        const outcome = await proveDark({
            ask: async (its) => {
                const seen = target === undefined ? "unknown" : await ask(target, its);
                return seen === "gone" && !(await this.#hasNetwork(others(), its)) ? "unknown" : seen;
            },
            ...(watch !== undefined && { watts: () => this.#plugs.get(watch) }),
            darkWatts,
        }, { clock, signal, withinMs, steadyMs, ...(everyMs !== undefined && { everyMs }) });
        const plug = watch === undefined ? undefined : this.#plugs.get(watch);
        if (watch !== undefined && plug !== undefined && outcome.proof === "watts") {
            addDarkWatts(this.#measured, watch, plug.watts);
            this.options.save(this.#measured);
        }
        return outcome;
    }

    /** A host that is silent may be off. When everybody is, it may be our own way that is lost. */
    async #hasNetwork({ hosts, met }: Others, signal: AbortSignal): Promise<boolean> {
        const { clock, address, ask = askHost, gateway = defaultGateway } = this.options;
        // Nobody is there to tell it by.
        if (!met) return true;
        if (clock.monotonic() - this.#canary.at <= canaryMs) return this.#canary.alive;
        const router = gateway();
        const targets = [...hosts.flatMap((host) => address(host) ?? []).slice(0, mostOthers), ...(router === undefined ? [] : [{ host: router, port: routerPort }])];
        const answers = await Promise.all(targets.map((target) => ask(target, signal)));
        this.#canary = { at: clock.monotonic(), alive: answers.includes("up") };
        return this.#canary.alive;
    }

    /** See RunIo.measured. */
    measured({ view }: PlannedStep, ms: number, cut: boolean): void {
        addDuration(this.#measured, view.id, cut ? { ms, cut } : { ms });
        this.options.save(this.#measured);
    }

    /** ms within which a step is over in 95 of 100 cases; undefined while too little is known. */
    usualMs({ view }: PlannedStep): number | undefined {
        return upperMs(listOf(this.#measured.durations, view.id) ?? []);
    }
}
