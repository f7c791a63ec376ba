import { wellFormed } from "../kit/well-formed";

/** How loudly to tell, as S4 wants it: info silently, warning normally, critical always. */
export const severities = ["info", "warning", "critical"] as const;
export type Severity = (typeof severities)[number];

/** Whether one severity is at least as loud as another. */
export function isAtLeast(severity: Severity, least: Severity): boolean {
    return severities.indexOf(severity) >= severities.indexOf(least);
}

/** The last time that a Date can hold, ms. */
const lastDate = 8.64e15;

/** Whether a clock can have told a time (ms): a machine that starts without one (Raspberry Pi) counts from 1970. */
export function isBelievable(at: number): boolean {
    return at >= Date.UTC(2025, 0, 1) && at <= lastDate;
}

/** What an alert says. Plain text: each channel escapes for itself. */
export interface Told {
    severity: Severity;
    /** Begins the first line and stands out, without symbols of markup: "POWER CRITICAL". */
    title: string;
    /** The rest of the first line: "Solix output: 24.0W". */
    detail?: string;
    /** Further lines, may be empty. */
    text: string;
    /** An emoji put before the title: "🔴". */
    symbol?: string;
    /** Something is well again: shown in green where there are colours. */
    good?: true;
}

/** Something to tell people, as `msg.alert` carries it and as the outbox stores it. */
export interface Alert extends Told {
    /** Event time in ms when it happened. */
    at: number;
    /** Alerts of one key and one text within a short time are one alert. */
    key: string;
    /** May be over before anybody has to know: waits for a moment (the blip delay), unless something critical comes. */
    opens?: true;
    /** Says that what an alert of its key opened is over. While that one still waits, both are told as this. */
    closes?: Told;
    simulated?: true;
}

/** Longest title and longest text in characters: what is longer is cut, so that no message can fill the disk. */
const longest = { title: 300, detail: 1000, text: 12_000, key: 200, symbol: 16 };

/** Checks a foreign value against the Alert contract; unknown fields are dropped. @param at event time in ms for one without */
export function parseAlert(value: unknown, at: number): { alert: Alert } | { error: string } {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { error: "msg.alert is not an object" };
    const raw = value as Record<string, unknown>;
    const severity = severities.find((known) => known === (raw.severity ?? "info"));
    if (severity === undefined) return { error: `msg.alert.severity${typeof raw.severity === "string" ? ` "${raw.severity.slice(0, 40)}"` : ""} is not one of ${severities.join(", ")}` };
    for (const key of ["title", "detail", "text", "symbol", "key"] as const) {
        if (raw[key] !== undefined && typeof raw[key] !== "string") return { error: `msg.alert.${key} is not a text` };
    }
    if (raw.at !== undefined && !(typeof raw.at === "number" && Number.isFinite(raw.at))) return { error: "msg.alert.at is not a time in ms" };
    const field = (key: keyof typeof longest): string => cut(typeof raw[key] === "string" ? raw[key].trim() : "", longest[key]);
    const [title, detail, text, symbol] = [field("title"), field("detail"), field("text"), field("symbol")];
    if (title === "" && text === "") return { error: "msg.alert has neither a title nor a text" };
    const alert: Alert = { severity, title, text, at: raw.at ?? at, key: field("key") || title || text.slice(0, 80) };
    if (detail !== "") alert.detail = detail;
    if (symbol !== "") alert.symbol = symbol;
    if (raw.good === true) alert.good = true;
    // Anything but an absent or false mark is a taint: the safe side.
    if (raw.simulated !== undefined && raw.simulated !== false && raw.simulated !== null) alert.simulated = true;
    return { alert };
}

/** The alert with texts of at most the length that we take, and a time that is one. @param at event time in ms in place of one that is none */
export function bounded(alert: Alert, at: number): Alert {
    const told = <T extends Told>(one: T): T => ({
        ...one, title: cut(one.title, longest.title), text: cut(one.text, longest.text),
        ...(one.detail !== undefined && { detail: cut(one.detail, longest.detail) }), ...(one.symbol !== undefined && { symbol: cut(one.symbol, longest.symbol) }),
    });
    return { ...told(alert), key: cut(alert.key, longest.key), at: Math.abs(alert.at) <= lastDate ? alert.at : at, ...(alert.closes && { closes: told(alert.closes) }) };
}

/** Whether a value out of a file is an alert that can be told. */
export function isAlert(value: unknown): value is Alert {
    const { at, key, closes } = (typeof value === "object" && value !== null ? value : {}) as Partial<Record<keyof Alert, unknown>>;
    return isTold(value) && typeof key === "string" && typeof at === "number" && Math.abs(at) <= lastDate && (closes === undefined || isTold(closes));
}

function isTold(value: unknown): boolean {
    const { severity, title, text, detail = "", symbol = "" } = (typeof value === "object" && value !== null ? value : {}) as Partial<Record<keyof Told, unknown>>;
    return severities.some((known) => known === severity) && [title, text, detail, symbol].every((one) => typeof one === "string");
}

/** An alert's text in the pieces that channels style differently. Put together they are the whole message. */
export interface AlertParts {
    /** "[SIMULATED] 🔴 ", or empty. */
    lead: string;
    title: string;
    /** " — Solix output: 24.0W\nBattery nearly depleted.", or empty. */
    rest: string;
}

/** The pieces of an alert's text. S0 joins title and detail with a dash, and with a space after a whole sentence. */
export function alertParts({ symbol, title, detail, text, simulated }: Alert): AlertParts {
    const join = title === "" ? "" : /[.!?]$/.test(title) ? " " : " — ";
    const first = detail === undefined ? "" : `${join}${detail}`;
    const lines = text === "" ? "" : title + first === "" ? text : `\n${text}`;
    return { lead: `${simulated ? "[SIMULATED] " : ""}${symbol === undefined ? "" : `${symbol} `}`, title, rest: first + lines };
}

/** The whole message as plain text, as it goes to a log. */
export function alertText(alert: Alert): string {
    const { lead, title, rest } = alertParts(alert);
    return lead + title + rest;
}

function cut(text: string, length: number): string {
    // Half a character would make all of the message one that no service takes.
    return wellFormed(text.length > length ? `${text.slice(0, length - 1)}…` : text);
}
