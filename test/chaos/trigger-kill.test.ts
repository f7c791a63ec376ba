import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import groupStored from "../fixtures/configs/redundancy-group.v1.json";
import type { Quorum } from "../../lib/power/quorum";
import type { TriggerState } from "../../lib/power/trigger-state";
import type { Verdict } from "../../lib/power/verdict";
import { NutServerSimulator } from "../simulators/nut-server";
import { Lane } from "../support/fault-lane";
import { startNodeRed, type FlowNode, type NodeRed } from "../support/node-red";
import { temporaryFolder } from "../support/temporary-folder";

type MockLane = Lane<NutServerSimulator>;

const only = (...rules: string[]): Record<string, boolean> => Object.fromEntries(
    ["onForcedShutdown", "onFailsafe", "onLowCharge", "onLowRuntime", "onLowBatteryFlag", "onDepletion", "onTimeOnBattery", "onPowerState", "onOutputOff"].map((rule) => [rule, rules.includes(rule)]));
/** Long enough for two kills before it is over, s. */
const limit = 30;

/** Each is killed in the middle of something else. */
const stories = {
    unsettled: { ...only("onLowCharge"), stabilization: String(limit) },
    flag: { ...only("onLowBatteryFlag"), lowBatteryAlone: String(limit) },
    blind: { ...only("onFailsafe"), blindLeast: String(limit), blindMost: String(limit) },
    drained: { ...only("onDepletion"), depletionGrace: String(limit), depletionWindow: "60" },
    long: { ...only("onTimeOnBattery"), timeOnBattery: String(limit) },
    away: { ...only("onTimeOnBattery"), timeOnBattery: String(limit), gap: "2" },
    decided: { ...only("onLowCharge") },
    spared: {},
    a1: { ...only("onLowCharge") }, a2: { ...only("onLowCharge") }, b1: { ...only("onLowCharge") }, b2: { ...only("onLowCharge") },
} as const;
type Story = keyof typeof stories;

describe("Node-RED killed with SIGKILL in an outage", function () {
    this.timeout(480_000);
    const folder = temporaryFolder();
    const lanes = {} as Record<Story, MockLane>;
    const reds: NodeRed[] = [];
    let kills = 0;

    const all = (): MockLane[] => Object.values(lanes);
    const red = (): NodeRed => reds.at(-1) as NodeRed;
    const switchOn = async (): Promise<void> => {
        reds.push(await startNodeRed({ userDir: folder.path }));
        for (const lane of all()) lane.runsIn(red());
    };
    const kill = async (): Promise<void> => {
        await red().kill("SIGKILL");
        kills += 1;
    };
    /** What is on the disk of a trigger. */
    const saved = (lane: MockLane): TriggerState | undefined => {
        const path = join(folder.path, "ridethrough", "shutdown-trigger", `${lane.id("trigger")}.json`);
        return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { streams: [string, TriggerState][] }).streams[0]?.[1] : undefined;
    };
    const isSaved = (story: Story, what: string, holds: (state: TriggerState) => boolean): Promise<void> => lanes[story].until(`${what} on the disk`, () => {
        const state = saved(lanes[story]);
        return state !== undefined && holds(state);
    });

    /** Two UPSes and a group of them. `dwell` in s. */
    const groupNodes = (key: "a" | "b", dwell: number, nodes: FlowNode[]): FlowNode[] => {
        const members = [`${key}1`, `${key}2`] as Story[];
        const id = lanes[members[0] ?? "a1"].id("group");
        for (const member of members) (nodes.find((node) => node.id === lanes[member].id("trigger"))?.wires as string[][])[2]?.push(id);
        const place = { z: lanes[members[0] ?? "a1"].id("tab"), x: 0, y: 0 };
        return [
            { ...groupStored, ...place, id, group: key, members: members.map((name) => ({ name, role: "counts" })), dwell: String(dwell), restore: "1", grace: "60", wires: [[`${id.slice(1)}s`], [`${id.slice(1)}r`], []] },
            ...["s", "r"].map((end) => ({ id: `${id.slice(1)}${end}`, type: "debug", active: false, ...place, wires: [] })),
        ];
    };
    const quorums = (key: "a" | "b", end: "s" | "r"): Quorum[] => reds.flatMap((each) => each.received(`${lanes[`${key}1`].id("group").slice(1)}${end}`).map(({ quorum }) => quorum as Quorum));

    before(async () => {
        for (const [key, trigger] of Object.entries(stories)) lanes[key as Story] = new Lane(key, await new NutServerSimulator().start(), { trigger });
        reds.push(await startNodeRed({ userDir: folder.path }));
        const nodes = all().flatMap((lane) => lane.nodes());
        await red().deploy([...nodes, ...groupNodes("a", 1, nodes), ...groupNodes("b", limit, nodes)]);
        for (const lane of all()) {
            lane.runsIn(red());
            await lane.onMains();
        }

        const began = performance.now();
        lanes.drained.rig.onRequest = () => void lanes.drained.rig.apply("ups1", { "battery.charge": String(Math.round(95 - (performance.now() - began) / 1000)) });
        const battery = { "battery.charge": "60", "battery.runtime": "1800", "ups.status": "OB DISCHRG" };
        await Promise.all(all().map(({ key, rig }) => rig.apply("ups1", { ...battery, ...(key === "flag" && { "battery.charge": "90", "ups.status": "OB LB" }), ...(["unsettled", "decided", "a1", "a2", "b1", "b2"].includes(key) && { "battery.charge": "15" }) })));
        await lanes.blind.until("on battery", () => lanes.blind.verdict?.supply === "battery");
        await lanes.blind.rig.driverDown("ups1");

        // Killed in the middle of it all: not settled, an LB that lasts, a countdown, a rate that is known, a group that waits, and right behind decisions.
        await Promise.all([
            isSaved("unsettled", "the transfer", ({ battery: clock }) => clock !== undefined), isSaved("flag", "an LB", ({ lowBattery }) => lowBattery !== undefined), isSaved("blind", "the loss", ({ missed }) => (missed?.count ?? 0) >= 3),
            isSaved("drained", "a rate", ({ depletion }) => (depletion?.last?.samples ?? 0) > 0), isSaved("decided", "the decision", ({ decided }) => decided !== undefined), red().eventually(() => quorums("a", "s").length > 0, 90_000, () => "the decision of group a"),
        ]);
        await lanes.a1.more(4);
        await kill();
        await switchOn();
        await Promise.all(all().map((lane) => lane.more(3)));
        await kill();
        await switchOn();
    });
    after(async () => {
        await red()?.kill("SIGTERM");
        await Promise.all(all().map(({ rig }) => rig.stop()));
        await folder.remove();
    });

    /** The one decision of a lane, and that it came with the first or second reading at or after `seconds` from the reading at `since`. */
    const decidedOnce = async (story: Story, rule: string, since: (lane: MockLane) => number, seconds: number): Promise<Verdict> => {
        const lane = lanes[story];
        await lane.until("the decision", () => lane.shutdowns().length > 0, 180_000);
        await lane.more(4);
        const [decision, ...others] = lane.shutdowns();
        assert.ok(decision !== undefined && others.length === 0, others.map(({ text }) => text).join(" | "));
        assert.equal(decision.rule, rule, decision.text);
        const due = since(lane) + seconds * 1000;
        const verdicts = lane.verdicts();
        // Of those that say what the decision rests on: a busy machine may miss an answer.
        const [first, place] = [verdicts.findIndex(({ at }) => at >= due), verdicts.findIndex(({ at, change }) => change === "shutdown" && at === decision.at)];
        const readings = lane.readings();
        const late = readings.slice(first, place).filter(({ quality }) => quality === readings[place]?.quality).length;
        assert.ok(decision.at >= due && late <= 1, `${(decision.at - due) / 1000} s and ${late} readings late: ${decision.text}`);
        return decision;
    };
    const transfer = (lane: MockLane): number => lane.verdicts().find(({ change }) => change === "on-battery")?.at ?? NaN;

    it("before the transfer had settled: it settles as if nothing had been, and decides once", () => decidedOnce("unsettled", "low-charge", transfer, limit));
    it("while an LB lasted: it goes on lasting, and decides once", () => decidedOnce("flag", "low-battery-flag", (lane) => lane.verdicts().find(({ findings }) => findings.some(({ rule, outcome, value }) => rule === "low-battery-flag" && outcome === "waits" && value === 0))?.at ?? NaN, limit));
    it("in the countdown without data: it goes on counting, and decides once", () => decidedOnce("blind", "failsafe", (lane) => lane.readings().findLast(({ quality }) => quality === "good")?.at ?? NaN, limit));
    it("with a rate of depletion known: it is known again with the first reading, and decides once", async () => {
        await decidedOnce("drained", "depletion", transfer, limit);
        const [, again] = reds;
        const first = again?.received(lanes.drained.id("verdict"))[0]?.verdict as Verdict;
        assert.match(first.findings.find(({ rule }) => rule === "depletion")?.why ?? "", /grace period|the charge falls by/);
    });
    it("with the clock on battery running: it ran on, and decides once", async () => {
        const decision = await decidedOnce("long", "time-on-battery", transfer, limit);
        assert.ok(Math.abs((decision.onBatterySeconds ?? 0) - (decision.at - transfer(lanes.long)) / 1000) < 1.5, decision.text);
    });
    it("behind the decision: no second one, and restored once when mains is back; the next outage decides again", async () => {
        const lane = lanes.decided;
        assert.equal(lane.shutdowns().length, 1);
        await lane.rig.apply("ups1", { "battery.charge": "40", "ups.status": "OL CHRG" });
        await lane.until("restored", () => lane.restored().length > 0);
        await lane.more(3);
        assert.deepEqual(lane.restored(), ["restored"]);
        await lane.rig.apply("ups1", { "battery.charge": "15", "ups.status": "OB" });
        await lane.until("the next decision", () => lane.shutdowns().length > 1);
    });
    it("where nothing was to be decided: nothing is, and the outage is over once", async () => {
        const lane = lanes.spared;
        assert.deepEqual(lane.shutdowns(), []);
        await lane.rig.apply("ups1", { "ups.status": "OL" });
        await lane.until("cancelled", () => lane.restored().length > 0);
        await lane.more(3);
        assert.deepEqual(lane.restored(), ["cancelled"]);
    });
    it("a group behind its decision makes no second one, and is restored once", async () => {
        await lanes.a2.more(4);
        assert.deepEqual(quorums("a", "s").map(({ standing }) => standing), ["lost"]);
        await Promise.all([lanes.a1, lanes.a2].map(({ rig }) => rig.apply("ups1", { "battery.charge": "60", "ups.status": "OL" })));
        await red().eventually(() => quorums("a", "r").length > 0, 90_000, () => "the group restored");
        await lanes.a1.more(3);
        assert.equal(quorums("a", "r").length, 1);
    });
    it("a group in its dwell waits anew, and decides once", async () => {
        await red().eventually(() => quorums("b", "s").length > 0, (limit + 120) * 1000, () => "the decision of group b");
        await lanes.b1.more(6);
        assert.deepEqual(quorums("b", "s").map(({ standing }) => standing), ["lost"]);
    });

    it("in the very moment of a decision: it is made, at most once more, and never lost", async () => {
        const lane = lanes.spared;
        const perOutage: number[] = [];
        for (let round = 0; round < 3; round += 1) {
            await lane.until("mains for good", () => lane.verdict?.health === "healthy");
            const before = lane.shutdowns().length;
            await lane.rig.apply("ups1", { "battery.charge": "12", "ups.status": "OB" });
            await lane.until("the decision", () => lane.shutdowns().length > before);
            await kill();
            await switchOn();
            await lane.more(4);
            await lane.until("the decision standing", () => lane.verdict?.decision === "shutdown");
            perOutage.push(lane.shutdowns().length - before);
            await lane.rig.apply("ups1", { "battery.charge": "80", "ups.status": "OL" });
        }
        console.log(`      decisions told in each of three outages: ${perOutage.join(", ")}; ${kills} kills in all`);
        assert.ok(perOutage.every((count) => count === 1 || count === 2), perOutage.join());
    });
    it("an outage that begins while nobody looks has lasted since mains was seen, half of what is allowed at most", async () => {
        const lane = lanes.away;
        await lane.rig.apply("ups1", { "ups.status": "OL" });
        await isSaved("away", "mains for good", ({ decided, battery }) => decided === undefined && battery === undefined);
        await kill();
        await lane.rig.apply("ups1", { "ups.status": "OB" });
        const [before, seen] = [lane.shutdowns().length, lane.count];
        const mains = lane.verdicts().at(-1)?.at ?? NaN;
        // Longer than the gap from which on time counts as away.
        await new Promise((resolve) => setTimeout(resolve, 4000));
        await switchOn();
        await lane.until("the decision", () => lane.shutdowns().length > before);
        const verdicts = lane.verdicts();
        const assumed = Math.min(limit / 2, ((verdicts[seen]?.at ?? NaN) - mains) / 1000);
        const decided = verdicts.findLastIndex(({ change }) => change === "shutdown");
        // By its own clock on battery: what a busy machine made a gap of counts no time.
        const [earlier = NaN, took = NaN] = [decided - 1, decided].map((place) => (verdicts[place]?.onBatterySeconds ?? NaN) + assumed);
        assert.ok(assumed > 2 && took >= limit - 2 && earlier < limit + 2, `${earlier} s, then ${took} s, ${assumed} s of it assumed`);
        assert.match(lane.shutdowns().at(-1)?.text ?? "", /assumed: it began before anybody looked/);
    });
});
