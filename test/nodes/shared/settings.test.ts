import assert from "node:assert/strict";
import fc from "fast-check";
import { migrate, Settings, type Migration, type StoredConfig } from "../../../nodes/shared/settings";

const read = <T>(stored: StoredConfig, take: (settings: Settings) => T): [T, string[]] => {
    const settings = new Settings(stored);
    return [take(settings), settings.problems];
};

describe("Settings", () => {
    describe("number", () => {
        const rule = { fallback: 60, min: 1, max: 100 };
        const cases: [unknown, number, RegExp | undefined, string][] = [
            ["5", 5, undefined, "a text, as the dialog stores it"], [5, 5, undefined, "a number"], [" 7.5 ", 7.5, undefined, "spaces"], ["1", 1, undefined, "the smallest"], ["100", 100, undefined, "the biggest"], ["  ", 60, undefined, "blanks are nothing"],
            ["", 60, undefined, "an empty field takes the fallback"], [undefined, 60, undefined, "an absent field too"], [null, 60, undefined, "and null"],
            ["0", 60, /x must be between 1 and 100/, "too small"], ["101", 60, /x must be between 1 and 100/, "too big"],
            ["five", 60, /x is not a number/, "no number"], ["Infinity", 60, /not a number/, "infinite"], [true, 60, /not a number/, "a boolean"], [[5], 60, /not a number/, "a list"], ["${WATTS}", 60, /not a number/, "an environment variable that nobody replaced"],
        ];
        for (const [raw, wanted, problem, rule_] of cases) {
            it(`${rule_}: ${JSON.stringify(raw)}`, () => {
                const [value, problems] = read({ x: raw }, (settings) => settings.number("x", rule));
                assert.equal(value, wanted);
                if (problem === undefined) assert.deepEqual(problems, []);
                else assert.match(problems.join(), problem);
            });
        }
        it("knows whole numbers, and bounds on one side only", () => {
            assert.deepEqual(read({ x: "2.5" }, (settings) => settings.number("x", { fallback: 1, integer: true })), [1, ["x is not a whole number"]]);
            assert.deepEqual(read({ x: "-1" }, (settings) => settings.number("x", { fallback: 1, min: 0 })), [1, ["x must be at least 0"]]);
            assert.deepEqual(read({ x: "9" }, (settings) => settings.number("x", { fallback: 1, max: 5 })), [1, ["x must be at most 5"]]);
        });
    });
    describe("boolean", () => {
        for (const [raw, fallback, wanted, wrong] of [[true, false, true, false], [false, true, false, false], ["", true, true, false], [undefined, true, true, false],
            ["false", true, true, true], ["true", false, false, true], [0, true, true, true], [1, false, false, true], ["${DRY_RUN}", true, true, true]] as const) {
            it(`${JSON.stringify(raw)} with the fallback ${fallback} is ${wanted}${wrong ? ", and a problem" : ""}`, () => {
                const [value, problems] = read({ dryRun: raw }, (settings) => settings.boolean("dryRun", fallback));
                assert.equal(value, wanted);
                assert.equal(problems.length, wrong ? 1 : 0);
            });
        }
    });
    describe("text, choice and list", () => {
        it("trims a text, and takes a number for one", () => {
            assert.deepEqual(read({ x: " nas " }, (settings) => settings.text("x")), ["nas", []]);
            assert.deepEqual(read({ x: 123 }, (settings) => settings.text("x")), ["123", []]);
            assert.deepEqual(read({ x: {} }, (settings) => settings.text("x", "fallback")), ["fallback", ["x is not a text"]]);
        });
        it("takes declared choices only", () => {
            assert.deepEqual(read({ x: "kasa" }, (settings) => settings.choice("x", ["kasa", "shelly"], "shelly")), ["kasa", []]);
            assert.deepEqual(read({}, (settings) => settings.choice("x", ["kasa", "shelly"], "shelly")), ["shelly", []]);
            assert.deepEqual(read({ x: "toString" }, (settings) => settings.choice("x", ["kasa", "shelly"], "shelly")), ["shelly", ["x must be one of kasa, shelly"]]);
        });
        it("takes an empty text for the fallback", () => assert.deepEqual(read({ x: " " }, (settings) => settings.text("x", "fallback")), ["fallback", []]));
        it("takes a list as it is", () => assert.deepEqual(read({ x: [1, "two"] }, (settings) => settings.list("x")), [[1, "two"], []]));
        it("takes an absent list as an empty one", () => {
            assert.deepEqual(read({}, (settings) => settings.list("x")), [[], []]);
            assert.deepEqual(read({ x: "a,b" }, (settings) => settings.list("x")), [[], ["x is not a list"]]);
        });
    });
    it("collects every problem, so that a node can say all of them at once", () => {
        const settings = new Settings({ a: "x", b: "false" });
        settings.number("a", { fallback: 1 });
        settings.boolean("b", true);
        settings.problem("alert must be above critical");
        assert.equal(settings.problems.length, 3);
    });
    it("never throws, whatever is stored: constructors must not", () => {
        fc.assert(fc.property(fc.jsonValue(), (raw) => {
            const settings = new Settings({ x: raw });
            settings.number("x", { fallback: 0 });
            settings.text("x");
            settings.boolean("x", false);
            settings.choice("x", ["a"], "a");
            settings.list("x");
        }), { numRuns: 1000 });
    });
});

describe("migrate", () => {
    const steps: Migration[] = [
        { to: 3, up: ({ interval, ...rest }) => ({ ...rest, intervalMs: Number(interval) * 1000 }) },
        { to: 2, up: ({ poll, ...rest }) => ({ ...rest, interval: poll }) },
    ];
    it("takes every step after the stored version, in order, whatever the order of the list", () => {
        assert.deepEqual(migrate({ poll: "60", name: "a" }, steps), { name: "a", intervalMs: 60_000, version: 3 });
    });
    for (const version of [2, "2"]) {
        it(`begins after the stored version ${JSON.stringify(version)}`, () => assert.deepEqual(migrate({ version, interval: "5" }, steps), { version: 3, intervalMs: 5000 }));
    }
    it("leaves a configuration that is up to date, or newer than this package, as it is", () => {
        for (const version of [3, 9]) assert.deepEqual(migrate({ version, intervalMs: 1 }, steps), { version, intervalMs: 1 });
    });
    it("takes a version that is no number as the first", () => assert.equal(migrate({ version: "x", poll: "1" }, steps).version, 3));
    it("does not change what is stored", () => {
        const stored = Object.freeze({ poll: "60" });
        migrate(stored, steps);
        assert.deepEqual(stored, { poll: "60" });
    });
});
