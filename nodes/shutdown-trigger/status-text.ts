import { formatDuration } from "../../lib/kit/duration";
import type { Reading } from "../../lib/power/reading";
import type { Finding, ShutdownRule, Verdict } from "../../lib/power/verdict";
import type { Mood } from "../shared/status";

const moods = { healthy: "ok", degraded: "warning", critical: "critical", unknown: "stale" } as const;

/**
 * The status after a verdict: "on mains, 100 %", "on battery 312 s, 64 %, 15 min left", "SHUTDOWN: charge 18 % < 20 %".
 * @param named names the device, for a node that watches several
 */
export function statusOf(verdict: Verdict, reading: Pick<Reading, "quality" | "charge" | "runtime">, named: boolean): { mood: Mood; text: string } {
    const mood = verdict.simulated ? "rehearsal" : moods[verdict.health];
    return { mood, text: `${named ? `${verdict.device} ` : ""}${sayingOf(verdict, reading)}` };
}

function sayingOf({ decision, rule, supply, findings, notes, onBatterySeconds }: Verdict, { quality, charge, runtime }: Pick<Reading, "quality" | "charge" | "runtime">): string {
    if (decision === "shutdown" && rule) {
        const finding = findings.find((found) => found.rule === rule && found.outcome === "holds");
        return `SHUTDOWN: ${finding ? briefly(finding) : supply === "mains" ? "mains is back" : rule}`;
    }
    const waiting = findings.find((finding) => finding.outcome === "waits");
    if (quality !== "good") return waiting?.value === undefined ? "no data" : `no data ${briefSeconds(waiting.value)} of ${briefSeconds(waiting.limit)}, was on battery`;
    const numbers = [...(charge === undefined ? [] : [`${Math.round(charge)} %`]), ...(runtime === undefined ? [] : [`${formatDuration(runtime * 1000)} left`])];
    switch (supply) {
        case "mains":
            return ["on mains", ...numbers.slice(0, 1)].join(", ");
        case "battery":
            return [onBatterySeconds === undefined ? "on battery" : `on battery ${Math.round(onBatterySeconds)} s`, ...numbers].join(", ");
        case "off":
            return `OFF${waiting?.value === undefined ? "" : ` ${briefSeconds(waiting.value)} of ${briefSeconds(waiting.limit)}`}`;
        case "unknown":
            if (notes?.includes("bypass")) return ["in bypass", ...numbers.slice(0, 1)].join(", ");
            return findings.find((finding) => finding.rule === "power-state")?.why ?? "mains unknown";
    }
}

const brief: Readonly<Record<ShutdownRule, (value: string, limit: string) => string>> = {
    "forced-shutdown": () => "FSD",
    failsafe: (value) => `no data for ${value} s`,
    "low-charge": (value, limit) => `charge ${value} % < ${limit} %`,
    "low-runtime": (value, limit) => `runtime ${value} s < ${limit} s`,
    "low-battery-flag": (value) => `LB for ${value} s`,
    depletion: (value, limit) => `${value} %/min > ${limit} %/min`,
    "time-on-battery": (value, limit) => `${value} s on battery > ${limit} s`,
    "power-state": () => "power state",
    "output-off": (value) => `OFF for ${value} s`,
};

function briefly({ rule, value = 0, limit = 0 }: Finding): string {
    return brief[rule](String(Math.round(value)), String(Math.round(limit)));
}

function briefSeconds(value: number | undefined): string {
    return `${Math.round(value ?? 0)} s`;
}
