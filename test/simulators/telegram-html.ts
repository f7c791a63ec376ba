/** The HTML subset of the Bot API, parsed as strictly as its server does, with its words for what is wrong. */

const knownTags = new Set(["a", "b", "strong", "i", "em", "s", "strike", "del", "u", "ins", "tg-spoiler", "tg-emoji", "span", "pre", "code", "blockquote"]);
const shownTags = new Set(["b", "strong", "i", "em", "u", "s", "code", "pre"]);
const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: "\"" };

export type ParsedHtml =
    | { ok: true; /** What the reader sees. */ text: string; /** The same with only harmless tags, for a web page. */ safe: string }
    | { ok: false; description: string };

export function escapeHtml(text: string): string {
    return text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[sign] ?? sign);
}

export function parseTelegramHtml(html: string): ParsedHtml {
    const open: string[] = [];
    let text = "";
    let safe = "";
    const add = (piece: string): void => {
        text += piece;
        safe += escapeHtml(piece);
    };
    for (let at = 0; at < html.length;) {
        const rest = html.slice(at);
        const offset = Buffer.byteLength(html.slice(0, at));
        const wrong = (what: string): ParsedHtml => ({ ok: false, description: `Bad Request: can't parse entities: ${what}` });
        if (rest.startsWith("&")) {
            const [whole, name = ""] = /^&(lt|gt|amp|quot|#\d{1,7}|#x[0-9a-f]{1,6});/i.exec(rest) ?? ["&"];
            add(name === "" ? "&" : (entities[name.toLowerCase()] ?? decodeNumber(name)));
            at += whole.length;
        } else if (!rest.startsWith("<")) {
            const [plain] = /^[^&<]+/.exec(rest) ?? [""];
            add(plain);
            at += plain.length;
        } else {
            const end = rest.indexOf(">");
            if (rest.startsWith("</")) {
                const expected = open.pop();
                if (expected === undefined) return wrong(`Unexpected end tag at byte offset ${offset}`);
                if (end < 0) return wrong(`Unclosed end tag at byte offset ${offset}`);
                const found = rest.slice(2, end).trim().toLowerCase();
                if (found !== "" && found !== expected) return wrong(`Unmatched end tag at byte offset ${offset}, expected "</${expected}>", found "</${found}>"`);
                if (shownTags.has(expected)) safe += `</${expected}>`;
            } else {
                const [name = ""] = /^[^\s>]*/.exec(rest.slice(1)) ?? [];
                if (end < 0) return wrong(`Unclosed start tag at byte offset ${offset}`);
                const tag = name.toLowerCase();
                if (!knownTags.has(tag)) return wrong(`Unsupported start tag "${tag}" at byte offset ${offset}`);
                open.push(tag);
                if (shownTags.has(tag)) safe += `<${tag}>`;
            }
            at += end + 1;
        }
    }
    const left = open.pop();
    if (left !== undefined) return { ok: false, description: `Bad Request: can't parse entities: Can't find end tag corresponding to start tag "${left}"` };
    return { ok: true, text, safe };
}

/** The legacy Markdown that S0 used: a lone _ or * fails the whole message. */
export function parseTelegramMarkdown(markdown: string): ParsedHtml {
    for (const sign of ["_", "*", "`"]) {
        const places = [...markdown.matchAll(new RegExp(`(?<!\\\\)\\${sign}`, "g"))].map((match) => match.index);
        if (places.length % 2 === 0) continue;
        const offset = Buffer.byteLength(markdown.slice(0, places.at(-1)));
        return { ok: false, description: `Bad Request: can't parse entities: Can't find end of the entity starting at byte offset ${offset}` };
    }
    const text = markdown.replace(/[_*`]/g, "");
    return { ok: true, text, safe: escapeHtml(text) };
}

function decodeNumber(name: string): string {
    const code = name[1]?.toLowerCase() === "x" ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
}
