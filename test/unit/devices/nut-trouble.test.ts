import assert from "node:assert/strict";
import { connectionTrouble, NutTrouble, refusal } from "../../../lib/devices/nut-trouble";
import { Trouble } from "../../../lib/kit/trouble";

const server = "NUT server 192.0.2.30:3493";

describe("refusal", () => {
    for (const [code, known, state, kind, text] of [
        ["DATA-STALE", [], "data-stale", "failed", `UPS rack on ${server}: its driver gives no fresh data (DATA-STALE): check the cable between the UPS and the server, then restart the driver there`],
        ["DRIVER-NOT-CONNECTED", [], "driver-not-connected", "failed", `UPS rack on ${server}: its driver does not run (DRIVER-NOT-CONNECTED): start the driver on the server (upsdrvctl start, or systemctl start nut-driver.target) and see its log`],
        ["UNKNOWN-UPS", ["ups1", "ups2"], "unknown-ups", "config", `UPS rack on ${server}: there is no such UPS: the server has ups1, ups2`],
        ["UNKNOWN-UPS", [], "unknown-ups", "config", `UPS rack on ${server}: there is no such UPS: the server has no UPS at all: see its ups.conf`],
        ...(["ACCESS-DENIED", "USERNAME-REQUIRED", "PASSWORD-REQUIRED"] as const).map((code) => [code, [], "refused", "auth", `UPS rack on ${server}: not allowed to read (${code}): the server must let this machine's address read (a NAS has a list of permitted ones), or wants the right user and password`] as const),
        ["SOMETHING-NEW", [], "refused", "failed", `UPS rack on ${server}: refused (SOMETHING-NEW)`],
        ["\u001b[2J<b>", [], "refused", "failed", `UPS rack on ${server}: refused (2J)`],
        ["", [], "refused", "failed", `UPS rack on ${server}: refused (ERR)`],
    ] as const) {
        it(`says what ${JSON.stringify(code)} means${known.length > 0 ? ", and what there is" : ""}`, () => {
            const { message, ...rest } = refusal(code, "rack", server, known);
            assert.deepEqual([rest.state, rest.kind, message], [state, kind, text]);
        });
    }
});

describe("connectionTrouble", () => {
    it("names the server and the cure", () => {
        const trouble = connectionTrouble(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }), server);
        assert.deepEqual([trouble.state, trouble.kind, trouble.message], ["connection", "refused", `${server}: connection refused (ECONNREFUSED): is upsd running, and does its upsd.conf LISTEN on this address?`]);
    });
    it("puts the server in front of what doesn't name it", () => assert.equal(connectionTrouble(new Trouble("garbage", "a list without an end"), server).message, `${server}: a list without an end: is this the port of upsd (3493)?`));
    it("leaves one of our own as it is", () => {
        const own = new NutTrouble("tls", "auth", "no TLS");
        assert.equal(connectionTrouble(own, server), own);
    });
});
