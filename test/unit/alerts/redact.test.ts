import assert from "node:assert/strict";
import { redact } from "../../../lib/alerts/redact";

const token = "123456:secret-TOKEN_of-the-bot";

describe("redact", () => {
    it("takes the token out of any text, however it is written", () => assert.equal(redact(`a ${token} b ${encodeURIComponent(token)}`, token), "a <token> b <token>"));
    it("leaves a text alone when there is no token", () => assert.equal(redact("abc", ""), "abc"));
});
