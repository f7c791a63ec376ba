import assert from "node:assert/strict";
import fc from "fast-check";
import { parseReading, quantities, readingFrom, slug, streamOf, type Reading } from "../../../lib/power/reading";

const at = 1_700_000_000_000;
const anything = (): fc.Arbitrary<unknown> => fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withSparseArray: true });
/** Objects that look nearly like a reading, so that the checks behind the first ones are reached. */
const nearlyReading = fc.record({
    device: fc.oneof(fc.string(), anything()),
    quality: fc.oneof(fc.constantFrom("good", "stale", "missing"), anything()),
    at: fc.oneof(fc.integer(), anything()),
    watts: fc.oneof(fc.double(), anything()),
    charge: fc.oneof(fc.double(), anything()),
    mains: fc.oneof(fc.constantFrom("present", "absent", "unknown"), anything()),
    flags: fc.oneof(fc.array(fc.string()), anything()),
    simulated: anything(),
    error: anything(),
}, { requiredKeys: [] });

describe("parseReading", () => {
    const good = { device: "Solix output", source: "kasa", at: 5, quality: "good", watts: 12.5, volts: 230, mains: "present", flags: ["OL", 7], error: "none" };

    it("takes a well-formed reading, with the device as a slug", () => {
        assert.deepEqual(parseReading(good, at), { reading: { device: "solix_output", source: "kasa", at: 5, quality: "good", watts: 12.5, volts: 230, mains: "present", flags: ["OL"], error: "none" } });
    });
    it("fills in source, time and quality", () => {
        assert.deepEqual(parseReading({ device: "nas" }, at), { reading: { device: "nas", source: "message", at, quality: "good" } });
    });
    it("keeps a value that was not measured absent", () => {
        const parsed = parseReading({ device: "nas", watts: null, charge: undefined, mains: "maybe" }, at);
        assert.deepEqual(parsed, { reading: { device: "nas", source: "message", at, quality: "good" } });
    });
    it("drops fields that it does not know", () => assert.equal("token" in (parseReading({ ...good, token: "x" }, at) as { reading: Reading }).reading, false));
    for (const [what, value, error] of [
        ["a number", 7, /not an object/], ["null", null, /not an object/], ["a list", [], /not an object/], ["no device", {}, /device/], ["an empty device", { device: " " }, /device/],
        ["watts as text", { device: "a", watts: "12" }, /watts is not a number/], ["watts that is NaN", { device: "a", watts: NaN }, /watts/], ["infinite charge", { device: "a", charge: Infinity }, /charge/],
        ["an unknown quality", { device: "a", quality: "fine" }, /quality/], ["a quality that cannot be printed", { device: "a", quality: Object.create(null) }, /quality/], ["a time as text", { device: "a", at: "now" }, /at is not/], ["a time in s", { device: "a", at: 1_795_300_000 }, /at is in s; it must be in ms/],
    ] as const) {
        it(`refuses ${what}`, () => assert.match((parseReading(value, at) as { error: string }).error, error));
    }
    for (const mark of [true, "false", 0, "", 1, {}, []]) {
        it(`takes the mark simulated: ${JSON.stringify(mark)} as a taint, the safe side`, () => assert.equal((parseReading({ device: "a", simulated: mark }, at) as { reading: Reading }).reading.simulated, true));
    }
    for (const mark of [undefined, null, false]) {
        it(`takes simulated: ${mark} as none`, () => assert.equal("simulated" in (parseReading({ device: "a", simulated: mark }, at) as { reading: Reading }).reading, false));
    }
    it("keeps the flows of a power station, those that are numbers", () => {
        assert.deepEqual((parseReading({ device: "a", at, flows: { solar: 300, grid: "none", output: Infinity, other: 1 } }, at) as { reading: Reading }).reading.flows, { solar: 300 });
    });
    it("never takes an estimated charge for a good one", () => {
        const { reading } = parseReading({ device: "a", at, charge: 50, estimated: { low: 40, high: 60, since: at - 1000 } }, at) as { reading: Reading };
        assert.deepEqual([reading.quality, reading.charge, reading.estimated], ["stale", 50, { low: 40, high: 60, since: at - 1000 }]);
        assert.deepEqual((parseReading({ device: "a", estimated: {} }, at) as { reading: Reading }).reading.estimated, { low: 0, high: 100, since: at });
    });
    it("never throws, and what it lets through holds finite numbers only", () => {
        fc.assert(fc.property(fc.oneof(anything(), nearlyReading), (value) => {
            const parsed = parseReading(value, at);
            if ("error" in parsed) return assert.ok(parsed.error.length > 0);
            for (const quantity of quantities) assert.ok(parsed.reading[quantity] === undefined || Number.isFinite(parsed.reading[quantity]));
            assert.ok(Number.isFinite(parsed.reading.at));
            assert.match(parsed.reading.device, /^[a-z0-9]+(_[a-z0-9]+)*$/);
        }), { numRuns: 2000 });
    });
    it("lets only a simulated reading begin its stream anew: a real one never makes a decider forget", () => {
        const parsed = (more: object): Reading => (parseReading({ device: "a", at, begins: true, ...more }, at) as { reading: Reading }).reading;
        assert.deepEqual([parsed({}).begins, parsed({ simulated: true }).begins], [undefined, true]);
    });
    it("lets the taint only grow: parsed again and again, a simulated reading stays one", () => {
        fc.assert(fc.property(nearlyReading, (value) => {
            const once = parseReading(value, at);
            if ("error" in once) return;
            const tainted = value.simulated !== undefined && value.simulated !== null && value.simulated !== false;
            assert.equal(once.reading.simulated === true, tainted);
            assert.deepEqual(parseReading(once.reading, 0), once);
            assert.deepEqual(parseReading(JSON.parse(JSON.stringify(once.reading)), 0), { reading: JSON.parse(JSON.stringify(once.reading)) as Reading });
        }), { numRuns: 2000 });
    });
});

describe("readingFrom", () => {
    it("prefers msg.reading to the payload", () => assert.equal((readingFrom({ payload: 3, reading: { device: "a", watts: 99 } }, at) as { reading: Reading }).reading.watts, 99));
    it("makes a bare number a simulated reading of the topic's device", () => {
        assert.deepEqual(readingFrom({ topic: "Solix output", payload: 25 }, at), { reading: { device: "solix_output", source: "message", at, quality: "good", watts: 25, simulated: true } });
    });
    it("reads a number from a text, as a dashboard's field sends it", () => assert.equal((readingFrom({ payload: " 25.5 " }, at) as { reading: Reading }).reading.watts, 25.5));
    for (const payload of ["", " ", "25 W", "NaN", Infinity, true, null, undefined, [25], {}]) {
        it(`refuses the payload ${JSON.stringify(payload)}`, () => assert.match((readingFrom({ payload }, at) as { error: string }).error, /expected msg\.reading/));
    }
    it("does not fall back to the payload when msg.reading is damaged", () => assert.ok("error" in readingFrom({ payload: 300, reading: "damaged" }, at)));
    it("marks every message with a bare number as simulated, whatever else it carries", () => {
        fc.assert(fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer().map(String)), anything(), fc.dictionary(fc.string(), anything()), (payload, topic, foreign) => {
            const parsed = readingFrom({ ...foreign, reading: undefined, topic, payload }, at);
            assert.ok("reading" in parsed && parsed.reading.simulated === true);
        }));
    });
});

describe("streamOf", () => {
    it("keeps simulated and real readings of one device apart", () => {
        assert.equal(streamOf({ device: "plug" }), "plug");
        assert.equal(streamOf({ device: "plug", simulated: true }), "plug (simulated)");
    });
    it("lets no name of a real device pass for a simulated stream", () => {
        fc.assert(fc.property(fc.string(), fc.string(), (real, fake) => {
            assert.notEqual(streamOf({ device: slug(real) }), streamOf({ device: slug(fake), simulated: true }));
        }));
        assert.notEqual(streamOf({ device: slug("plug (simulated)") }), streamOf({ device: "plug", simulated: true }));
    });
});

describe("slug", () => {
    for (const [name, wanted] of [["Solix output", "solix_output"], ["  Küche / TV ", "kuche_tv"], ["__", "device"], ["電源", "device"], ["HS300-1", "hs300_1"]] as const) {
        it(`"${name}" becomes ${wanted}`, () => assert.equal(slug(name), wanted));
    }
    it("does not change a slug", () => fc.assert(fc.property(fc.string(), (name) => assert.equal(slug(slug(name)), slug(name)))));
});
