import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Reading } from "../../lib/power/reading";
import { AnkerCloudSimulator } from "../simulators/anker-cloud";
import { ankerDiversion } from "../support/anker-diversion";
import { example, nodeOf, startDevices, wired, type Devices } from "../support/example-flow";
import { startNodeRed, type FlowNode, type Holds, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

describe("the example with a power station", function () {
    this.timeout(90_000);
    const folder = temporaryFolder();
    let cloud: AnkerCloudSimulator;
    let devices: Devices;
    let red: NodeRed;
    let flow: FlowNode[];
    let deploy: () => Promise<void>;
    before(async () => {
        cloud = await new AnkerCloudSimulator({ frameMs: 100, secondMs: 50 }).start();
        devices = await startDevices();
        mkdirSync(join(folder.path, "node-red"));
        red = await startNodeRed({ userDir: join(folder.path, "node-red"), env: { NODE_OPTIONS: ankerDiversion(cloud, folder.path) } });
        flow = example("06 Solix power station");
        const { flows, credentials } = wired(flow, devices);
        const account = nodeOf(flow, "anker-account").id;
        const hurried = flows.map((node) => (node.type === "solix-reader" ? { ...node, interval: "2", fastInterval: "1", stale: "3" } : node));
        deploy = () => red.deploy(hurried, { credentials: { ...credentials, [account]: { email: "user@example.com", password: "correct horse battery" } } });
        await deploy();
    });
    after(async () => {
        await red?.stop();
        await cloud?.stop();
        await devices?.stop();
        await folder.remove();
    });
    const readings = (): Reading[] => red.received(nodeOf(flow, "debug", "every reading").id).map(({ reading }) => reading as Reading);
    const texts = (): string[] => devices.telegram.messages.map(({ text }) => text);

    it("06 Solix power station: charge and flows arrive, and what the station reports is told once", async () => {
        await red.eventually(() => readings().some(({ quality, charge, flows }) => quality === "good" && charge === 82 && flows?.output === 310), 20_000, () => "a reading");
        assert.equal(red.received(nodeOf(flow, "debug", "what the station reports").id).length, 1);
        assert.deepEqual(red.errors(), []);
        assert.equal(cloud.logins, 1);
    });

    it("06: a low charge is told, and so is a cloud that has gone silent, with the charge carried on", async () => {
        cloud.station.charge = 25;
        cloud.station.acInput = 0;
        await red.eventually(() => texts().some((text) => text.includes("FAST mode: charge 25 %")), 20_000, () => texts().join(" | "));
        assert.ok(!texts().some((text) => text.includes("NOT READY")), "not at 25 %");
        cloud.station.charge = 15;
        await red.eventually(() => texts().some((text) => /NOT READY FOR AN OUTAGE[^]*charge 15 % is below 20 %/.test(text)), 20_000, () => texts().join(" | "));
        cloud.silent = true;
        await red.eventually(() => texts().some((text) => text.includes("no data for")), 20_000, () => texts().join(" | "));
        await red.eventually(() => readings().some(({ quality, estimated }) => quality === "stale" && estimated !== undefined), 20_000, () => "an estimate");
        assert.equal(cloud.logins, 1);
    });

    it("06: full deploys leave nothing behind, and need no other login", async () => {
        const after = async (times: number): Promise<Holds> => {
            for (let time = 0; time < times; time += 1) await deploy();
            await new Promise((resolve) => setTimeout(resolve, 1500));
            await red.diskAtRest();
            return red.holds();
        };
        const first = await after(15);
        const last = await after(20);
        assert.deepEqual([last.nodes, last.listeners], [first.nodes, first.listeners]);
        // A poll or a save that happens to be under way has some for a moment; what a deploy leaves behind would be twenty.
        const few = 5;
        for (const [kind, count] of Object.entries(last.resources)) assert.ok(count <= (first.resources[kind] ?? 0) + few, `${kind}: ${first.resources[kind] ?? 0} before, ${count} after`);
        assert.ok(last.descriptors <= first.descriptors + few, `descriptors: ${first.descriptors} before, ${last.descriptors} after`);
        assert.equal(cloud.logins, 1);
        assert.ok(cloud.connections <= 1, `${cloud.connections} connections`);
        assert.deepEqual(red.log.filter(({ text }) => /MaxListeners|Close timed out/.test(text)), []);
        // What is saved at a close may wait for a disk that others keep busy, but not every time.
        const late = red.log.filter(({ text }) => text.includes("closing took too long"));
        assert.ok(late.length <= 17, `${late.length} of 35 deploys: ${late.map(({ type }) => type).join()}`);
        assert.equal(red.output, "");
    });
});
