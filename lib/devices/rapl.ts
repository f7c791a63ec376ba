import { systemClock, sleep, type Clock } from "../kit/clock";
import { Trouble } from "../kit/trouble";
import { commandTrouble, type Ask } from "./command";
import type { HostMeter } from "./host-power";

const packages = [0, 1, 2, 3, 4, 5, 6, 7];
const folder = "/sys/class/powercap/intel-rapl:";
/** All counters and the host's own clock in one command, so that a slow network moves neither. */
const argv = ["grep", "-sH", "", "/proc/uptime", ...packages.flatMap((number) => ["name", "max_energy_range_uj", "energy_uj"].map((file) => `${folder}${number}/${file}`))];

/** The energy counter of one processor package. */
interface Counter {
    /** µJ */
    energy: number;
    /** µJ at which it starts again from 0. */
    range: number;
}

/** The counters of a host at one moment of its own time. */
export interface RaplSample {
    /** s since that host's start. */
    uptime: number;
    counters: Map<string, Counter>;
    /** Packages are there, but the account may not read them. */
    denied: boolean;
}

/** A package that draws more than this could turn its counter round unseen, W. */
const mostWatts = 1000;
const firstGapMs = 1000;

/**
 * What the processors draw, from the energy counters that Linux shows for Intel and AMD (powercap, RAPL). Not the whole
 * host: no disks, no fans, no GPU.
 */
export function raplPower(clock: Clock = systemClock): HostMeter {
    let before: RaplSample | undefined;
    return {
        async read(ask: Ask, subject: string) {
            const take = async (): Promise<RaplSample | undefined> => {
                const output = await ask(argv);
                const sample = parseRapl(output.stdout);
                if (sample === undefined && output.code !== 1 && output.code !== 2) throw commandTrouble("failed", `${subject}: reading /sys/class/powercap`, output);
                return sample;
            };
            let now = await take();
            if (now === undefined) return undefined;
            if (now.denied) throw new Trouble("auth", `${subject}: only root may read the processors' energy counters`, "see \"Host power\" in the help");
            if (now.counters.size === 0) return undefined;
            let watts = raplWatts(before, now);
            if (watts === undefined) {
                before = now;
                await sleep(firstGapMs, clock);
                now = await take();
                watts = now && raplWatts(before, now);
            }
            before = now;
            return watts === undefined ? undefined : { source: "rapl" as const, watts };
        },
    };
}

/** The packages in `grep -sH ""`'s answer: "path:text" lines. Undefined when it is none. */
export function parseRapl(text: string): RaplSample | undefined {
    const files = new Map([...text.matchAll(/^(\/proc\/uptime|\/sys\/\S+\/(?:name|energy_uj|max_energy_range_uj)):(.*)$/gm)].map(([, path = "", value = ""]) => [path, value.trim()]));
    const uptime = Number(files.get("/proc/uptime")?.split(" ")[0] ?? NaN);
    if (!Number.isFinite(uptime)) return undefined;
    const sample: RaplSample = { uptime, counters: new Map(), denied: false };
    for (const number of packages) {
        const file = (name: string): string | undefined => files.get(`${folder}${number}/${name}`);
        // "psys" counts the packages once more.
        if (!file("name")?.startsWith("package")) continue;
        const energy = file("energy_uj");
        if (energy === undefined) sample.denied = true;
        else sample.counters.set(`${number}`, { energy: Number(energy), range: Number(file("max_energy_range_uj") ?? Infinity) });
    }
    return sample;
}

/** Mean watts between two samples; undefined when they do not tell: too near, too far apart, or a restart between them. */
export function raplWatts(before: RaplSample | undefined, now: RaplSample): number | undefined {
    const seconds = before === undefined ? 0 : now.uptime - before.uptime;
    if (before === undefined || seconds < 0.2 || now.counters.size === 0) return undefined;
    let watts = 0;
    for (const [key, { energy, range }] of now.counters) {
        const earlier = before.counters.get(key);
        if (earlier === undefined || seconds > range / 1e6 / mostWatts) return undefined;
        watts += (energy - earlier.energy + (energy < earlier.energy ? range : 0)) / 1e6 / seconds;
    }
    return Number.isFinite(watts) ? Math.round(watts * 10) / 10 : undefined;
}
