import { Trouble } from "../kit/trouble";
import { splitWords } from "./nut-line";

/** Most entries of a list: the largest PDUs have some thousand variables. And most characters of all of them. */
export const mostEntries = 10_000;
export const mostCharacters = 1 << 20;

/**
 * What a server says to a request: a list's entries, a line's words, or the code of its `ERR` ("DATA-STALE"). An entry is what
 * stands behind the list's own words: name and value for `LIST VAR ups1`.
 */
export type NutReply =
    | { kind: "words"; words: readonly string[] }
    | { kind: "list"; entries: readonly (readonly string[])[] }
    | { kind: "error"; code: string };

/** Puts together the reply to one request, line by line (RFC 9271 §4.2). */
export class NutReplyReader {
    readonly #list: readonly string[] | undefined;
    /** What every entry of `LIST VAR ups1` begins with: `VAR ups1 `. */
    readonly #prefix: string;
    #entries: (readonly string[])[] | undefined;
    #characters = 0;

    /** @param request the words of the request: a LIST is answered by a list of exactly that */
    constructor(request: readonly string[]) {
        this.#list = request[0] === "LIST" ? request : undefined;
        this.#prefix = `${request.slice(1).join(" ")} `;
    }

    /**
     * The reply, if `line` completes it.
     * @throws Trouble of kind "garbage" for what is no reply to this request
     */
    take(line: string): NutReply | undefined {
        if (this.#entries !== undefined && line.startsWith(this.#prefix)) {
            this.#add(this.#entries, plainEntry(line, this.#prefix.length) ?? this.#words(line).slice((this.#list?.length ?? 1) - 1), line.length);
            return undefined;
        }
        const words = this.#words(line);
        const [first, second] = words;
        if (this.#entries !== undefined) {
            if (first !== "END" || !same(words.slice(1), this.#list ?? [])) throw this.#garbage(line);
            return { kind: "list", entries: this.#entries };
        }
        if (first === "ERR") return { kind: "error", code: second ?? "" };
        if (this.#list === undefined) return { kind: "words", words };
        if (first !== "BEGIN" || !same(words.slice(1), this.#list)) throw this.#garbage(line);
        this.#entries = [];
        return undefined;
    }

    #add(entries: (readonly string[])[], entry: readonly string[], characters: number): void {
        this.#characters += characters;
        if (entries.length >= mostEntries || this.#characters > mostCharacters) throw new Trouble("garbage", "a list without an end");
        entries.push(entry);
    }

    #words(line: string): string[] {
        const words = splitWords(line);
        if (words === undefined || words.length === 0) throw this.#garbage(line);
        return words;
    }

    #garbage(line: string): Trouble {
        return new Trouble("garbage", `${JSON.stringify(line.slice(0, 60))} is no answer that NUT gives here`);
    }
}

/** The two words of `name "value"` from a place on, where nothing is escaped: nearly every line, and for these a few searches do what words take. */
function plainEntry(line: string, at: number): readonly string[] | undefined {
    const gap = line.indexOf(' "', at);
    const last = line.length - 1;
    if (gap < 0 || line.indexOf('"', at) !== gap + 1 || line.indexOf('"', gap + 2) !== last || line.includes("\\") || line.lastIndexOf(" ", gap - 1) >= at) return undefined;
    return [line.slice(at, gap), line.slice(gap + 2, last)];
}

function same(words: readonly string[], wanted: readonly string[]): boolean {
    return words.length === wanted.length && wanted.every((text, index) => words[index] === text);
}
