import { systemClock, type Clock } from "../kit/clock";
import { withDeadline } from "../kit/deadline";
import { errorText, toTrouble, Trouble } from "../kit/trouble";
import { slug, type Reading } from "../power/reading";
import type { Ask, CommandRunner } from "./command";
import { present, type GpuAnswer, type GpuFailure, type GpuSample } from "./gpu";
import { GpuProbe, type gpuToolNames } from "./gpu-tools";
import { hostMeter, type HostMeterName } from "./host-power";

/** What is known of a GPU besides its power, under the names that dashboards of old use. */
export interface GpuMetadata {
    node: string;
    gpu_index: number;
    gpu_uuid?: string;
    gpu_model?: string;
    power_draw_w?: number;
    power_limit_w?: number;
    /** Watts as a share of the limit, %. */
    power_efficiency_pct?: number;
    temperature_c?: number;
    gpu_utilization_pct?: number;
    memory_used_mb?: number;
    memory_total_mb?: number;
    fan_speed_pct?: number;
    pstate?: string;
    mig?: boolean;
}

export interface GpuReading {
    reading: Reading;
    gpu: GpuMetadata;
}

/** One poll of one host. */
export interface HostPoll {
    host: string;
    /** A reading for every GPU that this host has or had: one that does not answer is `missing`. */
    gpus: GpuReading[];
    /** How many of them have ever told their power: some models have no meter. */
    metered: number;
    /** The whole host, where it has a meter and that is wanted. */
    power?: Reading;
    /** Why the host or its meter could not be read, or a GPU that could be read before cannot be now. */
    troubles: Trouble[];
}

export interface GpuHostOptions {
    /** As messages and devices name it. */
    name: string;
    tool: (typeof gpuToolNames)[number];
    hostPower: HostMeterName;
    run: CommandRunner;
    /** Longest time of a poll in ms. */
    deadlineMs: number;
    clock?: Clock;
}

/** The GPUs of one host. It remembers which GPUs it has, so that one that falls silent is missed. */
export class GpuHost {
    readonly #known = new Map<number, Partial<GpuSample>>();
    readonly #metered = new Set<number>();
    readonly #probe: GpuProbe;
    readonly #meter;

    constructor(readonly options: GpuHostOptions) {
        this.#probe = new GpuProbe(options.tool);
        this.#meter = hostMeter(options.hostPower);
    }

    /** Reads all GPUs, and the host itself, within the deadline. Never rejects but with a Trouble of kind "stopped". */
    async poll(signal: AbortSignal): Promise<HostPoll> {
        const { name, run, deadlineMs, clock = systemClock } = this.options;
        const subject = `host ${name}`;
        const due = clock.monotonic() + deadlineMs;
        const ask = (abort: AbortSignal): Ask => (argv) => run(argv, { deadlineMs: Math.max(100, Math.ceil((due - clock.monotonic()) / 100) * 100), signal: abort });
        // The runner says best what did not answer: it gets the first word.
        const limited = <T>(work: (ask: Ask) => Promise<T>): Promise<T> => withDeadline({ ms: deadlineMs + 500, subject, clock, signal }, (abort) => work(ask(abort)));
        const [gpus, power] = await Promise.allSettled([
            limited((each) => this.#probe.read(each, subject)),
            limited(async (each) => this.#meter?.read(each, subject)),
        ]);
        if (signal.aborted) throw new Trouble("stopped", `${subject}: stopped`);
        const readings = gpus.status === "fulfilled" ? this.#answered(gpus.value, clock.now()) : this.#silent(toTrouble(gpus.reason, subject), clock.now());
        const failed = [gpus, power].flatMap((result) => (result.status === "rejected" ? [toTrouble(result.reason, subject)] : []));
        const lost = readings.filter(({ reading: { quality }, gpu }) => quality === "missing" && this.#metered.has(gpu.gpu_index)).map(({ reading }) => new Trouble("failed", reading.error ?? subject));
        return {
            host: name,
            gpus: readings,
            metered: this.#metered.size,
            ...(this.#meter !== undefined && this.#hostReading(power, subject, clock.now())),
            troubles: failed.length > 0 ? failed : lost,
        };
    }

    #answered({ gpus, failures }: GpuAnswer, at: number): GpuReading[] {
        for (const { index, uuid, bus, name, watts } of gpus) {
            this.#known.set(index, { ...this.#known.get(index), ...present({ uuid, bus, name }) });
            if (watts !== undefined) this.#metered.add(index);
        }
        const failed = placeFailures(failures, gpus, this.#known);
        for (const index of failed.keys()) if (!this.#known.has(index)) this.#known.set(index, {});
        return [...this.#known].sort(([a], [b]) => a - b).map(([index, identity]) => {
            const sample = gpus.find((gpu) => gpu.index === index);
            return this.#gpuReading({ ...identity, index, ...(sample ?? { error: failed.get(index) ?? "its driver does not list it any more; look for \"fallen off the bus\" in dmesg" }) }, at);
        });
    }

    /** The host could not be read: each of its GPUs is missing, or the host as a whole when none was ever seen. */
    #silent(trouble: Trouble, at: number): GpuReading[] {
        if (this.#known.size > 0) return [...this.#known].map(([index, identity]) => this.#missing(`${this.#device}_${index}`, errorText(trouble), { ...identity, index }, at));
        return [this.#missing(this.#device, errorText(trouble), { index: 0 }, at)];
    }

    get #device(): string {
        return `gpu_${slug(this.options.name)}`;
    }

    #missing(device: string, error: string, sample: GpuSample, at: number): GpuReading {
        return { reading: { device, source: this.#probe.source, at, quality: "missing", error }, gpu: this.#metadata(sample) };
    }

    #gpuReading(sample: GpuSample, at: number): GpuReading {
        const { index, watts, temperature, utilization, error } = sample;
        const device = `${this.#device}_${index}`;
        const measured = present({ watts, temperature, load: utilization });
        if (watts === undefined) {
            const missing = this.#missing(device, `GPU ${index} of host ${this.options.name}: ${error ?? "it reports no power"}`, sample, at);
            return { ...missing, reading: { ...missing.reading, ...measured } };
        }
        return { reading: { device, source: this.#probe.source, at, quality: "good", ...measured }, gpu: this.#metadata(sample) };
    }

    #metadata({ index, uuid, name, watts, limitWatts, temperature, utilization, memoryUsedMiB, memoryTotalMiB, fan, pstate, mig }: GpuSample): GpuMetadata {
        const share = watts !== undefined && limitWatts !== undefined && limitWatts > 0 ? Math.round((watts / limitWatts) * 1000) / 10 : undefined;
        return {
            node: this.options.name, gpu_index: index,
            ...present({
                gpu_uuid: uuid, gpu_model: name, power_draw_w: watts, power_limit_w: limitWatts, power_efficiency_pct: share, temperature_c: temperature,
                gpu_utilization_pct: utilization, memory_used_mb: memoryUsedMiB, memory_total_mb: memoryTotalMiB, fan_speed_pct: fan, pstate, mig,
            }),
        };
    }

    #hostReading(result: PromiseSettledResult<{ source: string; watts: number } | undefined>, subject: string, at: number): { power?: Reading } {
        const device = `host_${slug(this.options.name)}`;
        if (result.status === "rejected") return { power: { device, source: "host", at, quality: "missing", error: errorText(result.reason) } };
        if (result.value === undefined) return this.options.hostPower === "auto" ? {} : { power: { device, source: this.options.hostPower, at, quality: "missing", error: `${subject}: has no ${this.options.hostPower === "ipmi" ? "IPMI power meter (or no ipmitool)" : "RAPL counters"}` } };
        return { power: { device, source: result.value.source, at, quality: "good", watts: result.value.watts } };
    }
}

/**
 * Which GPU each failure speaks of: the one it names, the one at the address it names, else one that is not in the answer.
 * A failure that names none at all is not taken for a GPU that nobody has seen.
 */
function placeFailures(failures: readonly GpuFailure[], gpus: readonly GpuSample[], known: ReadonlyMap<number, Partial<GpuSample>>): Map<number, string> {
    const placed = new Map<number, string>();
    const isFree = (index: number): boolean => !placed.has(index) && !gpus.some((gpu) => gpu.index === index);
    const highest = Math.max(-1, ...gpus.map(({ index }) => index), ...known.keys());
    for (const { index, bus, text } of failures) {
        const named = index ?? [...known].find(([, gpu]) => bus !== undefined && gpu.bus === bus)?.[0];
        let place = named ?? 0;
        if (named === undefined) while (!isFree(place)) place += 1;
        if (isFree(place) && (named !== undefined || bus !== undefined || place <= highest)) placed.set(place, text);
    }
    return placed;
}
