import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const executable = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Why there is no browser here, or undefined. */
export const noBrowser = existsSync(executable) ? undefined : `no Chromium at ${executable} (set CHROMIUM)`;

export function launch(): Promise<Browser> {
    return chromium.launch({
        executablePath: executable,
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
}

/** A page that remembers what its console said was wrong. */
export interface WatchedPage {
    page: Page;
    /** Errors of the console, of scripts and of requests to this machine. */
    problems: string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("console", (message) => {
        if (message.type() === "error") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(`${error.name}: ${error.message}`));
    page.on("response", (response) => {
        if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
    });
    return { page, problems };
}

/** Opens the dialog of a node that is in the flow: the palette is there before the flow is, and the flow before its nodes are drawn. */
export async function openDialog(page: Page, id: string): Promise<void> {
    await page.locator(`[id="${id}"]`).waitFor();
    await page.evaluate(`RED.editor.edit(RED.nodes.node("${id}"))`);
    await page.locator("#node-dialog-ok").waitFor();
}
