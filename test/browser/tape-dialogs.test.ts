import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import player from "../fixtures/configs/tape-player.v1.json";
import recorder from "../fixtures/configs/tape-recorder.v1.json";
import { scripts } from "../../scripts/tape-scripts";
import { launch, noBrowser, openDialog, openEditor, patience, press } from "../support/browser";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

describe("the dialogs of tapes", function () {
    let browser: Browser;
    let red: NodeRed;
    let page: Page;
    let problems: string[];
    const tape = `${JSON.stringify({ kind: "tape", version: 1, name: "ups1-20260101T000000", about: "recorded at home" })}\n`;
    const place = { z: "aaaaaaaaaaaaaaaa", x: 200 };

    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        red = await startNodeRed();
        const folder = join(red.userDir, "ridethrough", "tapes");
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "ups1-20260101T000000.jsonl"), tape);
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
    });
    beforeEach(async () => {
        await red.deploy([
            { id: "aaaaaaaaaaaaaaaa", type: "tab", label: "dialogs" },
            { ...player, ...place, id: "bbbbbbbbbbbbbbbb", y: 100, speed: "1", wires: [[], []] },
            { ...recorder, ...place, id: "cccccccccccccccc", y: 200, wires: [[]] },
        ] as FlowNode[]);
        ({ page, problems } = await openEditor(browser, red.url, { viewport: { width: 1400, height: 900 }, acceptDownloads: true }));
    });

    it("tape-player: offers one's own tapes and the shipped ones, says what happens on them, and keeps the choice", async () => {
        await openDialog(page, "bbbbbbbbbbbbbbbb");
        const select = page.locator("#node-input-tape");
        await select.locator("optgroup").nth(1).waitFor({ state: "attached" });
        const groups = await Promise.all([0, 1].map(async (place) => [await select.locator("optgroup").nth(place).getAttribute("label"), await select.locator("optgroup").nth(place).locator("option").count()]));
        assert.deepEqual(groups, [["recorded here", 1], ["shipped", scripts.length]]);
        assert.equal(await select.inputValue(), "blip");
        await page.locator("#tape-player-about").getByText("Four seconds on battery").waitFor();
        await select.selectOption("ups1-20260101T000000");
        await page.locator("#tape-player-about").getByText("recorded at home").waitFor();
        await press(page, "#node-dialog-ok");
        assert.equal(await page.evaluate("RED.nodes.node('bbbbbbbbbbbbbbbb').tape"), "ups1-20260101T000000");
        assert.deepEqual(problems, []);
    });
    it("tape-recorder: hands a tape out as a file", async () => {
        await openDialog(page, "cccccccccccccccc");
        assert.equal(await page.locator("#tape-recorder-tapes a").first().evaluate((link) => getComputedStyle(link).textDecorationLine), "underline", "it looks like a link");
        const waiting = page.waitForEvent("download");
        await page.locator("#tape-recorder-tapes a").first().click();
        const download = await waiting;
        assert.deepEqual([download.suggestedFilename(), readFileSync(await download.path(), "utf8")], ["ups1-20260101T000000.jsonl", tape]);
        assert.deepEqual(problems, []);
    });
    it("the player's button plays, and stops", async () => {
        await red.request("ridethrough/tape-player/bbbbbbbbbbbbbbbb", { method: "POST", body: {} });
        await red.eventually(() => /^blip x1:/.test(red.status("bbbbbbbbbbbbbbbb")?.text ?? ""), patience, () => "playing");
        await page.locator("[id='bbbbbbbbbbbbbbbb'] .red-ui-flow-node-button-button").first().dispatchEvent("click");
        await red.eventually(() => /stopped/.test(red.status("bbbbbbbbbbbbbbbb")?.text ?? ""), patience, () => "stopped");
        assert.deepEqual(problems, []);
    });
});
