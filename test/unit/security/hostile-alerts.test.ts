import { deepEqual, equal, ok } from "node:assert/strict";
import { createTransport } from "nodemailer";
import type { Alert } from "../../../lib/alerts/alert";
import type { Outgoing } from "../../../lib/alerts/channel";
import { discordPieces } from "../../../lib/alerts/discord-text";
import { mailOf } from "../../../lib/alerts/email-text";
import { alertFrom } from "../../../lib/alerts/messages";
import { telegramPieces } from "../../../lib/alerts/telegram-text";
import { assertUnpolluted, hostileTexts, hostileWords, mutated } from "../../support/hostile";
import { sampleMessages } from "../../support/sample-messages";

const at = Date.UTC(2026, 10, 21, 14, 2);
const wrong: readonly unknown[] = [null, {}, [], true, NaN, 1e308, -1, [["x"]], { toString: 1 }, "constructor", "__proto__"];
const words = [...hostileWords, ...hostileTexts.filter((text) => text.trim() !== "" && text.length < 100)];

/** Everything that a hostile sender could have us tell. */
function* alerts(): Generator<[what: string, alert: Alert]> {
    for (const [kind, message] of Object.entries(sampleMessages(at))) {
        for (const changed of mutated(message, [...words, ...wrong])) {
            for (const steps of ["live", "all"] as const) {
                const telling = alertFrom(changed, { label: "", steps }, at);
                if ("alert" in telling && telling.alert !== undefined) yield [`${kind}: ${JSON.stringify(changed).slice(0, 300)}`, telling.alert];
            }
        }
    }
}
const outgoing = (alert: Alert): Outgoing => ({ id: 1, alert, delayedMs: 0, times: 1, lost: 0 });

describe("what a hostile message has us tell people", function () {
    const told = new Map<string, [string, Alert]>();
    before(() => {
        for (const [what, alert] of alerts()) told.set(JSON.stringify(alert), [what, alert]);
    });

    it("is understood or refused, whatever stands in whatever place of whatever message", () => {
        assertUnpolluted();
        ok(told.size > 1000, `${told.size} alerts`);
        for (const [what, { title, detail = "", text, key, symbol = "", severity }] of told.values()) {
            for (const part of [title, detail, text, key, symbol, severity]) equal(typeof part, "string", what);
            ok(!/\[object|undefined/.test(title + detail + text), what);
        }
    });

    it("holds no tags for Telegram but our own", () => {
        for (const [what, alert] of told.values()) {
            for (const { html } of telegramPieces(outgoing(alert))) {
                const tags = html.match(/<[^>]*>?/g) ?? [];
                ok(tags.length === 0 || (tags.length === 2 && tags.join("") === "<b></b>"), `${what}\n${html}`);
                ok(!/&(?!(?:amp|lt|gt);)/.test(html), `${what}\n${html}`);
            }
        }
    });

    it("calls nobody on Discord, and is no markdown", () => {
        for (const [what, alert] of told.values()) {
            for (const { embed: { title = "", description = "" }, plain } of discordPieces(outgoing(alert))) {
                for (const text of [title, description, ...plain]) {
                    ok(!/@(?:everyone|here)|(?<!\\)<[@#:]/i.test(text), `${what}\n${text}`);
                    ok(!/(?<!\\)(?:\\\\)*[*_~`|[]/.test(text), `${what}\n${text}`);
                }
            }
        }
    });

    it("adds no header, recipient or part to a mail", async () => {
        const transport = createTransport({ streamTransport: true, buffer: true, newline: "unix" });
        for (const [what, alert] of told.values()) {
            const { subject, messageId, html, text } = mailOf(outgoing(alert), "power@example.org", "origin");
            ok(!/[\p{Cc}\u2028\u2029]/u.test(subject + messageId), `${what}\n${subject}`);
            ok(!/<(?!\/?(?:div|p|b|small)[ >]|br>)/.test(html), `${what}\n${html}`);
            equal(typeof text, "string");
        }
        const worst: Alert = { severity: "info", title: "x\r\nBcc: evil@evil.example\r\n\r\n--x", detail: "a\nTo: evil@evil.example", text: "\r\n.\r\nRCPT TO:<evil@evil.example>", at, key: "\r\nX: 1" };
        for (const alert of [worst, ...[...told.values()].map(([, one]) => one).filter((_, index) => index % 200 === 0)]) {
            const { message, envelope } = await transport.sendMail({ from: "power@example.org", to: ["me@example.org"], ...mailOf(outgoing(alert), "power@example.org", "origin") });
            const head = String(message).split("\n\n")[0] ?? "";
            const names = head.split("\n").flatMap((line) => /^([A-Za-z-]+):/.exec(line)?.[1] ?? []);
            deepEqual(names, ["From", "To", "Subject", "Message-ID", "Date", "MIME-Version", "Content-Type"].filter((name) => names.includes(name)), head);
            deepEqual(envelope, { from: "power@example.org", to: ["me@example.org"] });
        }
    });
});
