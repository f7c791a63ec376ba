/** How loudly to tell, as S4 wants it: info silently, warning normally, critical always. */
export type Severity = "info" | "warning" | "critical";

/** Something to tell people, as `msg.alert` carries it and as the outbox stores it. Plain text: each channel escapes for itself. */
export interface Alert {
    severity: Severity;
    /** First line, without symbols of markup: "POWER CRITICAL". */
    title: string;
    /** Further lines, may be empty. */
    text: string;
    /** An emoji put before the title: "🔴". */
    symbol?: string;
    /** Event time in ms when it happened. */
    at: number;
    /** Alerts of one key and one text within a short time are one alert. */
    key: string;
    simulated?: true;
}
