import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Node, NodeAPI } from "node-red";
import { dataFolder, dataPath, loadState, nodeState } from "../../../nodes/shared/storage";
import { temporaryFolder } from "../../support/temporary-folder";
import { VirtualClock } from "../../support/virtual-clock";

describe("a node's storage", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const RED = { settings: { userDir: folder.path } } as unknown as NodeAPI;
    let warned: string[] = [];
    const node = (id: string): Node => ({ id, type: "power-classifier", warn: (text: string) => warned.push(text) }) as unknown as Node;
    const count = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
    beforeEach(() => (warned = []));

    it("lies in ridethrough/ of the user directory, by type and id", () => {
        assert.equal(dataFolder(RED), join(folder.path, "ridethrough"));
        assert.equal(dataPath(RED, node("0123456789abcdef"), ".json"), join(folder.path, "ridethrough", "power-classifier", "0123456789abcdef.json"));
    });
    it("stays inside its folder whatever the id", () => {
        for (const id of ["../../etc/passwd", "a/b", "sub-flow:1", "..\\x"]) assert.equal(dirname(dataPath(RED, node(id), ".json")), join(folder.path, "ridethrough", "power-classifier"));
    });
    it("gives back what was saved", async () => {
        const file = nodeState(RED, node("one"), count);
        await file.save(7);
        assert.equal(await loadState(node("one"), nodeState(RED, node("one"), count)), 7);
        assert.deepEqual(warned, []);
    });
    it("begins with nothing, silently, where nothing was saved", async () => {
        assert.equal(await loadState(node("new"), nodeState(RED, node("new"), count)), undefined);
        assert.deepEqual(warned, []);
    });
    it("sets a damaged state aside and says so", async () => {
        const path = dataPath(RED, node("bad"), ".json");
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '"damaged');
        assert.equal(await loadState(node("bad"), nodeState(RED, node("bad"), count)), undefined);
        assert.match(warned.join(), /damaged and set aside as .*bad\.json\.bad-\d+/);
        assert.ok(readdirSync(dirname(path)).some((name) => name.startsWith("bad.json.bad-")));
    });
    it("does not wait for a disk that hangs: messages wait for the state", async () => {
        const clock = new VirtualClock();
        const loading = loadState(node("hung"), { load: () => new Promise(() => undefined) } as unknown as ReturnType<typeof nodeState<number>>, clock);
        await clock.pass(5000);
        assert.equal(await loading, undefined);
        assert.match(warned.join(), /could not be read: the disk: no answer within 5 s/);
    });
    it("says what keeps it from reading, and begins with nothing", async () => {
        const path = dataPath(RED, node("folder"), ".json");
        mkdirSync(path, { recursive: true });
        assert.equal(await loadState(node("folder"), nodeState(RED, node("folder"), count)), undefined);
        assert.match(warned.join(), /could not be read: EISDIR/);
    });
});
