import assert from "node:assert/strict";
import type { Node } from "node-red";
import { OutageReport } from "../../../nodes/shared/outage-report";
import { StatusLight } from "../../../nodes/shared/status";
import { VirtualClock } from "../../support/virtual-clock";

describe("StatusLight", () => {
    let sent: { fill: string; shape: string; text: string }[];
    let light: StatusLight;
    let clock: VirtualClock;
    let close: () => void;
    let listeners: string[];
    beforeEach(() => {
        sent = [];
        clock = new VirtualClock();
        const node = { status: (status: (typeof sent)[number]) => sent.push(status), on: (event: string, heed: () => void) => { listeners.push(event); close = heed; } };
        listeners = [];
        light = new StatusLight(node as unknown as Node, clock);
    });
    const flood = (): void => {
        for (let watts = 1; watts <= 500; watts += 1) light.show("ok", `${watts} W`);
    };
    const texts = (): string[] => sent.map(({ text }) => text);
    for (const [mood, fill, shape] of [["ok", "green", "dot"], ["working", "blue", "dot"], ["stale", "yellow", "ring"], ["warning", "yellow", "dot"], ["error", "red", "ring"], ["critical", "red", "dot"], ["rehearsal", "blue", "ring"], ["off", "grey", "ring"]] as const) {
        it(`shows ${mood} as a ${fill} ${shape}`, () => {
            light.show(mood, "12 W");
            assert.deepEqual(sent, [{ fill, shape, text: "12 W" }]);
        });
    }
    it("does not repeat itself, since each status goes to every open editor", () => {
        for (const text of ["12 W", "12 W", "13 W", "12 W"]) light.show("ok", text);
        light.show("stale", "12 W");
        assert.deepEqual(sent.map(({ text, fill }) => `${text} ${fill}`), ["12 W green", "13 W green", "12 W green", "12 W yellow"]);
    });
    it("shows of a flood the first texts and, before the second is over, the last", async () => {
        flood();
        assert.deepEqual([sent.length, texts().at(-1)], [20, "20 W"]);
        await clock.pass(1000);
        assert.deepEqual([sent.length, texts().at(-1)], [21, "500 W"]);
        light.show("ok", "1 W");
        assert.equal(texts().at(-1), "1 W");
    });
    it("asks for the text only when it may be shown", async () => {
        let asked = 0;
        for (let watts = 1; watts <= 500; watts += 1) light.show("ok", () => `${asked += 1} asked, ${watts} W`);
        assert.ok(asked < 50, `${asked}`);
        await clock.pass(1000);
        assert.match(texts().at(-1) ?? "", /, 500 W$/);
    });
    it("shows a new mood at once, however many texts there were", async () => {
        flood();
        light.show("critical", "3 W");
        assert.equal(texts().at(-1), "3 W");
        await clock.pass(2000);
        assert.equal(texts().at(-1), "3 W");
    });
    it("shows soon only the newest of what came meanwhile", async () => {
        for (const watts of [24, 25, 26]) light.showSoon("critical", `${watts} W`);
        assert.deepEqual(texts(), []);
        await clock.pass(20);
        light.showSoon("ok", "400 W");
        await clock.pass(20);
        assert.deepEqual(texts(), ["26 W", "400 W"]);
    });
    it("shows nothing more when the node has closed", () => {
        flood();
        light.showSoon("critical", "3 W");
        close();
        assert.equal(clock.pending, 0);
    });
    for (const [what, wait] of [["a late text", flood], ["one that is shown soon", () => light.showSoon("ok", "3 W")]] as const) {
        it(`listens once for the close, however often ${what} waits`, async () => {
            for (let round = 0; round < 3; round += 1) {
                wait();
                await clock.pass(2000);
            }
            assert.deepEqual(listeners, ["close"]);
            wait();
            close();
            assert.equal(clock.pending, 0);
        });
    }
    it("leaves no second text behind when a new mood comes while one waits", async () => {
        flood();
        light.show("critical", "3 W");
        await clock.pass(2000);
        assert.deepEqual(texts().slice(-2), ["20 W", "3 W"]);
    });
    it("begins a new second with the first text after one, and tells the last before it is over", async () => {
        flood();
        await clock.pass(1500);
        const { length } = sent;
        flood();
        await clock.pass(999);
        assert.equal(sent.length, length + 20);
        await clock.pass(1);
        assert.deepEqual([sent.length, texts().at(-1)], [length + 21, "500 W"]);
    });
    it("cuts a long text at 40 characters", () => {
        light.show("ok", "x".repeat(40));
        assert.equal(sent.shift()?.text, "x".repeat(40));
        light.show("error", "x".repeat(60));
        assert.deepEqual([sent[0]?.text.length, sent[0]?.text.at(-1)], [40, "…"]);
    });
});

describe("OutageReport", () => {
    it("lets Catch hear of an outage once, and the log of its end", () => {
        const heard: string[] = [];
        const note = (to: string) => (text: string): void => void heard.push(`${to}: ${text}`);
        const report = new OutageReport({ error: note("error"), debug: note("debug"), log: note("log") } as unknown as Node);
        report.over();
        for (let time = 0; time < 3; time += 1) report.failed(new Error("plug: refused"), {} as never);
        assert.equal(report.failures, 3);
        report.over();
        report.failed(new Error("plug: timeout"), {} as never);
        report.over();
        assert.equal(heard.pop(), "log: working again after 1 failure");
        assert.deepEqual(heard, ["error: plug: refused", "debug: plug: refused (failure 2 in a row)", "debug: plug: refused (failure 3 in a row)", "log: working again after 3 failures", "error: plug: timeout"]);
    });
});
