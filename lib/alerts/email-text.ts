import { createHash } from "node:crypto";
import { isBelievable, type Alert } from "./alert";
import type { Outgoing } from "./channel";
import { colourOf } from "./colours";
import { escapeHtml } from "./html";
import { outgoingParts } from "./outgoing-text";

/** An alert as a mail. */
export interface Mail {
    subject: string;
    text: string;
    html: string;
    /** When it happened; absent when no clock can have told. */
    date?: Date;
    /** The same at every attempt, so that a mail that arrives twice is known to be one. */
    messageId: string;
}

/** Longest subject in characters: what is longer is cut, and is whole in the text. */
const longestSubject = 200;

/** @param sender the address that it comes from @param origin what tells this sender's mails from those of another outbox */
export function mailOf(message: Outgoing, sender: string, origin: string): Mail {
    const { alert, id } = message;
    const { lead, title, rest, after } = outgoingParts(message);
    const date = isBelievable(alert.at) ? new Date(alert.at) : undefined;
    const when = date === undefined ? [] : [`Happened at ${date.toISOString().slice(0, 19).replace("T", " ")} UTC.`];
    return {
        subject: oneLine(`[${alert.severity}] ${lead}${title}${rest.split("\n")[0]}`),
        text: [lead + title + rest + after, ...when].join("\n\n"),
        html: htmlOf(alert, { lead, title, rest: rest + after }, when),
        ...(date !== undefined && { date }),
        messageId: messageIdOf(alert, id, sender, origin),
    };
}

function htmlOf(alert: Alert, { lead, title, rest }: Record<"lead" | "title" | "rest", string>, when: string[]): string {
    const edge = `#${colourOf(alert).toString(16).padStart(6, "0")}`;
    const lines = `${escapeHtml(lead)}<b>${escapeHtml(title)}</b>${escapeHtml(rest)}`.split("\n").join("<br>\n");
    return `<div style="border-left:4px solid ${edge};padding-left:12px;font-family:sans-serif"><p>${lines}</p>${when.map((line) => `<p><small>${escapeHtml(line)}</small></p>`).join("")}</div>\n`;
}

/** A text as a header takes it: what would end a line is a space. */
function oneLine(text: string): string {
    const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
    return line.length > longestSubject ? `${line.slice(0, longestSubject - 1).replace(/[\uD800-\uDBFF]$/, "")}…` : line;
}

/** Numbers of an outbox begin anew when its file is lost: its words and its time keep a later alert from being taken for an old one. */
function messageIdOf({ at, key, title, text }: Alert, id: number, sender: string, origin: string): string {
    const digest = createHash("sha256").update(JSON.stringify([origin, key, title, text])).digest("hex").slice(0, 16);
    return `<${Math.round(at).toString(36)}.${id}.${digest}@${sender.slice(sender.lastIndexOf("@") + 1)}>`;
}
