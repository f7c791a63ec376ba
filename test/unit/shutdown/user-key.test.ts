import assert from "node:assert/strict";
import { utils } from "ssh2";
import { userKey } from "../../../lib/shutdown/user-key";
import { generateKeyPair } from "../../simulators/ssh-host";

describe("a user's private key", () => {
    const locked = generateKeyPair("open sesame");

    for (const [type, pair] of Object.entries({ ed25519: generateKeyPair(), locked, ecdsa: utils.generateKeyPairSync("ecdsa", { bits: 256 }), rsa: utils.generateKeyPairSync("rsa", { bits: 2048 }) })) {
        it(`signs (${type})`, async () => {
            const key = await userKey(pair.private, pair === locked ? "open sesame" : undefined);
            const known = utils.parseKey(pair.public);
            assert.ok(!(known instanceof Error));
            const hash = key.type === "ssh-rsa" ? "sha512" : undefined;
            assert.equal(known.verify("hello", key.sign(Buffer.from("hello"), hash), hash), true);
            assert.notEqual(known.verify("hallo", key.sign(Buffer.from("hello"), hash), hash), true);
        });
    }

    it("is unlocked once for all hosts: it takes a third of a second", async () => {
        const [first, second] = await Promise.all([userKey(locked.private, "open sesame"), userKey(locked.private, "open sesame")]);
        assert.equal(first, second);
    });

    it("is refused once for all hosts, too, and by each wrong passphrase for itself", async () => {
        const refusal = async (passphrase?: string): Promise<unknown> => userKey(locked.private, passphrase).catch((error: unknown) => error);
        const wrong = await refusal("wrong");
        assert.ok(wrong instanceof Error);
        assert.equal(await refusal("wrong"), wrong);
        assert.ok(await refusal() instanceof Error);
        assert.equal((await userKey(locked.private, "open sesame")).isPrivateKey(), true);
    });

    it("is no public key", () => assert.rejects(userKey(locked.public), /private key/));

    it("is forgotten when many others have come since", async () => {
        const { private: text } = generateKeyPair();
        const first = await userKey(text);
        for (let other = 0; other < 50; other += 1) await userKey(text, `passphrase ${other}`);
        assert.notEqual(await userKey(text), first);
    });
});
