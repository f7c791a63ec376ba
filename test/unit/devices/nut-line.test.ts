import assert from "node:assert/strict";
import fc from "fast-check";
import { joinWords, longestLine, NutLines, splitWords } from "../../../lib/devices/nut-line";
import { Trouble } from "../../../lib/kit/trouble";

describe("splitWords", () => {
    for (const [line, words] of [
        ["OK", ["OK"]],
        ['VAR ups1 ups.status "OL CHRG"', ["VAR", "ups1", "ups.status", "OL CHRG"]],
        ['UPS ups1 ""', ["UPS", "ups1", ""]],
        ["ERR DATA-STALE", ["ERR", "DATA-STALE"]],
        [String.raw`VAR u ups.model "a \"b\" \\ c"`, ["VAR", "u", "ups.model", String.raw`a "b" \ c`]],
        [String.raw`VAR u ups.id "\#1"`, ["VAR", "u", "ups.id", "#1"]],
        ["  BEGIN   LIST\tUPS  ", ["BEGIN", "LIST", "UPS"]],
        ["OK\r", ["OK"]],
        ['VAR u ups.mfr "Größe \ufffd"', ["VAR", "u", "ups.mfr", "Größe \ufffd"]],
        ["", []],
        [String.raw`a\b`, [String.raw`a\b`]],
    ] as const) {
        it(`reads ${JSON.stringify(line)}`, () => assert.deepEqual(splitWords(line), words));
    }
    for (const line of ['VAR u ups.status "OL', 'VAR u ups.status "OL\\"', 'VAR u "OL"x', 'VAR u x"OL"', '"', '"\\', `a ${'"a\\'.repeat(2000)}`]) {
        it(`takes ${JSON.stringify(line.slice(0, 40))} for no line`, () => assert.equal(splitWords(line), undefined));
    }
});

describe("joinWords", () => {
    it("quotes what needs it, and nothing else", () => assert.equal(joinWords(["SET", "VAR", "ups1", "ups.id", 'my "ups"', "", "a\\b"]), String.raw`SET VAR ups1 ups.id "my \"ups\"" "" "a\\b"${""}` + "\n"));
    for (const word of ["two\nlines", "\r", "nul\0", "esc\u001b[0m", "x".repeat(longestLine)]) {
        it(`refuses ${JSON.stringify(word.slice(0, 12))}, so that no password becomes a command`, () => assert.throws(() => joinWords(["PASSWORD", word]), (error: Trouble) => error.kind === "config" && !error.message.includes(word)));
    }
    it("is undone by splitWords", () => {
        const text = fc.string({ unit: "binary", maxLength: 60 }).filter((word) => !/[\u0000-\u001f\u007f]/.test(word));
        fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (words) => assert.deepEqual(splitWords(joinWords(words).slice(0, -1)), words)));
    });
});

describe("NutLines", () => {
    const feed = (...chunks: (string | Buffer)[]): string[] => {
        const lines = new NutLines();
        return chunks.flatMap((chunk) => lines.take(Buffer.from(chunk as string)));
    };
    it("cuts at every line end, and keeps what is not complete", () => {
        const lines = new NutLines();
        assert.deepEqual(lines.take(Buffer.from("OK\nVAR ups1 ")), ["OK"]);
        assert.equal(lines.pending, true);
        assert.deepEqual(lines.take(Buffer.from("x \"1\"\n")), ['VAR ups1 x "1"']);
        assert.equal(lines.pending, false);
    });
    it("gives the same lines however the network cuts them, also within a letter of two bytes", () => {
        const whole = Buffer.from('BEGIN LIST VAR ü\nVAR ü ups.mfr "Größe €"\nEND LIST VAR ü\n');
        fc.assert(fc.property(fc.array(fc.nat(whole.length), { maxLength: 12 }), (places) => {
            const cuts = [0, ...places.sort((a, b) => a - b), whole.length];
            assert.deepEqual(feed(...cuts.slice(1).map((cut, index) => whole.subarray(cuts[index], cut))), feed(whole));
        }));
    });
    it("shows bytes that are no UTF-8 as such, and goes on", () => assert.deepEqual(feed(Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x4f, 0x4b, 0x0a])), ["a\ufffd\ufffd", "OK"]));
    it("drops control characters", () => assert.deepEqual(feed('VAR u ups.mfr "A\u0000P\u001bC\u007f"\r\n'), ['VAR u ups.mfr "APC"']));
    for (const [what, chunks] of [
        ["in one piece", [`${"x".repeat(longestLine + 1)}\n`]],
        ["that never ends", ["x".repeat(longestLine), "x"]],
        ["behind a good one", [`OK\n${"x".repeat(longestLine + 1)}`]],
    ] as const) {
        it(`refuses a line that is too long ${what}`, () => assert.throws(() => feed(...chunks), (error: Trouble) => error instanceof Trouble && error.kind === "garbage"));
    }
    it("takes the longest line", () => assert.equal(feed("x".repeat(longestLine), "\n")[0]?.length, longestLine));
});
