import type { FlowMsg, FlowNode } from "../test/support/node-red";
import { atLeast, atMost, median, quantile, type Figure } from "./figure";
import { plugMessage, steadyWatts } from "./readings";
import { startRuntime, type Runtime } from "./runtime";

const rounds = 9;
const readingsARound = 5000;
const transitionsARound = 500;
/** Readings under way at once while throughput is measured. */
const underWay = 50;

/** As the editor stores them. */
const configs: Record<string, object> = {
    "power-classifier": { warning: "150", alert: "80", critical: "30", dead: "5", hysteresis: "5", confirmations: "1", missedPolls: "5", loadIsConstant: true, version: 1 },
    "depletion-rate": { source: "auto", batteryWh: "3840", startCharge: "100", efficiency: "90", window: "300", grace: "90", threshold: "20", version: 1 },
};

const chains = [["power-classifier"], ["depletion-rate", "power-classifier"]];

/** What the decider chain costs beside pass-through nodes that do nothing, both driven in turns in the same process. */
export async function measureChain(): Promise<Figure[]> {
    const runtime = await startRuntime();
    const flows = chains.flatMap((types, index) => [...chainOf(`ours${index}`, types), ...chainOf(`pass${index}`, types.map(() => "bench-pass"))]);
    await runtime.deploy(flows);
    const figures: Figure[] = [];
    for (const [index, types] of chains.entries()) {
        const [ours, pass] = [new Probe(runtime, `ours${index}`, "news"), new Probe(runtime, `pass${index}`, "out")];
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

/** Medians over the rounds; the ratio is that of rounds that ran one right after the other, 1 being as fast as doing nothing. */
function compare(name: string, ours: readonly Round[], pass: readonly Round[]): Figure[] {
    const ratio = (of: (mine: Round, theirs: Round) => number): number => median(ours.map((mine, index) => of(mine, pass[index] ?? mine)));
    const show = (value: number): string => `${value.toFixed(2)} of pass-through`;
    const micros = (pick: "p50" | "p99"): string => ` (${(median(ours.map((each) => each[pick])) * 1000).toFixed(0)} us, pass-through ${(median(pass.map((each) => each[pick])) * 1000).toFixed(0)} us)`;
    const rate = (list: readonly Round[]): string => `${Math.round(median(list.map((each) => each.throughput)) / 1000)} k/s`;
    return [
        atLeast(`${name}: throughput`, ratio((mine, theirs) => mine.throughput / theirs.throughput), 0.5, show, ` (${rate(ours)}, pass-through ${rate(pass)})`),
        atLeast(`${name}: to transition, p50`, ratio((mine, theirs) => theirs.p50 / mine.p50), 0.5, show, micros("p50")),
        atMost(`${name}: to transition, p99`, 1000 * median(ours.map((each) => each.p99)), 5000, (us) => `${us.toFixed(0)} us`, micros("p99")),
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

    /** @param place where a transition comes out: "news", or "out" of a chain that knows none */
    constructor(readonly runtime: Runtime, readonly name: string, readonly place: string) {
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

    /** One reading after the other, each of which changes the state. */
    async #latencies(): Promise<number[]> {
        const times: number[] = [];
        for (let index = 0; index < transitionsARound; index += 1) {
            const msg = this.#next(index % 2 === 0 ? 20 : 400);
            await new Promise<void>((resolve) => {
                const began = performance.now();
                this.#arrived = (place) => {
                    if (place !== this.place) return;
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
