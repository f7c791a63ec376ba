import assert from "node:assert/strict";
import type { Fields, Layout } from "./layout";
import { rows } from "./rows";
import type { Scenario } from "./scenario";
import type { Stage } from "./stage";

const online = rows["online-charging"];
const upses = { ups1: online, ups2: online };
const rack = (fields: Fields = {}): Layout => ({ upses, groups: { rack: { members: ["ups1", "ups2"], fields } } });

async function bothHealthy(stage: Stage, group = "rack"): Promise<void> {
    await stage.until(`all of ${group} healthy`, () => stage.quorum(group)?.standing === "held" && stage.quorum(group)?.healthy === stage.quorum(group)?.counting);
}

/** How a member stands in its group now. */
function member(stage: Stage, ups: string, group = "rack"): { health: string; counted: string; why: string } | undefined {
    return stage.quorum(group)?.members.find(({ name }) => name === stage.name(ups));
}

async function heldFor(stage: Stage, polls: number): Promise<void> {
    const [first = ""] = Object.keys(stage.layout.upses);
    await stage.polls(first, polls);
    assert.deepEqual([stage.quorum("rack")?.standing, stage.actions("rack"), stage.outcomes("rack")], ["held", [], []]);
}

async function lost(stage: Stage, group = "rack", withinMs?: number): Promise<void> {
    await stage.until(`the run of ${group}`, () => stage.runs(group).length > 0, withinMs);
    const told = stage.quorums(group).find(({ change }) => change === "lost");
    assert.deepEqual([told?.standing, told?.healthy, told?.conclusive], ["lost", 0, true]);
    assert.deepEqual([stage.actions(group), stage.outcomes(group)], [["shutdown"], ["dry-run"]]);
}

/** UPSes that back each other up. */
export const quorumScenarios: readonly Scenario[] = [
    {
        title: "20 a group that needs three healthy of two says so in red and never counts; the one beside it does",
        layout: { upses, groups: { rack: { members: ["ups1", "ups2"] }, bad: { members: ["ups1", "ups2"], fields: { minHealthy: "3" } } } },
        async play(stage) {
            await bothHealthy(stage);
            for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["low-battery"]);
            await lost(stage);
            assert.match(stage.problems()[0] ?? "", /3 healthy needed of 2 that count/);
            assert.deepEqual([stage.status("group/bad")?.fill, stage.quorums("bad"), stage.actions("bad"), stage.outcomes("bad")], ["red", [], [], []]);
        },
    },
    {
        title: "21 one of two healthy, for as many polls as Eneru makes in 18 s: the group holds and shuts nothing down",
        layout: rack(),
        async play(stage) {
            await bothHealthy(stage);
            await stage.apply("ups1", rows["low-battery"]);
            await stage.until("one lost", () => stage.quorums("rack").some(({ change }) => change === "degraded"));
            await heldFor(stage, 18);
            assert.equal(stage.quorum("rack")?.healthy, 1);
            await stage.told("REDUNDANCY DEGRADED");
        },
    },
    {
        title: "22 both critical: the quorum is lost, the group shuts down and tells it",
        layout: rack(),
        async play(stage) {
            await bothHealthy(stage);
            await stage.apply("ups1", rows["low-battery"]);
            await stage.apply("ups2", rows["critical-runtime"]);
            await lost(stage);
            assert.match(stage.commands("rack")[0]?.reason ?? "", /quorum LOST: 0\/2 healthy \(1 needed\): \w+_ups1 critical \(charge 14 %.*; \w+_ups2 critical \(runtime 300 s/);
            await stage.told("QUORUM LOST");
        },
    },
    {
        title: "23 one of two really unknown, which counts as critical: the group holds on the other and shuts nothing down",
        layout: rack(),
        async play(stage) {
            await bothHealthy(stage);
            await stage.driverDown("ups2");
            await stage.until("ups2 unknown", () => member(stage, "ups2")?.health === "unknown" && member(stage, "ups2")?.counted === "lost");
            await heldFor(stage, 6);
            assert.match(member(stage, "ups2")?.why ?? "", /DRIVER-NOT-CONNECTED.*was healthy/);
        },
    },
    {
        title: "24 one critical and one really unknown: the quorum is lost, the group shuts down",
        layout: rack(),
        async play(stage) {
            await bothHealthy(stage);
            await stage.driverDown("ups2");
            await stage.until("ups2 unknown", () => member(stage, "ups2")?.health === "unknown");
            await stage.apply("ups1", rows["low-battery"]);
            await lost(stage);
            assert.deepEqual(stage.quorum("rack")?.members.map(({ health }) => health), ["critical", "unknown"]);
        },
    },
    {
        title: "24b both unknown, last seen on battery: the quorum is lost after the shorter patience",
        layout: { ...rack(), trigger: { onFailsafe: false } },
        async play(stage) {
            await bothHealthy(stage);
            for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["on-battery"]);
            await stage.until("both on battery", () => ["ups1", "ups2"].every((ups) => member(stage, ups)?.health === "degraded"));
            assert.equal(stage.quorum("rack")?.standing, "held", "degraded counts as healthy");
            await stage.driverDown("ups1");
            await stage.stale("ups2");
            await lost(stage, "rack", 40_000);
            assert.deepEqual(stage.quorum("rack")?.members.map(({ health, supply }) => [health, supply]), [["unknown", "battery"], ["unknown", "battery"]]);
        },
    },
    {
        title: "25 two groups with a member in common: the loss of one leaves the other alone",
        layout: { upses: { ...upses, ups3: online }, groups: { left: { members: ["ups1", "ups2"] }, right: { members: ["ups2", "ups3"] } } },
        async play(stage) {
            for (const group of ["left", "right"]) await bothHealthy(stage, group);
            for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["low-battery"]);
            await lost(stage, "left");
            await stage.polls("ups3", 4);
            assert.deepEqual([stage.quorum("right")?.standing, stage.quorum("right")?.healthy, stage.actions("right"), stage.outcomes("right")], ["held", 1, [], []]);
        },
    },
    {
        title: "26 a member's own decision shuts nothing down, and an advisory member is shown but not counted",
        layout: { upses: { ...upses, ups3: online }, groups: { rack: { members: ["ups1", "ups2"], advisory: ["ups3"] } } },
        async play(stage) {
            await bothHealthy(stage);
            for (const ups of ["ups1", "ups3"]) await stage.apply(ups, rows["low-battery"]);
            await stage.until("both decisions", () => ["ups1", "ups3"].every((ups) => stage.verdict(ups)?.decision === "shutdown"));
            await heldFor(stage, 6);
            const { healthy, counting } = stage.quorum("rack") ?? {};
            assert.deepEqual([healthy, counting, member(stage, "ups1")?.counted, member(stage, "ups3")?.counted], [1, 2, "lost", "advisory"]);
            assert.equal(stage.count("SHUTDOWN DECIDED"), 0);
        },
    },
    {
        title: "27 a host's own UPS and a rack on two others: only the rack is shut down",
        layout: { upses: { ...upses, host: online }, groups: { rack: { members: ["ups1", "ups2"] } } },
        async play(stage) {
            await bothHealthy(stage);
            for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["critical-runtime"]);
            await lost(stage);
            await stage.polls("host", 4);
            assert.deepEqual([stage.actions("host"), stage.outcomes("host"), stage.verdict("host")?.health], [[], [], "healthy"]);
        },
    },
    {
        title: "37 two losses of the quorum: both shut down, and it is re-armed between them",
        layout: rack(),
        async play(stage) {
            await bothHealthy(stage);
            for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["low-battery"]);
            await lost(stage);
            await stage.apply("ups2", online);
            await stage.until("re-armed", () => stage.actions("rack").includes("restored"));
            assert.match(stage.commands("rack").at(-1)?.reason ?? "", /quorum restored, re-armed: 1\/2 healthy/);
            await stage.apply("ups2", rows["critical-runtime"]);
            await stage.until("the second run", () => stage.runs("rack").length === 2);
            assert.deepEqual([stage.actions("rack"), stage.outcomes("rack")], [["shutdown", "restored", "shutdown"], ["dry-run", "dry-run"]]);
        },
    },
    {
        title: "R1 drivers gone for a moment: grace, nothing lost, nothing told",
        layout: { ...rack({ grace: "120" }), reader: { grace: "120" } },
        async play(stage) {
            await bothHealthy(stage);
            for (const ups of ["ups1", "ups2"]) await stage.driverDown(ups);
            await stage.until("both silent", () => ["ups1", "ups2"].every((ups) => (stage.readings(ups).at(-1)?.error ?? "").includes("DRIVER-NOT-CONNECTED")));
            // Longer than a loss lasts before it is told where there is no grace.
            await stage.polls("ups1", 6);
            for (const ups of ["ups1", "ups2"]) await stage.driverUp(ups);
            await stage.until("both read again", () => ["ups1", "ups2"].every((ups) => stage.readings(ups).at(-1)?.quality === "good"));
            await heldFor(stage, 2);
            assert.deepEqual([stage.kinds("ups1"), stage.kinds("ups2"), stage.texts(), stage.quorum("rack")?.healthy], [[], [], [], 2]);
        },
    },
    {
        title: "R2 drivers gone for good while on mains: told, and shut down only where a loss of data alone is to do so (Eneru does by default)",
        layout: {
            upses, reader: { grace: "2" },
            groups: { rack: { members: ["ups1", "ups2"] }, strict: { members: ["ups1", "ups2"], fields: { dataLossAlone: true } } },
        },
        async play(stage) {
            for (const group of ["rack", "strict"]) await bothHealthy(stage, group);
            await stage.driverDown("ups1");
            await stage.stale("ups2");
            await lost(stage, "strict");
            await stage.until("the other group blind", () => stage.quorum("rack")?.standing === "blind");
            await stage.polls("ups1", 4);
            assert.deepEqual([stage.actions("rack"), stage.outcomes("rack")], [[], []]);
            await stage.told("QUORUM UNKNOWN");
            await stage.told("CONNECTION LOST");
        },
    },
    {
        title: "Q a lost quorum, armed: every host of the plan is told, each once (Eneru 5.1.1 left one out)",
        layout: { ...rack(), hosts: [{ name: "left", services: [] }, { name: "right", services: ["postgresql"] }] },
        async play(stage) {
            await bothHealthy(stage);
            for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["low-battery"]);
            await stage.until("the report", () => stage.runs("rack").length === 1);
            assert.equal(stage.runs("rack")[0]?.outcome, "completed");
            await stage.polls("ups1", 4);
            assert.deepEqual(stage.machines.map(({ name }) => [name, ...stage.orders(name)]), [
                ["left", "sudo -n shutdown -h +2"], ["right", "sudo -n systemctl stop -- postgresql", "sudo -n shutdown -h +2"],
            ]);
        },
    },
];
