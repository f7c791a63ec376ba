import assert from "node:assert/strict";
import fc from "fast-check";
import type { Alert } from "../../../lib/alerts/alert";
import type { Outgoing } from "../../../lib/alerts/channel";
import { telegramPieces } from "../../../lib/alerts/telegram-text";
import { parseTelegramHtml } from "../../simulators/telegram-html";

const outgoing = (alert: Partial<Alert>, more: Partial<Outgoing> = {}): Outgoing =>
    ({ id: 1, alert: { severity: "info", title: "", text: "", at: 0, key: "k", ...alert }, delayedMs: 0, times: 1, lost: 0, ...more });
const html = (alert: Partial<Alert>, more?: Partial<Outgoing>): string => telegramPieces(outgoing(alert, more)).map((piece) => piece.html).join("|");

describe("telegramPieces", () => {
    it("makes only the title bold, as S0 did", () =>
        assert.equal(html({ symbol: "🔴", title: "POWER CRITICAL", detail: "Solix output: 24.0W", text: "Battery nearly depleted." }), "🔴 <b>POWER CRITICAL</b> — Solix output: 24.0W\nBattery nearly depleted."));
    it("leaves host names with underscores alone", () => assert.equal(html({ text: "db_server_1: *stopped* [a](b) `c`" }), "db_server_1: *stopped* [a](b) `c`"));
    it("escapes what means something in HTML", () => assert.equal(html({ title: "a<b & c>d", text: "&lt;" }), "<b>a&lt;b &amp; c&gt;d</b>\n&amp;lt;"));
    for (const [ms, wanted] of [[59_999, "x"], [60_000, "[delayed 1 min] x"], [14 * 60_000 + 20_000, "[delayed 14 min] x"], [7_500_000, "[delayed 2 h 5 min] x"]] as const) {
        it(`after ${ms} ms says ${wanted}`, () => assert.equal(html({ text: "x" }, { delayedMs: ms }), wanted));
    }
    it("puts the age before the taint and the symbol", () => assert.equal(html({ title: "T", symbol: "🔴", simulated: true }, { delayedMs: 60_000 }), "[delayed 1 min] [SIMULATED] 🔴 <b>T</b>"));
    it("counts repeats", () => assert.equal(html({ text: "x" }, { times: 3 }), "x (3 times)"));
    it("tells of alerts that were dropped", () => assert.equal(html({ text: "x" }, { lost: 12 }), "x\n(12 older alerts were dropped: see the log)"));
    it("whatever the text is, the server takes every piece, and the reader sees all of it", () => {
        const text = fc.string({ unit: "grapheme", maxLength: 12_000 });
        fc.assert(fc.property(fc.string({ maxLength: 300 }), text, fc.nat(100_000_000), (title, body, delayedMs) => {
            const pieces = telegramPieces(outgoing({ title, text: body }, { delayedMs }));
            for (const piece of pieces) {
                const parsed = parseTelegramHtml(piece.html);
                assert.ok(parsed.ok, parsed.ok ? "" : parsed.description);
                assert.equal(parsed.text, piece.plain);
                assert.ok(parsed.text.length <= 4096);
            }
        }), { numRuns: 200 });
    });
});
