import assert from "node:assert/strict";
import { parseSaved } from "../../../lib/devices/anker-saved";

const whole = {
    salt: "00", fingerprint: "ff", logins: [1, 2], token: { userId: "u", authToken: "t" }, stop: { text: "wrong", cure: "mend it", until: 5 },
    broker: { user_id: "u", app_name: "a", thing_name: "t", certificate_id: "c", certificate_pem: "p", private_key: "k", endpoint_addr: "h", aws_root_ca1_pem: "r" },
    devices: [{ device_sn: "S", product_code: "A1790P" }],
};

describe("the memory of a login", () => {
    it("comes back whole", () => assert.deepEqual(parseSaved(JSON.parse(JSON.stringify(whole))), whole));
    for (const [what, value] of [["nothing", undefined], ["a list", []], ["no salt", { ...whole, salt: 5 }], ["no fingerprint", { ...whole, fingerprint: undefined }], ["no logins", { ...whole, logins: {} }]] as const) {
        it(`is none: ${what}`, () => assert.equal(parseSaved(value), undefined));
    }
    it("leaves out the parts that are damaged", () => {
        assert.deepEqual(parseSaved({ ...whole, logins: [1, "x", NaN], token: { userId: "u" }, stop: { cure: "x" }, broker: { ...whole.broker, private_key: "" }, devices: "S" }), { salt: "00", fingerprint: "ff", logins: [1] });
    });
});
