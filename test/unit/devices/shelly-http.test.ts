import assert from "node:assert/strict";
import { checkStatus } from "../../../lib/devices/shelly-http";

describe("the HTTP status of a Shelly", () => {
    for (const { status, password, kind, message } of [
        { status: 401, password: "", kind: "auth", message: "plug rack: wants a password: enter it in the node (the one set in the Shelly's web page under Authentication)" },
        { status: 403, password: "", kind: "auth", message: "plug rack: wants a password: enter it in the node (the one set in the Shelly's web page under Authentication)" },
        { status: 401, password: "p", kind: "auth", message: "plug rack: does not accept the password: check it against the Shelly's web page" },
        { status: 403, password: "p", kind: "auth", message: "plug rack: does not accept the password: check it against the Shelly's web page" },
        { status: 429, password: "p", kind: "busy", message: "plug rack: too many requests (HTTP 429): it is left alone for a while; look for other programs that ask it often or with an old password" },
        { status: 404, password: "p", kind: "failed", message: "plug rack: HTTP status 404" },
        { status: 302, password: "", kind: "failed", message: "plug rack: HTTP status 302" },
    ]) {
        it(`${status} ${password === "" ? "without" : "with"} a password is ${kind}`, () => assert.throws(() => checkStatus({ status, headers: {}, text: "" }, "plug rack", password), { kind, message }));
    }
    it("200 is none", () => checkStatus({ status: 200, headers: {}, text: "" }, "plug rack", ""));
});
