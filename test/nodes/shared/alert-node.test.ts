import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import type { NodeMessage } from "node-red";
import telegramAlert from "../../../nodes/telegram-alert/telegram-alert";
import stored from "../../fixtures/configs/telegram-alert.v1.json";
import * as telegram from "../../simulators/telegram";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../../support/helper";

const token = "123456:secret-TOKEN_of-the-bot";

/** What all alert nodes do the same way, shown with Telegram's. */
describe("an alert node", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let api: telegram.TelegramSimulator;
    let flow: LoadedFlow;
    const lifeFile = (): string => join(folder.path, "ridethrough", "telegram-alert", "telegram.life");
    const load = async (settings: object = {}): Promise<void> => {
        const nodes = [{ ...stored, baseUrl: api.url, ...settings, wires: [["out"], ["told"]] }, { id: "out", type: "helper" }, { id: "told", type: "helper" }];
        flow = await loadFlow([telegramAlert], nodes, { userDir: folder.path, credentials: { telegram: { token } } });
    };
    const feed = (...messages: object[]): void => {
        // Each test has its own: the node adds to the message that it passes on.
        for (const message of messages) flow.node("telegram").receive(structuredClone(message) as NodeMessage);
    };
    const texts = (): string[] => api.messages.map(({ text }) => text);
    const arrived = (count: number): Promise<void> => eventually(() => api.messages.length >= count, 10_000, () => `${count} messages, got ${inspect(texts())}`);
    const begun = Date.now();
    const on = { topic: "ups1", payload: "on-battery", event: { kind: "on-battery", device: "ups1", at: begun } };
    const off = { topic: "ups1", payload: "on-mains", event: { kind: "on-mains", device: "ups1", at: begun + 5000, since: begun, detail: "after 5 s" } };
    beforeEach(async () => {
        folder = temporaryFolder();
        api = await telegram.startTelegram({ token });
    });
    afterEach(async () => {
        await flow.unload();
        await api.stop();
        await folder.remove();
    });

    describe("of blips", () => {
        it("tells an outage of 5 s as one, and shows both ends on the spot", async () => {
            await load();
            feed(on, off);
            const [msg] = await flow.until("out", 1);
            assert.deepEqual(texts(), ["✅ Brief outage: 5 s — ups1"]);
            assert.equal(msg?.payload, "on-mains");
            assert.deepEqual((await flow.until("told", 2)).map(({ payload }) => payload), ["⚠️ ON BATTERY — ups1", "✅ POWER RESTORED — ups1\nafter 5 s"]);
        });
        it("tells begin and end of a longer one, after the delay that was chosen", async () => {
            await load({ blipSeconds: "0.2" });
            feed(on);
            await arrived(1);
            feed(off);
            await arrived(2);
            assert.deepEqual(texts(), ["⚠️ ON BATTERY — ups1", "✅ POWER RESTORED — ups1\nafter 5 s"]);
        });
        it("tells at once with a delay of 0", async () => {
            await load({ blipSeconds: "0" });
            feed(on);
            await arrived(1);
        });
        it("lets nothing critical wait", async () => {
            await load({ blipSeconds: "60" });
            feed(on, { alert: { severity: "critical", title: "now" } });
            await arrived(2);
            assert.deepEqual(texts(), ["⚠️ ON BATTERY — ups1", "now"]);
        });
        it("tells one alert for a blip also where only warnings are told, and no other end", async () => {
            await load({ minimumSeverity: "warning" });
            feed(off, on, off, off, { payload: "info" }, { alert: { severity: "critical", title: "last" } });
            await arrived(2);
            assert.deepEqual(texts(), ["✅ Brief outage: 5 s — ups1", "last"]);
        });
        it("survives a redeploy in between", async () => {
            await load();
            feed(on);
            await flow.until("told", 1);
            await flow.redeploy();
            feed(off);
            await arrived(1);
            assert.deepEqual(texts(), ["✅ Brief outage: 5 s — ups1"]);
        });
    });

    it("tells what is quieter than chosen without a sound", async () => {
        await load({ loudFrom: "critical" });
        feed({ alert: { severity: "warning", title: "w" } }, { alert: { severity: "critical", title: "c" } });
        await arrived(2);
        assert.deepEqual(api.messages.map(({ silent }) => silent), [true, false]);
    });
    it("tells a blip silently, since it is over", async () => {
        await load();
        feed(on, off);
        await arrived(1);
        assert.equal(api.messages[0]?.silent, true);
    });

    describe("of starts", () => {
        const lived = (record: object): void => {
            mkdirSync(dirname(lifeFile()), { recursive: true });
            writeFileSync(lifeFile(), JSON.stringify({ process: "another", version: "0.1.0", ...record }));
        };
        const last = { alert: { severity: "critical", title: "last" } };
        it("tells one message of a restart, and none of the deploys after it", async () => {
            lived({ stoppedAt: Date.now() - 3000 });
            await load({ service: true });
            await arrived(1);
            for (let deploy = 0; deploy < 3; deploy += 1) await flow.redeploy();
            feed(last);
            await arrived(2);
            assert.match(texts().join("\n"), /^ℹ️ Ridethrough — restarted after ([3-9]|\d\d) s(, upgraded .*)?\nlast$/);
        });
        it("tells of each of two restarts in a minute, word for word the same", async () => {
            for (const restarts of [1, 2]) {
                lived({ stoppedAt: Date.now() - 3500 });
                await load({ service: true });
                await arrived(restarts);
                await flow.until("out", 1); // settled on the disk as well
                if (restarts === 1) await flow.unload();
            }
            assert.equal(texts()[0]?.replace(/\d+ s/, ""), texts()[1]?.replace(/\d+ s/, ""));
        });
        it("tells a crash, as a warning", async () => {
            lived({});
            await load({ service: true, minimumSeverity: "warning" });
            await arrived(1);
            assert.match(texts()[0] ?? "", /after a crash, a kill or a power cut/);
        });
        it("keeps a start quiet where only warnings are told", async () => {
            lived({ stoppedAt: Date.now() });
            await load({ service: true, minimumSeverity: "warning" });
            feed(last);
            await arrived(1);
            assert.deepEqual(texts(), ["last"]);
        });
        it("tells nothing when that was not chosen, and does not remember it for later", async () => {
            lived({ stoppedAt: Date.now() });
            await load();
            feed(last);
            await arrived(1);
            assert.deepEqual(texts(), ["last"]);
            await eventually(() => !existsSync(lifeFile()));
        });
        it("tells after what had waited from before", async () => {
            await load({ service: true });
            await api.down();
            feed({ payload: "before" });
            await flow.until("told", 1);
            await flow.unload();
            lived({ stoppedAt: Date.now() });
            await api.up();
            await load({ service: true });
            await arrived(2);
            assert.match(texts().join("\n"), /^before\nℹ️ Ridethrough — restarted/);
        });
    });
});
