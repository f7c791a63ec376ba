import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { generateKeyPair, startSshHost, type SshHost } from "../simulators/ssh-host";
import { launch, noBrowser, openConfig, openDialog, openEditor, patience, press, pressDeploy } from "../support/browser";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";

describe("drills in the editor", function () {
    let browser: Browser;
    let red: NodeRed;
    let page: Page;
    let problems: string[];
    const user = generateKeyPair();
    const hosts: SshHost[] = [];
    const [tab, plan, sequencer] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbb0", "ccccccccccccccc0"];
    const hostId = (index: number): string => `bbbbbbbbbbbbbbb${index + 1}`;

    const flows = (more: object = {}): FlowNode[] => [
        { id: tab, type: "tab", label: "drills" },
        ...hosts.map(({ name, port, hostKey }, index): FlowNode => ({ id: hostId(index), type: "power-host", version: 2, name, kind: "ssh", host: "127.0.0.1", port: String(port), user: "power", auth: "key", hostKey, transport: "ssh2", trust: "pinned" })),
        { id: plan, type: "shutdown-plan", name: "rack", hosts: hosts.map((_host, index) => hostId(index)), steps: hosts.map(() => ({ services: ["web"], after: [], stopTimeout: "30" })), final: "shutdown", delay: "2", evidenceDays: "30", version: 1 },
        { id: sequencer, type: "shutdown-sequencer", z: tab, x: 200, y: 100, plan, dryRun: true, enabled: false, startOn: "critical", check: "0", version: 2, wires: [[], []], ...more },
    ];
    const deploy = (more?: object): Promise<void> => red.deploy(flows(more), { credentials: Object.fromEntries(hosts.map((_host, index) => [hostId(index), { privateKey: user.private }])) });

    before(async function () {
        if (noBrowser !== undefined) {
            console.log(`skipped: ${noBrowser}`);
            return this.skip();
        }
        red = await startNodeRed();
        browser = await launch();
        for (const name of ["app", "nas"]) hosts.push(await startSshHost({ name, authorizedKey: user.public }));
    });
    after(async () => {
        await browser?.close();
        await red?.stop();
        for (const host of hosts) await host.stop();
    });
    afterEach(() => assert.deepEqual(problems, []));
    const open = async (): Promise<void> => {
        ({ page, problems } = await openEditor(browser, red.url, { viewport: { width: 1400, height: 1000 } }));
    };
    const becomes = (text: RegExp): Promise<void> => red.eventually(() => text.test(red.status(sequencer)?.text ?? ""), patience, () => `${text}, which is ${JSON.stringify(red.status(sequencer))}`);
    /** The dialog of the plan. What it will execute is shown above the drills, and moves them when it comes. */
    const openPlan = async (): Promise<void> => {
        await openConfig(page, "shutdown-plan", plan);
        await page.locator("#shutdown-plan-preview").getByText(/^2 hosts, /).waitFor();
    };

    it("are a button for each host and one for all, and show what they have proven", async () => {
        await deploy();
        await open();
        await openPlan();
        const drills = page.locator("#shutdown-plan-drills");
        const row = (name: string) => drills.locator(`[data-host='${name}']`);
        await row("app").getByText("not drilled yet").waitFor();
        await row("nas").getByText("not drilled yet").waitFor();

        await row("nas").getByRole("button").click();
        await row("nas").getByText(/proven .* ago, in \d+ ms/).waitFor();
        await row("app").getByText("not drilled yet").waitFor();
        assert.equal(hosts[0]?.connections, 0);

        hosts[0]?.setBehaviour({ exitCode: 1, errorText: "there is no service <b>web</b>" }, "web");
        await page.locator("#shutdown-plan-drill-all").click();
        await row("app").getByText(/failed .* ago/).waitFor();
        await row("app").getByText("stop web: there is no service <b>web</b>").waitFor();
        await row("nas").getByText(/proven .* ago/).waitFor();
        await press(page, "#node-config-dialog-cancel");
    });

    it("are about the plan that is deployed: a new one has to be deployed first", async () => {
        await open();
        await openConfig(page, "shutdown-plan");
        await page.locator("#shutdown-plan-drills").getByText("deploy the plan first").waitFor();
        await page.locator("#shutdown-plan-drill-all").click();
        await page.locator("#shutdown-plan-drills").getByText("deploy the plan first").waitFor();
        await press(page, "#node-config-dialog-cancel");
    });

    it("are counted in an armed sequencer's status, once a person says in its dialog what they know", async () => {
        hosts[0]?.setBehaviour({}, "web");
        await deploy({ dryRun: false, enabled: true });
        await becomes(/^not armed: /);
        await open();
        await openDialog(page, sequencer);
        for (const field of ["rootKnown", "openKnown"]) await page.locator(`#node-input-${field}`).check();
        await press(page, "#node-dialog-ok");
        await pressDeploy(page);
        await becomes(/^armed 1\/2, app: drill failed/);
        await openPlan();
        await page.locator("#shutdown-plan-drill-all").click();
        await becomes(/^armed, 2 hosts$/);
        await press(page, "#node-config-dialog-cancel");
    });

    it("leave a sequencer that was armed by an earlier version as it is, when its dialog is opened and saved", async () => {
        await deploy({ dryRun: false, enabled: true, version: 1, check: undefined, name: "old" });
        await becomes(/^armed, 2 hosts$/);
        await open();
        await openDialog(page, sequencer);
        await page.locator("#node-input-name").fill("new");
        await press(page, "#node-dialog-ok");
        await pressDeploy(page);
        const [node] = ((await (await red.request("flows")).json()) as FlowNode[]).filter(({ type }) => type === "shutdown-sequencer");
        assert.deepEqual([node?.name, node?.rootKnown, node?.openKnown, String(node?.version), node?.check], ["new", true, true, "2", "24"]);
        await becomes(/^armed, 2 hosts$/);
    });
});
