import assert from "node:assert/strict";
import { example, startDevices, wired, type Devices } from "../support/example-flow";
import { startNodeRed, type Holds, type NodeRed } from "../support/node-red";

const monitor = example("03 Complete monitor");

describe("the complete monitor, deployed again and again", function () {
    this.timeout(180_000);
    let devices: Devices;
    let red: NodeRed;
    before(async () => {
        devices = await startDevices();
        red = await startNodeRed({ tap: false });
    });
    after(async () => {
        await red?.stop();
        await devices?.stop();
    });

    it("holds no more after 50 full deploys than before: listeners, timers, sockets, files and heap", async () => {
        const { flows, credentials } = wired(monitor, devices);
        const deploy = async (times: number): Promise<Holds> => {
            for (let time = 0; time < times; time += 1) await red.deploy(flows, { credentials });
            // What the last deploy began (a poll, a save) shall have ended.
            await new Promise((resolve) => setTimeout(resolve, 700));
            return red.holds();
        };
        // Node-RED's own heap settles in the first deploys.
        const before = await deploy(30);
        const after = await deploy(50);
        assert.ok(before.nodes > monitor.length / 2, `${before.nodes} nodes`);
        assert.equal(after.nodes, before.nodes, "node objects");
        assert.equal(after.listeners, before.listeners, "listeners");
        for (const [kind, count] of Object.entries(after.resources)) assert.ok(count <= (before.resources[kind] ?? 0) + 1, `${kind}: ${before.resources[kind] ?? 0} before, ${count} after`);
        assert.ok(after.descriptors <= before.descriptors + 2, `descriptors: ${before.descriptors} before, ${after.descriptors} after`);
        const grown = after.heapUsed - before.heapUsed;
        assert.ok(grown < 50 * 12_000, `heap grew by ${Math.round(grown / 50)} bytes a deploy`);
        assert.deepEqual(red.log.filter(({ text }) => /MaxListeners|Close timed out/.test(text)), []);
        // What is saved at a close may wait for a disk that others keep busy, now and then.
        const late = red.log.filter(({ text }) => text.includes("closing took too long"));
        assert.ok(late.length <= 6, `${late.length} of 80 deploys: ${late.map(({ type }) => type).join()}`);
        assert.equal(red.output, "");
    });
});
