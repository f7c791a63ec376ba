import assert from "node:assert/strict";
import { forgetBeforeBoot, markedBy, parseTriggerState, rearmed, type TriggerState } from "../../../lib/power/trigger-state";
import { judgeAll, onBattery, online, poll, polls, told } from "../../support/trigger-story";

const before = polls(0, 20, online, 5);
const outage = [...before, ...polls(20, 300, onBattery)];
const stateAfter = (readings = outage): TriggerState => judgeAll(readings).at(-1)!.state;
const restarted = (state: TriggerState): TriggerState => parseTriggerState(JSON.parse(JSON.stringify(state)))!;

describe("trigger state", () => {
    it("survives a restart: the time away counts, and is read again before it decides", () => {
        const steps = judgeAll([...polls(1000, 1003, onBattery)], {}, restarted(stateAfter()));
        assert.deepEqual(told(steps), ["1001 shutdown time-on-battery"]);
        assert.equal(steps[0]?.verdict.onBatterySeconds, 980);
        assert.match(steps[0]?.verdict.notes?.join() ?? "", /701 s without a reading while this was not running/);
    });
    it("a clock that stands lower after the restart costs nothing of the time on battery", () => {
        const [step] = judgeAll([poll(50, onBattery)], {}, restarted(stateAfter()));
        assert.equal(step?.verdict.onBatterySeconds, 280);
    });
    it("an outage that began while this was away has lasted since mains was seen, half of the limit at most", () => {
        const assumed = (second: number): number | undefined => judgeAll([poll(second, onBattery)], {}, restarted(stateAfter(before)))[0]?.state.battery?.assumedMs;
        assert.deepEqual([20, 315, 100_000].map(assumed), [0, 300_000, 450_000]);
    });
    it("data that does not come back at once after a restart is waited for", () => {
        const lost = polls(4000, 4040, { quality: "missing" }, 5);
        assert.deepEqual(told(judgeAll(lost, {}, restarted(stateAfter()))), []);
    });
    it("a decision is remembered, and so is an FSD that has been acted upon", () => {
        const fsd = restarted(stateAfter([...before, poll(20, { ...online, flags: ["FSD", "OL"] })]));
        assert.deepEqual([fsd.decided, fsd.forced], [{ rule: "forced-shutdown", at: 20_000 }, true]);
        assert.deepEqual(told(judgeAll(polls(25, 100, { ...online, flags: ["FSD", "OL"] }, 5), {}, fsd)), []);
    });
    it("a self-test that got stuck on mains stays stuck", () => {
        const stuck = restarted(stateAfter(polls(0, 1900, { ...online, testing: true }, 5)));
        assert.deepEqual(told(judgeAll(polls(2200, 2260, { ...onBattery, testing: true, charge: 15 }), {}, stuck)), ["2200 on-battery", "2230 shutdown low-charge"]);
    });
    it("by hand it may decide again, but not because of the same FSD", () => {
        const low = stateAfter([...before, ...polls(20, 60, { ...onBattery, charge: 3 })]);
        assert.deepEqual(told(judgeAll([poll(60, { ...onBattery, charge: 3 })], {}, rearmed(low))), ["60 shutdown low-charge"]);
        const fsd = stateAfter([...before, poll(20, { ...online, flags: ["FSD", "OL"] })]);
        assert.deepEqual(told(judgeAll([poll(25, { ...online, flags: ["FSD", "OL"] }), poll(30, online), poll(35, { ...online, flags: ["FSD", "OL"] })], {}, rearmed(fsd))), ["35 shutdown forced-shutdown"]);
    });

    describe("after this machine was started again", () => {
        const low = { ...onBattery, charge: 12, runtime: 300 };
        const decided = stateAfter([...before, ...polls(20, 60, low)]);
        const booted = (state: TriggerState): TriggerState => forgetBeforeBoot(restarted(markedBy("boot-1", state)), "boot-2");
        const next = (...readings: Parameters<typeof judgeAll>[0]): string[] => told(judgeAll(readings, {}, booted(decided)));

        it("a decision is spent: the next one is made anew, by what is read now", () => {
            assert.deepEqual(next(...polls(300, 310, online), ...polls(310, 350, low)), ["310 on-battery", "340 shutdown low-charge"]);
            assert.deepEqual(next(...polls(300, 340, low)), ["300 on-battery", "330 shutdown low-charge"]);
        });
        it("mains is no news, and a source that cannot be read yet is not taken for one that fell silent on battery", () => {
            assert.deepEqual(next(...polls(300, 400, online, 5)), []);
            assert.deepEqual(next(...polls(300, 9000, { quality: "missing" }, 5)), []);
        });
        it("the very reading that led to the decision, sent again, leads to nothing", () => {
            assert.deepEqual(next(poll(59, low)), []);
        });
        it("in the same boot it stands, and so does one of which nobody knows the boot", () => {
            const marked = markedBy("boot-1", decided);
            assert.equal(forgetBeforeBoot(marked, "boot-1"), marked);
            assert.equal(forgetBeforeBoot(decided, "boot-2"), decided);
            assert.equal(markedBy("boot-2", marked), marked);
            const undecided = markedBy("boot-1", stateAfter(before));
            assert.equal(forgetBeforeBoot(undecided, "boot-2"), undecided);
        });
        it("without a decision, a source that cannot be read yet is not taken for one that fell silent on battery: its server may need minutes to start", () => {
            const drained = booted(stateAfter([...before, ...polls(20, 60, { ...onBattery, runtime: 620 })]));
            assert.deepEqual(told(judgeAll(polls(300, 9000, { quality: "missing" }, 5), {}, drained)), []);
        });
        it("and an outage that goes on keeps its clock, and settles anew; one that is over is cancelled", () => {
            assert.deepEqual(told(judgeAll(polls(1000, 1700, onBattery), {}, booted(stateAfter()))), ["1000 on-battery", "1622 shutdown time-on-battery"]);
            assert.deepEqual(told(judgeAll(polls(1000, 1060, online, 5), {}, booted(stateAfter()))), ["1000 on-mains", "1030 cancelled"]);
        });
        it("an FSD that is still there stays acted upon, another does not", () => {
            const fsd = { ...online, flags: ["FSD", "OL"] };
            const state = booted(stateAfter([...before, poll(20, fsd)]));
            assert.deepEqual(told(judgeAll(polls(300, 400, fsd, 5), {}, state)), []);
            assert.deepEqual(told(judgeAll([poll(300, fsd), poll(305, online), poll(310, fsd)], {}, state)), ["310 shutdown forced-shutdown"]);
        });
    });

    const good = JSON.parse(JSON.stringify(stateAfter())) as Record<string, unknown>;
    const bad: [what: string, value: unknown][] = [
        ["nothing", undefined], ["null", null], ["a list", []], ["an empty object", {}],
        ["no order", { ...good, order: {} }], ["no known", { ...good, known: 3 }], ["an unknown standing", { ...good, known: { source: "nut", on: "moon" } }],
        ["a clock of words", { ...good, battery: { elapsedMs: "long", assumedMs: 0, transferAt: 0 } }],
        ["a decision by no rule", { ...good, decided: { rule: "whim", at: 1 } }], ["a decision without a time", { ...good, decided: { rule: "low-charge" } }], ["an outage in a boot that is no name", { ...good, boot: 7 }], ["a decision in one", { ...good, decided: { rule: "low-charge", at: 1, boot: 7 } }],
        ["a count of misses that is none", { ...good, missed: { count: null, since: 0 } }], ["a test of words", { ...good, testedSince: "long" }], ["a damaged trend", { ...good, depletion: { order: { at: 1 } } }],
    ];
    for (const [what, value] of bad) it(`does not believe ${what}`, () => assert.equal(parseTriggerState(value), undefined));
});
