import type { Outgoing } from "./channel";
import { escapeHtml } from "./html";
import { outgoingParts } from "./outgoing-text";
import { splitText } from "./split-text";

/**
 * Longest piece in characters before escaping. The Bot API takes 4096 after its entities are parsed; the rest is room
 * for what a server may count differently.
 */
const longestPiece = 3800;

/** One message to be sent: HTML, and the same without markup for a server that does not take the HTML. */
export interface Piece {
    html: string;
    plain: string;
}

/** The messages that tell an alert: one, or several when it is long. Only the title of the first is bold. */
export function telegramPieces(message: Outgoing): Piece[] {
    const { lead, title, rest, after } = outgoingParts(message);
    const [first = "", ...further] = splitText(lead + title + rest + after, longestPiece);
    const bold = lead.length + title.length <= first.length && title !== ""
        ? `${escapeHtml(lead)}<b>${escapeHtml(title)}</b>${escapeHtml(first.slice(lead.length + title.length))}`
        : escapeHtml(first);
    return [{ html: bold, plain: first }, ...further.map((plain) => ({ html: escapeHtml(plain), plain }))];
}
