import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeFrame, encodeFrame, realtimeTrigger, type Frame } from "../../../lib/devices/anker-frame";
import { Trouble } from "../../../lib/kit/trouble";
import { ankerFixturesMissing, capturedMessages, goldenFrames } from "../../support/anker-fixtures";
import { fuzzFrames } from "../../support/frame-fuzz";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const field = (name: string, wire: number | undefined, value: string): Frame["fields"][number] => ({ name, ...(wire !== undefined && { wire }), value: hex(value) });

describe("the frame of Anker devices", () => {
    it("is cut into named fields: bare values, typed values, texts without a type", () => {
        const bytes = hex("ff09 1d00 03010f 0830 00 a108 76302e322e332e31 a206 76312e352e39 c0");
        const frame = decodeFrame(bytes);
        assert.deepEqual([frame.direction, frame.type, frame.counter], ["from-device", "0830", 0]);
        assert.deepEqual(frame.fields.map(({ name, wire, value }) => [name, wire, value.toString()]), [["a1", undefined, "v0.2.3.1"], ["a2", undefined, "v1.5.9"]]);
        assert.deepEqual(decodeFrame(hex("ff09 1200 03010f 0405 a1 01 34 a5 03 02 b004 c1")).fields, [field("a1", undefined, "34"), field("a5", 2, "b004")]);
    });

    it("asks for telemetry with the very bytes that the vendor's app sends", () => {
        assert.equal(realtimeTrigger(300, 0x68b6d7c8 * 1000).toString("hex"), "ff091f0003000f0057a10122a2020101a305032c010000fe0503c8d7b66821");
    });

    it("keeps a wrong checksum as a warning", () => {
        const good = realtimeTrigger(60, 0);
        const bad = Buffer.from(good);
        bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 0xff;
        assert.equal(decodeFrame(good).wrongChecksum, undefined);
        assert.equal(decodeFrame(bad).wrongChecksum, bad.at(-1));
        assert.deepEqual(decodeFrame(bad).fields, decodeFrame(good).fields);
    });

    it("takes a length of two bytes where one does not work out", () => {
        const json = Buffer.from(JSON.stringify({ localtime: 1, data: { soc: 82, gs: 0, note: "x".repeat(400) } }));
        const frame: Frame = { direction: "from-device", type: "0500", fields: [field("a1", undefined, "34"), { name: "a2", wire: 0, value: json, wide: true }, field("fe", 3, "00000000")] };
        const again = decodeFrame(encodeFrame(frame));
        assert.deepEqual(again.fields, frame.fields);
    });

    const refused: [string, string][] = [
        ["nothing", ""],
        ["another magic", "aa09 0a00 03010f 0405 00"],
        ["cut short", "ff09 1f00 03000f 0057 a10122 a20201"],
        ["longer than it says", "ff09 0a00 03010f 0405 00 00"],
        ["a direction nobody knows", "ff09 0a00 04010f 0405 00"],
        ["a field that runs over the end", "ff09 0e00 03010f 0405 a1 09 34 00 00"],
        ["a name without a length", "ff09 0b00 03010f 0405 a1 00"],
        ["a name that is none", "ff09 0f00 03010f 0405 a10134 12 00 00"],
    ];
    for (const [what, bytes] of refused) {
        it(`is refused as garbage: ${what}`, () => assert.throws(() => decodeFrame(hex(bytes)), (error) => error instanceof Trouble && error.kind === "garbage"));
    }

    it("comes back as it was, whatever it holds", () => {
        const anyField = fc.oneof(
            fc.record({ name: fc.integer({ min: 0xa1, max: 0xa9 }), value: fc.uint8Array({ minLength: 1, maxLength: 1 }) }),
            fc.record({ name: fc.integer({ min: 0xa1, max: 0xfe }), wire: fc.integer({ min: 0, max: 6 }), value: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
        );
        fc.assert(fc.property(fc.array(anyField, { minLength: 1, maxLength: 20 }), fc.option(fc.integer({ min: 0, max: 0x9f }), { nil: undefined }), (some, counter) => {
            const first = some[0];
            // A frame whose first field is not named a0 to a9 always has a counter.
            const count = counter ?? (first !== undefined && first.name > 0xa9 ? 1 : undefined);
            const frame: Frame = {
                direction: "from-device", type: "0405", ...(count !== undefined && { counter: count }),
                fields: some.map(({ name, value, ...wire }) => ({ name: name.toString(16), ...wire, value: Buffer.from(value) })),
            };
            const bytes = encodeFrame(frame);
            assert.ok(encodeFrame(decodeFrame(bytes)).equals(bytes));
        }));
    });

    it("survives damage: 20,000 frames of one seed (a million in test:chaos)", () => {
        const { decoded, refused: no } = fuzzFrames(20_000, 7, [realtimeTrigger(300, 1_700_000_000_000)]);
        assert.ok(decoded > 100 && no > 100);
    });

    describe("as public captures hold it", () => {
        before(function () {
            if (ankerFixturesMissing !== undefined) {
                console.log(`      skipped: ${ankerFixturesMissing}`);
                this.skip();
            }
        });
        it("every golden frame comes back byte for byte", () => {
            for (const { name, hex: text } of goldenFrames()) assert.equal(encodeFrame(decodeFrame(hex(text))).toString("hex"), text, name);
        });
        it("every captured frame comes back byte for byte", () => {
            const frames = capturedMessages().map(({ text }) => Buffer.from((JSON.parse((JSON.parse(text) as { payload: string }).payload) as { data: string }).data, "base64"));
            assert.ok(frames.length >= 100);
            for (const bytes of frames) assert.ok(encodeFrame(decodeFrame(bytes)).equals(bytes), bytes.toString("hex"));
        });
    });
});
