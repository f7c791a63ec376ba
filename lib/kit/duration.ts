const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A duration in ms from a number (of seconds) or a text such as "90", "1.5m", "2 h" (a bare number means seconds).
 * Undefined for everything else, negative and infinite durations included.
 */
export function parseDuration(value: unknown): number | undefined {
    if (typeof value === "number") return Number.isFinite(value * 1000) && value >= 0 ? value * 1000 : undefined;
    if (typeof value !== "string") return undefined;
    const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?\s*$/.exec(value);
    if (match === null) return undefined;
    const ms = Number(match[1]) * (unitMs[match[2] ?? "s"] ?? 1000);
    return Number.isFinite(ms) ? ms : undefined;
}

/** A duration for people: "5 s", "3 min 20 s", "2 h 5 min", "4 d 3 h". Two units at most; under 10 s one decimal. */
export function formatDuration(ms: number): string {
    if (Number.isNaN(ms)) return "an unknown time";
    if (!Number.isFinite(ms)) return "for ever";
    const sign = ms <= -50 ? "-" : "";
    const seconds = Math.abs(ms) / 1000;
    if (seconds < 10) return `${sign}${Number(seconds.toFixed(1))} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${sign}${whole} s`;
    const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
        `${sign}${big} ${bigUnit}${small > 0 ? ` ${small} ${smallUnit}` : ""}`;
    if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
    if (whole < 86_400) return pair(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
    return pair(Math.floor(whole / 86_400), "d", Math.floor((whole % 86_400) / 3600), "h");
}
