import assert from "node:assert/strict";
import { checkDecisions, clockTime, decisionIn, differences, expectationsOf, isAsExpected } from "../../../lib/stores/tape-check";
import type { Decision, Expectation, Tape } from "../../../lib/stores/tape";

const shutdown = (at: number, more: Partial<Decision> = {}): Decision => ({ change: "shutdown", device: "ups1", rule: "low-charge", at, ...more });
const wanted = (at: number, more: Partial<Expectation> = {}): Expectation => ({ ...shutdown(at), within: 1000, ...more });

describe("what was decided, next to what should have been", () => {
    const cases: [rule: string, expected: Expectation[], seen: Decision[], differs: string[]][] = [
        ["nothing, as expected", [], [], []],
        ["at the very time", [wanted(90_000)], [shutdown(90_000)], []],
        ["as late as is allowed", [wanted(90_000)], [shutdown(91_000)], []],
        ["too late", [wanted(90_000)], [shutdown(91_001)], ["missing: 00:01:30.0 ups1 shutdown by low-charge (within 1 s)", "not expected: 00:01:31.0 ups1 shutdown by low-charge"]],
        ["too early is a false shutdown", [wanted(90_000)], [shutdown(89_999)], ["missing: 00:01:30.0 ups1 shutdown by low-charge (within 1 s)", "not expected: 00:01:29.9 ups1 shutdown by low-charge"]],
        ["a missed one", [wanted(90_000, { within: 0 })], [], ["missing: 00:01:30.0 ups1 shutdown by low-charge"]],
        ["a false one", [], [shutdown(5)], ["not expected: 00:00:00.0 ups1 shutdown by low-charge"]],
        ["for another reason", [wanted(0)], [shutdown(0, { rule: "depletion" })], ["missing: 00:00:00.0 ups1 shutdown by low-charge (within 1 s)", "not expected: 00:00:00.0 ups1 shutdown by depletion"]],
        ["for any reason, where none is asked for", [{ change: "shutdown", device: "ups1", at: 0, within: 0 }], [shutdown(0)], []],
        ["of another device", [wanted(0)], [shutdown(0, { device: "ups2" })], ["missing: 00:00:00.0 ups1 shutdown by low-charge (within 1 s)", "not expected: 00:00:00.0 ups2 shutdown by low-charge"]],
        ["twice instead of once", [wanted(0)], [shutdown(0), shutdown(500)], ["not expected: 00:00:00.5 ups1 shutdown by low-charge"]],
    ];
    for (const [rule, expected, seen, differs] of cases) {
        it(rule, () => {
            const check = checkDecisions(expected, seen);
            assert.deepEqual(differences(check), differs);
            assert.equal(isAsExpected(check), differs.length === 0);
        });
    }
    it("of a recorded tape: what was decided then, give or take a poll", () => {
        const tape = (more: object): Tape => ({ header: { version: 1, name: "a", about: "", trigger: {} }, readings: [], decisions: [], others: 0, bad: 0, torn: false, ...more });
        assert.equal(expectationsOf(tape({})), undefined);
        assert.deepEqual(expectationsOf(tape({ decisions: [shutdown(7)] })), [{ ...shutdown(7), within: 5000 }]);
        assert.deepEqual(expectationsOf(tape({ decisions: [shutdown(7)], header: { version: 1, name: "a", about: "", trigger: {}, expect: [] } })), [], "the header goes first");
    });
    it("transfers and evidence are no decisions", () => {
        assert.deepEqual((["shutdown", "restored", "cancelled", "on-battery", "on-mains", "evidence", undefined] as const).map((change) => decisionIn({ ...(change && { change }), device: "a", at: 1500 }, 1000)?.at), [500, 500, 500, undefined, undefined, undefined, undefined]);
    });
    for (const [ms, text] of [[0, "00:00:00.0"], [90_499, "00:01:30.4"], [86_399_999, "23:59:59.9"], [360_000_000, "100:00:00.0"], [-1500, "-00:00:01.5"]] as const) it(`${ms} ms are ${text}`, () => assert.equal(clockTime(ms), text));
});
