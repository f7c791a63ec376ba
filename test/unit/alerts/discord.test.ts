import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { Alert } from "../../../lib/alerts/alert";
import { Refused, type Outgoing } from "../../../lib/alerts/channel";
import { discordChannel, parseWebhook, type DiscordTarget } from "../../../lib/alerts/discord";
import { colours } from "../../../lib/alerts/colours";
import { Trouble } from "../../../lib/kit/trouble";
import fixture from "../../fixtures/notify-discord.json";
import * as discord from "../../simulators/discord";
import { settle, VirtualClock } from "../../support/virtual-clock";

const outgoing = (alert: Partial<Alert>, id = 1): Outgoing =>
    ({ id, alert: { severity: "warning", title: "", text: "", at: 0, key: "k", ...alert }, delayedMs: 0, times: 1, lost: 0 });
const webhookOf = (text: string): DiscordTarget["webhook"] => {
    const parsed = parseWebhook(text);
    if ("problem" in parsed) throw new Error(parsed.problem);
    return parsed.webhook;
};

describe("parseWebhook", () => {
    for (const [text, url] of [
        ["https://discord.com/api/webhooks/123/ABC-def_1", "https://discord.com/api/v10/webhooks/123/ABC-def_1"],
        [" https://discordapp.com/api/v9/webhooks/123/ABC/ ", "https://discordapp.com/api/v10/webhooks/123/ABC"],
        ["http://127.0.0.1:8080/api/webhooks/1/x", "http://127.0.0.1:8080/api/v10/webhooks/1/x"],
    ] as const) {
        it(`takes ${text}, and names the version of the API`, () => assert.equal(webhookOf(text).url, url));
    }
    it("takes a thread", () => assert.equal(webhookOf("https://discord.com/api/webhooks/123/ABC?thread_id=77").threadId, "77"));
    for (const [text, problem] of [
        ["", /^no webhook$/], ["my-webhook", /no webhook: it looks like/], ["https://discord.com/channels/1/2", /no webhook/], ["https://discord.com/api/webhooks/123/ABC/slack", /no webhook/],
        ["http://discord.com/api/webhooks/123/ABC", /must begin with https/], ["https://discord.com/api/webhooks/123/ABC?thread_id=x", /no webhook/], ["https://me@discord.com/api/webhooks/123/ABC", /no webhook/],
    ] as const) {
        it(`does not take "${text}", and does not repeat it`, () => {
            const parsed = parseWebhook(text);
            assert.ok("problem" in parsed);
            assert.match(parsed.problem, problem);
            if (text !== "") assert.ok(!parsed.problem.includes(text));
        });
    }
});

describe("discordChannel", () => {
    let api: discord.DiscordSimulator;
    const live = new AbortController().signal;
    before(async () => {
        api = await discord.startDiscord();
    });
    beforeEach(() => {
        api.messages.length = 0;
        api.always();
    });
    after(() => api.stop());
    const send = (alert: Partial<Alert>, more: Partial<DiscordTarget> = {}): Promise<void> => discordChannel({ webhook: webhookOf(api.webhook), ...more }).send(outgoing(alert), live);
    const failure = async (...faults: discord.ApiFault[]): Promise<Trouble> => {
        api.next(...faults);
        const error = await send({ text: "x" }).then(() => assert.fail("was sent"), (cause: unknown) => cause);
        assert.ok(error instanceof Trouble, inspect(error));
        assert.doesNotMatch(inspect(error, { depth: 10 }), /SECRET/);
        return error;
    };

    it("delivers a framed message that calls nobody", async () => {
        await send({ severity: "critical", title: "POWER CRITICAL", text: "@everyone look at db_server_1" });
        const [message] = api.messages;
        assert.deepEqual(message?.embeds, [{ title: "POWER CRITICAL", description: "@\u200beveryone look at db\\_server\\_1", color: colours.red }]);
        assert.deepEqual(message.mentions, { parse: [] });
    });
    for (const [loudFrom, silent] of [[undefined, [true, false, false]], ["info", [false, false, false]], ["critical", [true, true, false]]] as const) {
        it(`tells ${loudFrom ?? "warnings"} and worse with a sound`, async () => {
            for (const severity of ["info", "warning", "critical"] as const) await send({ severity, text: severity }, loudFrom === undefined ? {} : { loudFrom });
            assert.deepEqual(api.messages.map((message) => message.silent), silent);
        });
    }
    it("writes into a thread", async () => {
        await send({ text: "x" }, { webhook: webhookOf(`${api.webhook}?thread_id=77`) });
        assert.equal(api.messages[0]?.threadId, "77");
    });
    it("takes the answer of a server that does not wait", async () => {
        api.next({ kind: "answer", answer: { status: 204 } });
        await send({ text: "x" });
    });
    it("sends a long alert in pieces, in order, and goes on behind those that went out", async () => {
        const channel = discordChannel({ webhook: webhookOf(api.webhook) });
        const long = outgoing({ text: `${"a".repeat(1900)}\n${"b".repeat(1900)}\n${"c".repeat(1900)}` });
        api.always(discord.badGateway);
        api.next({ kind: "slow", ms: 0 });
        await assert.rejects(channel.send(long, live));
        api.always();
        await channel.send(long, live);
        assert.deepEqual(api.messages.map(({ embeds }) => embeds[0]?.description?.[0]), ["a", "b", "c"]);
    });
    it("sends as bare text what is refused in a frame", async () => {
        api.next(discord.wrongEmbed);
        await send({ title: "T", text: "x" });
        assert.deepEqual(api.messages.map(({ content, embeds }) => [content, embeds]), [["T\nx", []]]);
    });

    for (const [what, fault, next, message, short] of [
        ["asked to wait", discord.tooManyRequests(64.57), { next: "wait", ms: 64_570 }, /rate limited/, "asked to wait (429)"],
        ["asked to wait by all of Discord", discord.tooManyRequests(0.3, true), { next: "wait", ms: 300 }, /rate limited/, "asked to wait (429)"],
        ["asked to wait as in the recorded answer", { kind: "answer", answer: { status: 429, body: fixture["429"], headers: fixture["429_headers"] } }, { next: "wait", ms: 64_570 }, /rate limited/, "asked to wait (429)"],
        ["asked to wait by the network before it", discord.bannedAddress(120), { next: "wait", ms: 120_000 }, /HTTP 429/, "asked to wait (429)"],
        ["asked to wait for no time at all", { kind: "answer", answer: { status: 429, body: { message: "slow down" } } }, { next: "retry" }, /slow down/, "asked to wait (429)"],
        ["a deleted webhook", discord.gone, { next: "settings", ms: Infinity }, /Unknown Webhook \(404\): make a new webhook/, "webhook is gone (404)"],
        ["the recorded deleted webhook", { kind: "answer", answer: { status: 404, body: fixture["404_deleted"] } }, { next: "settings", ms: Infinity }, /Unknown Webhook/, "webhook is gone (404)"],
        ["a wrong token", discord.wrongToken, { next: "settings", ms: Infinity }, /Invalid Webhook Token \(401\): make a new webhook/, "webhook refused (401)"],
        ["no permission", discord.forbidden, { next: "settings" }, /Missing Permissions/, "webhook refused (403)"],
        ["a blocked address", discord.blockedAddress, { next: "retry" }, /internal network error/, "odd answer (403)"],
        ["an unknown thread", discord.unknownChannel, { next: "settings" }, /check the thread/, "thread not found (404)"],
        ["a forum without a thread", discord.needsThread, { next: "settings" }, /\?thread_id=/, "channel refused (400)"],
        ["a server in trouble", discord.badGateway, { next: "retry" }, /HTTP 502/, "server error (502)"],
    ] as const) {
        it(`${what}: ${JSON.stringify(next)}`, async () => {
            const error = await failure(fault as discord.ApiFault);
            assert.ok(error instanceof Refused);
            assert.deepEqual([error.advice, error.short], [next, short]);
            assert.match(error.message, message);
        });
    }
    it("gives a message up that is refused framed and bare, and says which field", async () => {
        const error = await failure(discord.wrongEmbed, discord.wrongEmbed);
        assert.ok(error instanceof Refused);
        assert.deepEqual([error.advice, error.message], [{ next: "discard" }, "Discord: Invalid Form Body: Must be 4096 or fewer in length. (400)"]);
    });
    for (const [code, message] of [[200000, "Message was blocked by automatic moderation"], [240000, "Message blocked by harmful links filter"]] as const) {
        it(`gives up what a filter has caught, so that the others have their turn: ${message}`, async () => {
            const caught: discord.ApiFault = { kind: "answer", answer: { status: 400, body: { code, message } } };
            assert.deepEqual(((await failure(caught, caught)) as Refused).advice, { next: "discard" });
        });
    }
    for (const [what, fault, kind] of [
        ["garbage", { kind: "garbage" }, "garbage"], ["half an answer", { kind: "truncated" }, "closed"], ["an answer of 10 MB", { kind: "oversized" }, "garbage"], ["a connection that breaks", { kind: "reset" }, "closed"],
        ["a login page in between (200)", { kind: "raw", status: 200, body: "<html>log in</html>" }, "garbage"], ["a login page in between (404)", { kind: "raw", status: 404, body: "<html>" }, "garbage"],
        ["a redirect", { kind: "raw", status: 302, body: "" }, "garbage"], ["JSON of somebody else", { kind: "raw", status: 401, body: "{\"ok\":false}" }, "garbage"],
    ] as const) {
        it(`${what} is no word of Discord: later again`, async () => {
            const error = await failure(fault);
            assert.ok(!(error instanceof Refused));
            assert.equal(error.kind, kind);
        });
    }

    it("pauses when Discord says that its room is used up, so that nothing is refused", async () => {
        const clock = new VirtualClock();
        const full = await discord.startDiscord({ headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1.5" } });
        const channel = discordChannel({ webhook: webhookOf(full.webhook) }, clock);
        await channel.send(outgoing({ text: "a" }, 1), live);
        const second = channel.send(outgoing({ text: "b" }, 2), live);
        await clock.pass(1499);
        assert.equal(full.requests, 1);
        await clock.pass(1);
        await second;
        assert.equal(full.messages.length, 2);
        await full.stop();
    });
    it("gives up after 10 s", async () => {
        const clock = new VirtualClock();
        api.next({ kind: "silence" });
        const failed = discordChannel({ webhook: webhookOf(api.webhook) }, clock).send(outgoing({ text: "x" }), live).catch((error: unknown) => error);
        await settle();
        await clock.pass(10_000);
        assert.equal(((await failed) as Trouble).kind, "timeout");
    });
});
