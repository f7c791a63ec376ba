import { powerStates, type KnownPowerState } from "./power-state";

/** The watts at or below which each state begins. Above `warning` a source is HEALTHY. */
export interface Thresholds {
    dead: number;
    critical: number;
    alert: number;
    warning: number;
}

/** S0's thresholds, in W. */
export const defaultThresholds: Readonly<Thresholds> = { dead: 5, critical: 30, alert: 80, warning: 150 };

/** The names of the thresholds, lowest first. */
export const thresholdNames = ["dead", "critical", "alert", "warning"] as const;

/** What is wrong with thresholds as a set, one sentence each; empty when they are at least 0 W and strictly rising. */
export function thresholdProblems(thresholds: Readonly<Thresholds>): string[] {
    return thresholdNames.flatMap((name, place) => {
        const watts = thresholds[name];
        if (!Number.isFinite(watts)) return [`${name} is not a number`];
        if (watts < 0) return [`${name} (${watts} W) must be at least 0 W`];
        const lower = thresholdNames[place - 1];
        if (lower === undefined || !(watts <= thresholds[lower])) return [];
        return [`${name} (${watts} W) must be above ${lower} (${thresholds[lower]} W)`];
    });
}

/** The state that these watts mean by themselves: each threshold belongs to the worse side, as in S0. */
export function stateAt(watts: number, thresholds: Readonly<Thresholds>): KnownPowerState {
    if (watts <= thresholds.dead) return "DEAD";
    if (watts <= thresholds.critical) return "CRITICAL";
    if (watts <= thresholds.alert) return "ALERT";
    if (watts <= thresholds.warning) return "WARNING";
    return "HEALTHY";
}

/** How bad a state is: 0 for HEALTHY up to 4 for DEAD. */
export function severityOf(state: KnownPowerState): number {
    return powerStates.indexOf(state);
}
