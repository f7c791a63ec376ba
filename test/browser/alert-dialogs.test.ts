import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import discord from "../fixtures/configs/discord-alert.v1.json";
import email from "../fixtures/configs/email-alert.v1.json";
import telegram from "../fixtures/configs/telegram-alert.v1.json";
import { startDiscord, type DiscordSimulator } from "../simulators/discord";
import { startSmtp, type SmtpSimulator } from "../simulators/smtp";
import { launch, noBrowser, openDialog, openEditor, press } from "../support/browser";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

describe("the dialogs of alerts", function () {
    let browser: Browser;
    let red: NodeRed;
    let smtp: SmtpSimulator;
    let api: DiscordSimulator;
    let page: Page;
    let problems: string[];
    const place = { z: "aaaaaaaaaaaaaaaa", x: 200, wires: [[], []] };
    const login = { user: "ups", password: "mail-password" };

    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        red = await startNodeRed();
        [smtp, api] = await Promise.all([startSmtp({ login }), startDiscord()]);
        writeFileSync(join(red.userDir, "ca.pem"), smtp.ca);
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
        await Promise.all([smtp?.stop(), api?.stop()]);
    });
    beforeEach(async () => {
        await red.deploy([
            { id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" },
            { ...email, ...place, id: "bbbbbbbbbbbbbbbb", y: 100, port: "" }, { ...discord, ...place, id: "cccccccccccccccc", y: 200 }, { ...telegram, ...place, id: "dddddddddddddddd", y: 300 },
        ] as FlowNode[]);
        ({ page, problems } = await openEditor(browser, red.url, { viewport: { width: 1400, height: 1100 } }));
    });
    const open = (id: string): Promise<void> => openDialog(page, id);

    it("email-alert: names the usual port of what is chosen, and sends a test before anything is deployed", async () => {
        await open("bbbbbbbbbbbbbbbb");
        const port = page.locator("#node-input-port");
        for (const [security, usual] of [["tls", "465"], ["none", "25"], ["starttls", "587"]] as const) {
            await page.locator("#node-input-security").selectOption(security);
            assert.equal(await port.getAttribute("placeholder"), usual);
        }
        for (const [name, value] of Object.entries({ host: "localhost", port: String(smtp.port), caFile: join(red.userDir, "ca.pem"), user: login.user, password: "wrong" })) await page.locator(`#node-input-${name}`).fill(value);
        await page.locator("#email-alert-test").click();
        await page.locator("#email-alert-test-result").getByText(/535.*app password/).waitFor();
        await page.locator("#node-input-password").fill(login.password);
        await page.locator("#email-alert-test").click();
        await page.locator("#email-alert-test-result").getByText("taken it for admin@example.com, on-call@example.com").waitFor();
        assert.equal(smtp.mails.length, 1);
        await press(page, "#node-dialog-ok");
        assert.deepEqual(problems, []);
    });
    it("discord-alert: sends a test, and keeps its webhook out of the export", async () => {
        await open("cccccccccccccccc");
        await page.locator("#node-input-webhook").fill(api.webhook);
        await page.locator("#discord-alert-test").click();
        await page.locator("#discord-alert-test-result").getByText("look into the channel").waitFor();
        assert.equal(api.messages.length, 1);
        await press(page, "#node-dialog-ok");
        const exported = await page.evaluate<string>("JSON.stringify(RED.nodes.createExportableNodeSet([RED.nodes.node('cccccccccccccccc')]))");
        assert.match(exported, /discord-alert/);
        assert.doesNotMatch(exported, /SECRET|webhooks/);
        assert.deepEqual(problems, []);
    });
    it("telegram-alert: shows what a node from before the newer fields does, and changes nothing of it", async () => {
        await open("dddddddddddddddd");
        assert.deepEqual([await page.locator("#node-input-loudFrom").inputValue(), await page.locator("#node-input-blipSeconds").inputValue(), await page.locator("#node-input-service").isChecked()], ["warning", "6", false]);
        await press(page, "#node-dialog-ok");
        assert.notEqual(await page.evaluate("RED.nodes.node('dddddddddddddddd').service"), true);
        assert.deepEqual(problems, []);
    });
});
