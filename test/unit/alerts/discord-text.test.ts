import assert from "node:assert/strict";
import fc from "fast-check";
import type { Alert } from "../../../lib/alerts/alert";
import type { Outgoing } from "../../../lib/alerts/channel";
import { colours } from "../../../lib/alerts/colours";
import { discordPieces, escapeMarkdown } from "../../../lib/alerts/discord-text";

const at = Date.UTC(2026, 10, 21, 16, 2);
const outgoing = (alert: Partial<Alert>, more: Partial<Outgoing> = {}): Outgoing =>
    ({ id: 1, alert: { severity: "info", title: "", text: "", at, key: "k", ...alert }, delayedMs: 0, times: 1, lost: 0, ...more });

describe("escapeMarkdown", () => {
    for (const [text, wanted] of [
        ["db_server_1 *down*", "db\\_server\\_1 \\*down\\*"], ["`code` ~~x~~ ||spoiler||", "\\`code\\` \\~\\~x\\~\\~ \\|\\|spoiler\\|\\|"], ["[click](https://example.com)", "\\[click\\](https://example.com)"],
        ["<@123> <#5> <t:0:R>", "\\<@123> \\<#5> \\<t:0:R>"], ["# head\n  > quote\n- item\n-# small", "\\# head\n  \\> quote\n\\- item\n\\-# small"], ["a - b > c # d", "a - b > c # d"],
        ["@everyone and @here, not me@heremore", "@\u200beveryone and @\u200bhere, not me@\u200bheremore"], [":fire: at 16:02:03", "\\:fire: at 16:02:03"], ["C:\\temp", "C:\\\\temp"],
    ] as const) {
        it(`keeps ${JSON.stringify(text)} what it is`, () => assert.equal(escapeMarkdown(text), wanted));
    }
});

describe("discordPieces", () => {
    it("frames an alert in its colour, with the title above and the time below", () => assert.deepEqual(
        discordPieces(outgoing({ severity: "critical", symbol: "🔴", title: "POWER CRITICAL", detail: "Solix output: 24.0W", text: "Battery nearly depleted." })),
        [{
            embed: { title: "🔴 POWER CRITICAL", description: "Solix output: 24.0W\nBattery nearly depleted.", color: colours.red, timestamp: "2026-11-21T16:02:00.000Z" },
            plain: ["🔴 POWER CRITICAL\nSolix output: 24.0W\nBattery nearly depleted."],
        }]));
    it("puts a text without a title into the frame", () => assert.deepEqual(discordPieces(outgoing({ text: "hello" })).map(({ embed }) => [embed.title, embed.description]), [[undefined, "hello"]]));
    it("says how late, how often, and what is missing", () => {
        const [piece] = discordPieces(outgoing({ title: "T", text: "x", simulated: true }, { delayedMs: 14 * 60_000, times: 2, lost: 1 }));
        assert.deepEqual([piece?.embed.title, piece?.embed.description], ["\\[delayed 14 min\\] \\[SIMULATED\\] T", "x (2 times)\n(1 older alert was dropped: see the log)"]);
    });
    it("says no time that no clock can have told", () => assert.ok(!("timestamp" in (discordPieces(outgoing({ text: "x", at: 5 }))[0]?.embed ?? {}))));
    it("moves a title that is too long below it", () => {
        const [piece] = discordPieces(outgoing({ title: "_".repeat(200) }));
        assert.equal(piece?.embed.title, undefined);
        assert.equal(piece?.embed.description, "\\_".repeat(200));
    });
    it("whatever the text is, it keeps all limits and loses nothing", () => {
        const text = fc.string({ unit: fc.constantFrom("a", "_", "\n", "😀", "@everyone", "<", " "), maxLength: 9000 });
        fc.assert(fc.property(fc.string({ maxLength: 300 }), text, (title, body) => {
            const pieces = discordPieces(outgoing({ title, text: body }));
            for (const { embed, plain } of pieces) {
                assert.ok((embed.title ?? "").length <= 256 && (embed.description ?? "").length <= 4096);
                assert.ok(plain.every((content) => content.length <= 2000));
                assert.doesNotMatch(`${embed.description} ${plain.join()}`, /@everyone|@here/);
            }
            const letters = (all: string): number => all.replace(/[^a😀]/gu, "").length;
            assert.equal(letters(pieces.map(({ embed }) => `${embed.title ?? ""}${embed.description ?? ""}`).join("")), letters(title + body));
        }), { numRuns: 100 });
    });
});
