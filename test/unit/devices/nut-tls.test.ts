import assert from "node:assert/strict";
import { parseFingerprint } from "../../../lib/devices/nut-tls";

// What TLS itself does is told in nut-client.test.ts.
describe("parseFingerprint", () => {
    const hex = "0123456789ABCDEF".repeat(4);
    const wanted = (hex.match(/../g) ?? []).join(":");
    for (const text of [hex, hex.toLowerCase(), wanted, wanted.toLowerCase(), `sha256 Fingerprint=${wanted}`, `SHA256:${hex}`, `  SHA-256 fingerprint: ${wanted}\n`]) {
        it(`reads ${text.slice(0, 30)} ...`, () => assert.equal(parseFingerprint(text), wanted));
    }
    for (const text of ["", "x", hex.slice(1), `${hex}0`, hex.replace("0", "G"), "SHA256:abc"]) {
        it(`takes ${JSON.stringify(text.slice(0, 20))} for none`, () => assert.equal(parseFingerprint(text), undefined));
    }
});
