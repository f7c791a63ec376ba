import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startKasaPlug, type KasaPlug } from "../simulators/kasa-plug";
import { startTelegram, type TelegramSimulator } from "../simulators/telegram";
import { repository, startNodeRed, type FlowNode, type Holds, type NodeRed } from "../support/node-red";

const example = JSON.parse(readFileSync(join(repository, "examples/flows/03 Complete monitor.json"), "utf8")) as FlowNode[];

const botToken = "123456789:test-token";

/** The complete monitor against simulators, polling once a second. */
function wired(plug: KasaPlug, telegram: TelegramSimulator): { flows: FlowNode[]; credentials: Record<string, Record<string, string>> } {
    const credentials: Record<string, Record<string, string>> = {};
    const flows = example.map((node): FlowNode => {
        if (node.type === "plug-reader") return { ...node, plugType: "kasa", host: "127.0.0.1", port: String(plug.port), interval: "1" };
        if (node.type !== "telegram-alert") return node;
        credentials[node.id] = { token: botToken };
        return { ...node, baseUrl: telegram.url, chatId: "456" };
    });
    return { flows, credentials };
}

describe("the complete monitor, deployed again and again", function () {
    this.timeout(180_000);
    let plug: KasaPlug;
    let telegram: TelegramSimulator;
    let red: NodeRed;
    before(async () => {
        plug = await startKasaPlug({ watts: 420 });
        telegram = await startTelegram();
        red = await startNodeRed({ tap: false });
    });
    after(async () => {
        await red?.stop();
        await plug?.stop();
        await telegram?.stop();
    });

    it("holds no more after 50 full deploys than before: listeners, timers, sockets, files and heap", async () => {
        const { flows, credentials } = wired(plug, telegram);
        const deploy = async (times: number): Promise<Holds> => {
            for (let time = 0; time < times; time += 1) await red.deploy(flows, { credentials });
            // What the last deploy began (a poll, a save) shall have ended.
            await new Promise((resolve) => setTimeout(resolve, 700));
            return red.holds();
        };
        // Node-RED's own heap settles in the first deploys.
        const before = await deploy(30);
        const after = await deploy(50);
        assert.ok(before.nodes > example.length / 2, `${before.nodes} nodes`);
        assert.equal(after.nodes, before.nodes, "node objects");
        assert.equal(after.listeners, before.listeners, "listeners");
        for (const [kind, count] of Object.entries(after.resources)) assert.ok(count <= (before.resources[kind] ?? 0) + 1, `${kind}: ${before.resources[kind] ?? 0} before, ${count} after`);
        assert.ok(after.descriptors <= before.descriptors + 2, `descriptors: ${before.descriptors} before, ${after.descriptors} after`);
        const grown = after.heapUsed - before.heapUsed;
        assert.ok(grown < 50 * 12_000, `heap grew by ${Math.round(grown / 50)} bytes a deploy`);
        assert.deepEqual(red.log.filter(({ text }) => /MaxListeners|closing took too long|Close timed out/.test(text)), []);
        assert.equal(red.output, "");
    });
});
