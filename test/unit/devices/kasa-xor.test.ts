import assert from "node:assert/strict";
import { decipher, frame } from "../../../lib/devices/kasa-xor";

describe("Kasa's cipher", () => {
    const request = '{"emeter":{"get_realtime":{}}}';
    const wire = "d0f297fa9feb8efcdee49fbddabfcb94e683e28efa93fe9bb983f885f885";

    it("frames a request as the plugs expect it: length, then ciphertext", () => {
        assert.equal(frame(request).toString("hex"), `0000001e${wire}`);
    });
    it("reads what it has written", () => {
        assert.equal(decipher(Buffer.from(wire, "hex")), request);
    });
    it("keeps names that are not ASCII", () => {
        assert.equal(decipher(frame('{"alias":"Küche ⚡"}').subarray(4)), '{"alias":"Küche ⚡"}');
    });
});
