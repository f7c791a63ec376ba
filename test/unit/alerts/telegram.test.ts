import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { Alert } from "../../../lib/alerts/alert";
import { Refused, type Outgoing } from "../../../lib/alerts/channel";
import { parseBaseUrl, telegramChannel, type TelegramTarget } from "../../../lib/alerts/telegram";
import { Trouble } from "../../../lib/kit/trouble";
import * as telegram from "../../simulators/telegram";
import { eventually } from "../../support/eventually";
import { VirtualClock } from "../../support/virtual-clock";

const token = "123456:secret-TOKEN_of-the-bot";
const outgoing = (alert: Partial<Alert>, id = 1): Outgoing =>
    ({ id, alert: { severity: "warning", title: "", text: "", at: 0, key: "k", ...alert }, delayedMs: 0, times: 1, lost: 0 });

describe("telegramChannel", () => {
    let api: telegram.TelegramSimulator;
    const live = new AbortController().signal;
    before(async () => {
        api = await telegram.startTelegram({ token });
    });
    beforeEach(() => {
        api.messages.length = 0;
        api.always();
    });
    after(() => api.stop());

    const target = (more: Partial<TelegramTarget> = {}): TelegramTarget => ({ baseUrl: api.url, token, chatId: "456", ...more });
    const send = (alert: Partial<Alert>, more: Partial<TelegramTarget> = {}): Promise<void> => telegramChannel(target(more)).send(outgoing(alert), live);
    const texts = (): string[] => api.messages.map(({ text }) => text);
    const refusal = async (...faults: telegram.Fault[]): Promise<Refused> => {
        api.next(...faults);
        const error = await send({ text: "x" }).then(() => assert.fail("was sent"), (cause: unknown) => cause);
        assert.ok(error instanceof Refused, inspect(error));
        return error;
    };

    it("delivers a text with underscores, stars and brackets as it is (S0 lost such messages)", async () => {
        await send({ title: "POWER ALERT", text: "db_server_1 *down* [x](y) <b>&amp;" });
        assert.deepEqual(texts(), ["POWER ALERT\ndb_server_1 *down* [x](y) <b>&amp;"]);
    });
    it("tells info silently, and everything else with a sound", async () => {
        for (const severity of ["info", "warning", "critical"] as const) await send({ severity, text: severity });
        assert.deepEqual(api.messages.map(({ silent }) => silent), [true, false, false]);
    });
    it("writes into a topic of a forum, and into General without its number", async () => {
        await send({ text: "a" }, { threadId: 16 });
        await send({ text: "b" }, { threadId: 1 });
        assert.deepEqual(api.messages.map(({ thread_id: thread }) => thread), [16, undefined]);
    });
    it("sends a long alert in pieces, in order", async () => {
        await send({ text: Array.from({ length: 2000 }, (_, line) => `line ${line}`).join("\n") });
        assert.ok(texts().length > 1);
        assert.deepEqual(texts().join("\n").split("\n").length, 2000);
    });
    it("goes on behind the pieces that went out before one failed", async () => {
        const channel = telegramChannel(target());
        const long = outgoing({ text: `${"a".repeat(3000)}\n${"b".repeat(3000)}\n${"c".repeat(3000)}` });
        api.always(telegram.badGateway);
        api.next({ kind: "slow", ms: 0 });
        await assert.rejects(channel.send(long, live));
        api.always();
        await channel.send({ ...long, delayedMs: 120_000 }, live);
        assert.deepEqual(texts().map((text) => text[0]), ["a", "b", "c"]);
    });
    it("sends again without markup what the server cannot parse", async () => {
        api.next({ kind: "error", status: 400, description: "Bad Request: can't parse entities: whatever" });
        await send({ title: "T", text: "a < b" });
        assert.deepEqual(api.messages.map(({ raw }) => raw), ["T\na < b"]);
    });
    it("sends in halves what the server finds too long", async () => {
        api.next({ kind: "error", status: 400, description: "Bad Request: message is too long" });
        await send({ text: `${"a".repeat(200)}\n${"b".repeat(200)}` });
        assert.deepEqual(texts(), ["a".repeat(200), "b".repeat(200)]);
    });
    it("follows a group that became a supergroup, and remembers it", async () => {
        const moved: string[] = [];
        const channel = telegramChannel(target({ chatId: "-100" }), { onMoved: (chat) => void moved.push(chat) });
        api.next(telegram.movedTo(-1001234567890));
        await channel.send(outgoing({ text: "a" }, 1), live);
        await channel.send(outgoing({ text: "b" }, 2), live);
        assert.deepEqual(api.messages.map(({ chat_id: chat }) => chat), ["-1001234567890", "-1001234567890"]);
        assert.deepEqual(moved, ["-1001234567890"]);
    });

    describe("what a refusal asks of the outbox", () => {
        const badRequest = (description: string): telegram.Fault => ({ kind: "error", status: 400, description: `Bad Request: ${description}` });
        for (const [what, faults, advice, short] of [
            ["429 with a time", [telegram.tooManyRequests(35)], { next: "wait", ms: 35_000 }, "asked to wait (429)"],
            ["429 of a proxy", [{ kind: "raw", status: 429, body: "slow down" }], { next: "retry" }, "asked to wait (429)"],
            ["401", [telegram.unauthorized], { next: "settings" }, "token refused (401)"],
            ["404", [{ kind: "error", status: 404, description: "Not Found" }], { next: "settings" }, "token refused (404)"],
            ["403", [telegram.blocked], { next: "settings" }, "chat refused (403)"],
            ["400 chat not found", [telegram.chatNotFound], { next: "settings" }, "chat refused (400)"],
            ["400 for an unknown reason", [badRequest("TOPIC_CLOSED")], { next: "settings" }, "chat refused (400)"],
            ["400 for an empty text", [badRequest("message text is empty")], { next: "discard" }, "message refused (400)"],
            ["400 even without markup", [badRequest("can't parse entities: a"), badRequest("can't parse entities: b")], { next: "discard" }, "message refused (400)"],
            ["400 too long though it is short", [badRequest("message is too long")], { next: "discard" }, "message refused (400)"],
            ["400 too long in the words of the servers behind it", [badRequest("MESSAGE_TOO_LONG")], { next: "discard" }, "message refused (400)"],
            ["a group that moves in a circle", [telegram.movedTo(456)], { next: "settings" }, "group has moved (400)"],
            ["500", [{ kind: "error", status: 500, description: "Internal Server Error" }], { next: "retry" }, "server error (500)"],
            ["502 of a proxy", [telegram.badGateway], { next: "retry" }, "server error (502)"],
        ] as const) {
            it(what, async () => {
                const error = await refusal(...faults);
                assert.deepEqual({ advice: error.advice, short: error.short }, { advice, short });
            });
        }
        it("says the cure", async () => assert.match((await refusal(telegram.blocked)).message, /bot was blocked by the user \(403\): open the chat with the bot and press Start/));
    });

    describe("faults of the network", () => {
        for (const [fault, kind] of [
            [{ kind: "raw", status: 200, body: "<html>Please log in</html>" }, "garbage"],
            [{ kind: "raw", status: 404, body: "{\"error\":\"no such page\"}" }, "garbage"],
            [{ kind: "raw", status: 302, body: "" }, "garbage"],
            [{ kind: "garbage" }, "garbage"],
            [{ kind: "oversized" }, "garbage"],
            [{ kind: "truncated" }, "closed"],
            [{ kind: "half-closed" }, "closed"],
            [{ kind: "reset" }, "closed"],
            [{ kind: "vanish" }, "closed"],
        ] as const) {
            it(`${fault.kind}${fault.kind === "raw" ? ` (HTTP ${fault.status})` : ""} is a trouble of kind ${kind}`, async () => {
                api.next(fault);
                await assert.rejects(send({ text: "x" }), (error) => error instanceof Trouble && !(error instanceof Refused) && error.kind === kind);
            });
        }
        it("a black hole is a trouble of kind timeout after 10 s", async () => {
            api.next({ kind: "silence" });
            const { requests } = api;
            const clock = new VirtualClock();
            const sent = telegramChannel(target(), { clock }).send(outgoing({ text: "x" }), live);
            const failed = assert.rejects(sent, (error) => error instanceof Trouble && error.kind === "timeout");
            await eventually(() => api.requests > requests);
            await clock.pass(10_000);
            await failed;
        });
        it("stops at once when it is told to", async () => {
            api.next({ kind: "silence" });
            const stop = new AbortController();
            const sent = telegramChannel(target()).send(outgoing({ text: "x" }), stop.signal);
            setTimeout(() => stop.abort(), 20);
            await assert.rejects(sent, (error) => error instanceof Trouble && error.kind === "stopped");
        });
    });

    describe("the token is in no error", () => {
        for (const fault of [
            { kind: "error", status: 401, description: `Unauthorized: ${token}` },
            { kind: "error", status: 400, description: `Bad Request: /bot${token}/sendMessage` },
            { kind: "error", status: 500, description: `cannot reach bot${token}` },
            { kind: "raw", status: 404, body: `/bot${token}/sendMessage not found` },
            { kind: "garbage" }, { kind: "truncated" }, { kind: "reset" }, { kind: "oversized" },
        ] as const satisfies telegram.Fault[]) {
            it(`of ${fault.kind}${"status" in fault ? ` ${fault.status}` : ""}`, async () => {
                api.next(fault);
                const error = await send({ text: "x" }).then(() => assert.fail("was sent"), (cause: unknown) => cause);
                assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /secret/);
            });
        }
        it("of a refused connection, or of a bad address", async () => {
            for (const baseUrl of ["http://127.0.0.1:1", "not a url"]) {
                const error = await send({ text: "x" }, { baseUrl }).then(() => assert.fail("was sent"), (cause: unknown) => cause);
                assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /secret/);
            }
        });
    });
});

describe("parseBaseUrl", () => {
    for (const [text, wanted] of [
        ["", "https://api.telegram.org"],
        ["https://api.example.com/", "https://api.example.com"],
        ["https://example.com/telegram/", "https://example.com/telegram"],
        ["http://127.0.0.1:8081", "http://127.0.0.1:8081"],
        ["http://localhost:8081/", "http://localhost:8081"],
        ["http://[::1]:8081", "http://[::1]:8081"],
    ] as const) {
        it(`takes ${text || "nothing"}`, () => assert.deepEqual(parseBaseUrl(text), { baseUrl: wanted }));
    }
    for (const [text, problem] of [
        ["http://192.0.2.5", /must begin with https/], ["http://127.0.0.1.example.com", /must begin with https/], ["ftp://example.com", /must begin with https/],
        ["api.telegram.org", /not a URL/], ["https://user:pass@example.com", /no more than a host/], ["https://example.com/?x=1", /no more than a host/],
    ] as const) {
        it(`refuses ${text}`, () => {
            const parsed = parseBaseUrl(text);
            assert.ok("problem" in parsed);
            assert.match(parsed.problem, problem);
        });
    }
});
