import assert from "node:assert/strict";
import type { Node, NodeAPI } from "node-red";
import { background, every, onClose, onInput, type FlowMessage, type Loop, type Send } from "../../../nodes/shared/wire";
import { eventually, loadFlow, temporaryFolder, type LoadedFlow } from "../../support/helper";
import { settle, VirtualClock } from "../../support/virtual-clock";

/** What the node under test does when it is made; each test sets its own. */
let wire: (node: Node) => void;
const probe = (RED: NodeAPI): void => {
    RED.nodes.registerType("probe", function (this: Node, config) {
        RED.nodes.createNode(this, config);
        wire(this);
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

describe("the wire", () => {
    const folder = temporaryFolder();
    let loaded: LoadedFlow;
    const load = async (wiring: (node: Node) => void): Promise<LoadedFlow> => {
        wire = wiring;
        loaded = await loadFlow([probe], flow, { userDir: folder.path });
        return loaded;
    };
    afterEach(() => loaded.unload());
    after(() => folder.remove());
    const errors = (): string[] => loaded.received("caught").map((msg) => (msg.error as { message: string }).message);

    describe("onInput", () => {
        it("sends the message on and completes it once", async () => {
            await load((node) => onInput(node, (msg, send) => send(msg)));
            loaded.node("probe").receive({ topic: "t", payload: 1, foreign: "kept" } as never);
            await loaded.until("completed", 1);
            assert.deepEqual(loaded.received("out").map(({ topic, payload, foreign }) => ({ topic, payload, foreign })), [{ topic: "t", payload: 1, foreign: "kept" }]);
            assert.equal(loaded.received("completed").length, 1);
            assert.deepEqual(errors(), []);
        });
        it("is done at once where nothing is to be waited for", () => {
            let handler: (msg: FlowMessage, send: Send, done: () => void) => void = () => undefined;
            onInput({ on: (_: string, listener: typeof handler) => (handler = listener) } as unknown as Node, (msg, send) => send(msg));
            const order: string[] = [];
            handler({} as FlowMessage, () => order.push("sent"), () => order.push("done"));
            assert.deepEqual(order, ["sent", "done"]);
        });
        it("waits for a handler that takes its time", async () => {
            let release: () => void = () => undefined;
            await load((node) => onInput(node, () => new Promise<void>((resolve) => (release = resolve))));
            loaded.node("probe").receive({});
            await settle();
            assert.equal(loaded.received("completed").length, 0);
            release();
            await loaded.until("completed", 1);
        });
        const thrown: [string, () => void | Promise<void>, string][] = [
            ["throws", () => { throw new Error("at once"); }, "Error: at once"],
            ["rejects", () => Promise.reject(new Error("later")), "Error: later"],
            ["throws a text", () => { throw "a text"; }, "a text"],
            ["throws nothing", () => Promise.reject(undefined), "unknown error"],
            ["throws what cannot be printed", () => { throw Object.create(null); }, "unknown error"],
        ];
        for (const [what, handle, text] of thrown) {
            it(`a handler that ${what} reaches Catch once, with the message, and completes nothing`, async () => {
                await load((node) => onInput(node, handle));
                loaded.node("probe").receive({ topic: "mine" } as never);
                const [caught] = await loaded.until("caught", 1);
                await settle();
                assert.deepEqual([errors(), caught?.topic, loaded.received("completed").length], [[text], "mine", 0]);
            });
        }
        it("a handler that sends and then throws does both", async () => {
            await load((node) => onInput(node, (msg, send) => {
                send(msg);
                throw new Error("after");
            }));
            loaded.node("probe").receive({});
            await loaded.until("caught", 1);
            assert.equal(loaded.received("out").length, 1);
        });
        it("lets nothing out when Node-RED's own done throws", async () => {
            const unhandled: unknown[] = [];
            const note = (cause: unknown): void => void unhandled.push(cause);
            process.on("unhandledRejection", note);
            let handler: (msg: FlowMessage, send: Send, done: () => void) => void = () => undefined;
            const warned: string[] = [];
            onInput({ on: (_: string, listener: typeof handler) => (handler = listener), warn: (text: string) => warned.push(text) } as unknown as Node, () => undefined);
            handler({} as FlowMessage, () => undefined, () => { throw new Error("done failed"); });
            await settle();
            process.off("unhandledRejection", note);
            assert.deepEqual([unhandled, warned], [[], ["done failed"]]);
        });
    });

    describe("onClose", () => {
        let warned: string[];
        const loadClosing = (release: (removed: boolean) => void | Promise<void>, clock?: VirtualClock): Promise<LoadedFlow> => load((node) => {
            warned = [];
            node.warn = (text: unknown) => void warned.push(String(text));
            onClose(node, release, clock);
        });

        it("holds the deploy up until the release is done", async () => {
            let released = false;
            await loadClosing(() => new Promise((resolve) => setTimeout(() => resolve(void (released = true)), 40)));
            await loaded.unload();
            assert.equal(released, true);
        });
        it("goes on without a release that hangs, in under a second, and says so", async () => {
            const clock = new VirtualClock();
            await loadClosing(() => new Promise(() => undefined), clock);
            const unloaded = loaded.unload();
            await eventually(() => clock.pending > 0);
            await clock.pass(999);
            await unloaded;
            assert.match(warned.join(), /closing took too long/);
        });
        for (const [what, release] of [["throws", () => { throw new Error("no"); }], ["rejects", () => Promise.reject(new Error("no"))]] as const) {
            it(`goes on after a release that ${what}, and says why`, async () => {
                await loadClosing(release);
                await loaded.unload();
                assert.match(warned.join(), /closing failed: no/);
            });
        }
        it("says nothing of a release that fails after the time was up", async () => {
            const clock = new VirtualClock();
            let fail: (cause: Error) => void = () => undefined;
            await loadClosing(() => new Promise((_, reject) => (fail = reject)), clock);
            const unloaded = loaded.unload();
            await eventually(() => clock.pending > 0);
            await clock.pass(1000);
            await unloaded;
            fail(new Error("late"));
            await settle();
            assert.deepEqual(warned, ["closing took too long: went on without waiting"]);
        });
        it("leaves no timer behind", async () => {
            const clock = new VirtualClock();
            await loadClosing(() => undefined, clock);
            await loaded.unload();
            assert.equal(clock.pending, 0);
        });
    });

    describe("every", () => {
        let clock: VirtualClock;
        let loop: Loop;
        beforeEach(() => (clock = new VirtualClock()));
        const start = (tick: () => void | Promise<void>, firstMs?: number): Promise<LoadedFlow> => load((node) => {
            loop = every(node, 1000, tick, { clock, ...(firstMs !== undefined && { firstMs }) });
        });

        it("begins at once, then keeps the interval", async () => {
            const at: number[] = [];
            await start(() => void at.push(clock.monotonic()));
            const began = clock.monotonic();
            await clock.pass(3500);
            assert.deepEqual(at.map((ms) => ms - began), [0, 1000, 2000, 3000]);
        });
        it("keeps whole multiples of the interval where loops go together, whenever they begin and however long a round takes", async () => {
            const at: string[] = [];
            let second: Loop | undefined;
            clock = new VirtualClock(50_300);
            await load((node) => {
                loop = every(node, 1000, () => void at.push(`a ${clock.monotonic()}`), { clock, together: true });
                second = every(node, 1000, async () => {
                    at.push(`b ${clock.monotonic()}`);
                    await new Promise<void>((resolve) => clock.after(40, resolve));
                }, { clock, together: true, firstMs: 100 });
            });
            await clock.pass(2700);
            assert.deepEqual(at, ["a 50300", "b 50400", "a 51000", "b 51000", "a 52000", "b 52000", "a 53000", "b 53000"]);
            assert.equal(clock.pending, 2, "the timer for both, and the round of b");
            await clock.pass(40);
            assert.equal(clock.pending, 1);
            loop.stop();
            second?.stop();
            assert.equal(clock.pending, 0);
        });
        it("begins later where that is asked for", async () => {
            let rounds = 0;
            await start(() => void (rounds += 1), 500);
            await clock.pass(499);
            assert.equal(rounds, 0);
            await clock.pass(1);
            assert.equal(rounds, 1);
        });
        it("never lets two rounds overlap: a long one puts the next one off", async () => {
            let under = 0;
            let most = 0;
            let rounds = 0;
            await start(async () => {
                rounds += 1;
                most = Math.max(most, (under += 1));
                await new Promise<void>((resolve) => clock.after(2500, resolve));
                under -= 1;
            });
            for (let time = 0; time < 9; time += 1) await clock.pass(1000);
            assert.deepEqual([most, rounds], [1, 4]);
        });
        it("survives rounds that throw and reject; each reaches Catch", async () => {
            let round = 0;
            await start(() => {
                round += 1;
                if (round === 1) throw new Error("first");
                return Promise.reject(new Error("second"));
            });
            await clock.pass(1500);
            await loaded.until("caught", 2);
            assert.deepEqual(errors(), ["first", "second"]);
            await clock.pass(1000);
            assert.equal(round, 3);
        });
        it("joins the round under way when asked for one now", async () => {
            let rounds = 0;
            let release: () => void = () => undefined;
            await start(() => {
                rounds += 1;
                return new Promise<void>((resolve) => (release = resolve));
            });
            await clock.pass(0);
            const joined = [loop.now(), loop.now()];
            await settle();
            assert.equal(rounds, 1);
            release();
            await Promise.all(joined);
        });
        it("counts the interval from a round that was asked for", async () => {
            const at: number[] = [];
            await start(() => void at.push(clock.monotonic()));
            const began = clock.monotonic();
            await clock.pass(600);
            await loop.now();
            await clock.pass(1100);
            assert.deepEqual(at.map((ms) => ms - began), [0, 600, 1600]);
        });
        it("asks a changing interval after each round", async () => {
            const at: number[] = [];
            let intervalMs = 1000;
            await load((node) => {
                loop = every(node, () => intervalMs, () => {
                    at.push(clock.monotonic());
                    intervalMs = at.length === 2 ? 100 : 1000;
                }, { clock });
            });
            const began = clock.monotonic();
            await clock.pass(2500);
            assert.deepEqual(at.map((ms) => ms - began), [0, 1000, 1100, 2100]);
        });
        it("rejects to the one who asked with what the round threw", async () => {
            await start(() => Promise.reject(new Error("no plug")), 9000);
            await assert.rejects(loop.now(), /no plug/);
        });
        it("stops on close: no timer is left, and the round under way is the last", async () => {
            let rounds = 0;
            let release: () => void = () => undefined;
            await start(() => {
                rounds += 1;
                return new Promise<void>((resolve) => (release = resolve));
            });
            await clock.pass(0);
            await loaded.unload();
            release();
            await clock.pass(5000);
            await loop.now();
            assert.deepEqual([rounds, clock.pending], [1, 0]);
        });
    });

    describe("background", () => {
        it("brings what throws or rejects to Catch", async () => {
            await load(() => undefined);
            background(loaded.node("probe"), () => { throw new Error("thrown"); });
            background(loaded.node("probe"), () => Promise.reject(new Error("rejected")));
            await eventually(() => errors().length === 2);
            assert.deepEqual(errors().sort(), ["rejected", "thrown"]);
        });
    });
});
