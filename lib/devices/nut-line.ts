import { StringDecoder } from "node:string_decoder";
import { Trouble } from "../kit/trouble";

/** Longest line that is taken, in characters: upsd's own are at most 512 bytes (NUT 2.8.0, NUT_NET_ANSWER_MAX). */
export const longestLine = 8192;

/** What must not get into a log or a status, and into no request. */
const control = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Cuts what a NUT server sends into lines, wherever the network cuts it. */
export class NutLines {
    readonly #decoder = new StringDecoder("utf8");
    #rest = "";

    /**
     * The lines that `bytes` complete, without their line ends and control characters. A byte that is no UTF-8 becomes U+FFFD: drivers pass on what the UPS says.
     * @throws Trouble of kind "garbage" for a line that is too long
     */
    take(bytes: Buffer): string[] {
        const text = this.#rest + this.#decoder.write(bytes).replace(control, "");
        const end = text.lastIndexOf("\n");
        this.#rest = text.slice(end + 1);
        if (this.#rest.length > longestLine) throw tooLong();
        if (end < 0) return [];
        const lines = text.slice(0, end).split("\n");
        if (lines.some((line) => line.length > longestLine)) throw tooLong();
        return lines;
    }

    /** Whether a line has begun that is not complete. */
    get pending(): boolean {
        return this.#rest !== "";
    }
}

const tooLong = (): Trouble => new Trouble("garbage", `a line of more than ${longestLine} characters`);

/** A word as NUT writes it: in quotes, with `\` before any character; or bare. */
const word = /[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^ \t"]+))(?=[ \t]|$)/sy;

/**
 * The words of a line (RFC 9271 §4.1; NUT's parseconf also escapes `#`). Undefined for a line that is not well formed: a quote that doesn't end, text glued to a quote.
 */
export function splitWords(line: string): string[] | undefined {
    const clean = line.trimEnd();
    const words: string[] = [];
    word.lastIndex = 0;
    while (word.lastIndex < clean.length) {
        const found = word.exec(clean);
        if (found === null) return undefined;
        words.push(found[2] ?? (found[1] ?? "").replace(/\\(.)/gs, "$1"));
    }
    return words;
}

/**
 * A request line from its words, which are quoted where they need it.
 * @throws Trouble of kind "config" for a word that no line can carry
 */
export function joinWords(words: readonly string[]): string {
    const encode = (text: string): string => {
        if (text.search(control) >= 0 || text.includes("\n")) throw new Trouble("config", "a name, user or password for a NUT server must not hold line breaks or other control characters");
        return /^[A-Za-z0-9._@:+/-]+$/.test(text) ? text : `"${text.replace(/[\\"]/g, "\\$&")}"`;
    };
    const line = words.map(encode).join(" ");
    if (line.length > longestLine) throw new Trouble("config", "a name, user or password for a NUT server is too long");
    return `${line}\n`;
}
