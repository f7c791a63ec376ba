import { formatDuration } from "../kit/duration";
import { alertParts } from "./alert";
import type { Outgoing } from "./channel";

/**
 * Longest piece in characters before escaping. The Bot API takes 4096 after its entities are parsed; the rest is room
 * for what a server may count differently.
 */
const longestPiece = 3800;

/** From this age in ms on, a message says how late it is. */
const lateMs = 60_000;

/** One message to be sent: HTML, and the same without markup for a server that does not take the HTML. */
export interface Piece {
    html: string;
    plain: string;
}

/** Escapes the three signs that mean something in the Bot API's HTML. Everything else (host_names_too) is literal. */
export function escapeHtml(text: string): string {
    return text.replace(/[&<>]/g, (sign) => (sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : "&gt;"));
}

/** The messages that tell an alert: one, or several when it is long. Only the title of the first is bold. */
export function telegramPieces({ alert, delayedMs, times, lost }: Outgoing): Piece[] {
    const { lead, title, rest } = alertParts(alert);
    const late = delayedMs >= lateMs ? `[delayed ${formatDuration(Math.round(delayedMs / 60_000) * 60_000)}] ` : "";
    const often = times > 1 ? ` (${times} times)` : "";
    const missing = lost > 0 ? `\n(${lost} older alert${lost === 1 ? " was" : "s were"} dropped: see the log)` : "";
    const before = late + lead;
    const [first = "", ...further] = splitText(before + title + rest + often + missing, longestPiece);
    const bold = before.length + title.length <= first.length && title !== ""
        ? `${escapeHtml(before)}<b>${escapeHtml(title)}</b>${escapeHtml(first.slice(before.length + title.length))}`
        : escapeHtml(first);
    return [{ html: bold, plain: first }, ...further.map((plain) => ({ html: escapeHtml(plain), plain }))];
}

/** Cuts a text into parts of at most `longest` characters, at line ends where there are any, never inside a character. */
export function splitText(text: string, longest: number): string[] {
    const parts: string[] = [];
    let rest = text;
    while (rest.length > longest) {
        const line = rest.lastIndexOf("\n", longest);
        let end = line > 0 ? line : longest;
        // The first half of a surrogate pair must not end a part.
        if (line <= 0 && /[\uD800-\uDBFF]/.test(rest[end - 1] ?? "")) end -= 1;
        parts.push(rest.slice(0, end));
        rest = rest.slice(line > 0 ? end + 1 : end);
    }
    return [...parts, rest];
}
