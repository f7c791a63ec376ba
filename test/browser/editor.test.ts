import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { dialogOpened, dialogsClosed, launch, noBrowser, openConfig, openDialog, openEditor, patience, press, pressDeploy, unreadable, type WatchedPage } from "../support/browser";
import { example, nodeOf } from "../support/example-flow";
import { repository, startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

const types = Object.keys((JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { "node-red": { nodes: Record<string, string> } })["node-red"].nodes);
const exampleNames = readdirSync(join(repository, "examples", "flows")).map((file) => file.replace(/\.json$/, ""));

describe("the editor", function () {
    let browser: Browser;
    let red: NodeRed;
    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        red = await startNodeRed({ dashboard: true });
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
    });

    afterEach(() => red?.deploy([]));

    const open = (colorScheme: "light" | "dark" = "light"): Promise<WatchedPage> => openEditor(browser, red.url, { viewport: { width: 1400, height: 900 }, colorScheme });

    it("takes a newcomer from Import > Examples to a rehearsed shutdown: import, edit, deploy, press 25 W", async () => {
        const { page, problems } = await open();
        await page.evaluate("RED.actions.invoke('core:show-examples-import-dialog')");
        const dialog = page.locator(".ui-dialog");
        // "flows" is Node-RED's own folder first, and then the one in our package.
        for (const [entry, position] of [["@ridethrough/node-red", 0], ["flows", 1], ["01 Try it with fake wattage", 0]] as const) {
            await dialog.getByText(entry, { exact: true }).filter({ visible: true }).nth(position).click();
        }
        await page.locator("#red-ui-clipboard-dialog-ok").click();

        const classifier = nodeOf(example("01 Try it with fake wattage"), "power-classifier");
        await page.locator(".red-ui-tab-label").filter({ hasText: "Try it with fake wattage" }).click();
        await openDialog(page, classifier.id);
        const critical = page.locator("#node-input-critical");
        await critical.fill("many");
        await critical.press("Tab");
        await page.waitForFunction("document.querySelector('#node-input-critical').classList.contains('input-error')");
        await critical.fill("35");
        await critical.press("Tab");
        await page.waitForFunction("!document.querySelector('#node-input-critical').classList.contains('input-error')");
        await press(page, "#node-dialog-ok");
        await pressDeploy(page);

        const stored = async (): Promise<FlowNode[]> => (await (await red.request("flows")).json()) as FlowNode[];
        const sequencer = nodeOf(example("01 Try it with fake wattage"), "shutdown-sequencer");
        await red.eventually(() => red.status(sequencer.id)?.text === "dry run, 3 hosts", patience, () => `the sequencer's status, which is ${red.status(sequencer.id)?.text}`);
        assert.equal((await stored()).find(({ id }) => id === classifier.id)?.critical, "35", "the edit is deployed as the dialog stores it: a string");

        // The button of the inject node, as a mouse presses it.
        const inject = nodeOf(example("01 Try it with fake wattage"), "inject", "25 W");
        await page.locator(`[id="${inject.id}"] .red-ui-flow-node-button-button`).first().click();
        await red.eventually(() => /CRITICAL/.test(red.status(classifier.id)?.text ?? ""), patience, () => `CRITICAL, not ${red.status(classifier.id)?.text}`);
        const result = nodeOf(example("01 Try it with fake wattage"), "debug", "result");
        const [msg] = await red.until(result.id, 1, patience);
        assert.equal((msg?.result as { outcome: string }).outcome, "dry-run");
        assert.deepEqual(problems, []);
    });

    for (const name of exampleNames) {
        it(`imports "${name}" with nothing unknown and no dialog that complains but about addresses and secrets`, async () => {
            const { page, problems } = await open();
            await page.evaluate(`RED.view.importNodes(${JSON.stringify(example(name))}, { addFlow: false, touchImport: true })`);
            const faults = await page.evaluate<string[]>(`(() => {
                const faults = [];
                const check = (node) => {
                    if (node.type === "unknown" || node._def?.name === "unknown") faults.push("unknown type " + (node.unknownType ?? node.type));
                    for (const error of node.validationErrors ?? []) faults.push(node.type + ": " + error);
                };
                RED.nodes.eachNode(check);
                RED.nodes.eachConfig(check);
                return faults;
            })()`);
            const expected = /^(plug-reader: host|telegram-alert: (chatId|token)|email-alert: (host|from|to)|anker-account: |solix-reader: |timeline-store: )/;
            assert.deepEqual(faults.filter((fault) => !expected.test(fault.replace(/"/g, ""))), []);
            assert.deepEqual(problems, []);
        });
    }

    for (const names of [["03 Complete monitor", "05 Dashboard"], ["05 Dashboard", "03 Complete monitor"], ["09 One UPS (NUT)", "05 Dashboard"], ["05 Dashboard", "10 Two UPSes, one rack (quorum)"]] as const) {
        it(`connects ${names[1]} to ${names[0]} when it is imported after it`, async () => {
            const { page } = await open();
            for (const name of names) await page.evaluate(`RED.view.importNodes(${JSON.stringify(example(name))}, { addFlow: false, touchImport: true })`);
            const loose = await page.evaluate<string[]>(`["link in", "link out"].flatMap((type) => RED.nodes.filterNodes({ type })).filter((node) => node.links.length === 0).map((node) => node.type + " " + node.name)`);
            // The dashboard has a page for the monitor and one for UPSes: what belongs to an example that is not there stays open.
            const nodes = names.flatMap(example);
            const ids = new Set(nodes.map(({ id }) => id));
            const elsewhere = nodes.filter(({ type, links }) => /^link (in|out)$/.test(type) && !(links as string[]).some((id) => ids.has(id))).map(({ type, name }) => `${type} ${String(name)}`);
            assert.deepEqual(loose.sort(), elsewhere.sort());
            assert.ok(nodes.filter(({ type }) => type.startsWith("link ")).length > elsewhere.length + 2, "the two belong together");
            const halves = await page.evaluate<string[]>(`RED.nodes.filterNodes({ type: "link out" }).flatMap((out) => out.links.filter((id) => !RED.nodes.node(id)?.links.includes(out.id)).map(() => out.name))`);
            assert.deepEqual(halves, [], "both ends of each link know of it");
        });
    }

    for (const scheme of ["light", "dark"] as const) {
        it(`opens every dialog in ${scheme} colours: labels in words, help of its own, readable, no console error`, async () => {
            const { page, problems } = await open(scheme);
            await page.evaluate("RED.view.importNodes([{ id: 'aaaaaaaaaaaaaaaa', type: 'tab', label: 'dialogs' }], { addFlow: false, touchImport: true })");
            for (const type of types) {
                const isConfig = await page.evaluate<boolean>(`RED.nodes.getType(${JSON.stringify(type)}).category === "config"`);
                if (isConfig) await openConfig(page, type);
                else {
                    await page.evaluate(`(() => {
                        const [created] = [RED.view.importNodes([{ id: "b" + ${JSON.stringify(type)}.length.toString(16).padStart(15, "0") + "", type: ${JSON.stringify(type)}, x: 100, y: 100, z: RED.workspaces.active(), wires: [] }], { generateIds: true, touchImport: true })];
                        return created;
                    })()`);
                    await page.evaluate(`RED.editor.edit(RED.nodes.filterNodes({ type: ${JSON.stringify(type)} }).at(-1))`);
                    await dialogOpened(page);
                }
                const tray = page.locator(".red-ui-tray").last();
                await tray.locator("#dialog-form, #node-config-dialog-edit-form").first().waitFor();
                const text = await tray.innerText();
                assert.doesNotMatch(text, new RegExp(`${type}\\.[a-z]`), `${type}: a label without words`);
                const nameless = await tray.evaluate((root) => [...root.querySelectorAll<HTMLInputElement>("input[id^=node-], select[id^=node-], textarea[id^=node-]")].filter((field) => field.offsetParent !== null && (field.labels?.length ?? 0) === 0 && !field.matches("[aria-label], [aria-labelledby]")).map(({ id }) => id));
                assert.deepEqual(nameless, [], `${type}: fields without a name for those who hear the dialog`);
                assert.deepEqual(await unreadable(page, ".red-ui-tray"), [], `${type} in ${scheme}`);
                const help = await page.evaluate<string>(`RED.nodes.getNodeHelp(${JSON.stringify(type)}) || ""`);
                assert.ok(help.length > 200, `${type} has help`);
                await press(page, isConfig ? "#node-config-dialog-cancel" : "#node-dialog-cancel");
                await dialogsClosed(page);
            }
            assert.deepEqual(problems, []);
        }).timeout(600_000);
    }
});
