import assert from "node:assert/strict";
import { at } from "../support/armed-flow";
import type { FlowNode, Holds } from "../support/node-red";
import { Rig, type RigHost } from "../support/armed-monitor";

const plan: RigHost[] = [{ name: "nas", services: ["postgresql"] }];

/** 20,000 messages of every wrong kind, to every node that listens. */
const flood: FlowNode[] = [
    { id: "f100d00000000001", type: "inject", z: at.tab, x: 0, y: 0, props: [], wires: [["f100d00000000002"]] },
    {
        id: "f100d00000000002", type: "function", z: at.tab, x: 0, y: 0, outputs: 1, wires: [[at.classifier, at.sequencer, at.telegram, at.plug]],
        func: `const junk = [undefined, null, "", "x".repeat(10000), -1, 1e308, NaN, Infinity, true, [], {}, [1, 2], { watts: 3 }, Buffer.alloc(1000), "25 W", "shutdown; reboot", "$(reboot)", "__proto__"];
            for (let n = 0; n < 20000; n += 1) {
                const a = junk[n % junk.length], b = junk[(n * 7 + 3) % junk.length];
                node.send({
                    payload: a, topic: b,
                    reading: n % 3 ? undefined : { device: a, at: b, watts: a, quality: b, simulated: a },
                    command: n % 5 ? undefined : { action: a, stream: b, conclusive: a, at: b },
                    transition: n % 7 ? undefined : { device: a, to: b, conclusive: a },
                    alert: n % 11 ? undefined : { severity: a, title: b },
                });
                if (n % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
            }
            node.status({ text: "sent" });
            return null;`,
    },
];

const mostHeap = 20_000_000;

describe("a flood of garbage", function () {
    this.timeout(480_000);
    let rig: Rig;
    before(async () => {
        rig = await Rig.start(plan);
        await rig.switchOn();
        await rig.deploy({ more: flood });
        await rig.state("HEALTHY");
    });
    after(() => rig.stop());

    it("starts nothing, ends nothing, and leaves the memory as it was", async () => {
        const before = await rig.red.holds();
        await rig.red.record(false);
        await rig.red.inject("f100d00000000001");
        await rig.red.eventually(() => rig.red.status("f100d00000000002")?.text === "sent", 180_000, () => "the flood to end");
        const polled = rig.plug.requests;
        await rig.red.eventually(() => rig.plug.requests >= polled + 3, 60_000, () => "the plug to be polled");
        await rig.red.record(true);
        await rig.red.until(at.classifier, rig.red.received(at.classifier).length + 3, 60_000);
        assert.equal(rig.toldInAll, 0);
        assert.equal(rig.red.ended, false);
        // What is still under way (deadlines, the rehearsal that a bare -1 W began) ends within its time.
        const more = (holds: Holds): string[] => Object.keys(holds.resources).filter((kind) => (holds.resources[kind] ?? 0) > (before.resources[kind] ?? 0) + 5);
        const heap = ({ heapUsed }: Holds): number => heapUsed - before.heapUsed;
        let after = await rig.red.holds();
        for (let second = 0; second < 60 && (more(after).length > 0 || heap(after) >= mostHeap); second += 1) {
            await new Promise((resolve) => setTimeout(resolve, 1000));
            after = await rig.red.holds();
        }
        assert.ok(heap(after) < mostHeap, `${heap(after)} bytes more`);
        assert.deepEqual(more(after), [], JSON.stringify([before.resources, after.resources]));
    });
    it("hides no real outage that comes after it", async () => {
        rig.plug.setWatts(25);
        const result = await rig.result();
        assert.deepEqual([result.outcome, result.mode], ["completed", "live"]);
    });
});
