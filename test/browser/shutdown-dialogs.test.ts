import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { launch, noBrowser, openPage } from "../support/browser";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

describe("the dialogs of a shutdown", function () {
    let browser: Browser;
    let red: NodeRed;
    let host: SshHost;
    let page: Page;
    let problems: string[];
    const user = generateKeyPair();

    const stored = async (type: string): Promise<FlowNode[]> => ((await (await red.request("flows")).json()) as FlowNode[]).filter((node) => node.type === type);
    const deploy = async (): Promise<void> => {
        await page.locator("#red-ui-header-button-deploy").click();
        await page.waitForFunction("!RED.nodes.dirty()");
    };
    const closed = (trays: number): Promise<unknown> => page.waitForFunction(`document.querySelectorAll('.red-ui-tray').length === ${trays}`);

    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        red = await startNodeRed();
        browser = await launch();
        host = await startSshHost({ name: "nas", authorizedKey: user.public });
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
        await host?.stop();
    });
    beforeEach(async () => {
        await red.deploy([{ id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" }]);
        ({ page, problems } = await openPage(browser, { viewport: { width: 1400, height: 900 } }));
        await page.goto(`${red.url}/`);
        await page.locator("#red-ui-palette .red-ui-palette-node[data-palette-type='shutdown-sequencer']").waitFor();
    });

    it("power-host: learns a key only with a click that shows the fingerprint, tests the login, and stores no secret", async () => {
        await page.evaluate("RED.editor.editConfig('', 'power-host', '_ADD_')");
        await page.locator("#node-config-input-name").fill("nas");
        await page.locator("#node-config-input-host").fill("127.0.0.1");
        await page.locator("#node-config-input-port").fill(String(host.port));
        await page.locator("#node-config-input-user").fill("power");
        await page.locator("#node-config-input-privateKey").fill(user.private);

        await page.locator("#power-host-test").click();
        await page.locator("#power-host-result").getByText("no pinned host key").waitFor();
        await page.locator("#power-host-learn").click();
        await page.locator("#power-host-offer").getByText(host.fingerprint).waitFor();
        assert.equal(await page.locator("#node-config-input-hostKey").inputValue(), "", "nothing is accepted by itself");
        await page.locator("#power-host-accept").click();
        assert.equal(await page.locator("#node-config-input-hostKey").inputValue(), host.hostKey);
        await page.locator("#power-host-test").click();
        await page.locator("#power-host-result").getByText(/Logged in and ran "true" in \d+ ms/).waitFor();
        assert.deepEqual(host.commands.map((told) => told.short), ["true"]);

        await page.locator("#node-config-dialog-ok").click();
        await closed(0);
        await deploy();
        const [node] = await stored("power-host");
        assert.deepEqual([node?.name, node?.port, node?.hostKey], ["nas", String(host.port), host.hostKey]);
        assert.ok(!JSON.stringify(node).includes("PRIVATE KEY"));

        // The stored key, which the dialog never sees again.
        await page.evaluate(`RED.editor.editConfig('', 'power-host', ${JSON.stringify(node?.id)})`);
        assert.equal(await page.locator("#node-config-input-privateKey").inputValue(), "__PWRD__");
        await page.locator("#power-host-test").click();
        await page.locator("#power-host-result").getByText(/Logged in/).waitFor();
        await page.locator("#node-config-dialog-cancel").click();
        assert.deepEqual(problems, []);
    });

    it("shutdown-plan: a table of hosts with a live preview of what will be executed", async () => {
        await page.evaluate("RED.editor.editConfig('', 'shutdown-plan', '_ADD_')");
        const rows = page.locator("#shutdown-plan-hosts li");
        const preview = page.locator("#shutdown-plan-preview");
        const addRow = async (name: string): Promise<void> => {
            await page.locator(".red-ui-editableList-addButton").click();
            await rows.last().locator("select").selectOption("_ADD_");
            await page.locator(".red-ui-tray").nth(0).locator("#node-config-input-host").waitFor();
            await page.locator("#node-config-input-name").fill(name);
            await page.locator("#node-config-dialog-ok").click();
            await rows.last().locator("select option:checked", { hasText: name }).waitFor({ state: "attached" });
        };
        await addRow("app");
        await addRow("nas");
        await rows.nth(0).locator(".shutdown-plan-services").fill("web, cache");
        await rows.nth(1).locator(".shutdown-plan-services").fill("db");
        await rows.nth(1).locator(".shutdown-plan-after").fill("app");
        await preview.getByText("2 hosts, 3 services, then shutdown -h +2").waitFor();
        await preview.getByText("app: stop web").waitFor();

        await rows.nth(0).locator(".shutdown-plan-services").fill("web; reboot");
        await preview.getByText(/";" is not allowed/).waitFor();
        await rows.nth(0).locator(".shutdown-plan-services").fill("web");
        await preview.getByText("2 hosts, 2 services, then shutdown -h +2").waitFor();
        await page.locator("#node-config-dialog-ok").click();
        await closed(0);
        await deploy();
        const [plan] = await stored("shutdown-plan");
        const hosts = await stored("power-host");
        assert.deepEqual(plan?.hosts, ["app", "nas"].map((name) => hosts.find((node) => node.name === name)?.id));
        assert.deepEqual(plan?.steps, [{ services: ["web"], after: [], stopTimeout: "30" }, { services: ["db"], after: ["app"], stopTimeout: "30" }]);

        // Stored rows come back as they were.
        await page.evaluate(`RED.editor.editConfig('', 'shutdown-plan', ${JSON.stringify(plan?.id)})`);
        await preview.getByText("2 hosts, 2 services, then shutdown -h +2").waitFor();
        assert.equal(await rows.nth(1).locator(".shutdown-plan-after").inputValue(), "app");
        await page.locator("#node-config-dialog-cancel").click();
        assert.deepEqual(problems, []);
    });

    it("shutdown-sequencer: says in red that it is armed, and rehearses by its button", async () => {
        await red.deploy([
            { id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" },
            { id: "bbbbbbbbbbbbbbb1", type: "power-host", name: "nas", kind: "ssh", version: 1 },
            { id: "bbbbbbbbbbbbbbb2", type: "shutdown-plan", name: "rack", hosts: ["bbbbbbbbbbbbbbb1"], steps: [{ services: ["web"], after: [], stopTimeout: "30" }], final: "shutdown", delay: "2", version: 1 },
            { id: "bbbbbbbbbbbbbbb3", type: "shutdown-sequencer", z: "aaaaaaaaaaaaaaaa", x: 200, y: 100, plan: "bbbbbbbbbbbbbbb2", dryRun: true, enabled: false, startOn: "critical", version: 1, wires: [[], []] },
        ]);
        await page.reload();
        await page.locator("[id='bbbbbbbbbbbbbbb3']").waitFor();
        await page.locator("[id='bbbbbbbbbbbbbbb3'] .red-ui-flow-node-button-button").first().click();
        await red.eventually(() => /dry run done/.test(red.status("bbbbbbbbbbbbbbb3")?.text ?? ""), 10_000, () => JSON.stringify(red.status("bbbbbbbbbbbbbbb3")));

        await page.evaluate("RED.editor.edit(RED.nodes.node('bbbbbbbbbbbbbbb3'))");
        const arming = page.locator("#shutdown-sequencer-arming");
        await arming.getByText("Rehearses").waitFor();
        await page.locator("#node-input-enabled").check();
        await page.locator("#node-input-dryRun").uncheck();
        await arming.getByText("ARMED").waitFor();
        await page.locator("#node-dialog-cancel").click();
        assert.deepEqual(problems, []);
    });
});
