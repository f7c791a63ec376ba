import { cpus, loadavg, totalmem } from "node:os";

/** One line of the report: what was measured, and how it stands to its target. */
export interface Figure {
    name: string;
    /** With its unit, and with what it is compared to. */
    value: string;
    /** What must hold and whether it does. Absent: for information. */
    target?: { text: string; met: boolean };
}

/** A figure with the target `value <= limit`. */
export function atMost(name: string, value: number, limit: number, text: (value: number) => string, context = ""): Figure {
    return { name, value: `${text(value)}${context}`, target: { text: `at most ${text(limit)}`, met: value <= limit } };
}

/** A figure with the target `value >= limit`. */
export function atLeast(name: string, value: number, limit: number, text: (value: number) => string, context = ""): Figure {
    return { name, value: `${text(value)}${context}`, target: { text: `at least ${text(limit)}`, met: value >= limit } };
}

export function figureLine({ name, value, target }: Figure): string {
    const verdict = target === undefined ? "    " : target.met ? "PASS" : "MISS";
    return `${verdict}  ${name.padEnd(64)} ${value}${target === undefined ? "" : `  [${target.text}]`}`;
}

/** What the figures were measured on. */
export function machineText(nodeRedVersion: string): string {
    const cores = cpus();
    const memory = Math.round(totalmem() / 2 ** 30);
    return `${cores.length} cores (${cores[0]?.model.trim() ?? "unknown"}), ${memory} GiB, Node.js ${process.versions.node}, Node-RED ${nodeRedVersion}, load average ${loadavg().map((load) => load.toFixed(1)).join(" ")}`;
}

/** The value below which `part` (0 to 1) of the values lie. */
export function quantile(values: Iterable<number>, part: number): number {
    const sorted = Float64Array.from(values).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

export function median(values: Iterable<number>): number {
    return quantile(values, 0.5);
}
