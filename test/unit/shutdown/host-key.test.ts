import assert from "node:assert/strict";
import { utils } from "ssh2";
import { fingerprintOf, hostKeyAlgorithms, keyTypeOf, parsePinnedKey } from "../../../lib/shutdown/host-key";

const line = utils.generateKeyPairSync("ed25519").public;
const [, base64 = ""] = line.split(" ");
const blob = Buffer.from(base64, "base64");
const fingerprint = fingerprintOf(blob);

describe("pinned host keys", () => {
    for (const [how, text] of [
        ["a public line", line],
        ["a public line with a comment", `${line} root@nas`],
        ["a line of ssh-keyscan", `192.0.2.5 ${line}`],
        ["a line with blanks around it", `  ${line}\n`],
        ["a fingerprint with its type", `ssh-ed25519 ${fingerprint}`],
    ] as const) {
        it(`are read from ${how}`, () => assert.deepEqual(parsePinnedKey(text), { fingerprint, type: "ssh-ed25519", ...(!text.includes("SHA256") && { blob: base64 }) }));
    }

    it("are read from a bare fingerprint, whatever the type", () => assert.deepEqual(parsePinnedKey(fingerprint), { fingerprint }));

    for (const text of ["", "yes", "SHA256:short", "MD5:aa:bb", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 !!!!", `ssh-rsa ${blob.toString("base64")}`, "ssh-dss AAAAB3NzaC1kc3M=", "constructor AAAA"]) {
        it(`are not read from ${JSON.stringify(text.slice(0, 30))}`, () => assert.equal(parsePinnedKey(text), undefined));
    }

    it("restrict the offer to the pinned type, with RSA's three signatures", () => {
        assert.deepEqual(hostKeyAlgorithms({ fingerprint, type: "ssh-ed25519" }), ["ssh-ed25519"]);
        assert.deepEqual(hostKeyAlgorithms({ fingerprint, type: "ssh-rsa" }), ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
        assert.equal(hostKeyAlgorithms({ fingerprint }), undefined);
    });

    it("have the fingerprint that ssh-keygen prints", () => {
        // ssh-keygen -l of this key, made for this test.
        const known = Buffer.from("AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", "base64");
        assert.equal(fingerprintOf(known), "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA");
        assert.equal(keyTypeOf(known), "ssh-ed25519");
    });

    it("of garbage have no type", () => {
        for (const bytes of [[], [0, 0, 0], [0, 0, 0, 99, 1], [255, 255, 255, 255], [0, 0, 0, 1, 10]]) assert.equal(keyTypeOf(Buffer.from(bytes)), undefined);
    });
});
