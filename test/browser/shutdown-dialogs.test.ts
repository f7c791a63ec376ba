import assert from "node:assert/strict";
import type { Browser, Locator, Page } from "playwright-core";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { dialogOpened, dialogReady, dialogsClosed, flowLoaded, launch, noBrowser, openConfig, openDialog, openEditor, patience, press, pressDeploy } from "../support/browser";
import hostStored from "../fixtures/configs/power-host.v2.json";
import planStored from "../fixtures/configs/shutdown-plan.v1.json";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

describe("the dialogs of a shutdown", function () {
    let browser: Browser;
    let red: NodeRed;
    let host: SshHost;
    let page: Page;
    let problems: string[];
    const user = generateKeyPair();

    const stored = async (type: string): Promise<FlowNode[]> => ((await (await red.request("flows")).json()) as FlowNode[]).filter((node) => node.type === type);
    /** A node as the editor would deploy it. */
    const exported = async (id: string): Promise<FlowNode> => JSON.parse(await page.evaluate(`JSON.stringify(RED.nodes.convertNode(RED.nodes.node(${JSON.stringify(id)})))`)) as FlowNode;
    /** The editor again, when it has this node of the flows. */
    const reloaded = async (): Promise<void> => {
        await page.reload();
        await flowLoaded(page);
    };
    /** Drags to the place above an item of the same list. */
    const dragOnto = async (handle: Locator, target: Locator): Promise<void> => {
        // Also waits until nothing moves it or lies above it.
        await handle.hover();
        const [from, to] = [await handle.boundingBox(), await target.boundingBox()];
        assert.ok(from && to);
        const item = await target.elementHandle();
        await page.mouse.down();
        await page.mouse.move(from.x + from.width / 2, from.y - 10, { steps: 4 });
        await page.locator(".ui-sortable-helper").waitFor();
        await page.mouse.move(from.x + from.width / 2, to.y + 4, { steps: 8 });
        await page.waitForFunction((below) => below?.previousElementSibling?.matches(".ui-sortable-placeholder"), item);
        await page.mouse.up();
        await page.locator(".ui-sortable-helper").waitFor({ state: "detached" });
    };
    /** Unfolds a row. Its fields are drawn when the runtime has said what there is to choose from, and move the rows below. */
    const unfold = async (row: Locator): Promise<void> => {
        await row.locator(".shutdown-plan-unfold").click();
        await row.locator(".shutdown-plan-end").waitFor();
    };

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
        ({ page, problems } = await openEditor(browser, red.url, { viewport: { width: 1400, height: 900 } }));
    });

    it("power-host: learns a key only with a click that shows the fingerprint, tests the login, and stores no secret", async () => {
        await openConfig(page, "power-host");
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

        await press(page, "#node-config-dialog-ok");
        await dialogsClosed(page);
        await pressDeploy(page);
        const [node] = await stored("power-host");
        assert.deepEqual([node?.name, node?.port, node?.hostKey], ["nas", String(host.port), host.hostKey]);
        assert.ok(!JSON.stringify(node).includes("PRIVATE KEY"));

        // The stored key, which the dialog never sees again.
        await openConfig(page, "power-host", node?.id);
        assert.equal(await page.locator("#node-config-input-privateKey").inputValue(), "__PWRD__");
        await page.locator("#power-host-test").click();
        await page.locator("#power-host-result").getByText(/Logged in/).waitFor();
        await press(page, "#node-config-dialog-cancel");
        assert.deepEqual(problems, []);
    });

    it("shutdown-plan: a table of hosts with a live preview of what will be executed", async () => {
        await openConfig(page, "shutdown-plan");
        const rows = page.locator("#shutdown-plan-hosts li");
        const preview = page.locator("#shutdown-plan-preview");
        const addRow = async (name: string): Promise<void> => {
            await page.locator(".red-ui-editableList-addButton").click();
            await rows.last().locator("select").selectOption("_ADD_");
            await dialogOpened(page);
            await page.locator("#node-config-input-name").fill(name);
            await press(page, "#node-config-dialog-ok");
            await rows.last().locator("select option:checked", { hasText: name }).waitFor({ state: "attached" });
            await dialogReady(page);
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
        await press(page, "#node-config-dialog-ok");
        await dialogsClosed(page);
        await pressDeploy(page);
        const [plan] = await stored("shutdown-plan");
        const hosts = await stored("power-host");
        assert.deepEqual(plan?.hosts, ["app", "nas"].map((name) => hosts.find((node) => node.name === name)?.id));
        assert.deepEqual(plan?.steps, [{ services: ["web"], after: [], stopTimeout: "30" }, { services: ["db"], after: ["app"], stopTimeout: "30" }]);

        // Stored rows come back as they were.
        await openConfig(page, "shutdown-plan", plan?.id);
        await preview.getByText("2 hosts, 2 services, then shutdown -h +2").waitFor();
        assert.equal(await rows.nth(1).locator(".shutdown-plan-after").inputValue(), "app");
        await press(page, "#node-config-dialog-cancel");
        assert.deepEqual(problems, []);
    });

    it("shutdown-plan: a plan from before steps, class and ends opens as it was, and is saved as it was", async () => {
        const plan = { ...planStored, id: "cccccccccccccc10", hosts: ["cccccccccccccc11", "cccccccccccccc12", "cccccccccccccc13"] };
        const hosts = ["apps", "nas", "me"].map((name, index) => ({ id: `cccccccccccccc1${index + 1}`, type: "power-host", name, kind: name === "me" ? "local" : "ssh", version: 2 }));
        await red.deploy([{ id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" }, ...hosts, plan]);
        await reloaded();
        await openConfig(page, "shutdown-plan", plan.id);
        await page.locator("#shutdown-plan-preview").getByText("3 hosts, 4 services, then shutdown -h +2").waitFor();
        // Its hosts unfolded and looked at, nothing touched.
        const rows = await page.locator("#shutdown-plan-hosts > li").all();
        for (const row of rows) await unfold(row);
        assert.equal(rows.length, 3);
        await press(page, "#node-config-dialog-ok");
        await dialogsClosed(page);
        assert.deepEqual(await exported(plan.id), plan);
        assert.equal(await page.evaluate("RED.nodes.dirty()"), false, "there is nothing to deploy");
        assert.deepEqual(problems, []);
    });

    it("shutdown-plan: own steps, class and end of two hosts, what its lint says, and the same values when it is opened again", async () => {
        const ids = { app: "cccccccccccccc21", gate: "cccccccccccccc22", plan: "cccccccccccccc20" };
        await red.deploy([
            { id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" },
            { ...hostStored, id: ids.app, name: "app", host: "192.0.2.12" },
            { ...hostStored, id: ids.gate, name: "switch", host: "192.0.2.13" },
        ]);
        await reloaded();
        await openConfig(page, "shutdown-plan");
        const rows = page.locator("#shutdown-plan-hosts > li");
        const preview = page.locator("#shutdown-plan-preview");
        assert.equal(await page.locator("#node-config-input-proof").inputValue(), "120", "a new plan looks whether its hosts go down");
        for (const id of [ids.app, ids.gate]) {
            await page.locator(".red-ui-editableList-addButton").last().click();
            await rows.last().locator(".shutdown-plan-host").selectOption(id);
        }
        const [app, gate] = [rows.nth(0), rows.nth(1)];
        for (const row of [app, gate]) await unfold(row);
        await app.locator(".red-ui-editableList-addButton").click();
        await app.locator(".shutdown-plan-action").selectOption("stop-docker");
        await app.locator(".shutdown-plan-parameter-except").fill("dns, vpn");
        await app.locator(".shutdown-plan-parameter-sudo").uncheck();
        await app.locator(".shutdown-plan-limit").fill("90");
        await app.locator(".shutdown-plan-failure").selectOption("keep-up");
        await app.locator(".red-ui-editableList-addButton").click();
        await app.locator(".shutdown-plan-action").last().selectOption("command");
        await app.locator(".shutdown-plan-parameter-command").fill('notify --text "going down" a,b');
        await app.locator(".shutdown-plan-needs").fill("switch");
        await preview.getByText("app: stop Docker containers except dns, vpn").waitFor();
        await preview.getByText(/^app: .*notify/).waitFor();
        assert.equal(await preview.locator(".shutdown-plan-kind-prove").count(), 2);

        // The switch has no end before everybody else: its lint says so until it is core.
        await gate.locator(".shutdown-plan-provides[value=network]").check();
        await gate.locator(".shutdown-plan-priority").selectOption("early");
        await app.locator(".shutdown-plan-needs").fill("");
        const error = preview.locator(".shutdown-plan-error");
        await error.getByText(/app is reached through switch/).waitFor();
        await gate.locator(".shutdown-plan-priority").selectOption("core");
        await error.waitFor({ state: "detached" });
        await page.locator("#node-config-input-runtime").fill("1");
        await preview.locator(".shutdown-plan-warning").getByText(/the batteries carry the load for 1 m/).waitFor();
        await page.locator("#node-config-input-runtime").fill("30");
        await preview.locator(".shutdown-plan-warning").waitFor({ state: "detached" });
        await gate.locator(".shutdown-plan-fedBy").fill("ups1 ups2");
        await gate.locator(".shutdown-plan-end").selectOption("shutdown");
        await gate.locator(".shutdown-plan-parameter-delayMinutes").fill("4");
        await preview.getByText("switch: shutdown -h +4").waitFor();

        await app.locator(".shutdown-plan-kit-button").click();
        const texts = app.locator(".shutdown-plan-kit-text");
        await texts.first().waitFor();
        assert.match((await texts.allTextContents()).join(), /shutdown -h \+2[^]*restrict,command=/);

        await press(page, "#node-config-dialog-ok");
        await dialogsClosed(page);
        await pressDeploy(page);
        const [plan] = await stored("shutdown-plan");
        const steps = [
            { services: [], after: [], stopTimeout: "30", actions: [
                { action: "stop-docker", params: { except: ["dns", "vpn"], sudo: false }, timeout: "90", onFailure: "keep-up" },
                { action: "command", params: { command: ["notify", "--text", "going down", "a,b"] } },
            ] },
            { services: [], after: [], stopTimeout: "30", priority: "core", provides: ["network"], fedBy: ["ups1", "ups2"], end: { action: "shutdown", params: { delayMinutes: "4" } } },
        ];
        assert.deepEqual([plan?.hosts, plan?.steps, plan?.runtime, plan?.proof], [[ids.app, ids.gate], steps, "30", "120"]);

        // Folded, each says in a line what it does; unfolded, every field holds what was stored.
        await openConfig(page, "shutdown-plan", plan?.id);
        await app.locator(".shutdown-plan-summary").getByText("Stop Docker containers · Run a command").waitFor();
        await gate.locator(".shutdown-plan-summary").getByText("core · gives network · fed by ups1, ups2 · Power off after a delay").waitFor();
        for (const row of [app, gate]) await unfold(row);
        assert.equal(await app.locator(".shutdown-plan-parameter-except").inputValue(), "dns, vpn");
        assert.equal(await app.locator(".shutdown-plan-parameter-command").inputValue(), 'notify --text "going down" a,b');
        assert.equal(await gate.locator(".shutdown-plan-parameter-delayMinutes").inputValue(), "4");
        await press(page, "#node-config-dialog-ok");
        await dialogsClosed(page);
        assert.deepEqual((await exported(plan?.id ?? "")).steps, steps);

        // Steps and hosts move by their handles, each within its own list.
        await openConfig(page, "shutdown-plan", plan?.id);
        await unfold(app);
        await dragOnto(app.locator(".shutdown-plan-actions .red-ui-editableList-item-handle").nth(1), app.locator(".shutdown-plan-actions > li").first());
        await app.locator(".shutdown-plan-unfold").click();
        await dragOnto(gate.locator(".red-ui-editableList-item-handle"), app);
        await press(page, "#node-config-dialog-ok");
        await dialogsClosed(page);
        const moved = await exported(plan?.id ?? "");
        assert.deepEqual(moved.hosts, [ids.gate, ids.app]);
        assert.deepEqual(moved.steps, [steps[1], { ...steps[0], actions: steps[0]?.actions?.toReversed() }]);
        assert.deepEqual(problems, []);
    });

    it("shutdown-sequencer: says in red that it is armed, and rehearses by its button", async () => {
        await red.deploy([
            { id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" },
            { id: "bbbbbbbbbbbbbbb1", type: "power-host", name: "nas", kind: "ssh", version: 1 },
            { id: "bbbbbbbbbbbbbbb2", type: "shutdown-plan", name: "rack", hosts: ["bbbbbbbbbbbbbbb1"], steps: [{ services: ["web"], after: [], stopTimeout: "30" }], final: "shutdown", delay: "2", version: 1 },
            { id: "bbbbbbbbbbbbbbb3", type: "shutdown-sequencer", z: "aaaaaaaaaaaaaaaa", x: 200, y: 100, plan: "bbbbbbbbbbbbbbb2", dryRun: true, enabled: false, startOn: "critical", version: 1, wires: [[], []] },
            { id: "bbbbbbbbbbbbbbb4", type: "power-classifier", z: "aaaaaaaaaaaaaaaa", x: 200, y: 200, name: "Plug", confirmations: "1", version: 1, wires: [[], ["bbbbbbbbbbbbbbb3"]] },
        ]);
        await reloaded();
        await page.locator("[id='bbbbbbbbbbbbbbb3'] .red-ui-flow-node-button-button").first().click();
        await red.eventually(() => /dry run done/.test(red.status("bbbbbbbbbbbbbbb3")?.text ?? ""), patience, () => JSON.stringify(red.status("bbbbbbbbbbbbbbb3")));

        await openDialog(page, "bbbbbbbbbbbbbbb3");
        const arming = page.locator("#shutdown-sequencer-arming");
        await arming.getByText("Rehearses").waitFor();
        await page.locator("#node-input-enabled").check();
        await page.locator("#node-input-dryRun").uncheck();
        await arming.getByText(/ARMED.* One wrong reading would be enough: let the power classifier "Plug" confirm by 2 or more\./).waitFor();
        await press(page, "#node-dialog-cancel");
        assert.deepEqual(problems, []);
    });
});
