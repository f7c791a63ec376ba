import assert from "node:assert/strict";
import { tapeLines, writtenLine, type VerdictChoice } from "../../../lib/stores/tape-line";
import { sampleMessages } from "../../support/sample-messages";

const began = 1_700_000_000_000;
const reading = { device: "ups1", source: "nut", at: began + 1500.4, quality: "good", charge: 90, estimated: { low: 1, high: 2, since: began + 500 } };
const lines = (msg: object, { last = began, verdicts = "changes" as VerdictChoice } = {}): unknown[] => tapeLines(msg as Record<string, unknown>, { last, verdicts }).map((line) => JSON.parse(writtenLine(line, began)));

describe("what of a message goes onto a tape", () => {
    it("a reading, in whole ms since the tape began, times inside too", () => assert.deepEqual(lines({ reading }), [{ kind: "reading", at: 1500, device: "ups1", source: "nut", quality: "stale", charge: 90, estimated: { low: 1, high: 2, since: 500 } }]));
    it("the taint stays, and that a played tape begins does not", () => assert.deepEqual(lines({ reading: { device: "a", source: "nut", at: began, simulated: true, begins: true } }), [{ kind: "reading", at: 0, device: "a", source: "nut", quality: "good", simulated: true }]));
    it("a power state without the reading that it repeats", () => {
        const [, power] = lines({ reading, power: { state: "CRITICAL", since: began + 1000, conclusive: true, reading } });
        assert.deepEqual(power, { kind: "power", at: 1500, device: "ups1", state: "CRITICAL", since: 1000, conclusive: true });
    });
    it("everything that our nodes put on one message", () => {
        const at = began + 2000;
        const msg = Object.assign({}, ...Object.values(sampleMessages(at))) as Record<string, unknown>;
        assert.deepEqual(lines(msg).map((line) => (line as { kind: string }).kind), ["reading", "power", "event", "transition", "missed", "verdict", "command", "quorum", "progress", "result"]);
        assert.deepEqual(lines({ event: { kind: "on-battery", device: "ups1", at } }), [{ kind: "event", at: 2000, device: "ups1", event: "on-battery" }]);
    });
    it("nothing else: foreign properties may hold secrets", () => assert.deepEqual(lines({ payload: 3, topic: "a", credentials: { password: "x" }, req: {} }), []));
    for (const name of ["power", "event", "transition", "missed", "verdict", "command", "quorum", "progress", "result"]) {
        it(`no msg.${name} of another node`, () => {
            const of = { kind: "state_changed", device: "camera", state: "on", action: "login", run: 5, at: began, change: "shutdown", access_token: "SECRET" };
            assert.deepEqual(lines({ reading: { ...reading, secret: "SECRET" }, [name]: of }).length, 1);
        });
    }
    it("no plan with each step of it, only the step", () => {
        const step = { id: "nas/off", state: "done", startedAt: began, endedAt: began + 9 };
        assert.deepEqual(lines({ progress: { run: "1", text: "nas: off", startedAt: began, changed: step, steps: [step, step] } }), [{ kind: "progress", at: 9, run: "1", text: "nas: off", changed: { id: "nas/off", state: "done" } }]);
    });
    it("a run goes by the clock, which a simulated outage may be ahead of: the tape does not go back", () => assert.deepEqual((lines({ result: { run: "1", outcome: "completed", endedAt: began, steps: [] } }, { last: began + 60_000 })[0] as { at: number }).at, 60_000));
    it("verdicts that change something, or all", () => {
        const verdict = { device: "ups1", at: began, text: "on mains", findings: [] };
        assert.deepEqual([lines({ verdict }).length, lines({ verdict }, { verdicts: "all" }).length, lines({ verdict: { ...verdict, change: "evidence" } }).length], [0, 1, 1]);
    });
    for (const msg of [{ reading: 3 }, { reading: {} }, { power: "DEAD" }, { verdict: [] }, { event: null }, { command: undefined }, { progress: "done" }]) {
        it(`nothing of ${JSON.stringify(msg)}`, () => assert.deepEqual(lines(msg, { verdicts: "all" }), []));
    }
});
