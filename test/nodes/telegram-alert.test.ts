import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import type { Node, NodeMessage } from "node-red";
import helper from "node-red-node-test-helper";
import type { Transition } from "../../lib/power/power-state";
import telegramAlert from "../../nodes/telegram-alert/telegram-alert";
import stored from "../fixtures/configs/telegram-alert.v1.json";
import * as telegram from "../simulators/telegram";
import { closeMs, eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";
import { withSlowDisk } from "../support/open-files";

const token = "123456:secret-TOKEN_of-the-bot";
const transition: Transition = { device: "solix_output", from: "ALERT", to: "CRITICAL", since: 1, at: 1, watts: 24, conclusive: true };
const critical = "🔴 POWER CRITICAL — Solix output: 24.0W\nBattery nearly depleted. Graceful shutdown imminent.";
const around: FlowNode[] = [
    { id: "out", type: "helper" }, { id: "told", type: "helper" }, { id: "errors", type: "helper" }, { id: "done", type: "helper" }, { id: "statuses", type: "helper" },
    { id: "catch", type: "catch", wires: [["errors"]] },
    { id: "complete", type: "complete", scope: ["telegram"], uncaught: false, wires: [["done"]] },
    { id: "status", type: "status", wires: [["statuses"]] },
];

describe("telegram-alert", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let api: telegram.TelegramSimulator;
    let flow: LoadedFlow;
    const load = async (settings: object = {}, credentials: Record<string, string> = { token }): Promise<void> => {
        flow = await loadFlow([telegramAlert], [{ ...stored, baseUrl: api.url, ...settings, wires: [["out"], ["told"]] }, ...around], { userDir: folder.path, credentials: { telegram: credentials } });
    };
    const feed = (...messages: object[]): void => {
        for (const message of messages) flow.node("telegram").receive(message as NodeMessage);
    };
    const texts = (): string[] => api.messages.map(({ text }) => text);
    const arrived = (count: number, withinMs = 10_000): Promise<void> => eventually(() => api.messages.length >= count, withinMs, () => `${count} messages, got ${inspect(texts())}`);
    const statusIs = (wanted: RegExp): Promise<void> => eventually(() => wanted.test(flow.status("telegram")?.text ?? ""), 10_000, () => `status ${wanted}, is ${inspect(flow.status("telegram"))}`);
    const queueFile = (): string => join(folder.path, "ridethrough", "telegram-alert", "telegram.outbox");
    beforeEach(async () => {
        folder = temporaryFolder();
        api = await telegram.startTelegram({ token });
    });
    afterEach(async () => {
        await flow.unload();
        await api.stop();
        await folder.remove();
    });

    it("sends a transition in S0's words, and passes the message on when it has arrived", async () => {
        await load();
        feed({ topic: "solix_output", payload: "CRITICAL", transition, rack: 7 });
        const [msg] = await flow.until("out", 1);
        assert.deepEqual(texts(), [critical]);
        assert.deepEqual([msg?.topic, msg?.payload, msg?.rack], ["solix_output", "CRITICAL", 7]);
        const { at, attempts, times } = msg?.delivery as { at: number; attempts: number; times: number };
        assert.ok(Math.abs(at - Date.now()) < 5000);
        assert.deepEqual([attempts, times], [1, 1]);
        assert.equal((msg?.alert as { title: string }).title, "POWER CRITICAL");
        await statusIs(/^sent \d\d:\d\d$/);
    });

    it("tells a screen on the spot of every alert at once, also while Telegram is away or not set up", async () => {
        api.always({ kind: "silence" });
        await load();
        feed({ payload: "CRITICAL", transition });
        const [away] = await flow.until("told", 1);
        assert.equal((away?.alert as { title: string }).title, "POWER CRITICAL");
        assert.equal(away?.payload, critical);
        assert.equal(flow.received("out").length, 0);
        await flow.unload();
        await load({}, {});
        feed({ payload: "no token here" });
        assert.equal((await flow.until("told", 1))[0]?.payload, "no token here");
    });

    it("delivers underscores in host names", async () => {
        await load();
        feed({ payload: "db_server_1 and app_* are <down> & out" });
        await arrived(1);
        assert.deepEqual(texts(), ["db_server_1 and app_* are <down> & out"]);
    });

    it("keeps the order and is done with each message as soon as it is safe, whatever the network does", async () => {
        api.always({ kind: "silence" });
        await load();
        feed({ payload: "a" }, { payload: "b" }, { payload: "c" });
        await flow.until("done", 3);
        assert.equal(flow.received("out").length, 0);
        assert.equal(readFileSync(queueFile(), "utf8").split("\n").length - 1, 3);
    });

    it("does not tell readings", async () => {
        await load();
        feed({ payload: 142.5 }, { payload: "25" }, { payload: null }, { payload: "told" });
        await flow.until("done", 4);
        await arrived(1);
        assert.deepEqual(texts(), ["told"]);
    });

    it("tells once what comes twice in a moment", async () => {
        await load();
        feed({ payload: "a" });
        await flow.until("out", 1);
        await flow.until("done", 1);
        feed({ payload: "a" });
        await statusIs(/^same again: not sent$/);
        assert.deepEqual(texts(), ["a"]);
    });

    for (const [minimumSeverity, wanted] of [["info", ["i", "w", "c"]], ["warning", ["w", "c"]], ["critical", ["c"]]] as const) {
        it(`with a minimum of ${minimumSeverity} tells ${wanted.join(", ")}`, async () => {
            await load({ minimumSeverity });
            feed({ alert: { severity: "info", title: "i" } }, { alert: { severity: "warning", title: "w" } }, { alert: { severity: "critical", title: "c" } });
            await flow.until("done", 3);
            await arrived(wanted.length);
            assert.deepEqual(texts(), wanted);
        });
    }

    it("names the source as it is set, and writes into its chat and topic", async () => {
        await load({ sourceLabel: "UPS out", chatId: "-100123", threadId: "16" });
        feed({ transition });
        await arrived(1);
        assert.match(texts()[0] ?? "", /UPS out: 24\.0W/);
        assert.deepEqual([api.messages[0]?.chat_id, api.messages[0]?.thread_id], ["-100123", 16]);
    });

    it("marks what comes from a simulation", async () => {
        await load();
        feed({ transition: { ...transition, simulated: true } });
        await arrived(1);
        assert.match(texts()[0] ?? "", /^\[SIMULATED\] /);
    });

    it("says what is wrong with a message, through Catch", async () => {
        await load();
        feed({ alert: { severity: "loud", title: "x" } }, { payload: {} });
        const errors = await flow.until("errors", 2);
        assert.match(String((errors[0]?.error as { message: string }).message), /nothing sent: msg\.alert\.severity "loud"/);
        assert.match(String((errors[1]?.error as { message: string }).message), /nothing to tell/);
        assert.equal(flow.received("done").length, 0);
    });

    describe("not configured", () => {
        for (const [what, settings, credentials, wanted] of [
            ["without a token", {}, {}, /no bot token/],
            ["with half a token", {}, { token: "secret-TOKEN" }, /not a bot token/],
            ["without a chat", { chatId: "" }, { token }, /no chat id/],
            ["with a chat that is none", { chatId: "my chat" }, { token }, /chat id must be/],
            ["with a server that is not safe", { baseUrl: "http://192.0.2.5" }, { token }, /must begin with https/],
        ] as const) {
            it(`${what}: a red ring, S0's line in the log, and an error for each alert`, async () => {
                await load(settings, credentials);
                await statusIs(new RegExp(wanted.source.slice(0, 20)));
                assert.deepEqual([flow.status("telegram")?.fill, flow.status("telegram")?.shape], ["red", "ring"]);
                const warnings: string[] = [];
                flow.node<Node>("telegram").warn = (text: unknown) => void warnings.push(String(text));
                feed({ transition }, { payload: 5 });
                const [error] = await flow.until("errors", 1);
                assert.match(String((error?.error as { message: string }).message), wanted);
                assert.deepEqual(warnings, [`Telegram not configured. Alert: ${critical}`]);
                await flow.until("done", 1);
                assert.doesNotMatch(inspect(error), /secret/);
            });
        }
    });

    describe("fault table", () => {
        /** Short waits, so that a test sees the recovery: Telegram's own wish is honoured exactly. */
        const soon = telegram.tooManyRequests(0.2);
        const faults: [string, telegram.Fault, RegExp][] = [
            ["asked to wait", soon, /Too Many Requests/],
            ["slow", { kind: "slow", ms: 300 }, /never/],
            ["garbage", { kind: "garbage" }, /not HTTP/],
            ["truncated", { kind: "truncated" }, /closed/],
            ["oversized (10 MB)", { kind: "oversized" }, /longer than 100000 bytes/],
            ["half-closed", { kind: "half-closed" }, /closed/],
            ["vanishes mid-reply", { kind: "vanish" }, /closed/],
            ["wrong token", telegram.unauthorized, /Unauthorized \(401\): copy the bot's token/],
            ["blocked", telegram.blocked, /blocked by the user \(403\): open the chat/],
            ["chat not found", telegram.chatNotFound, /chat not found \(400\): check the chat id/],
            ["server error", telegram.badGateway, /502/],
            ["a login page", { kind: "raw", status: 200, body: "<html>log in</html>" }, /not the Bot API/],
        ];
        for (const [what, fault, wanted] of faults) {
            it(`${what}: one error, a status, and recovery without a redeploy`, async () => {
                await load();
                api.always(fault);
                feed({ payload: "first" });
                await eventually(() => api.requests >= 1);
                if (fault.kind !== "slow") {
                    await statusIs(/waiting/);
                    // Urgent alerts try again at once: more failures, still one error.
                    feed({ alert: { severity: "critical", title: "second" } });
                    await eventually(() => api.requests >= 2);
                }
                api.always();
                feed({ alert: { severity: "critical", title: "third" } });
                await eventually(() => new Set(texts()).size >= (fault.kind === "slow" ? 2 : 3), 10_000, () => inspect(texts()));
                await statusIs(/^sent/);
                assert.deepEqual([...new Set(texts())], fault.kind === "slow" ? ["first", "third"] : ["first", "second", "third"]);
                const errors = flow.received("errors").map((msg) => String((msg.error as { message: string }).message));
                assert.equal(errors.length, fault.kind === "slow" ? 0 : 1, errors.join("\n"));
                if (errors[0] !== undefined) assert.match(errors[0], wanted);
                assert.doesNotMatch(inspect([flow.received("errors"), flow.received("statuses")], { depth: 10 }), /secret/);
            });
        }
        it("refused: waits, tells once, and goes on when the host listens again", async () => {
            await load();
            await api.down();
            feed({ payload: "first" });
            await statusIs(/^1 waiting, next \d\d:\d\d:\d\d$/);
            await api.up();
            feed({ alert: { severity: "critical", title: "second" } });
            await arrived(2);
            assert.deepEqual(texts(), ["first", "second"]);
            assert.match(String((flow.received("errors")[0]?.error as { message: string }).message), /refused/);
            assert.equal(flow.received("errors").length, 1);
        });
        it("a wrong token behind a dead network is a second outage", async () => {
            await load();
            api.next(telegram.badGateway, telegram.unauthorized);
            feed({ payload: "first" });
            await statusIs(/waiting/);
            feed({ alert: { severity: "critical", title: "second" } });
            await statusIs(/^token refused \(401\), 2 waiting$/);
            assert.equal(flow.received("errors").length, 2);
        });
        it("a message that Telegram never takes is told and does not block the others", async () => {
            await load();
            api.next({ kind: "error", status: 400, description: "Bad Request: message text is empty" });
            feed({ payload: "poison" }, { payload: "good" });
            await arrived(1);
            assert.deepEqual(texts(), ["good\n(1 older alert was dropped: see the log)"]);
            assert.match(String((flow.received("errors")[0]?.error as { message: string }).message), /alert given up, because Telegram will never take it: poison/);
        });
        it("a redeploy while the answer is on its way sends nothing twice", async () => {
            await load();
            api.next({ kind: "slow", ms: 30 });
            feed({ payload: "a" });
            await eventually(() => api.requests >= 1);
            await flow.redeploy();
            feed({ payload: "b" });
            await arrived(2);
            assert.deepEqual([texts(), api.requests], [["a", "b"], 2]);
        });
        it("nor does one that waits for no slow disk", async () => {
            await load();
            feed({ payload: "a" });
            await flow.until("out", 1);
            await withSlowDisk(1000, async () => {
                feed({ payload: "b" });
                await arrived(2);
                await flow.redeploy();
                feed({ payload: "c" });
                await arrived(3);
            });
            assert.deepEqual([texts(), api.requests], [["a", "b", "c"], 3]);
        });
        it("two nodes with one bot: each keeps its own order, and is asked to wait for itself", async () => {
            const more = { ...stored, baseUrl: api.url, wires: [["out"], ["told"]] };
            flow = await loadFlow([telegramAlert], [more, { ...more, id: "second", chatId: "-100777" }, ...around], { userDir: folder.path, credentials: { telegram: { token }, second: { token } } });
            api.next(telegram.tooManyRequests(0.2), telegram.tooManyRequests(0.2));
            for (const payload of ["a", "b", "c"]) for (const id of ["telegram", "second"]) flow.node(id).receive({ payload } as NodeMessage);
            await arrived(6);
            for (const chat of [stored.chatId, "-100777"]) assert.deepEqual(api.messages.filter(({ chat_id: id }) => id === chat).map(({ text }) => text), ["a", "b", "c"]);
            assert.deepEqual([api.messages.length, flow.received("errors").length], [6, 2]);
            for (const id of ["telegram", "second"]) await eventually(() => /^sent/.test(flow.status(id)?.text ?? ""));
        });
        it("asked to wait for ever: the status names a time all the same", async () => {
            await load();
            api.next(telegram.tooManyRequests(1e13));
            feed({ payload: "first" });
            await statusIs(/^1 waiting, next \d\d:\d\d:\d\d$/);
        });
        for (const fault of [{ kind: "silence" }, { kind: "slow", ms: 2000 }] as const) {
            it(`a redeploy during a call (${fault.kind}) is not held up, and the alert arrives after it`, async () => {
                await load();
                api.next(fault);
                feed({ payload: "a" });
                await eventually(() => api.requests >= 1);
                const began = performance.now();
                await flow.redeploy();
                assert.ok(performance.now() - began < closeMs);
                await arrived(1);
                assert.deepEqual(texts(), ["a"]);
            });
        }
    });

    describe("restarts", () => {
        it("with 100 queued: nothing lost, order kept, age stamped", async () => {
            await load();
            await api.down();
            for (let number = 0; number < 100; number += 1) feed({ topic: "t", payload: `n${number}`, foreign: number });
            await flow.until("done", 100);
            await flow.unload();
            // They have waited for a quarter of an hour.
            writeFileSync(queueFile(), readFileSync(queueFile(), "utf8").replace(/"acceptedAt":(\d+)/g, (_, at: string) => `"acceptedAt":${Number(at) - 14 * 60_000}`));
            await api.up();
            await load();
            await arrived(100, 10_000);
            assert.deepEqual(texts(), Array.from({ length: 100 }, (_, number) => `[delayed 14 min] n${number}`));
            const messages = await flow.until("out", 100);
            assert.deepEqual([messages[0]?.payload, messages[0]?.foreign], ["n0", undefined]);
            assert.ok(messages.every((msg: FlowMsg) => (msg.delivery as { delayedMs: number }).delayedMs >= 14 * 60_000));
        });
        it("remembers the new id of a group that became a supergroup", async () => {
            await load({ chatId: "-100" });
            api.next(telegram.movedTo(-1001234567890));
            feed({ payload: "a" });
            await arrived(1);
            await eventually(() => existsSync(join(folder.path, "ridethrough", "telegram-alert", "telegram.json")));
            await flow.redeploy();
            feed({ payload: "b" });
            await arrived(2);
            assert.deepEqual(api.messages.map(({ chat_id: chat }) => chat), ["-1001234567890", "-1001234567890"]);
            assert.equal(api.requests, 3);
        });
        it("leaves no file behind when the node is removed", async () => {
            await load();
            await api.down();
            feed({ payload: "a" });
            await flow.until("done", 1);
            assert.ok(existsSync(queueFile()));
            const remaining = around.map((node) => ({ z: "tab", x: 0, y: 0, ...node }));
            await helper.setFlows([{ id: "tab", type: "tab", label: "test" }, ...remaining] as never, "full");
            assert.deepEqual(readdirSync(join(folder.path, "ridethrough", "telegram-alert")), []);
        });
    });

    describe("the test button", () => {
        const test = async (body: object): Promise<{ ok: boolean; error?: string; chatId?: string }> => {
            const reply = await helper.request().post("/ridethrough/telegram-alert/test").send({ ...stored, baseUrl: api.url, token: "__PWRD__", ...body });
            return reply.body as { ok: boolean };
        };
        beforeEach(() => load());
        it("sends with what is in the dialog, deployed or not", async () => {
            assert.deepEqual(await test({ id: "new", token, chatId: "789" }), { ok: true, chatId: "789" });
            assert.equal(api.messages[0]?.chat_id, "789");
            assert.equal(api.messages[0]?.text, "✅ Ridethrough — This is a test. Alerts will arrive here.");
        });
        it("sends with the stored token when the field was not touched", async () => assert.deepEqual(await test({}), { ok: true, chatId: "456" }));
        it("never sends the stored token to a server that is not deployed", async () => {
            const other = await telegram.startTelegram();
            const { ok, error } = await test({ baseUrl: other.url });
            await other.stop();
            assert.equal(ok, false);
            assert.match(error ?? "", /type the bot token again/);
            assert.equal(other.requests, 0);
        });
        it("says what is wrong, without the token", async () => {
            for (const [body, wanted] of [
                [{ chatId: "" }, /no chat id/], [{ token: "" }, /no bot token/], [{ token: "secret" }, /not a bot token/], [{ token: "99:secret" }, /Unauthorized \(401\): copy/], [{ id: "new" }, /type the bot token again/],
            ] as const) {
                const { ok, error } = await test(body);
                assert.equal(ok, false);
                assert.match(error ?? "", wanted);
                assert.doesNotMatch(error ?? "", /secret/);
            }
        });
        it("takes values from the environment as the runtime does", async () => {
            process.env.RIDETHROUGH_TEST_CHAT = "321";
            assert.deepEqual(await test({ chatId: "${RIDETHROUGH_TEST_CHAT}" }), { ok: true, chatId: "321" });
            delete process.env.RIDETHROUGH_TEST_CHAT;
        });
    });
});
