import assert from "node:assert/strict";
import { mostCharacters, mostEntries, NutReplyReader, type NutReply } from "../../../lib/devices/nut-reply";
import { Trouble } from "../../../lib/kit/trouble";

/** The reply that the last line completes; every line before it must leave it open. */
function read(request: string, ...lines: string[]): NutReply | undefined {
    const reader = new NutReplyReader(request.split(" "));
    const replies = lines.map((line) => reader.take(line));
    assert.ok(replies.slice(0, -1).every((reply) => reply === undefined), "complete too soon");
    return replies.at(-1);
}

describe("NutReplyReader", () => {
    it("reads a line", () => assert.deepEqual(read("GET VAR ups1 ups.status", 'VAR ups1 ups.status "OL"'), { kind: "words", words: ["VAR", "ups1", "ups.status", "OL"] }));
    it("reads an OK", () => assert.deepEqual(read("STARTTLS", "OK STARTTLS"), { kind: "words", words: ["OK", "STARTTLS"] }));
    it("reads a list", () => assert.deepEqual(read("LIST VAR u", "BEGIN LIST VAR u", 'VAR u a "1"', 'VAR u b ""', "END LIST VAR u"), { kind: "list", entries: [["a", "1"], ["b", ""]] }));
    for (const [line, entry] of [
        ['VAR u a "1 2"', ["a", "1 2"]],
        ['VAR u a b "1"', ["a", "b", "1"]],
        ["VAR u a 1", ["a", "1"]],
        ["VAR u a", ["a"]],
        ['VAR u "a" "1"', ["a", "1"]],
        ['VAR u   a   "1"', ["a", "1"]],
    ] as const) {
        it(`reads the entry ${line}`, () => assert.deepEqual(read("LIST VAR u", "BEGIN LIST VAR u", line, "END LIST VAR u"), { kind: "list", entries: [entry] }));
    }
    it("reads an entry with escaped quotes", () => assert.deepEqual(read("LIST VAR u", "BEGIN LIST VAR u", String.raw`VAR u a "1 \"2\" \\ \#"`, "END LIST VAR u"), { kind: "list", entries: [["a", String.raw`1 "2" \ #`]] }));
    it("reads an empty list", () => assert.deepEqual(read("LIST UPS", "BEGIN LIST UPS", "END LIST UPS"), { kind: "list", entries: [] }));
    for (const [line, code] of [["ERR DATA-STALE", "DATA-STALE"], ["ERR ACCESS-DENIED some more", "ACCESS-DENIED"], ["ERR", ""]] as const) {
        it(`reads ${line}`, () => {
            assert.deepEqual(read("LIST VAR u", line), { kind: "error", code });
            assert.deepEqual(read("LOGIN u", line), { kind: "error", code });
        });
    }
    for (const [what, request, lines] of [
        ["an empty line", "LIST UPS", [""]],
        ["another list", "LIST VAR u", ["BEGIN LIST UPS"]],
        ["the list of another UPS", "LIST VAR u", ["BEGIN LIST VAR v"]],
        ["an entry of another UPS", "LIST VAR u", ["BEGIN LIST VAR u", 'VAR v ups.status "OB LB"']],
        ["the end of another list", "LIST VAR u", ["BEGIN LIST VAR u", "END LIST VAR v"]],
        ["an entry without a blank behind the UPS", "LIST VAR u", ["BEGIN LIST VAR u", 'VAR ups "1"']],
        ["an entry with a quote too many", "LIST VAR u", ["BEGIN LIST VAR u", 'VAR u a "1"2"']],
        ["an error within a list", "LIST VAR u", ["BEGIN LIST VAR u", "ERR DATA-STALE"]],
        ["a list within a list", "LIST VAR u", ["BEGIN LIST VAR u", "BEGIN LIST VAR u"]],
        ["a line instead of a list", "LIST VAR u", ['VAR u a "1"']],
        ["an open quote", "GET VAR u a", ['VAR u a "1']],
        ["HTTP", "LIST UPS", ["HTTP/1.1 400 Bad Request"]],
    ] as const) {
        it(`takes ${what} for garbage`, () => assert.throws(() => read(request, ...lines), (error: Trouble) => error instanceof Trouble && error.kind === "garbage"));
    }
    it("shows little of the garbage", () => assert.throws(() => read("LIST UPS", `<${"x".repeat(1000)}>`), ({ message }: Trouble) => message.length < 130));
    it("takes the longest list", () => {
        const reader = new NutReplyReader(["LIST", "VAR", "u"]);
        reader.take("BEGIN LIST VAR u");
        for (let index = 0; index < mostEntries; index += 1) reader.take('VAR u a "1"');
        const reply = reader.take("END LIST VAR u");
        assert.ok(reply?.kind === "list" && reply.entries.length === mostEntries);
    });
    for (const [what, entry] of [["has too many entries", 'VAR u a "1"'], ["is too large", `VAR u a "${"x".repeat(8000)}"`]] as const) {
        it(`refuses a list that ${what}`, () => {
            const reader = new NutReplyReader(["LIST", "VAR", "u"]);
            reader.take("BEGIN LIST VAR u");
            let taken = 0;
            assert.throws(() => {
                for (;; taken += 1) reader.take(entry);
            }, /a list without an end/);
            assert.ok(taken <= mostEntries && taken * entry.length <= mostCharacters);
        });
    }
});
