import assert from "node:assert/strict";
import type { Browser, ElementHandle, Locator, Page } from "playwright-core";
import type { StepView } from "../../lib/shutdown/progress";
import { launch, noBrowser, openPage, patience, sticksOut, unreadable } from "../support/browser";
import { DrillRig } from "../support/drill-rig";
import { example, nodeOf } from "../support/example-flow";
import type { FlowNode } from "../support/node-red";

/** The page of examples 05 and 14, with hosts that only write down what they are told. */
describe("the dashboard's page of a shutdown", function () {
    let browser: Browser;
    let rig: DrillRig;
    let page: Page;
    let problems: string[];
    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        rig = await DrillRig.start({ dashboard: true });
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await rig?.stop();
    });
    beforeEach(() => rig.hosts.forEach((host) => host.commands.splice(0)));
    afterEach(async () => {
        await page.context().close();
        assert.deepEqual(problems, [], "nothing is wrong in the console");
    });

    const open = async (width = 1280, height = 900): Promise<void> => {
        ({ page, problems } = await openPage(browser, { viewport: { width, height } }));
        // Until its socket is there the page polls, and may be told of two states at once, of which it shows the second only.
        const socket = page.waitForEvent("websocket").then((opened) => opened.waitForEvent("framesent", { predicate: ({ payload }) => payload === "5", timeout: patience }));
        await Promise.all([socket, page.goto(`${rig.red.origin}/dashboard/shutdown`)]);
    };
    const deploy = (changes: Record<string, object> = {}, more: readonly FlowNode[] = []): Promise<void> => rig.deploy(changes, [...example("05 Dashboard"), ...more]);
    const button = (name: string): Locator => page.getByRole("button", { name, exact: true });
    const lane = (host: string): Locator => page.locator(".rtg-host", { has: page.locator(".rtg-name").getByText(host, { exact: true }) });
    const bar = (host: string, label: string): Locator => lane(host).locator(".rtg-bar").getByText(label, { exact: true });
    const shows = (text: string | RegExp, within: Page | Locator = page): Promise<void> => within.getByText(text).first().waitFor();
    const running = (host: string, label: string): Locator => lane(host).locator(".rtg-b-running").filter({ hasText: label });

    it("shows how old the proof of each host is, drills them by its buttons, and takes what a host says for text", async () => {
        rig.hosts.get("nas")?.setBehaviour({ exitCode: 1, errorText: "sudo: <img src=x onerror=document.title='owned'> no" }, "nfs-server");
        await deploy();
        await open();
        const host = (name: string): Locator => page.locator(".rth-host", { has: page.locator(".rth-name").getByText(name, { exact: true }) });
        for (const name of rig.hosts.keys()) await shows("no drill yet", host(name));
        await page.locator(".rth-here").getByText("Rehearse").waitFor();

        await button("Drill all").click();
        for (const name of ["apps", "monitor"]) {
            await shows("proven", host(name));
            await shows(/\d (s|min) ago, took \d+\.\d s/, host(name));
            await shows(/expires in 29 d 23 h|expires in 30 d/, host(name));
        }
        await shows("failed", host("nas"));
        await shows("stop nfs-server: sudo: <img src=x onerror=document.title='owned'> no", host("nas"));
        await shows("Drill: 2 of 3 hosts could be shut down");

        rig.hosts.get("nas")?.setBehaviour({}, "nfs-server");
        await host("nas").getByRole("button", { name: "Drill" }).click();
        await page.locator(".rth-here").getByText("Drilled").waitFor();
        assert.equal(await page.title(), "Shutdown");
    });

    it("shows a rehearsal as one: what is planned, hatched, with nothing to hold, and still there after a reload", async () => {
        await deploy();
        await open();
        await shows("No run yet");
        // It is there for seconds only: a slow page may show it between two looks.
        await page.evaluate(`void (window.wasThere = new Promise((resolve) => new MutationObserver(() => document.body.textContent.includes("Rehearsing: nothing is sent") && resolve()).observe(document.body, { subtree: true, childList: true, characterData: true })))`);
        await rig.press("rehearse");
        await page.evaluate("window.wasThere");
        await shows("REHEARSAL");
        assert.equal(await button("Hold").count(), 0);
        await shows("Rehearsed: nothing was sent");
        for (const [name, label] of [["apps", "stop web-frontend"], ["nas", "stop postgresql"], ["monitor", "look whether it is down"]] as const) assert.match(await bar(name, label).getAttribute("class") ?? "", /rtg-b-would/);
        await shows("would be proven", lane("nas"));
        const left = async (name: string, label: string): Promise<number> => (await bar(name, label).boundingBox())?.x ?? NaN;
        assert.ok(await left("apps", "stop grafana-server") < await left("nas", "stop postgresql"), "the NAS waits for apps");

        await page.reload();
        await shows("Rehearsed: nothing was sent");
        await shows("SIMULATED");
        assert.equal(await page.getByText("REAL RUN").count(), 0);
    });

    it("lets a person hold a real run, release it and cancel it: what it has stopped is started again", async () => {
        const stopped = rig.holds("apps", "web-frontend");
        rig.slow("nas", "postgresql", 600_000);
        // Looked at in any time: no step runs out of its own.
        const steps = (nodeOf(example("14 Drills and arming"), "shutdown-plan").steps as object[]).map((step) => ({ ...step, stopTimeout: "900" }));
        await deploy({ ...DrillRig.armed, "shutdown-plan": { ...DrillRig.armed["shutdown-plan"], steps } });
        await open();
        await rig.press("a real outage");
        await shows("REAL RUN");
        await shows("ups1: runtime 559 s is below 600 s");
        await running("apps", "stop web-frontend").waitFor();
        // It grows, but for the moments at which the axis comes to say more.
        await page.waitForFunction((bar) => {
            const { width } = bar.getBoundingClientRect();
            const least = Math.min(width, Number(bar.dataset.least ?? width));
            bar.dataset.least = String(least);
            return width > least + 20;
        }, await running("apps", "stop web-frontend").elementHandle() as ElementHandle<HTMLElement>);

        await button("Hold").click();
        await shows(/^Held by a person: goes on by itself in (10 min|9 min \d+ s)/);
        stopped();
        await page.waitForFunction("document.querySelectorAll('.rtg-lane .rtg-b-running').length === 0");
        assert.deepEqual(rig.told("apps"), ["stop web-frontend"], "no further step");

        await button("Release").click();
        await running("nas", "stop postgresql").waitFor();
        await button("Cancel ...").click();
        await button("No, go on").click();
        await button("Cancel ...").click();
        await shows("Cancel? What it has stopped is started again.");
        await button("Yes, cancel").click();
        // Only then: a step that fails lets the others go on.
        await shows(/putting back \d+ step/);
        rig.hosts.get("nas")?.dropConnections();
        await shows(/^Cancelled/);
        await rig.red.eventually(() => rig.told("apps").includes("start web-frontend"), patience, () => JSON.stringify(rig.told("apps")));
        await page.locator(".rtg-head").getByText("Cancelled", { exact: true }).waitFor();
        await lane("apps").locator(".rtg-b-undo").first().waitFor();
        assert.deepEqual([...rig.hosts.keys()].filter((name) => rig.told(name).includes("shutdown")), []);

        await page.reload();
        await page.locator(".rtg-head").getByText("Cancelled", { exact: true }).waitFor();
        await page.locator(".rtg-tabs").getByText(/rehearsal/).click();
        await shows("Rehearsed: nothing was sent");
        await lane("apps").locator(".rtg-row").click();
        await shows("at most 30 s", lane("apps"));
    });

    describe("with a run that ended", () => {
        /** Later than those of the tests before: the newest is shown. */
        const begun = Date.now() + 3_600_000;
        const step = (host: string, kind: StepView["kind"], startedAt: number, endedAt: number, more: Partial<StepView> = {}): StepView => {
            const label = { connect: "log in", "stop-service": "stop web", act: "", "power-off": "poweroff", prove: "look whether it is down", undo: "" }[kind];
            return { id: `${host}/${kind}`, host, kind, label, state: "done", startedAt: begun + startedAt, endedAt: begun + endedAt, planned: { startMs: startedAt * 1.5, endMs: endedAt * 1.5, measured: true }, ...more };
        };
        const proven = (host: string, from: number, more: Partial<StepView>): StepView[] => [step(host, "connect", 0, 120), step(host, "stop-service", 120, from), step(host, "power-off", from, from + 300), step(host, "prove", from + 300, from + 30_000, more)];
        const result = {
            run: "r", outcome: "incomplete", mode: "live", reason: "ups1: runtime 559 s is below 600 s", startedAt: begun, endedAt: begun + 41_000, text: "4 services stopped, 2 seen dark, 1 STILL UP\ngpu: IS STILL UP",
            steps: [
                ...proven("apps", 4000, { proof: "watts", note: "draws 0.4 W" }), ...proven("db", 9000, { proof: "network", note: "answers no more" }),
                ...proven("nas", 6000, { proof: "sent", note: "nobody could see" }), ...proven("gpu", 11_000, { state: "failed", proof: "failed", error: "still answers" }),
            ],
        };
        const dark = { colors: { surface: "#0f172a", primary: "#4f9cf0", bgPage: "#111827", groupBg: "#1f2937", groupOutline: "#374151" } };
        for (const [theme, changes] of [["light", {}], ["dark", { "ui-theme": dark }]] as const) {
            describe(`in ${theme} colours`, () => {
                before(async () => {
                    const known = example("05 Dashboard").find(({ name }) => name === "what is known") ?? assert.fail();
                    await deploy(changes, [
                        { id: "d000000000000003", type: "inject", z: known.z, name: "a run that ended", props: [{ p: "result", v: JSON.stringify(result), vt: "json" }, { p: "sequencer", v: '{"id":"x","name":"Shutdown","plan":"My rack"}', vt: "json" }], wires: [[known.id]] },
                    ]);
                    await rig.press("drill all hosts");
                    await rig.press("a run that ended");
                });
                for (const [device, width, height] of [["a desktop", 1280, 900], ["a phone", 390, 844]] as const) {
                    it(`shows on ${device} how sure it is that each host is down, readable, and nothing sticks out`, async () => {
                        await open(width, height);
                        await shows("INCOMPLETE");
                        for (const [host, text] of [["apps", "dark, by its watts"], ["db", "dark, by the network"], ["nas", "sent, not seen"], ["gpu", "STILL UP"]] as const) {
                            await shows(text, lane(host).locator(".rtg-proof"));
                            await lane(host).locator(".rtg-proof .v-icon").waitFor();
                            assert.equal(await lane(host).locator(".rtg-plan.rtg-measured").count(), 4);
                        }
                        await shows(/dark by watts/);
                        await shows("proven");
                        assert.deepEqual(await unreadable(page, ".rtg, .rth, .rtn"), []);
                        assert.ok((await sticksOut(page)) <= 0);
                    });
                }
            });
        }
    });
});
