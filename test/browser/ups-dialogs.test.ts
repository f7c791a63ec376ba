import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import triggerStored from "../fixtures/configs/shutdown-trigger.v1.json";
import readerStored from "../fixtures/configs/ups-reader.v1.json";
import { NutServerSimulator } from "../simulators/nut-server";
import { dialogOpened, dialogReady, dialogsClosed, launch, noBrowser, openConfig, openDialog, openEditor, patience, press, pressDeploy } from "../support/browser";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

describe("the dialogs of a UPS", function () {
    let browser: Browser;
    let red: NodeRed;
    let ups: NutServerSimulator;
    let page: Page;
    let problems: string[];

    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        ups = await new NutServerSimulator({ upses: { rack: { "battery.charge": "97" }, desk: { "ups.status": "OL CHRG" } } }).start();
        red = await startNodeRed();
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
        await ups?.stop();
    });
    const open = async (nodes: object[] = []): Promise<void> => {
        await red.deploy([{ id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" }, ...(nodes as FlowNode[])]);
        ({ page, problems } = await openEditor(browser, red.url, { viewport: { width: 1400, height: 1300 } }));
    };
    const place = async (type: string): Promise<string> => {
        const id = await page.evaluate<string>(`(() => {
            const { node } = RED.view.createNode("${type}", 300, 100, "aaaaaaaaaaaaaaaa");
            RED.nodes.add(node);
            RED.editor.validateNode(node);
            RED.nodes.dirty(true);
            RED.editor.edit(node);
            return node.id;
        })()`);
        await dialogOpened(page);
        return id;
    };
    const done = async (): Promise<void> => {
        await press(page, "#node-dialog-ok");
        await dialogsClosed(page);
        await pressDeploy(page);
    };
    const stored = async (type: string): Promise<FlowNode | undefined> => ((await (await red.request("flows")).json()) as FlowNode[]).find((node) => node.type === type);
    const settings = ({ id, type, z, x, y, wires, ...more }: FlowNode): Record<string, unknown> => (void [id, type, z, x, y, wires], more);

    it("shutdown-trigger: what a newcomer deploys without touching anything is the stored configuration of the tests", async () => {
        await open();
        await place("shutdown-trigger");
        assert.equal(await page.locator("#node-input-witness").isVisible(), false, "asked only where two sources must agree");
        await page.locator("#node-input-agreement").selectOption("two-kinds");
        await page.locator("#node-input-witness").waitFor({ state: "visible" });
        await page.locator("#node-input-agreement").selectOption("each");
        await done();
        const node = await stored("shutdown-trigger");
        assert.ok(node);
        assert.deepEqual(settings(node), settings(triggerStored as unknown as FlowNode));
        assert.deepEqual(problems, []);
    });
    it("shutdown-trigger: says in red what can't be, and lets an empty field stand for its default", async () => {
        await open();
        await place("shutdown-trigger");
        const charge = page.locator("#node-input-lowCharge");
        for (const [text, wrong] of [["200", true], ["many", true], ["", false], ["${CHARGE}", false], ["30", false]] as const) {
            await charge.fill(text);
            await charge.press("Tab");
            await page.waitForFunction(`document.querySelector('#node-input-lowCharge').classList.contains('input-error') === ${wrong}`);
        }
        await press(page, "#node-dialog-cancel");
        assert.deepEqual(problems, []);
    });
    it("ups-reader: from nothing to a reading: a server that is tested, a UPS that is chosen from its list", async () => {
        await open();
        const id = await place("ups-reader");
        await page.locator("#ups-reader-search").click();
        await page.locator("#ups-reader-found").getByText("Choose a NUT server first, or add one.").waitFor();
        await page.locator("#node-input-btn-server-add").click();
        await dialogOpened(page);
        await page.locator("#node-config-input-port").fill(String(ups.port));
        await page.locator("#nut-server-test").click();
        await page.locator("#nut-server-result").getByText('rack · Rack "rack" · OL · 97 %').waitFor();
        await press(page, "#node-config-dialog-ok");
        await page.locator("#node-input-ups").waitFor();
        await dialogReady(page);

        await page.locator("#ups-reader-search").click();
        await page.locator("#ups-reader-found").getByText("deploy first: only the deployed server is asked").waitFor();
        await done();
        await red.eventually(() => red.status(id)?.text === "no UPS chosen", patience, () => `a word that no UPS is chosen, ${JSON.stringify(red.status(id))}`);
        assert.match(red.errors().join(), /no UPS is chosen: the server has rack, desk/);

        await openDialog(page, id);
        await page.locator("#ups-reader-search").click();
        await page.locator("#ups-reader-found").getByText('rack · Rack "rack"').click();
        assert.equal(await page.locator("#node-input-ups").inputValue(), "rack");
        await done();
        await red.eventually(() => red.status(id)?.text === "on mains, 97 %, 1 h", patience, () => JSON.stringify(red.status(id)));
        const node = await stored("ups-reader");
        assert.ok(node);
        assert.deepEqual({ ...settings(node), server: "nut", device: "Rack UPS", ups: "ups1" }, settings(readerStored as unknown as FlowNode));
        assert.deepEqual(problems, []);
    });
    it("nut-server: one that somebody wrote without pin and caFile is not shown as invalid, and is read", async () => {
        const server = { id: "bbbbbbbbbbbbbbb1", type: "nut-server", name: "", host: "127.0.0.1", port: String(ups.port) };
        const reader = { id: "bbbbbbbbbbbbbbb2", type: "ups-reader", z: "aaaaaaaaaaaaaaaa", x: 200, y: 100, server: server.id, ups: "desk", wires: [[], []] };
        await open([server, { ...reader, interval: "5", batteryInterval: "1", dwell: "30", grace: "60", flaps: "5" }]);
        const invalid = (): Promise<string[]> => page.evaluate<string[]>("(() => { const found = []; const look = (node) => { if (node.valid === false) found.push(node.type + ': ' + node.validationErrors); return true; }; RED.nodes.eachNode(look); RED.nodes.eachConfig(look); return found; })()");
        assert.deepEqual(await invalid(), []);
        await openConfig(page, "nut-server", server.id);
        assert.equal(await page.locator("#node-config-dialog-edit-form .input-error").count(), 0);
        await press(page, "#node-config-dialog-ok");
        await red.eventually(() => /^on mains/.test(red.status(reader.id)?.text ?? ""), patience, () => JSON.stringify(red.status(reader.id)));
        assert.deepEqual(problems, []);
    });
});
