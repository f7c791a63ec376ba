import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDiscord, type DiscordSimulator } from "../simulators/discord";
import { startSmtp, type SmtpSimulator } from "../simulators/smtp";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { botToken, example, nodeOf } from "../support/example-flow";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

describe("the example 12 Alerts by severity (Telegram, Discord, mail)", function () {
    this.timeout(90_000);
    const flow = example("12 Alerts by severity (Telegram, Discord, mail)");
    const login = { user: "ups", password: "mail-password" };
    let folder: ReturnType<typeof temporaryFolder>;
    let red: NodeRed;
    let smtp: SmtpSimulator;
    let discord: DiscordSimulator;
    let telegram: TelegramSimulator;
    before(async () => {
        folder = temporaryFolder();
        [smtp, discord, telegram] = await Promise.all([startSmtp({ login }), startDiscord(), startTelegram({ token: botToken })]);
        writeFileSync(join(folder.path, "ca.pem"), smtp.ca);
        red = await startNodeRed({ userDir: folder.path });
    });
    after(async () => {
        await red?.stop();
        await Promise.all([smtp?.stop(), discord?.stop(), telegram?.stop()]);
        await folder.remove();
    });
    beforeEach(() => {
        red.forget();
        for (const told of [smtp.mails, discord.messages, telegram.messages]) told.length = 0;
    });

    /** With the addresses that a person would enter, and nothing else changed. */
    const deploy = (more: FlowNode[] = []): Promise<void> => {
        const addresses: Record<string, object> = {
            "email-alert": { host: "localhost", port: String(smtp.port), from: "ups@example.com", to: "admin@example.com", caFile: join(folder.path, "ca.pem") },
            "telegram-alert": { baseUrl: telegram.url, chatId: "456" },
        };
        const credentials = { [nodeOf(flow, "email-alert").id]: login, [nodeOf(flow, "discord-alert").id]: { webhook: discord.webhook }, [nodeOf(flow, "telegram-alert").id]: { token: botToken } };
        return red.deploy([...flow.map((node): FlowNode => ({ ...node, ...addresses[node.type] })), ...more], { credentials });
    };
    const press = (name: string): Promise<void> => red.inject(nodeOf(flow, "inject", name).id);
    const mails = (): string[] => smtp.mails.map(({ headers }) => headers.subject ?? "");
    const framed = (): string[] => discord.messages.map(({ embeds: [embed] }) => embed?.title ?? "");
    const phone = (): string[] => telegram.messages.map(({ text }) => text.split("\n")[0] ?? "");

    /** What was deployed is put down on the disk as having begun: killed before that, its last end was a proper one. */
    const saysThatItLives = (type: string): boolean => {
        const path = join(folder.path, "ridethrough", type, `${nodeOf(flow, type).id}.life`);
        return existsSync(path) && !("stoppedAt" in (JSON.parse(readFileSync(path, "utf8")) as object));
    };

    it("says what is missing before anything was entered", async () => {
        await red.deploy(flow);
        for (const [type, wanted] of [["email-alert", /no mail server/], ["discord-alert", /no webhook/], ["telegram-alert", /no bot token/]] as const) {
            assert.match(red.status(nodeOf(flow, type).id)?.text ?? "", wanted);
        }
        await press("critical");
        await red.until(nodeOf(flow, "debug", "errors").id, 3);
    });

    it("tells everything by mail, warnings to Discord, and only what is critical to the phone", async () => {
        await deploy();
        for (const button of ["info", "warning", "critical"]) await press(button);
        await red.eventually(() => mails().length === 3 && framed().length === 2 && phone().length === 1, 10_000, () => JSON.stringify([mails(), framed(), phone()]));
        assert.deepEqual(mails(), ["[info] [SIMULATED] ℹ️ Daily report", "[warning] [SIMULATED] ⚠️ BATTERY NEEDS REPLACING", "[critical] [SIMULATED] 🔴 LOW BATTERY"]);
        assert.deepEqual(framed(), ["\\[SIMULATED\\] ⚠️ BATTERY NEEDS REPLACING", "\\[SIMULATED\\] 🔴 LOW BATTERY"]);
        assert.deepEqual(phone(), ["[SIMULATED] 🔴 LOW BATTERY"]);
        await red.until(nodeOf(flow, "debug", "delivered").id, 6);
    });

    it("tells an outage of seconds as one, to everybody who would have heard of it", async () => {
        await press("on battery");
        await press("on mains");
        await red.eventually(() => mails().length === 1 && framed().length === 1, 10_000, () => JSON.stringify([mails(), framed()]));
        assert.deepEqual(mails(), ["[info] [SIMULATED] ✅ Brief outage: 5 s — ups1"]);
        assert.deepEqual(framed(), ["\\[SIMULATED\\] ✅ Brief outage: 5 s"]);
        assert.deepEqual(phone(), []);
    });

    it("tells one message of each restart, to those who want it, and none of a deploy (Eneru's scenarios 35 and 36)", async () => {
        await deploy();
        await red.diskAtRest();
        assert.equal((await red.kill("SIGTERM")).code, 0);
        red = await startNodeRed({ userDir: folder.path });
        await red.eventually(() => mails().length === 1, 10_000, () => "the mail of the restart");
        assert.match(mails()[0] ?? "", /^\[info\] ℹ️ Ridethrough — restarted after \d+(\.\d)? s$/);
        const button = { ...nodeOf(flow, "inject", "critical"), id: "0123456789abcdef", name: "later", props: [{ p: "alert", v: "{\"severity\": \"critical\", \"title\": \"later\"}", vt: "jsonata" }] };
        await deploy([button]);
        await red.inject(button.id);
        await red.eventually(() => mails().length === 2 && framed().length === 1 && phone().length === 1, 10_000, () => JSON.stringify([mails(), framed(), phone()]));
        assert.equal(mails()[1], "[critical] later", "nothing of the deploy");
        assert.deepEqual([framed(), phone()], [["later"], ["later"]], "a restart is no warning");
    });

    it("tells a kill -9 as such, also when it can't be told at once", async () => {
        // What was delivered just before the kill may arrive twice; that is another promise.
        const starts = (titles: string[]): string[] => titles.filter((title) => title.includes("Ridethrough"));
        await red.eventually(() => ["email-alert", "discord-alert"].every(saysThatItLives), 10_000, () => "both to have put down that they live");
        await red.diskAtRest();
        await smtp.down();
        await red.kill("SIGKILL");
        red = await startNodeRed({ userDir: folder.path });
        await red.eventually(() => starts(framed()).length === 1, 10_000, () => "Discord");
        assert.match(discord.messages.at(-1)?.embeds[0]?.description ?? "", /^started after a crash, a kill or a power cut, last seen \d+(\.\d)? s ago$/);
        await red.diskAtRest();
        assert.equal((await red.kill("SIGTERM")).code, 0);
        await smtp.up();
        red = await startNodeRed({ userDir: folder.path });
        await red.eventually(() => starts(mails()).length === 2, 20_000, () => JSON.stringify(mails()));
        assert.deepEqual(starts(mails()).map((subject) => /crash|restarted/.exec(subject)?.[0]), ["crash", "restarted"]);
        assert.deepEqual(starts(framed()).length, 1);
    });
});
