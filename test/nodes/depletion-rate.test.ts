import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NodeMessage } from "node-red";
import type { Depletion } from "../../lib/power/depletion";
import type { Reading } from "../../lib/power/reading";
import { parseConfig } from "../../nodes/depletion-rate/config";
import depletionRate from "../../nodes/depletion-rate/depletion-rate";
import { moodOf, textOf } from "../../nodes/depletion-rate/status-text";
import stored from "../fixtures/configs/depletion-rate.v1.json";
import { eventually, loadFlow, temporaryFolder, type FlowMsg, type FlowNode, type LoadedFlow } from "../support/helper";

function flowOf(settings: object): FlowNode[] {
    return [{ ...stored, ...settings, wires: [["out"]] }, { id: "out", type: "helper" }, { id: "catch", type: "catch", wires: [["errors"]] }, { id: "errors", type: "helper" }];
}

/** One reading every 10 s of an outage that draws 2 %/min, in whole percents. */
function outage(from: number, to: number): Reading[] {
    return Array.from({ length: (to - from) / 10 }, (_, place) => {
        const second = from + place * 10;
        return { device: "ups", source: "nut", at: second * 1000, quality: "good", charge: Math.round(99.4 - second / 30), mains: "absent" };
    });
}

const depletionOf = (msg: FlowMsg | undefined): Depletion => msg?.depletion as Depletion;

describe("depletion-rate", () => {
    let folder: ReturnType<typeof temporaryFolder>;
    let flow: LoadedFlow;
    const load = async (settings: object = {}): Promise<void> => {
        flow = await loadFlow([depletionRate], flowOf(settings), { userDir: folder.path });
    };
    const feed = (...readings: Reading[]): void => {
        for (const reading of readings) flow.node("depletion").receive({ topic: reading.device, payload: reading.charge, reading, room: "rack" } as NodeMessage);
    };
    beforeEach(() => {
        folder = temporaryFolder();
    });
    afterEach(async () => {
        await flow.unload();
        await folder.remove();
    });

    it("adds the depletion to the message and keeps the rest", async () => {
        await load();
        feed(...outage(0, 600));
        const last = (await flow.until("out", 60)).at(-1);
        assert.deepEqual([last?.topic, last?.payload, last?.room], ["ups", 80, "rack"]);
        const { perMinute = 0, secondsToEmpty = 0, method } = depletionOf(last);
        assert.ok(Math.abs(perMinute - 2) < 0.1 && Math.abs(secondsToEmpty - 2390) < 60, JSON.stringify(last?.depletion));
        assert.equal(method, "charge");
        await eventually(() => /^-2\.0 %\/min, \d+ min( \d+ s)? left$/.test(flow.status("depletion")?.text ?? ""), 10_000, () => `the status, got ${JSON.stringify(flow.status("depletion"))}`);
        assert.equal(flow.status("depletion")?.fill, "yellow");
    });

    it("a redeploy in an outage keeps the trend", async () => {
        await load();
        feed(...outage(0, 600));
        await flow.until("out", 60);
        await flow.redeploy();
        feed(...outage(600, 610));
        const [first] = await flow.until("out", 1);
        assert.ok(Math.abs((depletionOf(first).perMinute ?? 0) - 2) < 0.1, JSON.stringify(first));
    });

    it("writes nothing to the disk while readings come", async () => {
        await load();
        feed(...outage(0, 600));
        await flow.until("out", 60);
        assert.equal(existsSync(join(folder.path, "ridethrough", "depletion-rate", "depletion.json")), false);
    });

    it("a bare number is simulated, and so is the depletion", async () => {
        await load({ batteryWh: "1000" });
        flow.node("depletion").receive({ payload: 420 });
        const [msg] = await flow.until("out", 1);
        assert.deepEqual([depletionOf(msg).simulated, (msg?.reading as Reading).simulated], [true, true]);
    });

    it("a fake never joins the real device of the same name", async () => {
        await load();
        const real = outage(0, 600);
        feed(...real.flatMap((reading) => [reading, { ...reading, charge: 3, simulated: true as const }]));
        const fine = (await flow.until("out", 120)).at(-2);
        assert.ok(Math.abs((depletionOf(fine).perMinute ?? 0) - 2) < 0.1);
    });

    it("what is neither a reading nor a number goes to Catch", async () => {
        await load();
        flow.node("depletion").receive({ payload: "off" });
        const [msg] = await flow.until("errors", 1);
        assert.match((msg?.error as { message: string }).message, /no depletion rate: expected msg.reading/);
    });

    describe("configuration", () => {
        it("the stored defaults", async () => {
            await load();
            assert.deepEqual(parseConfig(stored), {
                config: { source: "auto", windowMs: 300_000, graceMs: 90_000, thresholdPercent: 20, startCharge: 100, efficiency: 90 },
                problems: [],
            });
        });
        const wrong: [change: object, problem: RegExp][] = [
            [{ source: "watts" }, /batteryWh is needed/],
            [{ source: "guess" }, /source must be one of/],
            [{ window: "1" }, /window must be between 10 and 86400/],
            [{ efficiency: "0" }, /efficiency must be/],
            [{ threshold: "lots" }, /threshold is not a number/],
        ];
        for (const [change, problem] of wrong) {
            it(`${JSON.stringify(change)} stops the node, loudly`, async () => {
                await load(change);
                assert.deepEqual([flow.status("depletion")?.fill, flow.status("depletion")?.shape], ["red", "ring"]);
                feed(...outage(0, 10));
                const [msg] = await flow.until("errors", 1);
                assert.match((msg?.error as { message: string }).message, problem);
                assert.equal(flow.received("out").length, 0);
            });
        }
    });
});

describe("status of depletion-rate", () => {
    const base: Depletion = { thresholdPercent: 20, method: "charge", samples: 6, spanSeconds: 300, at: 0 };
    const looks: [depletion: Partial<Depletion>, quality: Reading["quality"], mood: string, text: string][] = [
        [{ perMinute: 1.21, secondsToEmpty: 2520, secondsToThreshold: 1500 }, "good", "warning", "-1.2 %/min, 42 min left"],
        [{ perMinute: 0.18, secondsToEmpty: 26_400, secondsToThreshold: 0 }, "good", "critical", "-0.18 %/min, 7 h 20 min left"],
        [{ perMinute: -0.5 }, "good", "ok", "+0.50 %/min"],
        [{ perMinute: 0, charge: 100 }, "good", "ok", "idle, 100 %"],
        [{ note: "grace period, 42 s to go" }, "good", "off", "grace period, 42 s to go"],
        [{ perMinute: 1.21, secondsToEmpty: 2520, note: "no data: ups: not reachable" }, "missing", "stale", "no data: ups: not reachable"],
        [{ perMinute: 0, simulated: true }, "good", "rehearsal", "idle"],
    ];
    for (const [depletion, quality, mood, text] of looks) {
        const whole = { ...base, ...depletion };
        it(`${mood}: ${text}`, () => assert.deepEqual([moodOf(whole, quality), textOf(whole, quality)], [mood, text]));
    }
});
