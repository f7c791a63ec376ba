/**
 * Makes the README's pictures from the running demo: `npm run pictures`. Needs Chromium (CHROMIUM, default
 * /usr/bin/chromium) and a font with emoji. The pictures show what the demo really does; nothing in them is drawn.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium, type Browser, type Page } from "playwright-core";

const repository = join(__dirname, "..");
const pictures = join(repository, "docs", "pictures");
const port = 18_800 + Math.floor(Math.random() * 1000);

async function main(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "ridethrough-pictures-"));
    const demo = spawn(process.execPath, ["--import", "tsx", "scripts/demo.ts"], {
        cwd: repository, env: { ...process.env, PORT: String(port), RIDETHROUGH_DEMO: folder }, stdio: ["ignore", "inherit", "inherit"],
    });
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    try {
        await reachable(`http://127.0.0.1:${port}/settings`);
        await flowPicture(browser);
        await dashboardPictures(browser);
        await upsPicture(browser);
    } finally {
        await browser.close();
        demo.kill("SIGTERM");
        await new Promise((resolve) => demo.once("exit", resolve));
        rmSync(folder, { recursive: true, force: true });
    }
}

async function flowPicture(browser: Browser): Promise<void> {
    const page = await browser.newPage({ viewport: { width: 1700, height: 900 } });
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction("document.querySelectorAll('#red-ui-workspace-chart .red-ui-flow-node-group').length > 20");
    await sleep(3000);
    await page.screenshot({ path: join(pictures, "flow.png") });
    await page.close();
}

async function dashboardPictures(browser: Browser): Promise<void> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await open(page, "power");
    await page.getByText("HEALTHY").first().waitFor({ timeout: 20_000 });
    await page.getByRole("button", { name: "Slow drain" }).click();
    await page.getByText("CRITICAL", { exact: true }).first().waitFor({ timeout: 120_000 });
    // The picture is of the moment: the battery stays where it is while the plan is walked through.
    await page.getByRole("button", { name: "Stop the fake" }).click();
    await page.getByText("Rehearsed").first().waitFor({ timeout: 60_000 });
    await sleep(1500);
    await page.screenshot({ path: join(pictures, "dashboard.png"), fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    await sleep(1500);
    await page.screenshot({ path: join(pictures, "dashboard-phone.png"), fullPage: true });
    await page.close();
}

/** The real UPS of the demo and a tape beside it, which is stopped when it is decided that it is time. */
async function upsPicture(browser: Browser): Promise<void> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await open(page, "ups");
    await page.getByText("ON MAINS").first().waitFor({ timeout: 20_000 });
    await page.getByRole("button", { name: "Slow drain" }).click();
    await page.getByText("SHUT DOWN: low runtime").waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: "Stop the tape" }).click();
    await page.getByText("Shutdown rehearsed").first().waitFor({ timeout: 60_000 });
    await sleep(1500);
    await page.screenshot({ path: join(pictures, "ups.png"), fullPage: true });
    await page.close();
}

async function open(page: Page, name: string): Promise<void> {
    await page.goto(`http://127.0.0.1:${port}/dashboard/${name}`);
}

async function reachable(url: string): Promise<void> {
    for (let attempt = 0; attempt < 300; attempt += 1) {
        if (await fetch(url).then((reply) => reply.ok, () => false)) return;
        await sleep(100);
    }
    throw new Error("the demo did not start");
}

main().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
