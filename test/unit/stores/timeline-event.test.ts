import assert from "node:assert/strict";
import { isHappening, parseEvent, toRow } from "../../../lib/stores/timeline-event";
import { parseRowLine, rowLine } from "../../../lib/stores/timeline-line";

const at = 1_763_722_800_000;

describe("a timeline row from elsewhere", () => {
    it("is taken with what it brings", () => {
        const raw = { event_type: "tariff", source: "grid", value: 0.31, metadata: { period: "peak" }, created_at: at - 5 };
        assert.deepEqual(parseEvent(raw, at), { event: raw });
    });
    it("gets the time of the message, and nothing where it says nothing", () => {
        assert.deepEqual(parseEvent({ event_type: "a", source: "b" }, at), { event: { event_type: "a", source: "b", value: null, metadata: {}, created_at: at } });
    });
    for (const [what, created_at, wanted] of [["a Date", new Date(at), at], ["an ISO text", "2025-11-21T11:00:00Z", at]] as const) {
        it(`may give its time as ${what}`, () => assert.deepEqual(parseEvent({ event_type: "a", source: "b", created_at }, 0), { event: { event_type: "a", source: "b", value: null, metadata: {}, created_at: wanted } }));
    }
    const wrong: [string, unknown, RegExp][] = [
        ["no object", "row", /not an object/], ["a list", [], /not an object/], ["no type", { source: "b" }, /no event_type/], ["a blank source", { event_type: "a", source: " " }, /no source/],
        ["a value that is text", { event_type: "a", source: "b", value: "7" }, /not a number/], ["a value that is NaN", { event_type: "a", source: "b", value: NaN }, /not a number/],
        ["metadata that is a list", { event_type: "a", source: "b", metadata: [] }, /metadata/], ["a time that is none", { event_type: "a", source: "b", created_at: "soon" }, /created_at/],
        ["a time before 1970", { event_type: "a", source: "b", created_at: -1 }, /created_at/], ["a time in year 10000", { event_type: "a", source: "b", created_at: 1e15 }, /created_at/],
    ];
    for (const [what, raw, error] of wrong) {
        it(`is refused: ${what}`, () => {
            const parsed = parseEvent(raw, at);
            assert.match("error" in parsed ? parsed.error : "taken", error);
        });
    }
});

describe("the row that is stored", () => {
    const stored = (metadata: Record<string, unknown>, source = "b"): ReturnType<typeof toRow> => toRow({ event_type: "a", source, value: 1, metadata, created_at: at + 0.4 });
    it("has a time in whole ms, and its metadata as JSON text", () => assert.deepEqual(stored({ x: [1, null] }), { event_type: "a", source: "b", value: 1, metadata: '{"x":[1,null]}', created_at: at }));
    it("holds nothing that jsonb refuses", () => assert.equal(stored({ "a\0": "x\0y", b: ["\ud800"], c: { d: "\udc00 🔌" } }).metadata, '{"a":"xy","b":["\ufffd"],"c":{"d":"\ufffd 🔌"}}'));
    it("keeps backslashes that only look like that", () => assert.deepEqual(JSON.parse(stored({ path: "c:\\u0000\\udead" }).metadata), { path: "c:\\u0000\\udead" }));
    it("has a note instead of metadata that is no JSON", () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        assert.equal(stored(circle).metadata, '{"note":"metadata was no JSON"}');
        assert.equal(stored({ big: 1n }).metadata, '{"note":"metadata was no JSON"}');
    });
    it("has a note instead of far too much metadata", () => assert.equal(stored({ text: "x".repeat(20_000) }).metadata, '{"note":"metadata of 20011 characters left out"}'));
    it("has names without control characters, of bounded length", () => {
        assert.equal(stored({}, "a\tb\n\0c\ud800").source, "a b c\ufffd");
        assert.equal(stored({}, "x".repeat(999)).source.length, 200);
    });
});

describe("a row as a line", () => {
    for (const row of [
        { created_at: at, event_type: "plug_power", source: "rack", value: -12.5, metadata: "{}" },
        { created_at: 0, event_type: "a b", source: "ü 🔌", value: null, metadata: '{"t":"tab\\tline\\n"}' },
    ]) {
        it(`comes back as it was: ${row.event_type}`, () => assert.deepEqual(parseRowLine(rowLine(row).slice(0, -1)), row));
    }
    for (const line of ["", "#12", "1\ta\tb\t1", "x\ta\tb\t1\t{}", "1\ta\tb\tx\t{}", "1\ta\tb\t1\t{\"a\":", "1\t\tb\t1\t{}", "1\ta\tb\t1\t{}\textra"]) {
        it(`is none: ${JSON.stringify(line)}`, () => assert.equal(parseRowLine(line), undefined));
    }
});

describe("isHappening", () => {
    for (const [type, wanted] of [["power_state", true], ["shutdown_step", true], ["timeline_dropped", true], ["ups_event", true], ["plug_power", false], ["ups_on_battery", false]] as const) it(`${type}: ${wanted}`, () => assert.equal(isHappening(type), wanted));
});
