import assert from "node:assert/strict";
import { createDecipheriv, createECDH } from "node:crypto";
import { ankerCloud } from "../../../lib/devices/anker-cloud";
import { ankerHeaders, loginBody, parseToken } from "../../../lib/devices/anker-login";
import { Trouble } from "../../../lib/kit/trouble";
import { ankerFixturesMissing, json } from "../../support/anker-fixtures";

const who = { email: "user@example.com", password: "correct horse battery", country: "US" };

describe("the login at Anker's cloud", () => {
    it("shows the password to nobody but the server", () => {
        const server = createECDH("prime256v1");
        server.generateKeys();
        const body = loginBody(who, { serverPublicKey: server.getPublicKey("hex"), wallMs: 1_770_800_000_123, offsetMs: -18_000_000 });
        const secret = server.computeSecret(Buffer.from((body.client_secret_info as { public_key: string }).public_key, "hex"));
        const decipher = createDecipheriv("aes-256-cbc", secret, secret.subarray(0, 16));
        assert.equal(decipher.update(String(body.password), "base64", "utf8") + decipher.final("utf8"), who.password);
        assert.deepEqual({ ab: body.ab, email: body.email, enc: body.enc, time_zone: body.time_zone, transaction: body.transaction }, { ab: "US", email: who.email, enc: 0, time_zone: -18_000_000, transaction: "1770800000123" });
        assert.ok(!JSON.stringify(body).includes(who.password));
    });

    it("uses another key each time", () => {
        const once = (): unknown => loginBody(who, { serverPublicKey: ankerCloud.serverPublicKey, wallMs: 0, offsetMs: 0 }).client_secret_info;
        assert.notDeepEqual(once(), once());
    });

    it("agrees with vectors that were computed elsewhere", function () {
        if (ankerFixturesMissing !== undefined) {
            console.log(`      skipped: ${ankerFixturesMissing}`);
            this.skip();
        }
        const vectors = json("anker-login-vectors.json") as Record<"real_server_key" | "mock_server_key", Record<string, string>> & { gtoken: { user_id: string; gtoken: string } };
        for (const vector of [vectors.real_server_key, vectors.mock_server_key]) {
            const own = createECDH("prime256v1");
            own.setPrivateKey(vector.client_private_key_hex ?? "", "hex");
            const body = loginBody({ ...who, password: vector.password ?? "" }, { serverPublicKey: vector.server_public_key_hex ?? "", wallMs: 0, offsetMs: 0, own });
            assert.equal(body.password, vector.encrypted_password_b64);
            assert.deepEqual(body.client_secret_info, { public_key: vector.client_public_key_hex });
        }
        assert.equal(vectors.real_server_key.server_public_key_hex, ankerCloud.serverPublicKey);
        assert.equal(ankerHeaders("US", 0, { userId: vectors.gtoken.user_id, authToken: "t" }).gtoken, vectors.gtoken.gtoken);
    });

    for (const [offset, wanted] of [[-18_000_000, "GMT-05:00"], [0, "GMT+00:00"], [19_800_000, "GMT+05:30"], [-12_600_000, "GMT-03:30"]] as const) {
        it(`says the time zone as ${wanted}`, () => assert.equal(ankerHeaders("US", offset).timezone, wanted));
    }

    it("sends a token only when there is one, and none that would break the header", () => {
        assert.ok(!("x-auth-token" in ankerHeaders("DE", 0)));
        assert.throws(() => ankerHeaders("DE", 0, { userId: "u", authToken: "a\r\nb" }), Trouble);
    });

    for (const [what, data] of [["nothing", undefined], ["no token", { user_id: "u" }], ["an empty token", { user_id: "u", auth_token: "" }], ["a number", { user_id: 1, auth_token: "t" }]] as const) {
        it(`has no token in ${what}`, () => assert.equal(parseToken(data), undefined));
    }
});
