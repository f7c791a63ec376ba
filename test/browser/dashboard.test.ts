import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { launch, noBrowser, openPage, patience, sticksOut } from "../support/browser";
import { example, startDevices, wired, type Devices } from "../support/example-flow";
import { startNodeRed, type NodeRed } from "../support/node-red";

describe("the dashboard", function () {
    let browser: Browser;
    let red: NodeRed;
    let devices: Devices;
    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        devices = await startDevices();
        red = await startNodeRed({ dashboard: true });
        const { flows, credentials } = wired([...example("03 Complete monitor"), ...example("05 Dashboard")], devices);
        await red.deploy(flows, { credentials });
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
        await devices?.stop();
    });

    const shows = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();

    it("shows the real plug, a fake outage up to the rehearsed shutdown, and power coming back, without a console error", async () => {
        const { page, problems } = await openPage(browser, { viewport: { width: 1280, height: 900 } });
        await page.goto(`${red.origin}/dashboard/power`);
        await shows(page, "HEALTHY");
        await shows(page, /420\.0 W/);

        await page.getByRole("button", { name: "Cliff" }).click();
        await shows(page, "SIMULATED");
        await shows(page, /^(CRITICAL|DEAD)$/);
        await shows(page, "Rehearsed: nothing was sent");
        for (const host of ["monitor", "apps", "nas"]) await shows(page, host);
        await shows(page, /DRY RUN/);
        await red.eventually(() => devices.telegram.messages.some(({ text }) => text.includes("[SIMULATED]")), patience, () => "an alert that says that it is simulated");

        await page.getByRole("button", { name: "Power back" }).click();
        await shows(page, /POWER RESTORED/);
        assert.deepEqual(problems, []);
    });

    for (const [device, width, height] of [["a desktop", 1280, 900], ["a phone", 390, 844]] as const) {
        it(`fits ${device} (${width} px): nothing sticks out at the side, every part is there`, async () => {
            const { page, problems } = await openPage(browser, { viewport: { width, height } });
            await page.goto(`${red.origin}/dashboard/power`);
            await shows(page, "Try a fake outage");
            for (const title of ["Now", "Watts", "Last hour", "Shutdown plan", "Last alerts"]) await shows(page, title);
            const overflow = await sticksOut(page);
            assert.ok(overflow <= 0, `${overflow} px stick out`);
            assert.deepEqual(problems, []);
        });
    }
});
