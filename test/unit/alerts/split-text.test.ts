import assert from "node:assert/strict";
import fc from "fast-check";
import { splitText } from "../../../lib/alerts/split-text";

describe("splitText", () => {
    it("cuts at the end of a line", () => assert.deepEqual(splitText("aaa\nbbb\nccc", 8), ["aaa\nbbb", "ccc"]));
    it("cuts a line that is too long by itself", () => assert.deepEqual(splitText("aaaaabbbbbcc", 5), ["aaaaa", "bbbbb", "cc"]));
    it("never cuts a character in two", () => assert.deepEqual(splitText("a😀b", 2), ["a", "😀", "b"]));
    it("loses nothing but the line ends that it cut at", () => {
        fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "😀", "é"), maxLength: 200 }), fc.integer({ min: 2, max: 20 }), (text, longest) => {
            const parts = splitText(text, longest);
            assert.ok(parts.every((part) => part.length <= longest));
            assert.equal(parts.join("").replaceAll("\n", ""), text.replaceAll("\n", ""));
        }));
    });
});
