/** How often a power station is asked for telemetry, and for how long each time. */
export interface DutyConfig {
    intervalMs: number;
    /** The same in FAST mode. */
    fastIntervalMs: number;
    /** FAST at or below this charge, %. */
    fastBelow: number;
}

export type Mode = "normal" | "fast";

/** A charge must rise so far above the threshold before FAST mode ends, %. */
const hysteresis = 5;

/** S1: FAST mode while the charge is low; also in an outage that somebody knows of. An unknown charge changes nothing. */
export function modeAfter(before: Mode, { charge, outage }: { charge: number | undefined; outage: boolean }, { fastBelow }: DutyConfig): Mode {
    if (outage) return "fast";
    if (charge === undefined) return before;
    return charge <= fastBelow + (before === "fast" ? hysteresis : 0) ? "fast" : "normal";
}

/** The triggers sent so far. Times are monotonic, in ms. */
export interface Duty {
    sent: readonly number[];
    /** Triggers in a row that no telemetry followed. */
    unanswered: number;
    /** Until when the last one makes the device send. */
    until: number;
}

export const noDuty: Duty = { sent: [], unanswered: 0, until: 0 };

/** The vendor's app asks for 300 s; 30 to 600 s are understood. */
const shortSeconds = 60;
const longSeconds = 300;
/** A running trigger is renewed so long before it ends. */
const renewMs = 5000;
/** More than this within an hour is never sent, whatever the settings say. */
const perHour = 60;
const hourMs = 3_600_000;
/** A device that sleeps or is switched off does not answer: after so many it is asked less and less often. */
const patience = 3;
const longestPauseMs = 900_000;

/**
 * When the next trigger is due (monotonic ms) and for how many s it asks. Intervals of up to a minute need a trigger that
 * never ends; longer ones a minute of telemetry each, which saves the device's radio and the cloud's patience.
 */
export function nextTrigger({ sent, unanswered, until }: Duty, mode: Mode, config: DutyConfig): { at: number; seconds: number } {
    const intervalMs = mode === "fast" ? config.fastIntervalMs : config.intervalMs;
    const steady = mode === "fast" || intervalMs <= shortSeconds * 1000;
    const last = sent.at(-1);
    if (last === undefined) return { at: 0, seconds: steady ? longSeconds : shortSeconds };
    const usual = steady ? Math.max(last, until - renewMs) : last + intervalMs;
    const waited = unanswered >= patience ? last + Math.min(longestPauseMs, Math.max(intervalMs, 30_000) * 2 ** (unanswered - patience + 1)) : steady && unanswered > 0 ? Math.min(usual, last + Math.max(intervalMs, 30_000)) : usual;
    const full = sent.length >= perHour ? (sent.at(-perHour) ?? 0) + hourMs : 0;
    return { at: Math.max(waited, full), seconds: steady ? longSeconds : shortSeconds };
}

/** Whether a trigger out of turn does any good: not while the device is sending anyway, nor above the hour's bound. */
export function mayAskNow({ sent, until, unanswered }: Duty, now: number): boolean {
    return (until < now + renewMs || unanswered > 0) && now - (sent.at(-1) ?? -Infinity) >= renewMs && sent.filter((at) => at > now - hourMs).length < perHour;
}

export function afterTrigger(duty: Duty, now: number, seconds: number): Duty {
    return { sent: [...duty.sent.filter((at) => at > now - hourMs), now], unanswered: duty.unanswered + 1, until: now + seconds * 1000 };
}

export function afterTelemetry(duty: Duty): Duty {
    return duty.unanswered === 0 ? duty : { ...duty, unanswered: 0 };
}
