import assert from "node:assert/strict";
import fc from "fast-check";
import type { Alert } from "../../../lib/alerts/alert";
import type { Outgoing } from "../../../lib/alerts/channel";
import { mailOf, type Mail } from "../../../lib/alerts/email-text";

const at = Date.UTC(2026, 10, 21, 16, 2);
const mail = (alert: Partial<Alert>, more: Partial<Outgoing> = {}): Mail =>
    mailOf({ id: 7, alert: { severity: "info", title: "", text: "", at, key: "k", ...alert }, delayedMs: 0, times: 1, lost: 0, ...more }, "ups@example.com", "node1");
const critical = { severity: "critical", symbol: "🔴", title: "POWER CRITICAL", detail: "Solix output: 24.0W", text: "Battery <nearly> depleted." } as const;

describe("mailOf", () => {
    it("puts severity and first line into the subject, and everything into text and HTML", () => {
        const { subject, text, html, date } = mail(critical);
        assert.equal(subject, "[critical] 🔴 POWER CRITICAL — Solix output: 24.0W");
        assert.equal(text, "🔴 POWER CRITICAL — Solix output: 24.0W\nBattery <nearly> depleted.\n\nHappened at 2026-11-21 16:02:00 UTC.");
        assert.equal(html, "<div style=\"border-left:4px solid #e74c3c;padding-left:12px;font-family:sans-serif\"><p>🔴 <b>POWER CRITICAL</b> — Solix output: 24.0W<br>\nBattery &lt;nearly&gt; depleted.</p><p><small>Happened at 2026-11-21 16:02:00 UTC.</small></p></div>\n");
        assert.deepEqual(date, new Date(at));
    });
    it("takes the first line of a text without a title", () => assert.equal(mail({ text: "Generator started\nall is well" }).subject, "[info] Generator started"));
    it("says how late, how often, and what is made up", () => {
        const { subject, text } = mail({ ...critical, simulated: true }, { delayedMs: 14 * 60_000, times: 2 });
        assert.equal(subject, "[critical] [delayed 14 min] [SIMULATED] 🔴 POWER CRITICAL — Solix output: 24.0W");
        assert.match(text, /depleted\. \(2 times\)/);
    });
    it("states no time that no clock can have told", () => {
        const { date, text } = mail({ ...critical, at: 5 });
        assert.equal(date, undefined);
        assert.doesNotMatch(text, /Happened/);
    });
    describe("the Message-ID", () => {
        const { messageId } = mail(critical);
        it("is one of the sender's domain", () => assert.match(messageId, /^<[a-z0-9]+\.7\.[0-9a-f]{16}@example\.com>$/));
        it("is the same when it is sent again, later", () => assert.equal(mail(critical, { delayedMs: 3_600_000, times: 3, lost: 2 }).messageId, messageId));
        for (const [what, other] of [["text", mail({ ...critical, text: "other" })], ["time", mail({ ...critical, at: at + 1 })], ["number", mail(critical, { id: 8 })]] as const) {
            it(`is another for another ${what}`, () => assert.notEqual(other.messageId, messageId));
        }
        it("is one token, whatever the key is", () => assert.match(mail({ ...critical, key: "a b\r\n>c", at: at + 0.25 }).messageId, /^<[!-;=?-~]+>$/));
    });
    it("whatever the alert says, the subject is one line of at most 200 characters", () => {
        fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "\r", "\n", "\r\nBcc: x@example.com", "\u2028", "\0", "\u0085", "😀", " "), maxLength: 150 }), fc.string(), (title, detail) => {
            const { subject } = mail({ title, detail });
            assert.doesNotMatch(subject, /[\p{Cc}\u2028\u2029]/u);
            assert.ok(subject.length <= 200);
        }));
    });
});
