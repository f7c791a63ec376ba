import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { NutServerSimulator } from "../simulators/nut-server";
import { launch, noBrowser, openPage, sticksOut } from "../support/browser";
import { example } from "../support/example-flow";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

/** The page of examples 05, 09 and 10 as a person imports them, with the server's address entered, shorter intervals and a faster tape. */
describe("the dashboard's page of UPSes", function () {
    let browser: Browser;
    let red: NodeRed;
    let nut: NutServerSimulator;
    const deploy = async (names: string[], more: Record<string, object> = {}): Promise<FlowNode[]> => {
        const changes: Record<string, object> = { "tape-player": { speed: "1000" }, "ups-reader": { interval: "1" }, ...more };
        const flow = names.flatMap(example).map((node): FlowNode => ({ ...node, ...changes[node.type], ...(node.type === "nut-server" && { host: "127.0.0.1", port: String(nut.port) }), ...(node.type === "ups-reader" && node.ups === "" && { ups: "ups1" }) }));
        await red.deploy(flow);
        return flow;
    };
    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        nut = await new NutServerSimulator({ upses: { ups1: {}, ups2: {} } }).start();
        red = await startNodeRed({ dashboard: true });
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
        await nut?.stop();
    });
    const shows = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();
    const open = async (width: number, height: number): ReturnType<typeof openPage> => {
        const opened = await openPage(browser, { viewport: { width, height } });
        await opened.page.goto(`${red.origin}/dashboard/ups`);
        return opened;
    };

    it("shows a tape up to the decision and what it must lead to, beside the real UPS, without a console error", async () => {
        await deploy(["09 One UPS (NUT)", "05 Dashboard"]);
        const { page, problems } = await open(1280, 900);
        await shows(page, "ON MAINS");
        await shows(page, "No reason to shut down");

        await page.getByRole("button", { name: "Slow drain" }).click();
        await shows(page, "ups1: SHUTDOWN DECIDED");
        await shows(page, /runtime 599 s is below 600 s/);
        await page.locator(".rt-tape").getByText("slow-drain: as expected, 2 of 2").waitFor();
        await page.getByRole("button", { name: "Cliff" }).click();
        const fake = page.locator(".rt-ups", { hasText: "SIMULATED" });
        await fake.getByText("SHUT DOWN: low charge").waitFor();
        await fake.getByText("NO DATA", { exact: true }).waitFor();
        await shows(page, "Shutdown rehearsed, nothing was sent");
        assert.equal(await page.locator(".rt-ups").count(), 2, "the real UPS is there all the time");
        assert.deepEqual(problems, []);
    });

    it("shows what happens to a real UPS: on battery, lost, and back", async () => {
        // Looked at in any time: nothing is decided before.
        await deploy(["09 One UPS (NUT)", "05 Dashboard"], { "shutdown-trigger": { stabilization: "900" } });
        const { page, problems } = await open(1280, 900);
        const real = page.locator(".rt-ups").filter({ hasNotText: "SIMULATED" });
        await real.getByText("ON MAINS", { exact: true }).waitFor();
        await nut.apply("ups1", { "ups.status": "OB DISCHRG", "battery.charge": "15", "battery.runtime": "1300" });
        await real.getByText("ON BATTERY", { exact: true }).waitFor();
        for (const text of ["15 %", "21 min 40 s", "OB DISCHRG"]) await real.getByText(text).first().waitFor();
        await real.getByText("Not yet: low charge, if it lasts").waitFor();
        await real.locator(".rt-f-waits").getByText(/^charge 15 % is below 20 %; stabilization, \d+ s to go/).waitFor();
        await nut.driverDown("ups1");
        await real.getByText("NO DATA", { exact: true }).waitFor();
        await real.getByText("15 %", { exact: true }).waitFor();
        await shows(page, "ups1: Connection lost");
        await nut.driverUp("ups1");
        await nut.apply("ups1", { "ups.status": "OL CHRG" });
        await real.getByText("ON MAINS", { exact: true }).waitFor();
        await shows(page, "ups1: mains is back");
        assert.deepEqual(problems, []);
    });

    it("shows several UPSes and their quorum", async () => {
        const flow = await deploy(["10 Two UPSes, one rack (quorum)", "05 Dashboard"]);
        const { page, problems } = await open(1280, 900);
        await shows(page, "rack: quorum held");
        await shows(page, "2 of 2 healthy, 1 needed");
        await red.inject(flow.find(({ name }) => name === "both run out")?.id ?? "");
        await shows(page, "rack: QUORUM LOST");
        await shows(page, "rack: quorum lost");
        assert.deepEqual(problems, []);
    });

    it("puts what is worst first, and is not green where nothing can be judged", async () => {
        await nut.apply("ups2", { "ups.status": "OB DISCHRG", "battery.charge": "80" });
        await nut.driverDown("ups1");
        const { page, problems } = await open(1280, 900);
        const real = page.locator(".rt-ups").filter({ hasNotText: "SIMULATED" });
        const lost = real.filter({ hasText: /^ups_a/ });
        await lost.getByText("these are the last values").waitFor();
        await real.filter({ hasText: /^ups_b/ }).getByText("ON BATTERY", { exact: true }).waitFor();
        assert.deepEqual((await real.locator(".rt-name").allInnerTexts()).slice(0, 2), ["ups_b", "ups_a"], "the one on battery comes before the one without data");
        await lost.getByText("Cannot judge: no data").waitFor();
        assert.equal(await lost.locator(".rt-is-ok, .rt-f-no b:text('\u2713')").count(), 0);

        await deploy(["09 One UPS (NUT)", "05 Dashboard"], { "ups-reader": { interval: "1", device: "a name that is longer than the column in which what happened to it is told" } });
        await real.filter({ hasText: /^a_name/ }).getByText("not read since Node-RED started").waitFor();
        await nut.apply("ups1", { "ups.status": "OB DISCHRG" });
        await nut.driverUp("ups1");
        await page.locator(".rt-event").getByText(/^a_name.*on battery/).waitFor();
        assert.ok((await page.locator(".rt-events").evaluate((list) => list.scrollWidth - list.clientWidth)) <= 0, "long names are broken");
        assert.deepEqual(problems, []);
    });

    for (const [device, width, height] of [["a desktop", 1280, 900], ["a phone", 390, 844]] as const) {
        it(`fits ${device} (${width} px): nothing sticks out at the side, every part is there`, async () => {
            const { page, problems } = await open(width, height);
            for (const title of ["UPSes", "Play a tape", "Charge, last hour", "Runtime, last hour", "What happened"]) await shows(page, title);
            assert.ok((await sticksOut(page)) <= 0);
            assert.deepEqual(problems, []);
        });
    }
});
