import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import type { Node, NodeMessage } from "node-red";
import helper from "node-red-node-test-helper";
import discordAlert from "../../nodes/discord-alert/discord-alert";
import stored from "../fixtures/configs/discord-alert.v1.json";
import * as discord from "../simulators/discord";
import { startBrokenPeer } from "../simulators/broken-peer";
import { eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";

const around: FlowNode[] = [
    { id: "out", type: "helper" }, { id: "told", type: "helper" }, { id: "errors", type: "helper" }, { id: "done", type: "helper" }, { id: "statuses", type: "helper" },
    { id: "catch", type: "catch", wires: [["errors"]] },
    { id: "complete", type: "complete", scope: ["discord"], uncaught: false, wires: [["done"]] },
    { id: "status", type: "status", wires: [["statuses"]] },
];
const critical = (title: string): object => ({ alert: { severity: "critical", title } });

describe("discord-alert", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let api: discord.DiscordSimulator;
    let flow: LoadedFlow;
    const load = async (settings: object = {}, credentials: Record<string, string> = { webhook: api.webhook }): Promise<void> => {
        flow = await loadFlow([discordAlert], [{ ...stored, ...settings, wires: [["out"], ["told"]] }, ...around], { userDir: folder.path, credentials: { discord: credentials } });
    };
    const feed = (...messages: object[]): void => {
        for (const message of messages) flow.node("discord").receive(message as NodeMessage);
    };
    const texts = (): string[] => api.messages.map(({ embeds: [embed] }) => [embed?.title, embed?.description].filter(Boolean).join("\n"));
    const arrived = (count: number, withinMs = 10_000): Promise<void> => eventually(() => api.messages.length >= count, withinMs, () => `${count} messages, got ${inspect(texts())}`);
    const statusIs = (wanted: RegExp): Promise<void> => eventually(() => wanted.test(flow.status("discord")?.text ?? ""), 10_000, () => `status ${wanted}, is ${inspect(flow.status("discord"))}`);
    const errors = (): string[] => flow.received("errors").map((msg) => String((msg.error as { message: string }).message));
    const queueFile = (): string => join(folder.path, "ridethrough", "discord-alert", "discord.outbox");
    beforeEach(async () => {
        folder = temporaryFolder();
        api = await discord.startDiscord();
    });
    afterEach(async () => {
        await flow.unload();
        await api.stop();
        await folder.remove();
    });

    it("tells an event of a UPS in S3's colours, and passes the message on when it has arrived", async () => {
        await load();
        feed({ topic: "ups1", payload: "bypass", event: { kind: "bypass", device: "ups1", at: Date.now() }, rack: 7 });
        const [msg] = await flow.until("out", 1);
        assert.deepEqual([msg?.topic, msg?.payload, msg?.rack], ["ups1", "bypass", 7]);
        assert.deepEqual(texts(), ["🔴 BYPASS MODE ACTIVE\nups1\nNothing is protected."]);
        assert.equal(api.messages[0]?.embeds[0]?.color, 15158332);
        await statusIs(/^sent \d\d:\d\d$/);
    });
    it("tells quiet alerts without a sound, as chosen", async () => {
        await load({ loudFrom: "critical" });
        feed({ payload: "quiet" }, { alert: { severity: "warning", title: "w" } }, critical("loud"));
        await arrived(3);
        assert.deepEqual(api.messages.map(({ silent }) => silent), [true, true, false]);
    });

    describe("not configured", () => {
        for (const [what, webhook, settings, wanted] of [
            ["without a webhook", "", {}, /no webhook/], ["with something else", "https://discord.com/channels/1/SECRET", {}, /no webhook: it looks like/],
            ["with an unsafe one", "http://192.0.2.1/api/webhooks/1/SECRET", {}, /must begin with https/], ["with a wrong number", "ok", { blipSeconds: "a while" }, /blipSeconds is not a number/],
            ["with a text for a switch", "ok", { service: "false" }, /service is "false"/],
        ] as const) {
            it(`${what}: a red ring, and an error for each alert`, async () => {
                await load(settings, { webhook: webhook === "ok" ? api.webhook : webhook });
                assert.deepEqual([flow.status("discord")?.fill, flow.status("discord")?.shape], ["red", "ring"]);
                feed({ payload: "hello" });
                assert.equal((await flow.until("told", 1))[0]?.payload, "hello");
                await flow.until("errors", 1);
                assert.match(errors()[0] ?? "", wanted);
                assert.doesNotMatch(inspect([flow.received("errors"), flow.received("statuses")], { depth: 10 }), /SECRET/);
            });
        }
    });

    describe("fault table", () => {
        const faults: [string, discord.ApiFault, RegExp][] = [
            ["asked to wait", discord.tooManyRequests(0.2), /rate limited/], ["asked to wait by all of Discord", discord.tooManyRequests(0.2, true), /rate limited/],
            ["slow", { kind: "slow", ms: 300 }, /never/], ["garbage", { kind: "garbage" }, /not HTTP/], ["truncated", { kind: "truncated" }, /closed/], ["oversized (10 MB)", { kind: "oversized" }, /longer than 100000 bytes/],
            ["half-closed", { kind: "half-closed" }, /closed/], ["vanishes mid-reply", { kind: "vanish" }, /closed/], ["no permission", discord.forbidden, /Missing Permissions \(403\): make a new webhook/],
            ["a forum", discord.needsThread, /thread_id=/], ["server error", discord.badGateway, /502/], ["a login page", { kind: "raw", status: 200, body: "<html>log in</html>" }, /not Discord's/],
        ];
        for (const [what, fault, wanted] of faults) {
            it(`${what}: one error, a status, and recovery without a redeploy`, async () => {
                await load();
                api.always(fault);
                feed({ payload: "first" });
                await eventually(() => api.requests >= 1);
                if (fault.kind !== "slow") {
                    await statusIs(/waiting/);
                    feed(critical("second"));
                    await eventually(() => api.requests >= 2);
                }
                api.always();
                feed(critical("third"));
                const all = fault.kind === "slow" ? ["first", "third"] : ["first", "second", "third"];
                await eventually(() => new Set(texts()).size >= all.length, 10_000, () => inspect(texts()));
                await statusIs(/^sent/);
                assert.deepEqual([...new Set(texts())], all);
                assert.equal(errors().length, fault.kind === "slow" ? 0 : 1, errors().join("\n"));
                if (errors()[0] !== undefined) assert.match(errors()[0] ?? "", wanted);
                assert.doesNotMatch(inspect([flow.received("errors"), flow.received("statuses")], { depth: 10 }), /SECRET/);
            });
        }
        for (const [what, fault, status] of [["deleted", discord.gone, /^webhook is gone \(404\), 2 waiting$/], ["refused", discord.wrongToken, /^webhook refused \(401\), 2 waiting$/]] as const) {
            it(`a webhook that is ${what} is asked once and no more, and what waits goes to the next one`, async () => {
                await load();
                api.always(fault);
                feed({ payload: "first" });
                await statusIs(/1 waiting/);
                feed(critical("second"));
                await flow.until("done", 2);
                await statusIs(status);
                assert.deepEqual([flow.status("discord")?.fill, flow.status("discord")?.shape], ["red", "ring"]);
                assert.equal(api.requests, 1);
                assert.match(errors().join(), /make a new webhook in the settings of the Discord channel/);
                await flow.unload();
                api.always();
                await load();
                await arrived(2);
                assert.deepEqual(texts(), ["first", "second"]);
            });
        }
        it("refused: waits, tells once, and goes on when the host listens again", async () => {
            await load();
            await api.down();
            feed({ payload: "first" });
            await statusIs(/^1 waiting, next \d\d:\d\d:\d\d$/);
            await api.up();
            feed(critical("second"));
            await arrived(2);
            assert.deepEqual([texts(), errors().length], [["first", "second"], 1]);
        });
        it("a black hole: messages are done at once all the same", async () => {
            const hole = await startBrokenPeer(() => undefined);
            await load({}, { webhook: `http://127.0.0.1:${hole.port}/api/webhooks/1/x` });
            feed({ payload: "a" }, critical("b"));
            await flow.until("done", 2);
            await statusIs(/^sending$/);
            await flow.unload();
            await hole.stop();
        });
        for (const fault of [{ kind: "silence" }, { kind: "slow", ms: 2000 }] as const) {
            it(`a redeploy during a call (${fault.kind}) takes less than a second, and the alert arrives after it`, async () => {
                await load();
                api.next(fault);
                feed({ payload: "a" });
                await eventually(() => api.requests >= 1);
                await flow.redeploy();
                await arrived(1);
                assert.deepEqual(texts(), ["a"]);
            });
        }
    });

    describe("restarts", () => {
        it("with 100 queued: nothing lost, order kept, age stamped", async () => {
            await load();
            await api.down();
            for (let number = 0; number < 100; number += 1) feed({ topic: "t", payload: `n${number}` });
            await flow.until("done", 100);
            await flow.unload();
            writeFileSync(queueFile(), readFileSync(queueFile(), "utf8").replace(/"acceptedAt":(\d+)/g, (_, at: string) => `"acceptedAt":${Number(at) - 14 * 60_000}`));
            await api.up();
            await load();
            await arrived(100, 40_000);
            assert.deepEqual(texts(), Array.from({ length: 100 }, (_, number) => `\\[delayed 14 min\\] n${number}`));
            assert.ok((await flow.until("out", 100)).every((msg: FlowMsg) => (msg.delivery as { delayedMs: number }).delayedMs >= 14 * 60_000));
        });
        it("leaves no file behind when the node is removed", async () => {
            await load();
            await api.down();
            feed({ payload: "a" });
            await flow.until("done", 1);
            assert.ok(existsSync(queueFile()));
            await helper.setFlows([{ id: "tab", type: "tab", label: "test" }, ...around.map((node) => ({ z: "tab", x: 0, y: 0, ...node }))] as never, "full");
            assert.deepEqual(readdirSync(join(folder.path, "ridethrough", "discord-alert")), []);
        });
    });

    describe("the test button", () => {
        const test = async (body: object): Promise<{ ok: boolean; error?: string }> => {
            const reply = await helper.request().post("/ridethrough/discord-alert/test").send({ id: "discord", loudFrom: "warning", webhook: "__PWRD__", ...body });
            return reply.body as { ok: boolean };
        };
        beforeEach(() => load());
        it("sends with what is in the dialog, deployed or not", async () => {
            assert.deepEqual(await test({ id: "new", webhook: api.webhook }), { ok: true });
            assert.deepEqual(texts(), ["✅ Ridethrough\nThis is a test. Alerts will arrive here."]);
        });
        it("sends with the stored webhook when the field was not touched", async () => assert.deepEqual(await test({}), { ok: true }));
        it("says what is wrong, without the webhook", async () => {
            for (const [body, wanted] of [
                [{ webhook: "" }, /no webhook/], [{ id: "new" }, /no webhook/], [{ webhook: `${api.webhook}SECRET` }, /Invalid Webhook Token \(401\): make a new/], [{ webhook: api.webhook.replace("/123/", "/5/") }, /Unknown Webhook \(404\)/],
            ] as const) {
                const { ok, error } = await test(body);
                assert.equal(ok, false);
                assert.match(error ?? "", wanted);
                assert.doesNotMatch(error ?? "", /SECRET/);
            }
        });
    });
    it("keeps its webhook to itself", async () => {
        await load();
        const { credentials, ...rest } = flow.node<Node & { credentials: unknown }>("discord");
        assert.ok(credentials);
        assert.doesNotMatch(JSON.stringify(Object.entries(rest).filter(([, value]) => typeof value === "string")), /SECRET/);
    });
});
