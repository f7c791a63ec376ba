import assert from "node:assert/strict";
import { isLoopback, isSafe } from "../../../lib/alerts/safe-address";

describe("an address", () => {
    for (const [host, here] of [["localhost", true], ["127.0.0.1", true], ["127.1.2.3", true], ["::1", true], ["[::1]", true], ["localhost.example.com", false], ["127.0.0.1.example.com", false], ["192.0.2.1", false], ["", false]] as const) {
        it(`of host "${host}" is ${here ? "" : "not "}this machine's`, () => assert.equal(isLoopback(host), here));
    }
    for (const [url, safe] of [["https://example.com/x", true], ["http://localhost:80/", true], ["http://[::1]:8080", true], ["http://example.com", false], ["ftp://localhost", false]] as const) {
        it(`${url} is ${safe ? "" : "not "}safe for a secret`, () => assert.equal(isSafe(new URL(url)), safe));
    }
});
