import assert from "node:assert/strict";
import fc from "fast-check";
import { powerEventKinds, type PowerEvent, type PowerEventKind } from "../../../lib/power/power-event";
import type { Reading } from "../../../lib/power/reading";
import { onBattery, parseUpsState, savedUpsState, stepUpsEvents, supplySince, type Login, type UpsEventConfig, type UpsState } from "../../../lib/power/ups-events";

const config: UpsEventConfig = { connectionGraceMs: 60_000, flapThreshold: 5, bandPercent: 10, voltageDwellMs: 30_000 };
const start = 1_790_000_000_000;

/** A reading by its status; "-": no answer, "~": stale. */
function reading(second: number, status: string, more: Partial<Reading> = {}): Reading {
    const at = start + Math.round(second * 1000);
    if (status === "-" || status === "~") return { device: "ups1", source: "nut", at, quality: status === "-" ? "missing" : "stale", error: "NUT server 192.0.2.7:3493: no answer", ...more };
    const flags = status.split(" ").filter((flag) => flag !== "");
    const mains = flags.includes("OL") === flags.includes("OB") ? "unknown" : flags.includes("OL") ? "present" : "absent";
    return { device: "ups1", source: "nut", at, quality: "good", mains, flags, ...(flags.includes("TEST") && { testing: true }), ...more };
}

interface Followed {
    events: PowerEvent[];
    state: UpsState;
    changed: number;
}

function follow(readings: readonly Reading[], settings: Partial<UpsEventConfig> = {}, from?: UpsState): Followed {
    let state = from;
    let changed = 0;
    const events = readings.flatMap((each) => {
        const step = stepUpsEvents({ ...config, ...settings }, state, each);
        state = step.state;
        changed += step.changed ? 1 : 0;
        return step.events;
    });
    return { events, state: state ?? { told: {}, flaps: { recoveries: [] } }, changed };
}

type Step = readonly [second: number, status: string, more?: Partial<Reading>];
const of = (steps: readonly Step[]): Reading[] => steps.map(([second, status, more]) => reading(second, status, more));
/** "second kind" of each event. */
const short = (events: readonly PowerEvent[]): string[] => events.map(({ kind, at }) => `${(at - start) / 1000} ${kind}`);
/** A poll every `every` seconds. */
const poll = (from: number, to: number, status: string, more: Partial<Reading> = {}, every = 5): Step[] =>
    Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, place) => [from + place * every, status, more] as const);

describe("events of a UPS: supply", () => {
    const cases: [what: string, steps: Step[], events: string[]][] = [
        ["mains from the start is no news", poll(0, 60, "OL"), []],
        ["a transfer to battery and back, each once", [[0, "OL"], [5, "OB DISCHRG"], [6, "OB DISCHRG"], [7, "OB"], [8, "OL CHRG"], [9, "OL"]], ["5 on-battery", "8 on-mains"]],
        ["a blip is told at once: alerts may wait, events don't", [[0, "OL"], [1, "OB"], [2, "OL"]], ["1 on-battery", "2 on-mains"]],
        ["two outages are two", [[0, "OB"], [1, "OL"], [2, "OB"], [3, "OL"]], ["0 on-battery", "1 on-mains", "2 on-battery", "3 on-mains"]],
        ["an outage that began before we did is told", [[0, "OB LB"]], ["0 on-battery", "0 low-battery"]],
        ["DISCHRG alone is no outage", poll(0, 60, "OL DISCHRG"), []],
        ["a status without OL and OB changes nothing", [[0, "OB"], [1, "DISCHRG"], [2, "OFF"], [3, ""], [4, "WAIT"], [5, "OL OB"], [6, "OB"], [7, "OL"]], ["0 on-battery", "7 on-mains"]],
        ["a server that has heard nothing yet says nothing", [[0, "OB LB RB OVER"], [1, "WAIT"], [2, ""], [3, "OB LB RB OVER"]], ["0 on-battery", "0 low-battery", "0 overload"]],
        ["ALARM in front hides nothing", [[0, "ALARM OL"], [1, "ALARM OB"]], ["1 on-battery"]],
        ["a self-test is no outage", [[0, "OL"], [1, "OB TEST"], [2, "OB DISCHRG TEST"], [12, "OL"]], []],
        ["an outage that outlasts a self-test is one", [[0, "OL"], [1, "OB TEST"], [2, "OB TEST"], [12, "OB"]], ["12 on-battery"]],
        ["a calibration is no outage", [[0, "OL"], [5, "OB CAL"], [6, "OB CAL LB"], [600, "OL CHRG"]], ["5 calibration", "6 low-battery", "600 calibration-ended"]],
        ["a real outage stays one when the UPS begins to test itself", [[0, "OB"], [1, "OB TEST"], [2, "OL TEST"]], ["0 on-battery", "2 on-mains"]],
        ["a test report that got stuck hides no outage for ever", [[0, "OL", { testing: true }], [1700, "OB", { testing: true }], [1801, "OB", { testing: true }]], ["1801 on-battery"]],
    ];
    for (const [what, steps, events] of cases) it(what, () => assert.deepEqual(short(follow(of(steps)).events), events));

    it("carry the numbers, and on mains since when it was on battery", () => {
        const { events } = follow(of([[0, "OL"], [10, "OB", { charge: 98, runtime: 1860 }], [322, "OL", { charge: 64 }]]));
        assert.deepEqual(events, [
            { kind: "on-battery", device: "ups1", at: start + 10_000, detail: "charge 98 %, runtime 31 min" },
            { kind: "on-mains", device: "ups1", at: start + 322_000, since: start + 10_000, detail: "after 312 s, charge 64 %" },
        ]);
    });
    it("of a fake are marked", () => assert.equal(follow(of([[0, "OB", { simulated: true }]])).events[0]?.simulated, true));
    it("last no negative time when the clock was set back", () => {
        const [, ended] = follow(of([[500, "OB"], [10, "OL"]])).events;
        assert.deepEqual([ended?.since, ended?.detail], [start + 10_000, "after 0 s"]);
    });
});

describe("events of a UPS: words of the status", () => {
    const cases: [what: string, steps: Step[], events: string[]][] = [
        ["low battery in an outage, at once", [[0, "OB"], [1, "OB LB"], [2, "OB LB"]], ["0 on-battery", "1 low-battery"]],
        ["low battery at the very transfer", [[0, "OL"], [1, "OB LB"]], ["1 on-battery", "1 low-battery"]],
        ["low battery on mains when it lasts 30 s", poll(0, 60, "OL LB"), ["30 low-battery"]],
        ["a battery that recharges is low until it no longer is, for 30 s", [...poll(0, 20, "OB LB"), ...poll(25, 60, "OL LB CHRG"), ...poll(65, 120, "OL CHRG")], ["0 on-battery", "0 low-battery", "25 on-mains", "95 low-battery-ended"]],
        ["low battery that flickers in an outage is one", [[0, "OB LB"], [1, "OB"], [2, "OB LB"], [3, "OB"], [4, "OB LB"]], ["0 on-battery", "0 low-battery"]],
        ["the glitch of APC BX models, LB and RB for 2 s each minute on mains, is none", Array.from({ length: 600 }, (_, second) => [second, second % 60 < 2 ? "OL LB RB" : "OL"] as const), []],
        ["a battery to be replaced, when it lasts 30 s", poll(0, 300, "OL RB"), ["30 replace-battery"]],
        ["and replaced", [...poll(0, 60, "OL RB"), ...poll(65, 120, "OL")], ["30 replace-battery", "95 replace-battery-ended"]],
        ["overload", [[0, "OL"], [5, "OL OVER"], [10, "OL OVER"], [15, "OL"]], ["5 overload", "15 overload-ended"]],
        ["bypass", [[0, "OL"], [5, "OL BYPASS"], [10, "OL"]], ["5 bypass", "10 bypass-ended"]],
        ["the regulator raises and lowers", [[0, "OL BOOST"], [5, "OL BOOST"], [10, "OL TRIM"], [15, "OL"]], ["0 boost", "10 trim", "15 regulation-ended"]],
        ["a forced shutdown, latched until the server restarts", [[0, "OB"], [1, "FSD OB LB"], [2, "FSD OL"], [3, "FSD OL"], [10, "OL"]], ["0 on-battery", "1 forced-shutdown", "1 low-battery", "2 on-mains", "10 forced-shutdown-ended"]],
        ["an output that is off for 30 s", [...poll(0, 40, "OL OFF"), [45, "OL"]], ["30 output-off", "45 output-on"]],
        ["an output that was off for less", [...poll(0, 25, "OL OFF"), [26, "OL"]], []],
        ["APC's self-test that reports OFF", [[0, "OL"], ...poll(5, 60, "OFF TEST"), [65, "OL"]], []],
        ["several at once, each for itself", [[0, "OL OVER BYPASS BOOST"], [5, "OL BYPASS"]], ["0 overload", "0 bypass", "0 boost", "5 overload-ended", "5 regulation-ended"]],
    ];
    for (const [what, steps, events] of cases) it(what, () => assert.deepEqual(short(follow(of(steps)).events), events));

    it("tell since when", () => {
        const { events } = follow(of([[0, "OL", { load: 40 }], [5, "OL OVER", { load: 112 }], [125, "OL", { load: 80 }]]));
        assert.deepEqual(events.map(({ detail, since }) => [detail, since]), [["load 112 %", undefined], ["after 120 s, load 80 %", start + 5000]]);
    });
});

describe("events of a UPS: connection", () => {
    const cases: [what: string, steps: Step[], events: string[]][] = [
        ["a gap of less than the grace on mains is silent", [[0, "OL"], ...poll(5, 60, "-"), [64, "OL"]], []],
        ["a longer one is told after the grace, and its end", [[0, "OL"], ...poll(5, 90, "-"), [95, "OL"]], ["65 connection-lost", "95 connection-restored"]],
        ["on battery it is told at once", [[0, "OL"], [1, "OB"], [2, "-"], [3, "-"], [4, "OB"]], ["1 on-battery", "2 connection-lost", "4 connection-restored"]],
        ["after a calibration there is grace: it was no outage", [[0, "OL"], [1, "OB CAL"], ...poll(2, 61, "-", {}, 1)], ["1 calibration"]],
        ["data that are stale are a loss too", [[0, "OB"], [1, "~"], [2, "-"], [3, "OB"]], ["0 on-battery", "1 connection-lost", "3 connection-restored"]],
        ["a UPS that was never there is lost after the grace", poll(0, 120, "-"), ["60 connection-lost"]],
        ["mains that came back meanwhile is told with it", [[0, "OB"], [1, "-"], [100, "OL"]], ["0 on-battery", "1 connection-lost", "100 connection-restored", "100 on-mains"]],
        ["a gap changes nothing else", [[0, "OL OVER BOOST"], [5, "-"], [10, "OL OVER BOOST"]], ["0 overload", "0 boost"]],
    ];
    for (const [what, steps, events] of cases) it(what, () => assert.deepEqual(short(follow(of(steps)).events), events));

    it("tell the cause, and how long it lasted", () => {
        const { events } = follow(of([[0, "OL"], ...poll(5, 90, "-"), [95, "OL"]]));
        assert.deepEqual(events.map(({ detail, since }) => [detail, since]), [["NUT server 192.0.2.7:3493: no answer", undefined], ["after 90 s", start + 5000]]);
    });
    it("without a grace are told at once", () => assert.deepEqual(short(follow(of([[0, "OL"], [5, "-"], [10, "OL"]]), { connectionGraceMs: 0 }).events), ["5 connection-lost", "10 connection-restored"]));

    /** A gap of 5 s at each of these hours. */
    const gaps = (hours: number[]): Step[] => hours.flatMap((hour): Step[] => [[hour * 3600, "-"], [hour * 3600 + 5, "OL"]]);
    for (const [what, hours, settings, told] of [
        ["flapping: the fifth short gap within a day is told", [1, 2, 3, 4, 5, 6, 7], {}, [5]],
        ["flapping: four are not", [1, 2, 3, 4, 30, 31], {}, []],
        ["flapping: told again a day later while it goes on", Array.from({ length: 40 }, (_, hour) => hour), {}, [4, 28]],
        ["flapping: never with a threshold of 0", [1, 2, 3, 4, 5, 6, 7], { flapThreshold: 0 }, []],
    ] as const) {
        it(what, () => assert.deepEqual(short(follow(of(gaps([...hours])), settings).events), told.map((hour) => `${hour * 3600 + 5} connection-flapping`)));
    }
    it("gaps that were told are no flapping", () => {
        const hours = [1, 2, 3, 4, 5, 6];
        const { events } = follow(of(hours.flatMap((hour): Step[] => [[hour * 3600, "-"], [hour * 3600 + 61, "-"], [hour * 3600 + 65, "OL"]])));
        assert.equal(events.length, 12);
        assert.ok(events.every(({ kind }) => kind !== "connection-flapping"));
    });
});

describe("events of a UPS: user and password", () => {
    const [yes, no]: Login[] = [{ accepted: true }, { accepted: false, detail: "user mon not accepted" }];
    it("that the server refuses are told once, and when it takes them again", () => {
        let state: UpsState | undefined;
        const events = [yes, no, no, undefined, no, yes, undefined].flatMap((login, second) => {
            const step = stepUpsEvents(config, state, reading(second, "OL"), login);
            state = step.state;
            return step.events;
        });
        assert.deepEqual(short(events), ["1 credentials-refused", "5 credentials-accepted"]);
        assert.deepEqual(events.map(({ detail }) => detail), ["user mon not accepted", "after 4 s"]);
    });
    it("are told also when the UPS can't be read", () => {
        assert.deepEqual(short(stepUpsEvents(config, undefined, reading(0, "-"), no).events), ["0 credentials-refused"]);
    });
});

describe("events of a UPS: voltage", () => {
    const grid = (nominalVolts: number) => (from: number, to: number, volts: number, status = "OL"): Step[] => poll(from, to, status, { volts, nominalVolts });
    const [eu, us] = [grid(230), grid(120)];
    const cases: [what: string, steps: Step[], events: string[]][] = [
        ["a severe brownout at once", [...eu(0, 50, 230), ...eu(55, 90, 165)], ["55 brownout"]],
        ["a severe brownout from the first reading on", eu(0, 90, 165), ["0 brownout"]],
        ["a mild one when it lasts 30 s", [...eu(0, 50, 230), ...eu(55, 120, 200)], ["85 brownout"]],
        ["a mild one that passes is none", [...eu(0, 50, 230), ...eu(55, 80, 200), ...eu(85, 120, 230)], []],
        // Eneru 5.1.1 kept waiting for the mild one (ups.md §1.13).
        ["one that turns severe while it waits, at once", [...eu(0, 50, 230), ...eu(55, 65, 200), ...eu(70, 120, 170)], ["70 brownout"]],
        ["over-voltage", [...eu(0, 50, 230), ...eu(55, 90, 268)], ["55 over-voltage"]],
        ["normal again when it has been for 30 s", [...eu(0, 50, 165), ...eu(55, 120, 230)], ["0 brownout", "85 voltage-normal"]],
        ["a voltage that flickers is told once", [...eu(0, 50, 230), ...Array.from({ length: 40 }, (_, place) => eu(55 + place * 5, 55 + place * 5, place % 2 === 0 ? 165 : 230)).flat()], ["55 brownout"]],
        ["from too low to too high without a pause", [...eu(0, 10, 165), ...eu(15, 30, 280)], ["0 brownout", "15 over-voltage"]],
        ["122.4 V and 107 V on a grid of 120 V", [...us(0, 50, 122.4), ...us(55, 85, 107)], ["85 brownout"]],
        ["120.5 V where the UPS claims 230 V: the grid is found first, and no brownout is told", eu(0, 120, 120.5), ["45 nominal-voltage"]],
        ["a brownout on a grid that was found", [...eu(0, 50, 120.5), ...eu(55, 100, 100)], ["45 nominal-voltage", "55 brownout"]],
        ["the input's 0 V in an outage is no brownout", [...eu(0, 50, 230), ...eu(55, 120, 0, "OB")], ["55 on-battery"]],
        ["165 V in an outage is none either", [...eu(0, 50, 230), ...eu(55, 120, 165, "OB")], ["55 on-battery"]],
        ["below 50 V on mains is not believed", [...eu(0, 50, 230), ...eu(55, 120, 12)], []],
        ["a mild one does not go on lasting through an outage", [...eu(0, 50, 230), ...eu(55, 75, 200), ...eu(80, 80, 0, "OB"), ...eu(85, 110, 200)], ["80 on-battery", "85 on-mains"]],
        ["a brownout that ends in an outage ends after it", [...eu(0, 10, 165), ...eu(15, 60, 0, "OB"), ...eu(65, 100, 230)], ["0 brownout", "15 on-battery", "65 on-mains", "95 voltage-normal"]],
        ["no voltage, no news", poll(0, 100, "OL"), []],
    ];
    for (const [what, steps, events] of cases) it(what, () => assert.deepEqual(short(follow(of(steps)).events), events));

    for (const [bandPercent, events] of [[5, ["85 brownout"]], [10, []], [15, []], [undefined, []]] as const) {
        it(`215 V of 230 V within ${bandPercent ?? "no"} %: ${events.join() || "nothing"}`, () => {
            const settings: UpsEventConfig = { connectionGraceMs: 60_000, flapThreshold: 5, voltageDwellMs: 30_000, ...(bandPercent !== undefined && { bandPercent }) };
            let state: UpsState | undefined;
            const told = of([...eu(0, 50, 230), ...eu(55, 100, 215)]).flatMap((each) => {
                const step = stepUpsEvents(settings, state, each);
                state = step.state;
                return step.events;
            });
            assert.deepEqual(short(told), events);
        });
    }
    it("carry the numbers", () => {
        const { events } = follow(of([...eu(0, 50, 165), ...eu(55, 100, 231)]));
        assert.deepEqual(events.map(({ detail }) => detail), ["165 V, below 207 V (230 V - 10 %)", "after 55 s, 231 V"]);
    });
});

describe("what is remembered of a UPS", () => {
    const restart = (state: UpsState): UpsState => {
        const again = parseUpsState(JSON.parse(JSON.stringify(savedUpsState(state))));
        assert.ok(again);
        return again;
    };
    it("tells nothing twice after a restart in the middle of everything", () => {
        const status = "FSD OB LB RB OVER BYPASS BOOST";
        const before = follow(of([[0, "OL", { volts: 165, nominalVolts: 230 }], ...poll(5, 60, status)]));
        const after = restart(before.state);
        assert.deepEqual(short(follow(of(poll(100, 200, status)), {}, after).events), []);
        assert.deepEqual([onBattery(after), supplySince(after)], [true, start + 5000]);
    });
    it("ends after a restart what had begun before it", () => {
        const before = follow(of([[0, "OL"], [5, "OB"], [6, "-"]]));
        const { events } = follow(of([[1000, "OL", { charge: 50 }]]), {}, restart(before.state));
        assert.deepEqual(events.map(({ kind, since }) => [kind, since]), [["connection-restored", start + 6000], ["on-mains", start + 5000]]);
    });
    it("keeps the count of short gaps, the grid, and since when it tests itself", () => {
        const gaps = Array.from({ length: 4 }, (_, hour): Step[] => [[hour * 3600, "-"], [hour * 3600 + 5, "OL"]]).flat();
        const flapping = follow(of(gaps)).state;
        assert.deepEqual(short(follow(of([[16_000, "-"], [16_005, "OL"]]), {}, restart(flapping)).events), ["16005 connection-flapping"]);
        const found = follow(of(poll(0, 50, "OL", { volts: 120, nominalVolts: 230 }))).state;
        assert.deepEqual(short(follow(of(poll(100, 200, "OL", { volts: 120, nominalVolts: 230 })), {}, restart(found)).events), []);
        const stuck = follow(of([[0, "OL", { testing: true }]])).state;
        assert.deepEqual(short(follow(of([[7200, "OB", { testing: true }]]), {}, restart(stuck)).events), ["7200 on-battery"]);
    });
    it("changes only with news, so that a poll writes nothing", () => {
        const volts = { volts: 231, nominalVolts: 230, charge: 80 };
        // The tenth reading settles the nominal voltage; the outage brings two.
        assert.equal(follow(of([...poll(0, 3600, "OL", volts), ...poll(3605, 7200, "OB", { charge: 70 }, 1), ...poll(7205, 9000, "OL", volts)])).changed, 3);
        assert.equal(follow(of([[0, "OL"], [5, "-"], [10, "OL"]])).changed, 1);
    });
    for (const foreign of [undefined, null, 7, "x", [], {}, { told: {} }, { told: [], flaps: {} }, { told: {}, flaps: { recoveries: "x" } }]) {
        it(`is not ${JSON.stringify(foreign)}`, () => assert.equal(parseUpsState(foreign), undefined));
    }
    it("leaves out what it does not believe", () => {
        const foreign = { told: { supply: { value: "shutdown", since: 1 }, overload: { value: "overload", since: "x" }, bypass: { value: "bypass", since: 7 } }, flaps: { recoveries: [1, "x", null] }, nominal: "x", testingSince: null };
        assert.deepEqual(parseUpsState(foreign), { told: { bypass: { value: "bypass", since: 7 } }, flaps: { recoveries: [1] } });
    });
});

describe("events of a UPS, whatever it says", () => {
    const words = fc.subarray(["OL", "OB", "LB", "RB", "OVER", "BYPASS", "OFF", "CAL", "TEST", "FSD", "BOOST", "TRIM", "WAIT", "ALARM", "VENDOR"]);
    const step = fc.record({
        gap: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 40 }) }, { weight: 1, arbitrary: fc.integer({ min: -5000, max: 100_000 }) }),
        status: fc.oneof({ weight: 8, arbitrary: words.map((flags) => flags.join(" ")) }, { weight: 1, arbitrary: fc.constantFrom("-", "~") }),
        volts: fc.option(fc.constantFrom(0, 12, 100, 120, 165, 200, 215, 230, 250, 270, 700), { nil: undefined }),
        login: fc.constantFrom(undefined, undefined, undefined, { accepted: true }, { accepted: false }),
        restart: fc.integer({ min: 0, max: 30 }).map((chance) => chance === 0),
    });
    /** What each kind ends, and with it what it belongs to. */
    const groups: PowerEventKind[][] = [
        ["on-mains", "on-battery"], ["connection-restored", "connection-lost"], ["credentials-accepted", "credentials-refused"], ["low-battery-ended", "low-battery"],
        ["replace-battery-ended", "replace-battery"], ["overload-ended", "overload"], ["bypass-ended", "bypass"], ["output-on", "output-off"], ["regulation-ended", "boost", "trim"],
        ["voltage-normal", "brownout", "over-voltage"], ["calibration-ended", "calibration"], ["forced-shutdown-ended", "forced-shutdown"],
    ];
    it("each kind belongs to one thing that is watched", () => {
        assert.deepEqual([...groups.flat(), "nominal-voltage", "connection-flapping"].sort(), [...powerEventKinds].sort());
    });
    it("of one thing never two equal events in a row, and an end only after a beginning; also across restarts", () => {
        fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
            let second = 0;
            let state: UpsState | undefined;
            const last = new Map<PowerEventKind[], PowerEventKind>();
            for (const { gap, status, volts, login, restart } of steps) {
                second += gap;
                if (restart && state !== undefined) state = parseUpsState(JSON.parse(JSON.stringify(savedUpsState(state))));
                const result = stepUpsEvents(config, state, reading(second, status, status === "-" || status === "~" ? {} : { nominalVolts: 230, ...(volts !== undefined && { volts }) }), login);
                state = result.state;
                assert.ok(result.changed || result.events.length === 0);
                for (const { kind, at, since } of result.events) {
                    const group = groups.find((each) => each.includes(kind));
                    if (group === undefined) continue;
                    const ends = kind === group[0];
                    assert.notEqual(kind, last.get(group) ?? group[0]);
                    assert.equal(since !== undefined, ends);
                    assert.ok((since ?? at) <= at);
                    last.set(group, kind);
                }
            }
        }), { numRuns: 1500 });
    });
    it("nothing from a UPS that stays on mains within its band", () => {
        fc.assert(fc.property(fc.array(fc.record({ gap: fc.integer({ min: 1, max: 40 }), volts: fc.double({ min: 208, max: 252, noNaN: true }), status: fc.constantFrom("OL", "OL CHRG", "OL DISCHRG", "ALARM OL", "OL ECO") }), { maxLength: 200 }), (steps) => {
            let second = 0;
            assert.deepEqual(short(follow(steps.map(({ gap, volts, status }) => reading((second += gap), status, { volts, nominalVolts: 230 }))).events), []);
        }), { numRuns: 300 });
    });
    it("the same readings give the same events, and a step changes nothing it was given", () => {
        const readings = of([...poll(0, 50, "OL", { volts: 165, nominalVolts: 230 }), ...poll(55, 100, "OB LB"), [105, "-"]]);
        assert.deepEqual(follow(readings), follow(readings));
        const { state } = follow(readings);
        const before = structuredClone(state);
        stepUpsEvents(config, state, reading(200, "OL TRIM", { volts: 230 }), { accepted: false });
        assert.deepEqual(state, before);
    });
});
