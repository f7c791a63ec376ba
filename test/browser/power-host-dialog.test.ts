import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { dialogsClosed, launch, noBrowser, openConfig, openEditor, press } from "../support/browser";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import first from "../fixtures/configs/power-host.v1.json";

const tab = { id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialog" };

describe("the dialog of a host", function () {
    let red: NodeRed;
    let browser: Browser;
    let page: Page;
    let problems: string[];

    /** The host as the editor would deploy it. */
    const exported = (id: string): Promise<FlowNode> => page.evaluate(`RED.nodes.convertNode(RED.nodes.node(${JSON.stringify(id)}))`);
    const open = async (nodes: FlowNode[]): Promise<void> => {
        await red.deploy([tab, ...nodes]);
        ({ page, problems } = await openEditor(browser, red.url, { viewport: { width: 1400, height: 900 } }));
        await openConfig(page, "power-host", nodes[0]?.id);
    };
    const done = async (): Promise<void> => {
        await press(page, "#node-config-dialog-ok");
        await dialogsClosed(page);
    };

    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        red = await startNodeRed();
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
    });
    afterEach(() => assert.deepEqual(problems, []));

    it("shows a pinned key or a known_hosts file, as the host is proven by one or the other", async () => {
        await open([]);
        const [pin, file, tip] = ["#node-config-input-hostKey", "#node-config-input-knownHosts", ".power-host-transport-ssh"].map((selector) => page.locator(selector)) as [ReturnType<Page["locator"]>, ReturnType<Page["locator"]>, ReturnType<Page["locator"]>];
        assert.deepEqual([await pin.isVisible(), await file.isVisible(), await tip.isVisible()], [true, false, false]);
        await page.locator("#node-config-input-trust").selectOption("knownHosts");
        await page.locator("#node-config-input-transport").selectOption("ssh");
        assert.deepEqual([await pin.isVisible(), await file.isVisible(), await tip.isVisible()], [false, true, true]);
        await page.locator("#node-config-input-host").fill("192.0.2.11");
        await page.locator("#power-host-test").click();
        await page.locator("#power-host-result").getByText("no user").waitFor();
        assert.doesNotMatch(await page.locator("#power-host-result").innerText(), /pinned/);
    });

    it("opens a host of version 1 as it was, and keeps what is chosen then", async () => {
        await open([{ ...first, id: "bbbbbbbbbbbbbbb1" }]);
        assert.deepEqual(await Promise.all(["transport", "trust", "knownHosts"].map((name) => page.locator(`#node-config-input-${name}`).inputValue())), ["ssh2", "pinned", ""]);
        await page.locator("#node-config-input-trust").selectOption("knownHosts");
        await page.locator("#node-config-input-knownHosts").fill("${KNOWN_HOSTS}");
        await page.locator("#node-config-input-transport").selectOption("ssh");
        await done();
        const node = await exported("bbbbbbbbbbbbbbb1");
        assert.deepEqual([node.transport, node.trust, node.knownHosts, node.hostKey, Number(node.version)], ["ssh", "knownHosts", "${KNOWN_HOSTS}", first.hostKey, 2]);
        assert.equal(await page.evaluate("RED.nodes.node('bbbbbbbbbbbbbbb1').valid"), true);
    });
});
