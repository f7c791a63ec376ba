import assert from "node:assert/strict";
import { rows } from "./rows";
import type { BrokenScenario } from "./scenario";
import type { Stage } from "./stage";

const online = rows["online-charging"];
const one = { upses: { ups1: online } };
const two = { upses: { ups1: online, ups2: online } };
const rack = { upses: two.upses, groups: { rack: { members: ["ups1", "ups2"] } } };
/** On battery without any number that decides. */
const outage = rows["on-battery"];

/** The clock on battery at the end of an act, and when that was, to compare with the next one's. */
const clocks = new Map<Stage, { seconds: number; at: number }>();

async function onBatteryForSeconds(stage: Stage, seconds: number): Promise<void> {
    await stage.apply("ups1", outage);
    await stage.until(`${seconds} s on battery`, () => (stage.verdict("ups1")?.onBatterySeconds ?? 0) >= seconds);
    const { onBatterySeconds = 0, at = 0 } = stage.verdict("ups1") ?? {};
    clocks.set(stage, { seconds: onBatterySeconds, at });
}

/**
 * The outage goes on: its clock has counted the break, and its beginning is not told again.
 * @param lostSeconds of the clock that may be lost: what has passed since it was saved last
 */
async function clockWentOn(stage: Stage, lostSeconds = 0): Promise<void> {
    const before = clocks.get(stage);
    assert.ok(before !== undefined);
    await stage.until("readings on battery", () => stage.verdicts("ups1").filter(({ supply }) => supply === "battery").length > 2);
    const { onBatterySeconds = 0, at = 0 } = stage.verdict("ups1") ?? {};
    const expected = before.seconds + (at - before.at) / 1000;
    assert.ok(onBatterySeconds >= expected - lostSeconds - 1 && onBatterySeconds <= expected + 1, `expected ${expected} s on battery, it says ${onBatterySeconds} s`);
    assert.deepEqual(stage.kinds("ups1").filter((kind) => kind === "on-battery"), []);
}

/** Stories with a break in them: what must not be lost, and what must not happen twice. */
export const restarts: readonly BrokenScenario[] = [
    {
        title: "38 killed after a loss of the quorum that is over at the next start: the loss after it still shuts down",
        layout: rack,
        acts: {
            kill: {
                async before(stage) {
                    for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["low-battery"]);
                    await stage.until("the first run", () => stage.runs("rack").length === 1);
                },
                async meanwhile(stage) {
                    for (const ups of ["ups1", "ups2"]) await stage.apply(ups, online);
                },
                async after(stage) {
                    await stage.until("re-armed", () => stage.actions("rack").includes("restored"));
                    for (const ups of ["ups1", "ups2"]) await stage.apply(ups, rows["critical-runtime"]);
                    await stage.until("the second run", () => stage.runs("rack").length === 1);
                    assert.deepEqual([stage.actions("rack"), stage.outcomes("rack")], [["restored", "shutdown"], ["dry-run"]]);
                },
            },
        },
    },
    {
        title: "38b killed after a decision, in an outage that goes on: the next start does not shut down again, the next outage does",
        layout: one,
        acts: {
            kill: {
                async before(stage) {
                    await stage.apply("ups1", rows["low-battery"]);
                    await stage.until("the first run", () => stage.runs("ups1").length === 1);
                },
                async after(stage) {
                    await stage.polls("ups1", 4);
                    assert.deepEqual([stage.verdict("ups1")?.decision, stage.actions("ups1"), stage.outcomes("ups1")], ["shutdown", [], []]);
                    await stage.apply("ups1", online);
                    await stage.until("re-armed", () => stage.actions("ups1").includes("restored"));
                    await stage.apply("ups1", rows["low-battery"]);
                    await stage.until("the second run", () => stage.runs("ups1").length === 1);
                },
            },
        },
    },
    {
        title: "K1 killed in the middle of an outage: the clock on battery goes on over the time away, which Eneru's does not",
        layout: one,
        acts: {
            kill: { before: (stage) => onBatteryForSeconds(stage, 6), after: (stage) => clockWentOn(stage, 5) },
        },
    },
    {
        title: "35 stopped and started again: exactly one message, that of the start",
        layout: { ...one, telegram: { service: true } },
        acts: {
            stop: {
                before: (stage) => stage.polls("ups1", 1),
                async after(stage) {
                    await stage.told("Ridethrough — restarted after");
                    await stage.polls("ups1", 4);
                    // The kill before it was told too, once.
                    assert.deepEqual(stage.texts().map((text) => /restarted|started after a crash|stopped|ended/i.exec(text)?.[0]), ["started after a crash", "restarted"]);
                },
            },
        },
    },
    {
        title: "36 the same with two UPSes behind one alert node: still one message",
        layout: { ...two, telegram: { service: true } },
        acts: {
            stop: {
                before: (stage) => stage.polls("ups1", 1),
                async after(stage) {
                    await stage.told("Ridethrough — restarted after");
                    await Promise.all(["ups1", "ups2"].map((ups) => stage.polls(ups, 4)));
                    assert.equal(stage.count("restarted"), 1);
                    assert.equal(stage.texts().length, 2);
                },
            },
        },
    },
    {
        title: "54 deployed again in the middle of an outage: the clock goes on, and what was decided is not decided again",
        layout: two,
        acts: {
            redeploy: {
                async before(stage) {
                    await onBatteryForSeconds(stage, 3);
                    await stage.apply("ups2", rows["low-battery"]);
                    await stage.until("the run for ups2", () => stage.runs("ups2").length === 1);
                },
                async after(stage) {
                    await clockWentOn(stage);
                    await stage.polls("ups2", 4);
                    assert.deepEqual([stage.verdict("ups2")?.decision, stage.actions("ups2"), stage.outcomes("ups2")], ["shutdown", [], []]);
                },
            },
        },
    },
    {
        title: "54b deployed with settings that are wrong: the trigger says so in red and on Catch, and decides nothing; Node-RED and its reader go on",
        layout: one,
        redeployed: { ...one, trigger: { lowCharge: "a fifth" } },
        acts: {
            redeploy: {
                before: (stage) => stage.polls("ups1", 1),
                async after(stage) {
                    // Those that the old trigger made in its last moment.
                    const before = stage.verdicts("ups1").length;
                    await stage.until("the trouble on Catch", () => stage.problems().some((problem) => problem.includes("nothing is decided")));
                    assert.deepEqual([stage.status("trigger/ups1")?.fill, stage.verdicts("ups1").length - before, stage.red.ended], ["red", 0, false]);
                    await stage.until("more readings", () => stage.readings("ups1").filter(({ quality }) => quality === "good").length >= 3);
                },
            },
        },
    },
    {
        title: "54c a second UPS is added in the middle of an outage: the first one's clock goes on (going from one to two orphaned Eneru's history, 6.1.4)",
        layout: one,
        redeployed: two,
        acts: {
            redeploy: {
                before: (stage) => onBatteryForSeconds(stage, 3),
                async after(stage) {
                    await clockWentOn(stage);
                    await stage.until("the new one read", () => stage.verdict("ups2")?.health === "healthy");
                },
            },
        },
    },
    {
        title: "FSD1 a forced shutdown stays latched until upsd restarts: no second run follows from it, not over a restart of Node-RED; the next one does",
        layout: one,
        acts: {
            stop: {
                async before(stage) {
                    await stage.fsd("ups1");
                    await stage.until("the run", () => stage.runs("ups1").length === 1);
                    await stage.polls("ups1", 5);
                    assert.deepEqual([stage.actions("ups1"), stage.outcomes("ups1"), stage.readings("ups1").at(-1)?.mains], [["shutdown"], ["dry-run"], "present"]);
                },
                async after(stage) {
                    await stage.polls("ups1", 5);
                    assert.ok(stage.readings("ups1").at(-1)?.flags?.includes("FSD"));
                    assert.deepEqual([stage.actions("ups1"), stage.outcomes("ups1")], [[], []]);
                },
            },
            server: {
                before: (stage) => stage.polls("ups1", 1),
                async after(stage) {
                    await stage.until("re-armed", () => stage.actions("ups1").includes("restored"));
                    await stage.fsd("ups1");
                    await stage.until("the second run", () => stage.runs("ups1").length === 1);
                    assert.deepEqual(stage.actions("ups1"), ["restored", "shutdown"]);
                },
            },
        },
    },
    {
        title: "U1 upsd restarts while on mains: within the grace, nothing is told or decided",
        layout: one,
        acts: {
            server: {
                before: (stage) => stage.polls("ups1", 1),
                async after(stage) {
                    await stage.until("a good reading", () => stage.readings("ups1").at(-1)?.quality === "good");
                    await stage.polls("ups1", 3);
                    assert.deepEqual([stage.kinds("ups1"), stage.actions("ups1"), stage.texts(), stage.verdict("ups1")?.health], [[], [], [], "healthy"]);
                },
            },
        },
    },
    {
        title: "U2 upsd restarts in the middle of an outage: the clock goes on, and the decision comes when the charge is low",
        layout: { ...one, trigger: { blindLeast: "60" } },
        acts: {
            server: {
                before: (stage) => onBatteryForSeconds(stage, 3),
                async after(stage) {
                    await clockWentOn(stage);
                    assert.deepEqual(stage.actions("ups1"), []);
                    await stage.apply("ups1", rows["low-battery"]);
                    await stage.until("the run", () => stage.runs("ups1").length === 1);
                    assert.equal(stage.verdict("ups1")?.rule, "low-charge");
                },
            },
        },
    },
];
