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

/** A page with the editor and its flow in it: the palette is there first, and a dialog that opens before the flow has come edits nothing. */
export async function openEditor(browser: Browser, url: string, options: BrowserContextOptions): Promise<WatchedPage> {
    const opened = await openPage(browser, options);
    await opened.page.goto(`${url}/`);
    await flowLoaded(opened.page);
    return opened;
}

/** The flow is in the editor, which has at least one tab then. */
export async function flowLoaded(page: Page): Promise<void> {
    await page.waitForFunction("typeof RED !== 'undefined' && RED.workspaces?.count?.() > 0");
}

/** Opens the dialog of a node that is in the flow, once it is drawn. */
export async function openDialog(page: Page, id: string): Promise<void> {
    await page.locator(`[id="${id}"]`).waitFor();
    await page.evaluate(`RED.editor.edit(RED.nodes.node("${id}"))`);
    await page.locator("#node-dialog-ok").waitFor();
}

/**
 * Presses a button of the dialog on top, once that has come to rest: a dialog slides in, and is laid out anew when its
 * credentials have come. What moves between the button's way down and its way up takes the click with it.
 */
export async function press(page: Page, button: string): Promise<void> {
    await page.waitForFunction(`(() => {
        const dialog = [...document.querySelectorAll(".red-ui-tray")].at(-1);
        return dialog?.style.right === "0px" && dialog.getAnimations().length === 0;
    })()`);
    await page.locator(button).last().click();
}

/** Visible texts in what a selector finds, whose contrast with what is behind them is below 2.5 to 1. */
export async function unreadable(page: Page, selector: string): Promise<string[]> {
    const look = (): Promise<string[]> => page.evaluate<string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})].flatMap(${readability})`);
    if ((await look()).length === 0) return [];
    // A colour may be on its way to another.
    await page.waitForTimeout(1000);
    return look();
}

/** Runs in the page. */
const readability = `(root) => {
    const parse = (text) => { const scale = text.startsWith("color(") ? 255 : 1; const [r, g, b, a = 1] = (text.replace(/^color\\(srgb/, "").match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number); return { r: r * scale, g: g * scale, b: b * scale, a }; };
    const light = ({ r, g, b }) => { const [x, y, z] = [r, g, b].map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
    const behind = (element) => { for (let at = element; at; at = at.parentElement) { const colour = parse(getComputedStyle(at).backgroundColor); if (colour.a > 0.5) return colour; } return { r: 255, g: 255, b: 255, a: 1 }; };
    const out = [];
    for (const element of root.querySelectorAll("label, span, p, td, th, button, a, b, div, h1, h2, h3, h4, small, li")) {
        const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join("");
        const colour = parse(getComputedStyle(element).color);
        if (!own || !element.offsetParent || colour.a === 0) continue;
        const [a, b] = [light(colour), light(behind(element))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 2.5) out.push(own.slice(0, 40) + " " + contrast.toFixed(1));
    }
    return out;
}`;
