import assert from "node:assert/strict";
import type { Node } from "node-red";
import type { StateFile } from "../../../lib/stores/state-file";
import { StateKeeper } from "../../../nodes/shared/state-keeper";
import { VirtualClock } from "../../support/virtual-clock";

describe("a state keeper that saves soon", () => {
    let clock: VirtualClock;
    let saved: string[];
    let keeper: StateKeeper<string[]>;
    beforeEach(() => {
        clock = new VirtualClock();
        saved = [];
        const file = { save: (value: string[]) => Promise.resolve(void saved.push(value.join(" "))), settled: () => Promise.resolve(), remove: () => Promise.resolve(void saved.push("removed")) };
        keeper = new StateKeeper({} as Node, file as unknown as StateFile<string[]>, clock);
    });
    const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

    it("saves after what was already to be delivered, not before", async () => {
        setImmediate(() => saved.push("delivered"));
        keeper.saveSoon(["state"]);
        await nextTurn();
        assert.deepEqual(saved, ["delivered", "state"]);
    });
    it("in a storm saves first, then twenty times a second at most, each time what is the newest then", async () => {
        const state = ["0"];
        for (let ms = 0; ms < 100; ms += 10) {
            state[0] = String(ms);
            keeper.saveSoon(state);
            await nextTurn();
            await clock.pass(10);
        }
        assert.deepEqual(saved, ["0", "40", "90"]);
    });
    it("after a pause saves at once again", async () => {
        for (const state of ["one", "two"]) {
            keeper.saveSoon([state]);
            await nextTurn();
            await clock.pass(60);
        }
        assert.deepEqual(saved, ["one", "two"]);
    });
    it("waits longer where nothing is urgent", async () => {
        const state = ["one"];
        keeper.saveSoon(state, 1000);
        await nextTurn();
        state[0] = "two";
        keeper.saveSoon(state, 1000);
        await clock.pass(999);
        assert.deepEqual(saved, ["one"]);
        await clock.pass(1);
        assert.deepEqual(saved, ["one", "two"]);
    });
    it("closing saves what waits, without being told what it is, and otherwise nothing", async () => {
        for (const state of ["one", "two"]) {
            keeper.saveSoon([state], 1000);
            await nextTurn();
        }
        await keeper.close(undefined, false);
        await keeper.close(undefined, false);
        await clock.pass(1000);
        assert.deepEqual(saved, ["one", "two"]);
    });
    for (const removed of [false, true]) {
        it(`closing ${removed ? "removes the file" : "saves the last"}, and nothing is saved after it`, async () => {
            const state = ["old"];
            keeper.saveSoon(state);
            await nextTurn();
            state[0] = "new";
            keeper.saveSoon(state);
            await keeper.close(state, removed);
            await clock.pass(100);
            assert.deepEqual(saved, ["old", removed ? "removed" : "new"]);
        });
    }
});

describe("a state keeper on a disk that takes nothing", () => {
    let clock: VirtualClock;
    let said: string[];
    let answer: () => Promise<void>;
    let keeper: StateKeeper<number>;
    beforeEach(() => {
        clock = new VirtualClock();
        said = [];
        const say = (level: string) => (text: string) => void said.push(`${level}: ${text.split(".")[0]}`);
        keeper = new StateKeeper({ error: say("error"), warn: say("warn"), log: say("log") } as unknown as Node, { save: () => answer() } as unknown as StateFile<number>, clock);
    });
    const full = (): Promise<void> => Promise.reject(new Error("ENOSPC: no space left on device"));
    const well = (): Promise<void> => Promise.resolve();
    const save = async (how: () => Promise<void>): Promise<void> => {
        answer = how;
        await keeper.save(1);
    };

    it("tells Catch once, and the log when it works again", async () => {
        for (const how of [full, full, well, well]) await save(how);
        assert.deepEqual(said, ["error: the state can't be saved: ENOSPC: no space left on device", "log: the state can be saved again"]);
    });
    it("tells Catch once an hour at most when it fails now and then", async () => {
        for (const how of [full, well, full, well]) await save(how);
        await clock.pass(3_600_000);
        await save(full);
        assert.deepEqual(said.map((text) => text.split(":")[0]), ["error", "log", "warn", "log", "error"]);
    });
    it("tells of a disk that hangs, and waits for it no longer", async () => {
        answer = () => new Promise(() => undefined);
        const saving = keeper.save(1);
        await clock.pass(9999);
        assert.deepEqual(said, []);
        await clock.pass(1);
        await saving;
        assert.deepEqual(said, ["error: the state can't be saved: the disk: no answer within 10 s"]);
    });
});
