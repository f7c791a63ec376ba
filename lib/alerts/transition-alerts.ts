import { formatDuration } from "../kit/duration";
import type { KnownPowerState, Missed, Transition } from "../power/power-state";
import type { Alert, Severity } from "./alert";

/** What a message carried besides its transition, where it was measured. */
export interface Measured {
    /** State of charge, %. */
    charge?: number;
    /** Estimated time left, s. */
    secondsLeft?: number;
}

interface Wording {
    severity: Severity;
    symbol: string;
    title: string;
    good?: true;
    /** Lines after the first; what was not measured is left out. */
    lines(measured: Measured): string[];
}

/** S0's messages. Its "Battery below 50%" and "~2-3 hours" were guesses: ours are measured or not said. */
const wordings: Record<KnownPowerState, Wording> = {
    HEALTHY: { severity: "info", symbol: "✅", good: true, title: "POWER RESTORED", lines: () => ["Grid power recovered. Federation operational."] },
    WARNING: { severity: "warning", symbol: "⚠️", title: "POWER WARNING", lines: () => ["Grid power may be down. Battery discharging.", "Monitoring continues."] },
    ALERT: {
        severity: "warning", symbol: "🟠", title: "POWER ALERT",
        lines: ({ charge, secondsLeft }) => [
            `${charge === undefined ? "" : `Battery at ${Math.round(charge)}%. `}Prepare for potential shutdown.`,
            // A battery that says 0 % has no minutes left that anybody should count on, whatever its history promises.
            ...(secondsLeft === undefined || (charge !== undefined && Math.round(charge) === 0) ? [] : [`Estimate ~${formatDuration(secondsLeft * 1000)} remaining.`]),
        ],
    },
    CRITICAL: { severity: "critical", symbol: "🔴", title: "POWER CRITICAL", lines: () => ["Battery nearly depleted. Graceful shutdown imminent."] },
    DEAD: { severity: "critical", symbol: "⚫", title: "POWER DEAD", lines: () => ["Should already be shut down."] },
};

const order: readonly string[] = ["HEALTHY", "WARNING", "ALERT", "CRITICAL", "DEAD"];

/** The alert of a change of power state. @param label what is measured, "Solix output"; empty: the device's name */
export function transitionAlert(transition: Transition, label: string, measured: Measured = {}): Alert {
    const { device, from, to, watts, at, simulated } = transition;
    const source = label === "" ? device : label;
    const common = { at, key: `power/${device}`, ...(simulated && { simulated }) };
    if (to === "UNKNOWN") return { ...common, severity: "warning", symbol: "⚠️", title: "Power Monitor", detail: `Cannot read smart plug. Check plug ${device}.`, text: "" };
    const output = watts === undefined ? source : `${source}: ${watts.toFixed(1)}W`;
    // What the state was while nothing could be read, nobody knows: nothing was "restored".
    if (to === "HEALTHY" && from === "UNKNOWN") return { ...common, severity: "info", symbol: "✅", good: true, title: "Power Monitor", detail: output, text: "Readings are back. Power is healthy." };
    const { lines, ...told } = wordings[to];
    const trend = to !== "WARNING" ? "" : order.indexOf(from) > order.indexOf(to) ? " (rising)" : " (declining)";
    return { ...common, ...told, detail: output + trend, text: lines(measured).join("\n") };
}

/** The alert of another N polls without an answer. */
export function missedAlert({ device, failures, at, error, simulated }: Missed): Alert {
    return {
        severity: "warning", symbol: "⚠️", title: "Power Monitor", detail: `Cannot read smart plug (${failures} consecutive failures). Check plug ${device}.`,
        text: error ?? "", at, key: `missed/${device}`, ...(simulated && { simulated }),
    };
}
