import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Node, NodeAPI } from "node-red";
import type { StateFile } from "../../../lib/stores/state-file";
import type { StatusLight } from "../../../nodes/shared/status";
import { dataFolder, dataPath, loadState, nodeState } from "../../../nodes/shared/storage";
import { temporaryFolder } from "../../support/temporary-folder";
import { settle, VirtualClock } from "../../support/virtual-clock";

describe("a node's storage", () => {
    const folder = temporaryFolder();
    after(() => folder.remove());
    const events = new EventEmitter();
    const RED = { settings: { userDir: folder.path }, events } as unknown as NodeAPI;
    let told: string[] = [];
    let shown: string[] = [];
    const node = (id: string): Node => ({ id, type: "power-classifier", error: (text: string, msg: object) => told.push(text) && assert.deepEqual(msg, { topic: "state", payload: text }) }) as unknown as Node;
    const light = { show: (mood: string, text: string) => shown.push(`${mood}: ${text}`) } as unknown as StatusLight;
    const count = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);
    const load = (id: string, file: StateFile<number> = nodeState(RED, node(id), count), clock?: VirtualClock): Promise<number | undefined> => loadState(RED, node(id), file, { loss: "it counts anew", light, ...(clock && { clock }) });
    const start = async (): Promise<void> => {
        events.emit("flows:started");
        await settle();
    };
    beforeEach(() => ([told, shown] = [[], []]));

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
        assert.equal(await load("one"), 7);
        await start();
        assert.deepEqual([told, shown], [[], []]);
    });
    it("begins with nothing, silently, where nothing was saved", async () => {
        assert.equal(await load("new"), undefined);
        await start();
        assert.deepEqual([told, shown], [[], []]);
    });
    it("sets a damaged state aside, and says what was lost, where the file is and what that means", async () => {
        const path = dataPath(RED, node("bad"), ".json");
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '"damaged');
        assert.equal(await load("bad"), undefined);
        await start();
        assert.match(told.join(), /^the saved state was damaged and set aside as .*bad\.json\.bad-\d+; starting without it: it counts anew$/);
        assert.deepEqual(shown, ["error: memory lost: starting anew"]);
        assert.ok(readdirSync(dirname(path)).some((name) => name.startsWith("bad.json.bad-")));
    });
    it("sets aside a folder that lies in the place of the state, so that it can be saved again", async () => {
        const path = dataPath(RED, node("folder"), ".json");
        mkdirSync(path, { recursive: true });
        const file = nodeState(RED, node("folder"), count);
        assert.equal(await load("folder", file), undefined);
        await start();
        assert.match(told.join(), /damaged and set aside as .*folder\.json\.bad-\d+/);
        await file.save(3);
        assert.equal(await load("folder"), 3);
    });

    describe("on a disk that can't be read", () => {
        const failing = (answer: (signal?: AbortSignal) => Promise<never>): StateFile<number> => ({ load: answer }) as unknown as StateFile<number>;
        const noAccess = failing(() => Promise.reject(Object.assign(new Error("EACCES: permission denied, open '/x.json'"), { code: "EACCES" })));

        it("says what keeps it from reading, and begins with nothing", async () => {
            assert.equal(await load("shut", noAccess), undefined);
            await start();
            assert.deepEqual(told, ["the saved state could not be read: EACCES: permission denied, open '/x.json'; starting without it: it counts anew"]);
        });
        it("is told when all flows have started, and no sooner: Catch would not hear it", async () => {
            await load("early", noAccess);
            await settle();
            assert.deepEqual([told.length, shown.length], [0, 1]);
            await start();
            assert.equal(told.length, 1);
            await start();
            assert.equal(told.length, 1, "once");
        });
        it("is told at once when it shows only then", async () => {
            let fail: (error: Error) => void = () => undefined;
            const loading = load("late", failing(() => new Promise((_resolve, reject) => (fail = reject))));
            await start();
            fail(new Error("EIO: i/o error, read"));
            await loading;
            assert.match(told.join(), /EIO/);
        });
        it("keeps one ear on the start of the flows, however many nodes there are", async () => {
            await Promise.all(Array.from({ length: 50 }, (_, index) => load(`n${index}`)));
            assert.equal(events.listenerCount("flows:started"), 1);
            await start();
            assert.equal(events.listenerCount("flows:started"), 0);
        });
        it("does not wait for one that hangs: messages wait for the state", async () => {
            const clock = new VirtualClock();
            let given: AbortSignal | undefined;
            const loading = load("hung", failing((signal) => ((given = signal), new Promise(() => undefined))), clock);
            await clock.pass(5000);
            assert.equal(await loading, undefined);
            await start();
            assert.match(told.join(), /could not be read: the disk: no answer within 5 s; starting without it/);
            assert.equal(given?.aborted, true);
        });
    });

    it("forgets everything with the node, what was set aside included", async () => {
        const file = nodeState(RED, node("gone"), count);
        mkdirSync(dirname(file.path), { recursive: true });
        writeFileSync(file.path, "damaged");
        await load("gone", file);
        await start();
        await file.save(1);
        await file.remove();
        assert.deepEqual(readdirSync(dirname(file.path)).filter((name) => name.startsWith("gone")), []);
        assert.equal(existsSync(file.path), false);
    });
});
