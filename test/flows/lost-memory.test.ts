import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import classifier from "../fixtures/configs/power-classifier.v1.json";
import depletion from "../fixtures/configs/depletion-rate.v1.json";
import group from "../fixtures/configs/redundancy-group.v1.json";
import plan from "../fixtures/configs/shutdown-plan.v1.json";
import sequencer from "../fixtures/configs/shutdown-sequencer.v2.json";
import trigger from "../fixtures/configs/shutdown-trigger.v1.json";
import nut from "../fixtures/configs/nut-server.v1.json";
import ups from "../fixtures/configs/ups-reader.v1.json";
import telegram from "../fixtures/configs/telegram-alert.v1.json";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

/** What each node remembers, in which file, and what a person hears of its loss. */
const memories = [
    ["power-classifier", ".json", /how each device stands is not known/],
    ["depletion-rate", ".json", /how fast a battery drains is measured anew/],
    ["shutdown-trigger", ".json", /the time on battery and the trend count anew/],
    ["redundancy-group", ".json", /its members are unknown until they are heard again/],
    ["ups-reader", ".json", /since when the UPS is on battery is not known/],
    ["shutdown-sequencer", ".json", /how long steps take/],
    ["shutdown-sequencer", ".journal", /the journal was damaged/],
    ["shutdown-plan", ".json", /its hosts count as not drilled: drill them/],
    ["telegram-alert", ".json", /alerts go to the chat of the node's settings/],
    ["telegram-alert", ".life", /nobody is told of this restart/],
    ["telegram-alert", ".outbox", /the file of waiting alerts was damaged: a copy is kept as/],
] as const;

describe("a memory that is damaged", function () {
    this.timeout(120_000);
    const folder = temporaryFolder();
    let red: NodeRed;
    before(async () => (red = await startNodeRed({ userDir: folder.path })));
    after(async () => {
        await red?.stop();
        await folder.remove();
    });

    /** On one tab the nodes and a Catch; what it hears goes by a link to another tab, which starts last. */
    const flows = (mark: string): FlowNode[] => {
        const placed = (node: object, more: object = {}): FlowNode => ({ z: "tab", x: 0, y: 0, wires: [[], [], []], ...node, ...more }) as unknown as FlowNode;
        const own = (node: { id: string }): string => `${node.id}-${mark}`;
        return [
            { id: "tab", type: "tab", label: "nodes" }, { id: "far", type: "tab", label: "those who hear" },
            { ...nut, id: own(nut) }, { ...plan, id: own(plan), hosts: [], steps: [] },
            placed(classifier, { id: own(classifier) }), placed(depletion, { id: own(depletion) }), placed(trigger, { id: own(trigger) }), placed(group, { id: own(group) }),
            placed(ups, { id: own(ups), server: own(nut), wires: [[], []] }), placed(sequencer, { id: own(sequencer), plan: own(plan) }),
            placed(telegram, { id: own(telegram), baseUrl: "http://127.0.0.1:9", service: true }),
            placed({ id: "catch", type: "catch", scope: null, uncaught: false, wires: [["out"]] }), placed({ id: "out", type: "link out", mode: "link", links: ["in"], wires: [] }),
            { id: "in", type: "link in", z: "far", x: 0, y: 0, links: ["out"], wires: [["heard"]] }, { id: "heard", type: "function", z: "far", x: 0, y: 0, func: "return null;", outputs: 0, wires: [] },
        ];
    };
    const idOf = (type: string, mark: string): string => flows(mark).find((node) => node.type === type)?.id ?? "";
    const pathOf = (type: string, extension: string, mark: string): string => join(folder.path, "ridethrough", type, `${idOf(type, mark)}${extension}`);
    const damage = (mark: string): void => {
        for (const [type, extension] of memories) {
            const path = pathOf(type, extension, mark);
            mkdirSync(dirname(path), { recursive: true });
            // A line of a journal that was torn is no damage: a crash does that.
            writeFileSync(path, extension === ".journal" ? '{"version":1,"hosts":["evil"]}\n' : '{"state":\0\0\0 damaged\n');
        }
    };
    const deploy = (mark: string, type?: "full" | "nodes"): Promise<void> => red.deploy(flows(mark), { credentials: { [idOf("telegram-alert", mark)]: { token: "123456789:test-token" } }, ...(type && { type }) });
    const assertHeard = async (mark: string): Promise<void> => {
        const texts = (): string[] => red.received("heard").map(({ payload }) => String(payload));
        for (const [type, extension, words] of memories) {
            const ofThis = (): string[] => texts().filter((text) => text.includes(`${idOf(type, mark)}${extension}.bad-`));
            await red.eventually(() => ofThis().length > 0, 20_000, () => `${type}${extension}: ${texts().join(" | ")}`);
            assert.equal(ofThis().length, 1, `${type}${extension} once`);
            assert.match(ofThis()[0] ?? "", words);
            assert.equal(readdirSync(join(folder.path, "ridethrough", type)).filter((name) => name.startsWith(`${idOf(type, mark)}${extension}.bad-`)).length, 1);
        }
        for (const type of ["power-classifier", "depletion-rate", "shutdown-trigger", "redundancy-group"]) assert.equal(red.status(idOf(type, mark))?.text, "memory lost: starting anew", type);
        assert.equal(red.status(idOf("shutdown-sequencer", mark))?.text, "journal lost: see its error");
    };

    for (const [how, mark, type] of [["a full deploy", "one", "full"], ["a deploy of what has changed", "two", "nodes"]] as const) {
        it(`reaches a person through Catch, link and another tab, and the status, at ${how}`, async () => {
            damage(mark);
            red.forget();
            await deploy(mark, type);
            await assertHeard(mark);
        });
    }
    it("does so at the start of Node-RED", async () => {
        await red.kill();
        damage("two");
        const before = new Set(memories.flatMap(([type]) => readdirSync(join(folder.path, "ridethrough", type))));
        red = await startNodeRed({ userDir: folder.path });
        for (const [type, extension, words] of memories) {
            const news = (): string[] => red.received("heard").map(({ payload }) => String(payload)).filter((text) => text.includes(`${idOf(type, "two")}${extension}.bad-`));
            await red.eventually(() => news().length > 0, 20_000, () => `${type}${extension}`);
            assert.equal(news().length, 1, `${type}${extension} once`);
            assert.match(news()[0] ?? "", words);
            const [, aside = ""] = /(\S+\.bad-\d+)/.exec(news()[0] ?? "") ?? [];
            assert.ok(!before.has(aside.split("/").at(-1) ?? ""), aside);
        }
    });
    it("is told once: what is whole again is not told of", async () => {
        await red.diskAtRest();
        await red.kill("SIGTERM");
        red = await startNodeRed({ userDir: folder.path });
        await red.eventually(() => red.status(idOf("redundancy-group", "two")) !== undefined);
        await deploy("two");
        assert.deepEqual(red.received("heard").map(({ payload }) => String(payload)).filter((text) => text.includes(".bad-")), []);
    });
});
