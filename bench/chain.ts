import type { FlowMsg, FlowNode } from "../test/support/node-red";
import { atLeast, median, quantile, type Figure } from "./figure";
import { plugMessage, steadyWatts } from "./readings";
import { startRuntime, type Runtime } from "./runtime";

const rounds = 25;
const readingsARound = 2500;
const transitionsARound = 200;
/** Readings under way at once while throughput is measured. */
const underWay = 50;
const leastOfPass = 0.5;

/** As the editor stores them. */
const configs: Record<string, object> = {
    "power-classifier": { warning: "150", alert: "80", critical: "30", dead: "5", hysteresis: "5", confirmations: "1", missedPolls: "5", loadIsConstant: true, version: 1 },
    "depletion-rate": { source: "auto", batteryWh: "3840", startCharge: "100", efficiency: "90", window: "300", grace: "90", threshold: "20", version: 1 },
};

const chains = [["power-classifier"], ["depletion-rate", "power-classifier"]];

/** What the deciders cost beside pass-through nodes with the same wires and messages, both driven in turns in the same process. */
export async function measureChain(): Promise<Figure[]> {
    const runtime = await startRuntime();
    const flows = chains.flatMap((types, index) => [...chainOf(`ours${index}`, types), ...chainOf(`pass${index}`, types.map(() => "bench-pass"))]);
    await runtime.deploy(flows);
    const figures: Figure[] = [];
    for (const [index, types] of chains.entries()) {
        const [ours, pass] = [new Probe(runtime, `ours${index}`), new Probe(runtime, `pass${index}`)];
        const results = { ours: [] as Round[], pass: [] as Round[] };
        for (let round = -2; round < rounds; round += 1) {
            const [mine, theirs] = [await ours.round(), await pass.round()];
            if (round < 0) continue;
            results.ours.push(mine);
            results.pass.push(theirs);
        }
        figures.push(...compare(types.join(" -> "), results.ours, results.pass));
    }
    await runtime.stop();
    return figures;
}

interface Round {
    /** Readings a second. */
    throughput: number;
    /** From the reading to the transition, ms. */
    p50: number;
    p99: number;
}

/**
 * The good rounds of each side, since other work on the machine only ever slows a round down. A ratio of 1 is as fast as
 * doing nothing, for a time as for a rate.
 */
function compare(name: string, ours: readonly Round[], pass: readonly Round[]): Figure[] {
    const rate = (list: readonly Round[]): number => quantile(list.map(({ throughput }) => throughput), 0.8);
    const time = (list: readonly Round[], pick: "p50" | "p99"): number => quantile(list.map((round) => round[pick]), 0.2);
    const ofPass = (value: number): string => `${value.toFixed(2)} of pass-through`;
    const thousands = (list: readonly Round[]): string => `${Math.round(rate(list) / 1000)} k/s`;
    const micros = (ms: number): string => `${(ms * 1000).toFixed(0)} us`;
    const latency = (pick: "p50" | "p99"): Figure =>
        atLeast(`${name}: reading to transition, ${pick}`, time(pass, pick) / time(ours, pick), leastOfPass, ofPass, ` (${micros(time(ours, pick))}, pass-through ${micros(time(pass, pick))})`);
    return [
        atLeast(`${name}: throughput`, rate(ours) / rate(pass), leastOfPass, ofPass, ` (${thousands(ours)}, pass-through ${thousands(pass)})`),
        latency("p50"),
        latency("p99"),
    ];
}

/** Nodes in a row; all readings end at `<name>-out`, transitions at `<name>-news`. */
function chainOf(name: string, types: readonly string[]): FlowNode[] {
    const nodes = types.map((type, index): FlowNode => {
        const last = index === types.length - 1;
        return { id: `${name}-${index}`, type, ...configs[type], wires: last ? [[`${name}-out`], [`${name}-news`]] : [[`${name}-${index + 1}`]] };
    });
    return [...nodes, { id: `${name}-out`, type: "bench-sink", wires: [] }, { id: `${name}-news`, type: "bench-sink", wires: [] }];
}

/** Drives one chain. */
class Probe {
    #second = 0;
    #arrived: (place: string) => void = () => undefined;

    constructor(readonly runtime: Runtime, readonly name: string) {
        for (const sink of ["out", "news"]) runtime.listen(`${name}-${sink}`, () => this.#arrived(sink));
    }

    async round(): Promise<Round> {
        const throughput = await this.#throughput();
        const times = await this.#latencies();
        return { throughput, p50: median(times), p99: quantile(times, 0.99) };
    }

    async #throughput(): Promise<number> {
        const messages = Array.from({ length: readingsARound }, () => this.#next());
        let sent = 0;
        let arrived = 0;
        const send = (): void => {
            const msg = messages[sent];
            sent += 1;
            if (msg !== undefined) this.runtime.send(`${this.name}-0`, msg);
        };
        const began = performance.now();
        await new Promise<void>((resolve) => {
            this.#arrived = (place) => {
                if (place !== "out") return;
                arrived += 1;
                if (arrived === readingsARound) resolve();
                else send();
            };
            for (let first = 0; first < underWay; first += 1) send();
        });
        return readingsARound / ((performance.now() - began) / 1000);
    }

    /**
     * One reading after the other, each of which changes the state. No source does that: the save that the first of them
     * begins is under way while the next ones come, and shows in the 99th percentile.
     */
    async #latencies(): Promise<number[]> {
        const times: number[] = [];
        for (let index = 0; index < transitionsARound; index += 1) {
            const msg: FlowMsg = { ...this.#next(index % 2 === 0 ? 20 : 400), both: true };
            await new Promise<void>((resolve) => {
                const began = performance.now();
                this.#arrived = (place) => {
                    if (place !== "news") return;
                    times.push(performance.now() - began);
                    setImmediate(resolve);
                };
                this.runtime.send(`${this.name}-0`, msg);
            });
        }
        return times;
    }

    #next(watts?: number): FlowMsg {
        this.#second += 1;
        return plugMessage("solix_output", this.#second, watts ?? steadyWatts(this.#second));
    }
}
