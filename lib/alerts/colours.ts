import type { Alert } from "./alert";

/** S3's colours, as numbers of red, green and blue. */
export const colours = { red: 15158332, green: 3066993, yellow: 15844367, orange: 15105570, blue: 3447003 } as const;

/** S3's colour of an alert: red is critical, orange a warning, green well again, blue a note; what is made up is yellow. */
export function colourOf({ severity, good, simulated }: Pick<Alert, "severity" | "good" | "simulated">): number {
    if (simulated) return colours.yellow;
    if (good) return colours.green;
    return { critical: colours.red, warning: colours.orange, info: colours.blue }[severity];
}
