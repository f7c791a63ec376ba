import { Trouble } from "../kit/trouble";
import { splitWords } from "./nut-line";

/** Most entries of a list: the largest PDUs have some thousand variables. And most characters of all of them. */
export const mostEntries = 10_000;
export const mostCharacters = 1 << 20;

/** What a server says to a request: a list's entries, a line's words, or the code of its `ERR` ("DATA-STALE"). */
export type NutReply =
    | { kind: "words"; words: readonly string[] }
    | { kind: "list"; entries: readonly (readonly string[])[] }
    | { kind: "error"; code: string };

/** Puts together the reply to one request, line by line (RFC 9271 §4.2). */
export class NutReplyReader {
    readonly #list: readonly string[] | undefined;
    #entries: string[][] | undefined;
    #characters = 0;

    /** @param request the words of the request: a LIST is answered by a list of exactly that */
    constructor(request: readonly string[]) {
        this.#list = request[0] === "LIST" ? request : undefined;
    }

    /**
     * The reply, if `line` completes it.
     * @throws Trouble of kind "garbage" for what is no reply to this request
     */
    take(line: string): NutReply | undefined {
        const words = splitWords(line);
        const [first, second] = words ?? [];
        if (words === undefined || first === undefined) throw this.#garbage(line);
        if (this.#entries === undefined) {
            if (first === "ERR") return { kind: "error", code: second ?? "" };
            if (this.#list === undefined) return { kind: "words", words };
            if (first !== "BEGIN" || !startsWith(words.slice(1), this.#list)) throw this.#garbage(line);
            this.#entries = [];
            return undefined;
        }
        if (first === "END" && startsWith(words.slice(1), this.#list ?? [])) return { kind: "list", entries: this.#entries };
        // Every entry of `LIST VAR ups1` begins with `VAR ups1`.
        if (!startsWith(words, this.#list?.slice(1) ?? [])) throw this.#garbage(line);
        this.#characters += line.length;
        if (this.#entries.length >= mostEntries || this.#characters > mostCharacters) throw new Trouble("garbage", "a list without an end");
        this.#entries.push(words);
        return undefined;
    }

    #garbage(line: string): Trouble {
        return new Trouble("garbage", `${JSON.stringify(line.slice(0, 60))} is no answer that NUT gives here`);
    }
}

function startsWith(words: readonly string[], wanted: readonly string[]): boolean {
    return wanted.every((text, index) => words[index] === text);
}
