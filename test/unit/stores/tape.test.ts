import assert from "node:assert/strict";
import { parseHeader, TapeBuilder, type Tape, type TapeHeader } from "../../../lib/stores/tape";

const head = { kind: "tape", version: 1, name: "blip" };
const reading = (at: number, more: object = {}): object => ({ kind: "reading", at, device: "ups1", source: "nut", quality: "good", charge: 90, ...more });
function tapeOf(lines: unknown[], header: TapeHeader = parseHeader(head)): Tape {
    const builder = new TapeBuilder(header);
    for (const line of lines) builder.add(line);
    return builder.finish(false);
}

describe("the header of a tape", () => {
    it("needs a kind, a version and a name, and nothing else", () => assert.deepEqual(parseHeader(head), { version: 1, name: "blip", about: "", trigger: {} }));
    it("keeps what the tape must lead to, to the ms unless it allows for more", () => {
        const expect = [{ change: "shutdown", device: "UPS 1", rule: "low-charge", at: 90_000, within: 2000 }, { change: "restored", device: "ups_1", at: 120_000 }];
        assert.deepEqual(parseHeader({ ...head, expect }).expect, [{ change: "shutdown", device: "ups_1", rule: "low-charge", at: 90_000, within: 2000 }, { change: "restored", device: "ups_1", at: 120_000, within: 0 }]);
    });
    it("knows that nothing at all is expected from that nobody has said", () => assert.deepEqual([parseHeader({ ...head, expect: [] }).expect, parseHeader(head).expect], [[], undefined]));
    const wrong: [what: string, header: unknown, says: RegExp][] = [
        ["an entry", reading(0), /no tape/],
        ["a number", 3, /no tape/],
        ["no version", { ...head, version: "1" }, /no version/],
        ["a newer version", { ...head, version: 2 }, /version 2.*update Ridethrough/],
        ["no name", { ...head, name: " " }, /no name/],
        ["expectations that are no list", { ...head, expect: {} }, /not a list/],
        ["an expectation without a time", { ...head, expect: [{ change: "shutdown", device: "ups1" }] }, /expectation 1 needs/],
        ["an expectation of a rule that there is not", { ...head, expect: [{ change: "shutdown", device: "ups1", rule: "low-spirits", at: 0 }] }, /expectation 1 names no rule/],
        ["an expectation of a transfer", { ...head, expect: [{ change: "on-battery", device: "ups1", at: 0 }] }, /expectation 1 needs a change/],
        ["an expectation within less than nothing", { ...head, expect: [{ change: "shutdown", device: "ups1", at: 0, within: -1 }] }, /within/],
    ];
    for (const [what, header, says] of wrong) it(`is refused with ${what}`, () => assert.throws(() => parseHeader(header), says));
});

describe("the entries of a tape", () => {
    it("readings stay in the order of arrival, also where a clock went back", () => assert.deepEqual(tapeOf([reading(5000), reading(1000)]).readings.map((entry) => entry.reading.at), [5000, 1000]));
    it("readings count however long the tape is: a slow source fills one in weeks", () => {
        const days = [0, 11, 12, 90, 1100].map((day) => day * 86_400_000);
        const { readings, bad } = tapeOf(days.map((at) => reading(at)));
        assert.deepEqual([readings.map((entry) => entry.reading.at), bad], [days, 0]);
    });
    it("a power state joins the reading of its device and moment", () => {
        const power = { kind: "power", at: 5000, device: "ups1", state: "CRITICAL", since: 4000, conclusive: true };
        const { readings, bad } = tapeOf([reading(0), reading(5000), reading(5000, { device: "ups2" }), power]);
        assert.deepEqual([readings.map((entry) => entry.power?.state), bad], [[undefined, "CRITICAL", undefined], 0]);
    });
    it("recorded decisions are kept, other verdicts are not", () => {
        const verdict = (change: string | undefined, at: number): object => ({ kind: "verdict", at, device: "ups1", change, rule: "low-charge", text: "" });
        assert.deepEqual(tapeOf([verdict("on-battery", 0), verdict("shutdown", 3), verdict(undefined, 4)]).decisions, [{ change: "shutdown", device: "ups1", rule: "low-charge", at: 3 }]);
    });
    it("what is no entry is counted, and the rest is played", () => {
        const { readings, bad } = tapeOf([undefined, 3, {}, { kind: "song", at: 0 }, reading(NaN), reading(0, { device: "" }), reading(0, { charge: "high" }), reading(7)]);
        assert.deepEqual([readings.length, bad], [1, 7]);
    });
});
