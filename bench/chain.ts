import type { FlowMsg, FlowNode } from "../test/support/node-red";
import { atLeast, median, quantile, type Figure } from "./figure";
import { plugMessage, steadyWatts } from "./readings";
import { startRuntime, type Runtime } from "./runtime";

/** Rounds of each chain, in turns with its pass-through nodes. */
const rounds = 25;
const readingsARound = 2500;
/** Readings under way at once while throughput is measured. */
const underWay = 50;
/** As many readings a second as 200 plugs send at 1 Hz; in a round the 99th percentile is the fifth slowest of them. */
const paced = { rounds: 10, transitions: 500, gapMs: 5 };
/** One after the other without a pause, which no source does: what a state save costs those that come while it is under way. */
const burst = { rounds: 25, transitions: 200, gapMs: 0 };
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
        const inTurns = async <T>(count: number, measure: (probe: Probe) => Promise<T>): Promise<Sides<T>> => {
            const sides: Sides<T> = { ours: [], pass: [] };
            for (let round = 0; round < count; round += 1) {
                sides.ours.push(await measure(ours));
                sides.pass.push(await measure(pass));
            }
            return sides;
        };
        await inTurns(2, async (probe) => [await probe.throughput(), await probe.latency(burst)]);
        const name = types.join(" -> ");
        figures.push(throughputFigure(name, await inTurns(rounds, (probe) => probe.throughput())));
        figures.push(...latencyFigures(name, await inTurns(paced.rounds, (probe) => probe.latency(paced))));
        figures.push(burstFigure(name, await inTurns(burst.rounds, (probe) => probe.latency(burst))));
    }
    await runtime.stop();
    return figures;
}

/** What the rounds of a chain and of its pass-through nodes gave. */
interface Sides<T> {
    ours: T[];
    pass: T[];
}

/** From the reading to the transition, ms. */
interface Latency {
    p50: number;
    p99: number;
}

const ofPass = (value: number): string => `${value.toFixed(2)} of pass-through`;
const thousands = (rate: number): string => `${Math.round(rate / 1000)} k/s`;
const micros = (ms: number): string => `${(ms * 1000).toFixed(0)} us`;

/** The good rounds of each side, since other work on the machine only ever slows a round down. A ratio of 1 is as fast as doing nothing, for a time as for a rate. */
function throughputFigure(name: string, { ours, pass }: Sides<number>): Figure {
    const [mine, theirs] = [quantile(ours, 0.8), quantile(pass, 0.8)];
    return atLeast(`${name}: throughput`, mine / theirs, leastOfPass, ofPass, ` (${thousands(mine)}, pass-through ${thousands(theirs)})`);
}

/** The middle one of the rounds, so that neither side is judged by its luck. */
function latencyFigures(name: string, sides: Sides<Latency>): Figure[] {
    return (["p50", "p99"] as const).map((part) => {
        const [mine, theirs] = middle(sides, part);
        return atLeast(`${name}: reading to transition, ${part}`, theirs / mine, leastOfPass, ofPass, ` (${micros(mine)}, pass-through ${micros(theirs)})`);
    });
}

function burstFigure(name: string, sides: Sides<Latency>): Figure {
    const text = (["p50", "p99"] as const).map((part) => {
        const [mine, theirs] = middle(sides, part);
        return `${part} ${ofPass(theirs / mine)} (${micros(mine)}, ${micros(theirs)})`;
    });
    return { name: `${name}: ${burst.transitions} transitions without a pause`, value: text.join(", ") };
}

function middle({ ours, pass }: Sides<Latency>, part: keyof Latency): [number, number] {
    return [median(ours.map((round) => round[part])), median(pass.map((round) => round[part]))];
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

    /** Readings a second. */
    async throughput(): Promise<number> {
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

    /** One reading after the other, each of which changes the state. */
    async latency({ transitions, gapMs }: { transitions: number; gapMs: number }): Promise<Latency> {
        const times: number[] = [];
        for (let index = 0; index < transitions; index += 1) {
            const msg: FlowMsg = { ...this.#next(index % 2 === 0 ? 20 : 400), both: true };
            await new Promise<void>((resolve) => {
                const began = performance.now();
                this.#arrived = (place) => {
                    if (place !== "news") return;
                    times.push(performance.now() - began);
                    if (gapMs === 0) setImmediate(resolve);
                    else setTimeout(resolve, gapMs);
                };
                this.runtime.send(`${this.name}-0`, msg);
            });
        }
        return { p50: median(times), p99: quantile(times, 0.99) };
    }

    #next(watts?: number): FlowMsg {
        this.#second += 1;
        return plugMessage("solix_output", this.#second, watts ?? steadyWatts(this.#second));
    }
}
