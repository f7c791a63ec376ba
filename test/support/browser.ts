import { existsSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

const executable = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** How long a page may take, ms, on a machine that does much else. What comes ends the wait. */
export const patience = 90_000;

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

/** The only page: one that an earlier test has left open goes on working, and two dozen editors make the last one slow. */
export async function openPage(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
    for (const earlier of browser.contexts()) await earlier.close();
    const context = await browser.newContext(options);
    context.setDefaultTimeout(patience);
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
    await dialogOpened(page);
}

/** Opens the dialog of a configuration node, or that of a new one. */
export async function openConfig(page: Page, type: string, id = "_ADD_"): Promise<void> {
    await page.evaluate(`RED.editor.editConfig("", "${type}", "${id}")`);
    await dialogOpened(page);
}

/** Runs in the page: the dialog on top, if it is there and neither comes nor goes. A dialog is built when its credentials have come, and slides in then. */
const dialogAtRest = `(() => {
    const dialog = [...document.querySelectorAll(".red-ui-tray")].at(-1);
    return dialog?.style.right === "0px" && dialog.getAnimations().length === 0 ? dialog : undefined;
})()`;

/** A dialog that has just been opened is ready: Node-RED puts the cursor into it meanwhile, and what is being typed into another field would be lost. */
export async function dialogOpened(page: Page): Promise<void> {
    await page.waitForFunction(`${dialogAtRest}?.contains(document.activeElement)`);
}

/** The dialog on top is ready, also the one that was below the one before. What moves between a button's way down and its way up takes a click with it. */
export async function dialogReady(page: Page): Promise<void> {
    await page.waitForFunction(`${dialogAtRest} !== undefined`);
}

/** Presses a button of the dialog on top. */
export async function press(page: Page, button: string): Promise<void> {
    await dialogReady(page);
    await page.locator(button).last().click();
}

/** No dialog is open any more. */
export async function dialogsClosed(page: Page): Promise<void> {
    await page.waitForFunction("document.querySelectorAll('.red-ui-tray').length === 0");
}

/** Presses Deploy, and waits until the editor knows that it is done: until then the buttons of nodes refuse. */
export async function pressDeploy(page: Page): Promise<void> {
    await page.locator("#red-ui-header-button-deploy").click();
    await page.waitForFunction("!RED.nodes.dirty()");
}

/** Visible texts in what a selector finds, whose contrast with what is behind them is below 2.5 to 1. */
export async function unreadable(page: Page, selector: string): Promise<string[]> {
    const roots = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
    const found = `${roots}.flatMap(${readability})`;
    // A colour may be on its way to another.
    const atRest = `${roots}.every((root) => root.getAnimations({ subtree: true }).every((each) => !(each instanceof CSSTransition)))`;
    await page.waitForFunction(`${atRest} && ${found}.length === 0`, undefined, { timeout: 30_000, polling: 100 }).catch(() => undefined);
    return page.evaluate<string[]>(found);
}

/** How far a page sticks out at the side once everything is in its place, px. */
export async function sticksOut(page: Page): Promise<number> {
    const wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    await page.waitForFunction(`${wide} <= 0`, undefined, { timeout: 30_000 }).catch(() => undefined);
    return page.evaluate<number>(wide);
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
