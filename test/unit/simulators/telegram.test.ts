import assert from "node:assert/strict";
import { startTelegram, type SentMessage, type TelegramSimulator } from "../../simulators/telegram";

const token = "123456:stand-in";

describe("the stand-in for Telegram", () => {
    let api: TelegramSimulator;
    const heard: SentMessage[] = [];
    before(async () => {
        api = await startTelegram({ token, chats: [456, "@power"], onMessage: (message) => void heard.push(message) });
    });
    after(() => api.stop());

    const post = async (fields: object, { bot = token, method = "sendMessage" } = {}): Promise<{ status: number; description?: string }> => {
        const reply = await fetch(`${api.url}/bot${bot}/${method}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ chat_id: 456, ...fields }) });
        return { status: reply.status, ...((await reply.json()) as { description?: string }) };
    };
    const entities = "Bad Request: can't parse entities: ";

    it("takes what the real one takes, and tells of it", async () => {
        assert.equal((await post({ text: "<b>Hi</b> &lt;you&gt; &amp; all", parse_mode: "HTML", disable_notification: true })).status, 200);
        assert.deepEqual(heard.map(({ text, silent, chat_id: chat }) => ({ text, silent, chat })), [{ text: "Hi <you> & all", silent: true, chat: "456" }]);
    });
    it("takes a form, as S0 sent it", async () => {
        const reply = await fetch(`${api.url}/bot${token}/sendMessage`, { method: "POST", body: new URLSearchParams({ chat_id: "@power", text: "*x*", parse_mode: "Markdown" }) });
        assert.equal(reply.status, 200);
        assert.equal(api.messages.at(-1)?.text, "x");
    });
    for (const [what, fields, options, status, description] of [
        ["a token that is none", { text: "x" }, { bot: "nonsense" }, 404, "Not Found"],
        ["a token that it does not know", { text: "x" }, { bot: "99:other" }, 401, "Unauthorized"],
        ["an unknown method", { text: "x" }, { method: "sendPigeon" }, 404, "Not Found: method not found"],
        ["a chat that it does not know", { text: "x", chat_id: 5 }, {}, 400, "Bad Request: chat not found"],
        ["no text", {}, {}, 400, "Bad Request: message text is empty"],
        ["blanks", { text: " \n " }, {}, 400, "Bad Request: message text is empty"],
        ["4097 characters", { text: "x".repeat(4097) }, {}, 400, "Bad Request: message is too long"],
        ["S0's Markdown around a host name with an underscore", { text: "*ALERT* db_server", parse_mode: "Markdown" }, {}, 400, `${entities}Can't find end of the entity starting at byte offset 10`],
        ["a bare <", { text: "é a < b", parse_mode: "HTML" }, {}, 400, `${entities}Unclosed start tag at byte offset 5`],
        ["a tag that it does not know", { text: "<br>", parse_mode: "HTML" }, {}, 400, `${entities}Unsupported start tag "br" at byte offset 0`],
        ["an open tag", { text: "<b>x", parse_mode: "HTML" }, {}, 400, `${entities}Can't find end tag corresponding to start tag "b"`],
        ["crossed tags", { text: "<b><i>x</b></i>", parse_mode: "HTML" }, {}, 400, `${entities}Unmatched end tag at byte offset 7, expected "</i>", found "</b>"`],
        ["a stray end tag", { text: "x</b>", parse_mode: "HTML" }, {}, 400, `${entities}Unexpected end tag at byte offset 1`],
    ] as const) {
        it(`refuses ${what}`, async () => {
            const reply = await post(fields, options);
            assert.deepEqual([reply.status, reply.description], [status, description]);
        });
    }
    it("counts the 4096 characters after the entities are parsed", async () => assert.equal((await post({ text: `<b>${"&lt;".repeat(4096)}</b>`, parse_mode: "HTML" })).status, 200));
    it("shows its messages on a page, and runs nothing that is in them", async () => {
        await post({ text: "<b>bold</b> &lt;script&gt;alert(1)&lt;/script&gt;", parse_mode: "HTML" });
        await post({ text: "<script>alert(2)</script>" });
        const page = await (await fetch(api.url)).text();
        assert.match(page, /<b>bold<\/b>/);
        assert.doesNotMatch(page, /<script/);
    });
});
