import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeMessage } from "node-red";
import { machine } from "../../lib/kit/boot";
import type { Classified, Missed, Transition } from "../../lib/power/power-state";
import type { Reading } from "../../lib/power/reading";
import { parseConfig } from "../../nodes/power-classifier/config";
import powerClassifier from "../../nodes/power-classifier/power-classifier";
import stored from "../fixtures/configs/power-classifier.v1.json";
import { copyAsKilled, eventually, loadFlow, temporaryFolder, type FlowNode, type LoadedFlow } from "../support/helper";

const every = { id: "every", type: "helper" };
const news = { id: "news", type: "helper" };
const caught = [{ id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" }];

/** A flow of one classifier with both outputs watched. */
function flowOf(settings: object = {}): FlowNode[] {
    return [{ ...stored, ...settings, wires: [["every"], ["news"]] }, every, news, ...caught];
}

function reading(watts: number | undefined, at: number, more: Partial<Reading> = {}): Reading {
    return { device: "solix_output", source: "kasa", at, quality: watts === undefined ? "missing" : "good", ...(watts !== undefined && { watts }), ...more };
}

/** Where two messages hold the very same object. */
function sharedBy(one: unknown, other: unknown, place = "msg"): string[] {
    if (typeof one !== "object" || one === null || typeof other !== "object" || other === null) return [];
    if (one === other) return [place];
    return Object.keys(one).flatMap((name) => sharedBy((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name], `${place}.${name}`));
}

describe("power-classifier", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    const load = async (settings?: object, userDir = folder.path): Promise<void> => {
        flow = await loadFlow([powerClassifier], flowOf(settings), { userDir });
    };
    const feed = (...messages: NodeMessage[]): void => {
        for (const message of messages) flow.node("classifier").receive(message);
    };
    const feedReadings = (...readings: Reading[]): void => feed(...readings.map((each) => ({ topic: each.device, payload: each.watts, reading: each }) as NodeMessage));
    beforeEach(() => {
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });

    it("passes every reading on with its state, and keeps what else the message carries", async () => {
        await load();
        feed({ topic: "solix_output", payload: 421, reading: reading(421, 1000), room: "rack" } as NodeMessage);
        const [msg] = await flow.until("every", 1);
        assert.deepEqual({ topic: msg?.topic, payload: msg?.payload, room: msg?.room, power: msg?.power }, {
            topic: "solix_output", payload: 421, room: "rack", power: { state: "HEALTHY", since: 1000, conclusive: false, reading: reading(421, 1000) },
        });
        assert.equal(flow.received("news").length, 0);
    });

    it("tells a change of state on the second output", async () => {
        await load();
        feedReadings(reading(421, 1000), reading(24, 2000), reading(23, 3000));
        await flow.until("every", 3);
        const [msg, ...more] = flow.received("news");
        assert.deepEqual([more.length, msg?.topic, msg?.payload], [0, "solix_output", "CRITICAL"]);
        assert.deepEqual(msg?.transition, { device: "solix_output", from: "HEALTHY", to: "CRITICAL", since: 2000, at: 2000, watts: 24, conclusive: false });
        assert.deepEqual(msg?.reading, reading(24, 2000));
        const [, passedOn] = flow.received("every");
        assert.equal(passedOn?.payload, 24);
        assert.notEqual(passedOn?.reading, msg?.reading, "whoever changes the one message must not change the other");
    });

    it("shares nothing between its two messages: whoever changes the one leaves the other as it is", async () => {
        await load({ confirmations: "2" });
        const carried = { depletion: { perMinute: 2, steps: [1, 2] }, room: { name: "rack" } };
        for (const [watts, at] of [[421, 1000], [421, 2000], [75, 3000], [24, 4000]] as const) {
            feed({ ...structuredClone(carried), reading: reading(watts, at, { flags: ["OL"], derived: ["watts"], flows: { output: watts } }) } as NodeMessage);
        }
        await flow.until("every", 4);
        const [passedOn, told] = [flow.received("every").at(-1), flow.received("news").at(-1)];
        assert.deepEqual([told?.payload, (told?.power as { confirming?: { state: string } }).confirming?.state], ["ALERT", "CRITICAL"]);
        for (const part of ["reading", "power", "depletion", "room"]) assert.deepEqual(told?.[part], passedOn?.[part]);
        assert.equal((told?.power as { reading: Reading }).reading, told?.reading);
        assert.deepEqual(sharedBy(passedOn, told), []);
    });

    it("passes no older decision on: a message may have asked for a reading because of one", async () => {
        await load({ missedPolls: "1", loadIsConstant: true });
        const old = { transition: { device: "solix_output", from: "ALERT", to: "CRITICAL", since: 1, at: 1, conclusive: true }, missed: { device: "solix_output", failures: 5, since: 1, at: 1 } };
        for (const [watts, at] of [[421, 1000], [24, 2000], [undefined, 3000], [undefined, 4000]] as const) feed({ ...old, reading: reading(watts, at) } as NodeMessage);
        await flow.until("every", 4);
        assert.deepEqual(flow.received("every").map((msg) => [msg.transition, msg.missed]), Array(4).fill([undefined, undefined]));
        assert.deepEqual(flow.received("news").map((msg) => [(msg.transition as Transition | undefined)?.to, (msg.missed as { failures: number } | undefined)?.failures]), [["CRITICAL", undefined], ["UNKNOWN", 1], [undefined, 2]]);
    });

    it("a bare number is a simulated reading, and its transition is tainted", async () => {
        await load({ loadIsConstant: true });
        feed({ payload: "25" });
        const [msg] = await flow.until("news", 1);
        const { simulated, to, conclusive } = msg?.transition as Transition;
        assert.deepEqual([simulated, to, conclusive, (msg?.reading as Reading).simulated], [true, "CRITICAL", true, true]);
        await eventually(() => flow.status("classifier")?.text === "CRITICAL 25 W", 10_000, () => `the status, got ${JSON.stringify(flow.status("classifier"))}`);
        assert.deepEqual(flow.status("classifier"), { fill: "blue", shape: "ring", text: "CRITICAL 25 W" });
    });

    it("a fake never joins the real device of the same name", async () => {
        await load();
        feedReadings(reading(421, 1000), reading(421, 2000));
        feed({ topic: "solix_output", payload: 3 });
        feedReadings(reading(421, 3000));
        await flow.until("every", 4);
        assert.deepEqual(flow.received("news").map((msg) => [msg.payload, (msg.transition as Transition).simulated]), [["DEAD", true]]);
    });

    it("missed polls: one message with transition and report first, then reports alone", async () => {
        await load({ missedPolls: "2" });
        feedReadings(reading(421, 1000), ...[2, 3, 4, 5].map((second) => reading(undefined, second * 1000, { error: "plug: not reachable" })));
        const [first, second] = await flow.until("news", 2);
        assert.deepEqual([(first?.transition as Transition).to, (first?.missed as Missed).failures, first?.payload], ["UNKNOWN", 2, "UNKNOWN"]);
        assert.deepEqual([second?.transition, (second?.missed as Missed).failures, (second?.missed as Missed).error], [undefined, 4, "plug: not reachable"]);
        await eventually(() => /^no data since \d\d:\d\d$/.test(flow.status("classifier")?.text ?? ""), 10_000, () => `the status, got ${JSON.stringify(flow.status("classifier"))}`);
    });

    it("what is neither a reading nor a number goes to Catch", async () => {
        await load();
        feed({ payload: { watts: 3 } });
        const [msg] = await flow.until("errors", 1);
        assert.match((msg?.error as { message: string }).message, /not classified: expected msg.reading/);
        assert.equal(flow.received("every").length, 0);
    });

    describe("state on the disk", () => {
        const file = (): string => join(folder.path, "ridethrough", "power-classifier", "classifier.json");
        const saved = (): string => {
            try {
                return readFileSync(file(), "utf8");
            } catch {
                return "";
            }
        };

        it("a redeploy in an outage tells nothing again and keeps since", async () => {
            await load();
            feedReadings(reading(421, 1000), reading(24, 2000));
            await flow.until("news", 1);
            await flow.redeploy();
            feedReadings(reading(22, 9000));
            const [msg] = await flow.until("every", 1);
            assert.equal((msg?.power as { since: number }).since, 2000);
            assert.equal(flow.received("news").length, 0);
        });

        it("a boot of this machine lets low watts prove nothing until power was seen; of a fake it changes nothing", async () => {
            const { boot } = machine;
            await load({ confirmations: "2", loadIsConstant: true });
            const fake = { simulated: true } as const;
            const polls = (from: number, watts: number[]): Reading[] => watts.flatMap((each, place) => [reading(each, from + place), reading(each, from + place, fake)]);
            feedReadings(...polls(1000, [421, 421, 3, 3]));
            await flow.until("news", 2);
            try {
                machine.boot = "the next boot";
                await flow.redeploy();
                feedReadings(...polls(9000, [3, 421, 3, 3]));
                await flow.until("every", 8);
                assert.deepEqual(flow.received("every").map(({ power }) => (power as Classified).conclusive).filter((_, place) => place % 2 === 0), [false, false, false, true]);
                assert.deepEqual(flow.received("every").map(({ power }) => (power as Classified).conclusive).filter((_, place) => place % 2 === 1), [true, false, true, true]);
                assert.deepEqual(flow.received("news").map((msg) => [msg.payload, (msg.transition as Transition).simulated]), [["DEAD", undefined]]);
            } finally {
                machine.boot = boot;
            }
        });

        it("so does kill -9: the file alone suffices", async () => {
            await load();
            feedReadings(reading(421, 1000), reading(24, 2000));
            await eventually(() => saved().includes("CRITICAL"));
            const survivor = temporaryFolder();
            try {
                copyAsKilled(folder.path, survivor.path);
                await flow.unload();
                await load({}, survivor.path);
                feedReadings(reading(22, 9000), reading(421, 10_000));
                await flow.until("every", 2);
                assert.deepEqual(flow.received("news").map((msg) => msg.payload), ["HEALTHY"]);
                await flow.unload();
            } finally {
                await survivor.remove();
            }
        });

        it("readings that come before the state is loaded wait for it, in order", async () => {
            await load();
            feedReadings(reading(24, 1000));
            await flow.until("news", 1);
            await flow.redeploy();
            feedReadings(...[421, 420, 419, 20].map((watts, index) => reading(watts, 2000 + index)));
            await flow.until("every", 4);
            assert.deepEqual(flow.received("every").map((msg) => msg.payload), [421, 420, 419, 20]);
            assert.deepEqual(flow.received("news").map((msg) => msg.payload), ["HEALTHY", "CRITICAL"]);
        });

        it("a damaged file is set aside and said, not obeyed", async () => {
            mkdirSync(join(folder.path, "ridethrough", "power-classifier"), { recursive: true });
            writeFileSync(file(), `{"streams":[["solix_output",{"state":"DEAD"`);
            await load();
            feedReadings(reading(421, 1000));
            await flow.until("every", 1);
            assert.equal(flow.received("news").length, 0);
        });

        it("a disk that refuses is told once, and the node goes on", async () => {
            mkdirSync(join(folder.path, "ridethrough"), { recursive: true });
            writeFileSync(join(folder.path, "ridethrough", "power-classifier"), "a file where the folder should be");
            await load();
            const told = (): number => flow.received("errors").filter(({ payload }) => String(payload).startsWith("the state can't be saved: ")).length;
            feedReadings(...[421, 24, 421, 24].map((watts, index) => reading(watts, 1000 + index)));
            await flow.until("news", 3);
            await eventually(() => told() > 0);
            feedReadings(reading(421, 2000), reading(24, 2001));
            await flow.until("news", 5);
            await flow.node("classifier").close(false);
            assert.equal(told(), 1);
        });

    });

    describe("configuration", () => {
        it("the stored defaults are S0's", () => {
            assert.deepEqual(parseConfig(stored), {
                config: { thresholds: { dead: 5, critical: 30, alert: 80, warning: 150 }, hysteresis: 5, confirmations: 1, missedPolls: 5, loadIsConstant: false },
                problems: [],
            });
        });
        it("an empty field takes its default", () => {
            assert.deepEqual(parseConfig({ ...stored, alert: "", confirmations: "" }), parseConfig(stored));
        });
        const wrong: [change: object, problem: RegExp][] = [
            [{ alert: "20" }, /alert \(20 W\) must be above critical \(30 W\)/],
            [{ dead: "-3" }, /at least 0 W/],
            [{ warning: "lots" }, /warning is not a number/],
            [{ confirmations: "1.5" }, /confirmations is not a whole number/],
            [{ loadIsConstant: "false" }, /neither true nor false/],
        ];
        for (const [change, problem] of wrong) {
            it(`${JSON.stringify(change)} stops the node, loudly`, async () => {
                await load(change);
                assert.deepEqual([flow.status("classifier")?.fill, flow.status("classifier")?.shape], ["red", "ring"]);
                feedReadings(reading(3, 1000));
                const [msg] = await flow.until("errors", 1);
                assert.match((msg?.error as { message: string }).message, problem);
                assert.deepEqual([flow.received("every").length, flow.received("news").length], [0, 0]);
            });
        }
    });

    describe("status", () => {
        beforeEach(() => load());
        const looks: [rule: string, settings: object, readings: Reading[], fill: string, shape: string, text: string][] = [
            ["HEALTHY is green", {}, [reading(421.4, 1)], "green", "dot", "HEALTHY 421 W"],
            ["WARNING is yellow", {}, [reading(120, 1)], "yellow", "dot", "WARNING 120 W"],
            ["CRITICAL is red", {}, [reading(24, 1)], "red", "dot", "CRITICAL 24 W"],
            ["small watts have a decimal", {}, [reading(2.34, 1)], "red", "dot", "DEAD 2.3 W"],
            ["watts that were not measured are about right", {}, [reading(270, 1, { derived: ["watts"] })], "green", "dot", "HEALTHY about 270 W"],
            ["a missed poll shows how many", {}, [reading(421, 1), reading(undefined, 2)], "yellow", "ring", "HEALTHY, missed 1/5"],
            ["a confirmation under way shows how far", { confirmations: "2" }, [reading(421, 1), reading(421, 2), reading(24, 3)], "green", "dot", "HEALTHY 24 W, CRITICAL 1/2"],
            ["several devices are named", {}, [reading(421, 1), reading(24, 1, { device: "nas" })], "red", "dot", "nas CRITICAL 24 W"],
        ];
        for (const [rule, settings, readings, fill, shape, text] of looks) {
            it(rule, async () => {
                await flow.unload();
                await load(settings);
                feedReadings(...readings);
                await flow.until("every", readings.length);
                await eventually(() => flow.status("classifier")?.text === text, 10_000, () => `status ${text}, got ${JSON.stringify(flow.status("classifier"))}`);
                assert.deepEqual(flow.status("classifier"), { fill, shape, text });
            });
        }
    });
});
