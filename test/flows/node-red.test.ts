import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startNodeRed, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

const flow = [
    { id: "0000000000000001", type: "tab", label: "tab" },
    { id: "0000000000000002", z: "0000000000000001", type: "inject", x: 0, y: 0, props: [{ p: "payload" }, { p: "topic", vt: "str" }], payload: "25", payloadType: "num", topic: "plug", wires: [["0000000000000003"]] },
    { id: "0000000000000003", z: "0000000000000001", type: "probe", x: 0, y: 0, wires: [["0000000000000005"]] },
    { id: "0000000000000004", z: "0000000000000001", type: "catch", scope: null, x: 0, y: 0, wires: [["0000000000000006"]] },
    { id: "0000000000000005", z: "0000000000000001", type: "debug", x: 0, y: 0, active: false, wires: [] },
    { id: "0000000000000006", z: "0000000000000001", type: "debug", x: 0, y: 0, active: false, wires: [] },
];

/** Starts Node-RED with one more node type, `probe`, whose wiring is `source` (code in the scope of its constructor). */
async function withProbe(source: string): Promise<{ red: NodeRed; end(): Promise<void> }> {
    const folder = temporaryFolder();
    mkdirSync(join(folder.path, "nodes"));
    writeFileSync(join(folder.path, "nodes", "probe.html"), "");
    writeFileSync(join(folder.path, "nodes", "probe.js"), `module.exports = (RED) => RED.nodes.registerType("probe", function (config) {
        RED.nodes.createNode(this, config);
        const { onInput, onClose, every, background } = require(process.env.RIDETHROUGH_WIRE);
        ${source}
    });`);
    const red = await startNodeRed({ userDir: folder.path, env: { RIDETHROUGH_WIRE: join(__dirname, "../../dist/nodes/shared/wire.js") } });
    await red.deploy(flow);
    return {
        red,
        async end() {
            await red.stop();
            await folder.remove();
        },
    };
}

describe("a whole Node-RED", function () {
    this.timeout(60_000);

    it("takes a flow, an inject, and shows what went where; it stops within its time", async () => {
        const { red, end } = await withProbe('onInput(this, (msg, send) => { this.status({ text: "seen" }); send(msg); });');
        await red.inject("0000000000000002");
        const [msg] = await red.until("0000000000000005", 1);
        assert.deepEqual([msg?.topic, msg?.payload, red.status("0000000000000003")?.text], ["plug", 25, "seen"]);
        assert.deepEqual(red.errors(), []);
        await end();
        assert.deepEqual(await red.exited, { code: 0, signal: null });
    });
    it("is ended by one rejected promise: what the wrapper is for", async () => {
        const { red, end } = await withProbe('this.on("input", async () => { throw new Error("unheld"); });');
        await red.inject("0000000000000002").catch(() => undefined);
        assert.notEqual((await red.exited).code, 0);
        assert.match(red.output + red.errors().join(), /unheld/);
        await end();
    });
    it("lives on when a handler, a timer or a background work rejects through the wrapper, and Catch hears of each", async () => {
        const { red, end } = await withProbe(`
            onInput(this, async () => { background(this, async () => { throw new Error("in the background"); }); throw new Error("in the handler"); });
            every(this, 200, async () => { throw new Error("in the timer"); }, { firstMs: 200 });`);
        await red.inject("0000000000000002");
        const heard = (): string => red.received("0000000000000006").map((msg) => (msg.error as { message: string }).message).join();
        await red.eventually(() => /in the background/.test(heard()) && /in the handler/.test(heard()) && (heard().match(/in the timer/g) ?? []).length >= 2);
        assert.equal(red.ended, false);
        await end();
    });
    it("deploys on in under a second when a release hangs", async () => {
        const { red, end } = await withProbe("onClose(this, () => new Promise(() => undefined));");
        const before = performance.now();
        await red.deploy(flow);
        assert.ok(performance.now() - before < 10_000, "Node-RED itself would wait for 15 s");
        assert.match(red.log.map(({ text }) => text).join(), /closing took too long/);
        await end();
    });
});
