import { isBelievable } from "./alert";
import type { Outgoing } from "./channel";
import { colourOf } from "./colours";
import { outgoingParts } from "./outgoing-text";
import { splitText } from "./split-text";

/** A message in a frame with a coloured edge, as Discord's API takes it. */
export interface Embed {
    title?: string;
    description?: string;
    color: number;
    /** ISO, shown to each reader in their own time zone. */
    timestamp?: string;
}

/** One message to be sent: framed, and the same as bare texts for a server that does not take the frame. */
export interface DiscordPiece {
    embed: Embed;
    plain: string[];
}

/**
 * Characters that Discord takes in an embed's title, and in a bare text. The rest of its limits (4096 for a description,
 * 6000 for all of it) hold because escaping at most doubles a piece.
 */
const longest = { title: 256, content: 2000, piece: 2000 };

/**
 * Escapes what means something in Discord's markdown, so that host_names and <times> are literal. Nobody is called:
 * what looks like a mention is broken up, besides `allowed_mentions`, which forbids them all.
 */
export function escapeMarkdown(text: string): string {
    return text
        .replace(/[\\*_~`|[\]<]/g, "\\$&")
        .replace(/^(\s*)([#>-])/gm, "$1\\$2")
        .replace(/:(?=[a-z]\w*:)/gi, "\\:")
        .replace(/@(?=everyone|here)/gi, "@\u200b");
}

/** The messages that tell an alert: one, or several when it is long. The title of the first is its embed's. */
export function discordPieces(message: Outgoing): DiscordPiece[] {
    const { alert } = message;
    const { lead, title, rest, after } = outgoingParts(message);
    const color = colourOf(alert);
    const heading = escapeMarkdown(lead + title).trim();
    const framed = title !== "" && heading.length <= longest.title;
    const below = [alert.detail ?? "", alert.text].filter((line) => line !== "").join("\n") + after;
    const [first = "", ...further] = splitText(framed ? below : lead + title + rest + after, longest.piece).map(escapeMarkdown);
    const embed: Embed = {
        ...(framed && { title: heading }), ...(first.trim() !== "" && { description: first }), color,
        ...(isBelievable(alert.at) && { timestamp: new Date(alert.at).toISOString() }),
    };
    return [
        { embed, plain: bare(framed ? `${heading}\n${first}` : first) },
        ...further.filter((part) => part.trim() !== "").map((description) => ({ embed: { description, color }, plain: bare(description) })),
    ];
}

/** Bare texts of at most 2000 characters, none of them empty. */
function bare(escaped: string): string[] {
    return splitText(escaped, longest.content).filter((part) => part.trim() !== "");
}
