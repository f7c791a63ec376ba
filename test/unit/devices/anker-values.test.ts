import assert from "node:assert/strict";
import type { Frame } from "../../../lib/devices/anker-frame";
import { frameValues, type FieldMap, type FieldRule, type PartRule } from "../../../lib/devices/anker-values";

const frameOf = (wire: number | undefined, hex: string): Frame => ({ direction: "from-device", type: "0405", fields: [{ name: "a4", ...(wire !== undefined && { wire }), value: Buffer.from(hex, "hex") }] });
const read = (wire: number | undefined, hex: string, rule: Omit<FieldRule, "name"> = {}): unknown => frameValues(frameOf(wire, hex), { a4: { name: "x", ...rule } }).x;

describe("the values of an Anker frame", () => {
    const cases: [string, number | undefined, string, Omit<FieldRule, "name">, unknown][] = [
        ["a byte is unsigned", 1, "fc", {}, 252],
        ["a temperature is signed", 1, "fc", { signed: true }, -4],
        ["a word is signed", 2, "0cfe", {}, -500],
        ["hours are unsigned tenths", 2, "ffff", { factor: 0.1, signed: false }, 6553.5],
        ["without the dust of binary fractions", 2, "9100", { factor: 0.1, signed: false }, 14.5],
        ["four bytes are one number", 3, "80438c69", {}, 1770800000],
        ["a float", 5, "0000c03f", {}, 1.5],
        ["a float that is no number is absent", 5, "0000c07f", {}, undefined],
        ["a text", 0, "413137393050", {}, "A1790P"],
        ["a text padded with zeros", 0, "414e4b4552000000", {}, "ANKER"],
        ["a text without a type", undefined, "76312e35", {}, "v1.5"],
        ["a version of digits", 2, "0901", { version: true }, "2.6.5"],
        ["two letters in a number", 2, "5553", { letters: true }, "US"],
        ["ms in a text, as s", 0, "31373634363538333937333238", { milliseconds: true }, 1764658397.328],
        ["a byte of two bytes is nothing we know", 1, "0101", {}, undefined],
        ["a number of five bytes is nothing we know", 3, "0101010101", {}, undefined],
        ["a wire type that nobody has seen", 0x22, "01", {}, undefined],
    ];
    for (const [what, wire, hex, rule, wanted] of cases) it(what, () => assert.equal(read(wire, hex, rule), wanted));

    it("are read from the parts of a binary field; a part beyond its end is absent", () => {
        const parts: PartRule[] = [
            { at: 0, kind: "text", name: "sn", length: 4 }, { at: 5, kind: "byte", name: "soc" }, { at: 6, kind: "word", name: "watts" },
            { at: 8, kind: "counted text", name: "pn" }, { at: 40, kind: "long", name: "more" }, { at: 40, kind: "text", name: "note" },
        ];
        const map: FieldMap = { a4: parts };
        assert.deepEqual(frameValues(frameOf(4, "41424344004d6400024131"), map), { sn: "ABCD", soc: 77, watts: 100, pn: "A1" });
    });

    it("are only those that the map names", () => assert.deepEqual(frameValues(frameOf(2, "0000"), { a5: { name: "x" } }), {}));
});
