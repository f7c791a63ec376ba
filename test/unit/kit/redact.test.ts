import assert from "node:assert/strict";
import { redact } from "../../../lib/kit/redact";

const token = "123456:secret-TOKEN_of-the-bot";

describe("redact", () => {
    it("takes the token out of any text, however it is written", () => assert.equal(redact(`a ${token} b ${encodeURIComponent(token)}`, token), "a <token> b <token>"));
    it("knows it in the wrapping of a login", () => {
        for (const login of [`\0bot\0${token}`, `bot:${token}`, token]) assert.equal(redact(`535 bad ${Buffer.from(login).toString("base64")}, and bad ${Buffer.from(login).toString("base64url")}`, token), "535 bad <token>, and bad <token>");
        assert.equal(redact("535 bad AHVwcwBteS1wYXNzd29yZA== it is", token), "535 bad AHVwcwBteS1wYXNzd29yZA== it is");
    });
    it("leaves a text alone when there is no token", () => assert.equal(redact("abc", ""), "abc"));
});
