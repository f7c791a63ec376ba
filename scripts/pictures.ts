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
        cwd: repository, env: { ...process.env, PORT: String(port), RIDETHROUGH_DEMO: folder }, stdio: ["pipe", "inherit", "inherit"],
    });
    const type = (line: string): void => void demo.stdin.write(`${line}\n`);
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    try {
        await reachable(`http://127.0.0.1:${port}/settings`);
        await flowPicture(browser);
        await dashboardPictures(browser);
        await upsPicture(browser);
        await shutdownPicture(browser, type);
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

/** A real run, on hosts that only say what they are told: the fourth, so that its plan is what the others have measured. */
async function shutdownPicture(browser: Browser, type: (line: string) => void): Promise<void> {
    await arm();
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await open(page, "shutdown");
    // The drills of a plan end when a real run of it begins.
    for (const plan of ["Rack on the power station", "Rack on the UPS"]) {
        const hosts = page.locator(".rth-plan", { hasText: plan });
        await hosts.getByRole("button", { name: "Drill all" }).click();
        await hosts.getByText("proven", { exact: true }).nth(2).waitFor();
    }
    const head = (text: string): Promise<void> => page.locator(".rtg-head").getByText(text).waitFor({ timeout: 60_000 });
    for (let run = 0; run < 3; run += 1) {
        type("20");
        await head("Shutting down");
        await head("Completed");
        type("420");
        // The plug is read every 2 s: only HEALTHY makes ready for the next run.
        await sleep(5000);
    }
    type("20");
    await head("Shutting down");
    await page.locator(".rtg-lane .rtg-b-running").getByText("stop postgresql").waitFor({ timeout: 30_000 });
    await sleep(2500);
    await page.screenshot({ path: join(pictures, "shutdown.png"), fullPage: true });
    await page.close();
}

/** What a person does who means it: the switches of the complete monitor, and a load that is constant. */
async function arm(): Promise<void> {
    const changes: Record<string, object> = { "Complete monitor/shutdown-sequencer": { dryRun: false, enabled: true, rootKnown: true, openKnown: true, version: 2 }, "Complete monitor/power-classifier": { loadIsConstant: true } };
    const flows = (await (await fetch(`http://127.0.0.1:${port}/flows`)).json()) as { id: string; type: string; z?: string; label?: string }[];
    const tabs = new Map(flows.map(({ id, label }) => [id, label]));
    const armed = flows.map((node) => ({ ...node, ...changes[`${tabs.get(node.z ?? "")}/${node.type}`] }));
    await fetch(`http://127.0.0.1:${port}/flows`, { method: "POST", headers: { "Content-Type": "application/json", "Node-RED-Deployment-Type": "nodes" }, body: JSON.stringify(armed) });
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
