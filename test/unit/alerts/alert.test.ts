import assert from "node:assert/strict";
import { alertText, parseAlert } from "../../../lib/alerts/alert";

const at = 1_770_000_000_000;

describe("parseAlert", () => {
    it("takes a complete alert as it is", () => {
        const alert = { severity: "critical", title: "POWER CRITICAL", detail: "Solix output: 24.0W", text: "Battery nearly depleted.", symbol: "🔴", at, key: "power/a", simulated: true };
        assert.deepEqual(parseAlert(alert, 1), { alert });
    });
    it("fills in what a person left out", () => {
        assert.deepEqual(parseAlert({ title: "Door open" }, at), { alert: { severity: "info", title: "Door open", text: "", at, key: "Door open" } });
    });
    for (const [what, value, error] of [
        ["a text", "hello", /not an object/],
        ["nothing to read", { severity: "info" }, /neither a title nor a text/],
        ["blanks only", { title: "  ", text: "\n" }, /neither a title nor a text/],
        ["an unknown severity", { title: "x", severity: "loud" }, /"loud" is not one of info, warning, critical/],
        ["a number as a title", { title: 5 }, /title is not a text/],
        ["a time that is none", { title: "x", at: "now" }, /not a time/],
    ] as const) {
        it(`refuses ${what}`, () => {
            const parsed = parseAlert(value, at);
            assert.ok("error" in parsed);
            assert.match(parsed.error, error);
        });
    }
    it("keeps any taint", () => {
        for (const simulated of [true, "yes", 1]) assert.equal((parseAlert({ title: "x", simulated }, at) as { alert: { simulated?: true } }).alert.simulated, true);
        assert.equal((parseAlert({ title: "x", simulated: false }, at) as { alert: { simulated?: true } }).alert.simulated, undefined);
    });
    it("cuts no character in two: no service would take the message", () => {
        for (const [length, end] of [[298, "🔌…"], [299, "\ufffd…"]] as const) {
            const parsed = parseAlert({ title: `${"x".repeat(length - 1)}🔌yyyy` }, at);
            assert.ok("alert" in parsed && parsed.alert.title.endsWith(end), JSON.stringify(parsed));
        }
    });
    it("cuts a text that would fill the disk", () => {
        const parsed = parseAlert({ title: "x", text: "y".repeat(1_000_000) }, at);
        assert.ok("alert" in parsed && parsed.alert.text.length <= 12_000);
    });
});

describe("alertText", () => {
    const alert = { severity: "info", title: "", text: "", at, key: "k" } as const;
    for (const [given, wanted] of [
        [{ title: "A", detail: "b", text: "c\nd", symbol: "🔴" }, "🔴 A — b\nc\nd"],
        [{ title: "All done.", detail: "Bye." }, "All done. Bye."],
        [{ title: "A", text: "b" }, "A\nb"],
        [{ text: "only text" }, "only text"],
        [{ title: "A", simulated: true, symbol: "🔴" }, "[SIMULATED] 🔴 A"],
    ] as const) {
        it(`puts together ${JSON.stringify(wanted)}`, () => assert.equal(alertText({ ...alert, ...given }), wanted));
    }
});
