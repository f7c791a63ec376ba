/** Writes the library of tapes: examples/tapes/*.jsonl, from the tables in tape-scripts.ts. The same tables give the same bytes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scripts, type Course, type Phase, type Script } from "./tape-scripts";

const device = "ups1";
/** W of the UPS whose `load` is 100 %. */
const ratedWatts = 900;

/** A tape as it is written to its file. */
export function tapeText({ name, about, phases, expect, trigger }: Script): string {
    const header = {
        kind: "tape", version: 1, name, about, ...(trigger && { trigger }),
        expect: expect.map(({ change, rule, at, within }) => ({ change, device, ...(rule && { rule }), at: at * 1000, within: within * 1000 })),
    };
    const noise = noiseOf(name);
    let start = 0;
    const lines: object[] = [header];
    for (const phase of phases) {
        for (let second = 0; second < phase.lasts; second += phase.every) lines.push(entry(phase, start, second, noise));
        start += phase.lasts;
    }
    return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function entry({ status, testing, clock = 0, lasts, ...phase }: Phase, start: number, second: number, noise: () => number): object {
    const base = { kind: "reading", at: (start + second + clock) * 1000, device, source: "nut" };
    if (typeof status !== "string") {
        return "stale" in status ? { ...base, quality: "stale", error: status.stale } : { ...base, quality: "missing", error: status.missing };
    }
    const value = (course: Course | undefined, whole = true): number | undefined => (course === undefined ? undefined : rounded(along(course, second / lasts), whole));
    const [charge, runtime, load] = [value(phase.charge), value(phase.runtime), value(phase.load)];
    const volts = value(phase.volts, false);
    const flags = status.split(" ");
    const mains = flags.includes("OL") ? "present" : flags.includes("OB") ? "absent" : "unknown";
    return {
        ...base,
        quality: "good",
        ...(charge !== undefined && { charge }),
        ...(runtime !== undefined && { runtime }),
        ...(load !== undefined && { load, watts: Math.round((load * ratedWatts) / 100) }),
        ...(volts !== undefined && { volts: volts === 0 ? 0 : rounded(volts + noise(), false) }),
        mains,
        flags,
        ...(testing && { testing }),
    };
}

function along(course: Course, part: number): number {
    return typeof course === "number" ? course : course[0] + (course[1] - course[0]) * part;
}

function rounded(value: number, whole: boolean): number {
    return whole ? Math.round(value) : Math.round(value * 10) / 10;
}

/** Up to 0.8 V either way, the same for the same name. */
function noiseOf(name: string): () => number {
    let state = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2_147_483_647, 7);
    return () => {
        state = (state * 48_271) % 2_147_483_647;
        return (state / 2_147_483_647 - 0.5) * 1.6;
    };
}

if (require.main === module) {
    const folder = join(__dirname, "../examples/tapes");
    mkdirSync(folder, { recursive: true });
    for (const script of scripts) writeFileSync(join(folder, `${script.name}.jsonl`), tapeText(script));
}
