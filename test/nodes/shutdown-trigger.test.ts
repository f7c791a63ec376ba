import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeMessage } from "node-red";
import type { ShutdownCommand } from "../../lib/power/command";
import type { Reading } from "../../lib/power/reading";
import { defaultTriggerConfig } from "../../lib/power/trigger-config";
import type { Verdict } from "../../lib/power/verdict";
import { parseConfig } from "../../nodes/shutdown-trigger/config";
import shutdownTrigger from "../../nodes/shutdown-trigger/shutdown-trigger";
import stored from "../fixtures/configs/shutdown-trigger.v1.json";
import { copyAsKilled, eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";
import { missed, onBattery, online, poll, polls } from "../support/trigger-story";

function flowOf(settings: object): FlowNode[] {
    return [
        { ...stored, ...settings, wires: [["shutdown"], ["restored"], ["every"]] },
        ...["shutdown", "restored", "every", "errors"].map((id) => ({ id, type: "helper" })),
        { id: "catch", type: "catch", wires: [["errors"]] },
    ];
}

const verdictOf = (msg: FlowMsg | undefined): Verdict => msg?.verdict as Verdict;
const before = polls(0, 20, online, 5);
const low = { ...onBattery, charge: 15 };

describe("shutdown-trigger", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    const load = async (settings: object = {}, userDir = folder.path): Promise<void> => {
        flow = await loadFlow([shutdownTrigger], flowOf(settings), { userDir });
    };
    const feed = (...readings: Reading[]): void => {
        for (const reading of readings) flow.node("trigger").receive({ topic: reading.device, payload: reading.charge, reading, room: "rack" } as NodeMessage);
    };
    const count = (id: string, least: number): Promise<FlowMsg[]> => flow.until(id, least);
    beforeEach(() => {
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });

    it("tells every verdict, the decision, and that mains is back", async () => {
        await load();
        const story = [...before, ...polls(20, 60, low), ...polls(60, 100, online, 5)];
        feed(...story);
        const every = await count("every", story.length);
        const [shutdown, ...more] = flow.received("shutdown");
        const [restored, ...others] = flow.received("restored");
        assert.deepEqual([more.length, others.length], [0, 0]);
        const command = shutdown?.command as ShutdownCommand;
        assert.deepEqual([shutdown?.topic, shutdown?.payload, shutdown?.room, command.action, command.stream, command.conclusive, command.at], ["ups1", "shutdown", "rack", "shutdown", "ups1", true, 50_000]);
        assert.deepEqual([verdictOf(shutdown).rule, verdictOf(shutdown).change], ["low-charge", "shutdown"]);
        assert.deepEqual([restored?.payload, (restored?.command as ShutdownCommand).action], ["restored", "restored"]);
        assert.equal(every[0]?.payload, "ups1: on mains, 100 %, 3000 s left");
        assert.deepEqual(every.map((msg) => [msg.topic, msg.room, msg.command]), story.map(() => ["ups1", "rack", undefined]));
        assert.deepEqual(verdictOf(every.find((msg) => (msg.reading as Reading).at === 50_000)), verdictOf(shutdown));
    });

    it("an outage that ends by itself is cancelled", async () => {
        await load();
        feed(...before, ...polls(20, 24, onBattery), ...polls(24, 60, online));
        const [msg] = await count("restored", 1);
        assert.deepEqual([msg?.payload, (msg?.command as ShutdownCommand).action], ["cancelled", "restored"]);
        assert.equal(flow.received("shutdown").length, 0);
    });

    it("hears a classifier that stands before it, and believes only what is plainly conclusive", async () => {
        await load({ powerGrace: "0" });
        const judged = (conclusive: unknown, device: string): void => {
            for (const reading of polls(0, 40, { device, source: "kasa", watts: 3 }, 5)) flow.node("trigger").receive({ reading, power: { state: "CRITICAL", since: 0, conclusive } } as unknown as NodeMessage);
        };
        judged("true", "doubtful");
        judged(true, "plug");
        await count("every", 16);
        assert.deepEqual(flow.received("shutdown").map((msg) => [msg.topic, verdictOf(msg).rule]), [["plug", "power-state"]]);
    });

    it("passes no older decision on", async () => {
        await load();
        flow.node("trigger").receive({ reading: poll(0, online), command: { action: "shutdown" }, transition: {}, event: {}, room: "rack" } as unknown as NodeMessage);
        const [msg] = await count("every", 1);
        assert.deepEqual([msg?.command, msg?.transition, msg?.event, msg?.room], [undefined, undefined, undefined, "rack"]);
    });

    it("a simulated outage decides for its own stream only", async () => {
        await load();
        const story = [...before, ...polls(20, 60, low)];
        feed(...story.flatMap((reading) => [{ ...reading, simulated: true as const }, { ...reading, ...online }]));
        await count("every", story.length * 2);
        assert.deepEqual(flow.received("shutdown").map((msg) => [(msg.command as ShutdownCommand).simulated, (msg.command as ShutdownCommand).stream]), [[true, "ups1 (simulated)"]]);
    });

    it("a bare number is a simulated reading from which alone nothing follows", async () => {
        await load();
        flow.node("trigger").receive({ payload: 3 });
        const [msg] = await count("every", 1);
        assert.deepEqual([verdictOf(msg).simulated, verdictOf(msg).decision], [true, "none"]);
    });

    it("what is neither a reading nor a number goes to Catch", async () => {
        await load();
        flow.node("trigger").receive({ payload: "off" });
        const [msg] = await count("errors", 1);
        assert.match((msg?.error as { message: string }).message, /nothing is decided: expected msg.reading/);
    });

    describe("reset", () => {
        const story = [...before, ...polls(20, 60, low)];
        it("lets what has decided decide again", async () => {
            await load();
            feed(...story);
            await count("shutdown", 1);
            flow.node("trigger").receive({ payload: "reset" });
            feed(poll(60, low));
            assert.equal((await count("shutdown", 2)).length, 2);
        });
        it("only the device in topic", async () => {
            await load();
            feed(...story);
            await count("shutdown", 1);
            flow.node("trigger").receive({ topic: "ups2", payload: "reset" });
            feed(poll(60, low));
            await count("every", story.length + 1);
            assert.equal(flow.received("shutdown").length, 1);
        });
        it("does not act again on an FSD that is still there", async () => {
            await load();
            feed(...before, poll(20, { ...online, flags: ["FSD", "OL"] }));
            await count("shutdown", 1);
            flow.node("trigger").receive({ payload: "reset" });
            feed(poll(25, { ...online, flags: ["FSD", "OL"] }));
            await count("every", before.length + 2);
            assert.equal(flow.received("shutdown").length, 1);
        });
    });

    describe("state on the disk", () => {
        const file = (): string => join(folder.path, "ridethrough", "shutdown-trigger", "trigger.json");
        const saved = (): string => (existsSync(file()) ? readFileSync(file(), "utf8") : "");

        it("a redeploy in an outage keeps the clock", async () => {
            await load();
            const now = Date.now();
            const moved = (readings: Reading[]): Reading[] => readings.map((reading) => ({ ...reading, at: reading.at + now - 600_000 }));
            feed(...moved([...before, ...polls(20, 300, onBattery)]));
            await count("every", 284);
            await flow.redeploy();
            feed(...moved(polls(300, 302, onBattery)));
            const [msg] = await count("every", 1);
            assert.equal(verdictOf(msg).onBatterySeconds, 280);
        });
        it("a decision is not made again after a redeploy", async () => {
            await load();
            feed(...before, ...polls(20, 60, low));
            await count("shutdown", 1);
            await flow.redeploy();
            feed(...polls(60, 70, low), ...polls(70, 110, online));
            await count("restored", 1);
            assert.deepEqual([flow.received("shutdown").length, flow.received("restored")[0]?.payload], [0, "restored"]);
        });
        it("nor after kill -9: the file alone suffices", async () => {
            await load();
            feed(...before, ...polls(20, 60, low));
            await count("shutdown", 1);
            await eventually(() => saved().includes(`"decided"`));
            const survivor = temporaryFolder();
            try {
                copyAsKilled(folder.path, survivor.path);
                await flow.unload();
                await load({}, survivor.path);
                feed(...polls(60, 70, low));
                await count("every", 10);
                assert.equal(flow.received("shutdown").length, 0);
                await flow.unload();
            } finally {
                await survivor.remove();
            }
        });
        it("a transfer is on the disk at once", async () => {
            await load();
            feed(...before, poll(20, onBattery));
            await eventually(() => saved().includes(`"transferAt":20000`));
        });
        it("nothing is written while mains is there", async () => {
            await load();
            feed(...polls(0, 300, online, 5));
            await count("every", 60);
            assert.equal(saved(), "");
        });
    });

    describe("configuration", () => {
        it("the stored defaults are the trigger's own", async () => {
            await load();
            assert.deepEqual(parseConfig(stored), { config: defaultTriggerConfig, problems: [] });
        });
        it("an empty configuration has the same", async () => {
            await load();
            assert.deepEqual(parseConfig({}), parseConfig(stored));
        });
        const wrong: [change: object, problem: RegExp][] = [
            [{ lowCharge: "lots" }, /lowCharge is not a number/],
            [{ lowCharge: "101" }, /lowCharge must be between 0 and 100/],
            [{ onFailsafe: "false" }, /neither true nor false/],
            [{ missedPolls: "0" }, /missedPolls must be between 1/],
            [{ agreement: "nobody" }, /agreement must be one of/],
            [{ hardFloor: "30" }, /hard floor \(30 %\) must not be above/],
            [{ blindMost: "10" }, /after lost data it can't wait at least 60 s and at most 10 s/],
        ];
        for (const [change, problem] of wrong) {
            it(`${JSON.stringify(change)} stops the node, loudly`, async () => {
                await load(change);
                assert.deepEqual([flow.status("trigger")?.fill, flow.status("trigger")?.shape], ["red", "ring"]);
                feed(poll(0, online));
                const [msg] = await count("errors", 1);
                assert.match((msg?.error as { message: string }).message, problem);
                assert.equal(flow.received("every").length, 0);
            });
        }
    });

    describe("status", () => {
        const looks: [rule: string, readings: Reading[], fill: string, shape: string, text: string][] = [
            ["mains is green", before, "green", "dot", "on mains, 100 %"],
            ["battery is yellow", [...before, ...polls(20, 33, { ...onBattery, charge: 64, runtime: 900 })], "yellow", "dot", "on battery 12 s, 64 %, 15 min left"],
            ["bypass is no battery", [...before, poll(20, { flags: ["BYPASS"], charge: 80 })], "yellow", "dot", "in bypass, 80 %"],
            ["a decision is red", [...before, ...polls(20, 60, { ...onBattery, charge: 18 })], "red", "dot", "SHUTDOWN: charge 18 % < 20 %"],
            ["lost data shows the countdown", [...before, ...polls(20, 60, { ...onBattery, runtime: 620 }), ...polls(60, 80, missed, 5)], "yellow", "ring", "no data 16 s of 60 s, was on battery"],
            ["a fake is a ring of blue", before.map((reading) => ({ ...reading, simulated: true as const })), "blue", "ring", "on mains, 100 %"],
            ["several devices are named", [poll(0, online), poll(0, { ...online, device: "ups2" })], "green", "dot", "ups2 on mains, 100 %"],
        ];
        for (const [rule, readings, fill, shape, text] of looks) {
            it(rule, async () => {
                await load();
                feed(...readings);
                await count("every", readings.length);
                // In a flood of readings only the last text of a second is shown.
                await eventually(() => flow.status("trigger")?.text === text, 10_000, () => `status ${text}, got ${JSON.stringify(flow.status("trigger"))}`);
                assert.deepEqual(flow.status("trigger"), { fill, shape, text });
            });
        }
    });
});
