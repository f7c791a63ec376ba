import assert from "node:assert/strict";
import type { Node, NodeAPI } from "node-red";
import { systemClock } from "../../../lib/kit/clock";
import { onInputLater, type Taken } from "../../../nodes/shared/later-input";
import { loadFlow, temporaryFolder, type LoadedFlow } from "../../support/helper";

let handle: (taken: Taken) => Promise<void>;
const probe = (RED: NodeAPI): void => {
    RED.nodes.registerType("probe", function (this: Node, config) {
        RED.nodes.createNode(this, config);
        onInputLater(this, 10, (taken) => handle(taken));
    });
};
const flow = [
    { id: "probe", type: "probe", wires: [["out"]] },
    { id: "out", type: "helper" },
    { id: "catch", type: "catch", scope: null, wires: [["caught"]] },
    { id: "caught", type: "helper" },
    { id: "complete", type: "complete", scope: ["probe"], wires: [["completed"]] },
    { id: "completed", type: "helper" },
];

describe("messages of a node that is in no hurry", () => {
    const folder = temporaryFolder();
    let loaded: LoadedFlow;
    let seen: unknown[];
    beforeEach(async () => {
        seen = [];
        handle = async ({ msg }) => void seen.push((msg as { payload?: unknown }).payload);
        loaded = await loadFlow([probe], flow, { userDir: folder.path });
    });
    afterEach(() => loaded.unload());
    after(() => folder.remove());
    const send = (payload: unknown): void => loaded.node("probe").receive({ payload } as never);

    it("are dealt with in order, a moment later, and done one by one", async () => {
        for (let n = 0; n < 200; n += 1) send(n);
        assert.deepEqual(seen, [], "later");
        await loaded.until("completed", 200);
        const all = Array.from({ length: 200 }, (_, n) => n);
        assert.deepEqual([seen, loaded.received("completed").map(({ payload }) => payload)], [all, all]);
    });
    it("let others have their turn when there are many", async () => {
        let turns = 0;
        const counted = (): void => void ((turns += 1), seen.length < 500 && setImmediate(counted));
        handle = async () => {
            if (seen.length === 0) setImmediate(counted);
            seen.push(1);
        };
        for (let n = 0; n < 500; n += 1) send(n);
        await loaded.until("completed", 500);
        assert.ok(turns >= 9, `${turns} turns`);
    });
    it("are as they were when they came, whatever their sender puts into them meanwhile", async () => {
        const msg = { payload: "then" };
        loaded.node("probe").receive(msg as never);
        msg.payload = "now";
        await loaded.until("completed", 1);
        assert.deepEqual(seen, ["then"]);
    });
    it("say when they came", async () => {
        let at = 0;
        handle = async (taken) => void (at = taken.at);
        const before = systemClock.now();
        send(1);
        const after = systemClock.now();
        await loaded.until("completed", 1);
        // A message is handed over in a turn of its own.
        assert.ok(at >= before && at <= after + 5000, `${before} ${at} ${after}`);
    });
    it("reach Catch when they fail, each once, and the others are done", async () => {
        handle = async ({ msg }) => {
            if (msg.payload === 1) throw new Error("at once");
            if (msg.payload === 2) throw "a text";
        };
        for (let n = 0; n < 4; n += 1) send(n);
        await loaded.until("caught", 2);
        await loaded.until("completed", 2);
        assert.deepEqual(loaded.received("caught").map(({ error }) => (error as { message: string }).message), ["Error: at once", "a text"]);
        assert.deepEqual(loaded.received("completed").map(({ payload }) => payload), [0, 3]);
    });
    it("that came right before the node closes are dealt with still", async () => {
        for (let n = 0; n < 120; n += 1) send(n);
        // Delivered, and not yet dealt with.
        await new Promise((resolve) => setImmediate(resolve));
        await (loaded.node("probe") as unknown as { close(): Promise<void> }).close();
        assert.equal(seen.length, 120);
    });
});
