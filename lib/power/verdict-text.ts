import { onBatteryMs } from "./battery-clock";
import type { Reading } from "./reading";
import type { TriggerConfig } from "./trigger-config";
import type { TriggerState } from "./trigger-state";
import type { Finding, Verdict } from "./verdict";

/** A verdict in one line: "ups1: shutdown: charge 18 % is below 20 % (age 0 s), 312 s on battery". */
export function textOf(config: TriggerConfig, state: TriggerState, reading: Reading, verdict: Omit<Verdict, "text">): string {
    return `${reading.device}: ${saying(config, state, reading, verdict)}`;
}

function saying(config: TriggerConfig, state: TriggerState, reading: Reading, { change, findings, rule, notes = [] }: Omit<Verdict, "text">): string {
    const elapsed = state.battery ? `${seconds(onBatteryMs(state.battery) - state.battery.assumedMs)} s on battery` : "";
    if (change === "restored") return "mains is back for good: restored";
    if (change === "not-ready") return notes.join("; ");
    if (change === "ready") return `charge ${Math.round(reading.charge ?? 0)} %: ready for an outage again`;
    if (change === "cancelled") return "mains is back for good: the outage is over, nothing was decided";
    if (state.decided) {
        const found = findings.find((finding) => finding.rule === rule && finding.outcome === "holds");
        const why = found ? `${found.why}${found.ageSeconds === undefined ? "" : ` (age ${Math.round(found.ageSeconds * 10) / 10} s)`}` : `decided by ${state.decided.rule} ${seconds(reading.at - state.decided.at)} s ago`;
        return [`shutdown: ${why}`, state.known.on === "mains" ? backFor(config, state, reading) : elapsed].filter(Boolean).join(", ");
    }
    if (state.missed) return [reading.quality === "good" ? notes.join("; ") : "no data", findings.find((finding) => finding.rule === "failsafe")?.why, reading.error].filter(Boolean).join("; ");
    const doubt = [pending(findings), ...notes].filter(Boolean).join("; ");
    switch (state.known.on) {
        case "battery":
            return [elapsed, ...numbers(reading), doubt].filter(Boolean).join(", ");
        case "excused":
            return [`${state.known.bypassed ? "" : "on battery, "}no outage: ${findings.find((finding) => finding.outcome === "suspended")?.why ?? ""}`, ...numbers(reading), doubt].filter(Boolean).join(", ");
        case "mains":
            return [state.battery ? backFor(config, state, reading) : "on mains", ...numbers(reading), doubt].filter(Boolean).join(", ");
        default:
            return [findings.find((finding) => finding.rule === "power-state")?.why ?? "mains unknown", doubt].filter(Boolean).join(", ");
    }
}

function backFor(config: TriggerConfig, { mainsSince }: TriggerState, { at }: Reading): string {
    return `mains back for ${seconds(at - (mainsSince ?? at))} s of ${seconds(config.mainsStableMs)} s`;
}

function numbers({ charge, runtime }: Reading): string[] {
    return [...(charge === undefined ? [] : [`${Math.round(charge)} %`]), ...(runtime === undefined ? [] : [`${Math.round(runtime)} s left`])];
}

/** What would decide if it lasted. */
function pending(findings: readonly Finding[]): string {
    const waiting = findings.find((finding) => finding.outcome === "waits");
    return waiting ? waiting.why : "";
}

function seconds(ms: number): number {
    return Math.round(ms / 1000);
}
