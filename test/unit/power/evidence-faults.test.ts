import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import type { TriggerStep } from "../../../lib/power/trigger-input";
import { all, day, emptyAfter, fails, faultAt, loses, pastCharge, pastRuntime, says, shifts, sleeps, transferAt, truth, type Fault, type Heard } from "../../support/evidence-faults";
import { judgeAll } from "../../support/trigger-story";

/** A fault of the evidence. On mains it must lead to nothing; in an outage the shutdown must come all the same, by `by` s after the transfer. */
interface Case {
    name: string;
    fault: Fault;
    /** What the verdicts say of it on mains, and in an outage where that is something else. Absent: nothing is wrong as seen from there. */
    named?: RegExp;
    namedInOutage?: RegExp;
    by: number;
    /** Where the fault is another one in an outage. */
    inOutage?: Fault;
}

/** Two polls on battery after what is measured says so. */
const clean = pastRuntime + 2;
/** Data gone a minute after the transfer: half of the 940 s claimed then, above the limit of 600 s, and a poll. */
const lost = faultAt - transferAt + (940 - 600) / 2 + 2;
/** No runtime, but LB from 35 % on, borne out by the charge. */
const byFlag = 650 + 3 + 2;
/** On battery for a test or a calibration, as far as the UPS says: the hard floor of 10 %. */
const byFloor = 901 + 2;
const byTime = 901 + 2;

const flags = (...names: string[]) => (_second: number, { flags: own = [] }: Reading): Partial<Reading> => ({ flags: [...own, ...names] });
const onItsBattery = (...names: string[]): Partial<Reading> => ({ mains: "absent", flags: ["OB", ...names] });
const frozen: Fault = (heard) => heard.map(({ second, input }) => (second < faultAt ? { second, input } : { second, input: { reading: { ...truth(faultAt, heard.some(({ second: other }) => other % 5 !== 0)), at: second * 1000 } } }));
const wild = (value: number): Fault => says((second) => (second % 4 === 0 ? { charge: value } : {}));
const twice: Fault = (heard) => heard.flatMap(({ second, input }) => [{ second, input }, { second, input }, ...(second < 10 ? [] : [{ second, input: { reading: { ...input.reading, at: input.reading.at - 7000, charge: 3, runtime: 5 } } }])]);
const slow: Fault = (heard) => heard.filter(({ second }) => second < faultAt || second % 20 === 0);
/** An hour on mains before all else, with a self-test that is told of from the first reading to the last. */
const stuckTest: Fault = (heard) => says(flags("TEST"), -Infinity)([...Array.from({ length: 720 }, (_, place): Heard => ({ second: 5 * place - 3600, input: { reading: truth(5 * place - 3600, false) } })), ...heard]);
const dead: Fault = (heard) => heard.map(({ second, input }) => ({ second, input: { ...input, power: { state: "DEAD", since: 0, conclusive: true } } }));

const cases: Case[] = [
    { name: "no fault at all", fault: (heard) => [...heard], by: clean },
    { name: "all numbers and the status frozen", fault: frozen, namedInOutage: /no number has moved for \d+ s: frozen/, by: faultAt - transferAt + (940 - 600) + 2 },
    { name: "stale data", fault: fails("ups1: its driver gives no fresh data (DATA-STALE)", "stale"), named: /DATA-STALE/, by: lost },
    { name: "stale, then back", fault: fails("ups1: its driver gives no fresh data (DATA-STALE)", "stale", faultAt, faultAt + 100), named: /DATA-STALE/, by: clean },
    { name: "driver killed", fault: fails("ups1: its driver does not run (DRIVER-NOT-CONNECTED)"), named: /DRIVER-NOT-CONNECTED/, by: lost },
    { name: "DNS gone", fault: fails("NUT server ups.example:3493: not found (DNS)"), named: /not found \(DNS\)/, by: lost },
    { name: "wrong UPS name, or one that the server was given in the outage", fault: fails("UPS nosuch on NUT server: there is no such UPS", "missing", 0), inOutage: fails("UPS ups1 on NUT server: there is no such UPS"), named: /there is no such UPS/, by: lost },
    { name: "TLS refused", fault: fails("NUT server: refuses TLS (FEATURE-NOT-CONFIGURED)"), named: /refuses TLS/, by: lost },
    { name: "half-open TCP: an answer every 5 s, which is none", fault: fails("NUT server: no answer within 5 s", "missing", faultAt, Infinity, 5), named: /no answer within 5 s/, by: lost + 5 },
    { name: "upsd restarted: refused, then WAIT, then there", fault: all(fails("NUT server: refused", "missing", faultAt, faultAt + 8), says({ mains: "unknown", flags: ["WAIT"] }, faultAt + 8, faultAt + 12)), named: /neither OL nor OB in "WAIT"/, by: clean },
    { name: "every other poll fails", fault: says((second) => (second % 10 < 5 ? { quality: "missing", error: "NUT server: hung up" } : {})), named: /1 poll missed.*hung up/, by: clean + 5 },
    { name: "slow server: an answer every 20 s", fault: slow, by: pastRuntime + 2 * 20 },

    { name: "charge lost", fault: loses("charge"), namedInOutage: /no charge is measured/, by: clean },
    { name: "runtime lost", fault: loses("runtime"), namedInOutage: /no runtime is claimed/, by: byFlag },
    { name: "charge and runtime lost", fault: loses("charge", "runtime"), namedInOutage: /no charge is measured/, by: 650 + 60 + 2 },
    { name: "all numbers and LB lost", fault: all(loses("charge", "runtime", "load", "watts", "volts"), says((_second, reading) => ({ flags: reading.flags?.filter((flag) => flag !== "LB") ?? [] }))), namedInOutage: /no charge is measured/, by: byTime },
    { name: "garbage for a status", fault: says({ mains: "unknown", flags: ["%%", "\u0007", "OLOB"] }), named: /neither OL nor OB in "%% /, by: lost },
    { name: "OL and OB at once", fault: says({ mains: "unknown", flags: ["OL", "OB"] }), named: /neither OL nor OB in "OL OB"/, by: lost },
    { name: "words that nobody knows beside the true ones", fault: says(flags("ECO", "VENDOR:7", "OVER")), by: clean },
    { name: "runtime 65535", fault: says({ runtime: 65_535 }), namedInOutage: /runtime 65535 s is no runtime: ignored/, by: byFlag },
    { name: "runtime 0", fault: says({ runtime: 0 }), namedInOutage: /runtime 0 s is no runtime: ignored/, by: byFlag },
    { name: "runtime that grows while the battery drains", fault: says((second) => ({ runtime: 100 + second })), namedInOutage: /is rising on battery .*: ignored/, by: byFlag },
    { name: "runtime frozen at 300 s", fault: says({ runtime: 300 }), namedInOutage: /jumped from 9\d\d s: the next reading must confirm it/, by: clean },
    { name: "charge of 255 %", fault: all(says({ charge: 255 }), loses("runtime")), namedInOutage: /charge 255 % is no charge: ignored/, by: 650 + 60 + 2 },
    { name: "charge that jumps to 3 % and back", fault: all(wild(3), loses("runtime")), namedInOutage: /charge 3 % jumped from \d+ %: the next reading must confirm it/, by: byFlag },
    { name: "charge that jumps to 100 % and back", fault: all(wild(100), loses("runtime")), by: byFlag + 4 },
    { name: "charge that jumps to 100 % every other time, and no LB", fault: all(says((second, { flags: own = [] }) => ({ flags: own.filter((flag) => flag !== "LB"), ...(second % 2 === 0 && { charge: 100 }) })), loses("runtime")), namedInOutage: /charge 1\d % jumped from 100 %/, by: byTime },
    { name: "battery.charge.low of 100: LB for ever", fault: all(says(flags("LB")), says({ lowCharge: 100 })), named: /LB while mains is present: ignored/, namedInOutage: /the device calls every charge up to 100 % low/, by: clean },
    { name: "LB for 2 s in every minute", fault: says((second, reading) => (second % 60 < 2 ? flags("LB", "RB")(second, reading) : {})), named: /LB while mains is present: ignored/, namedInOutage: /LB for \d s/, by: clean },
    { name: "DISCHRG on mains", fault: says(flags("DISCHRG")), named: /discharging while mains is present: no outage/, namedInOutage: /./, by: clean },
    { name: "OFF for 20 s", fault: says(flags("OFF"), faultAt, faultAt + 20), named: /OFF for \d+ s; it must last 30 s/, by: clean },
    { name: "0 W, judged DEAD and conclusive", fault: dead, named: /power state DEAD at \d+ W, but mains is present/, namedInOutage: /./, by: clean },

    { name: "calibration, on battery on purpose", fault: says((second) => ({ ...onItsBattery("CAL", "LB"), charge: Math.max(15, 70 - Math.floor((second - faultAt) / 10)), runtime: 200 })), inOutage: says(flags("CAL")), named: /calibration: charge \d+ % is not below the hard floor of 10 %/, by: byFloor },
    { name: "self-test of 20 s with OFF and LB", fault: says({ ...onItsBattery("OFF", "LB"), testing: true, charge: 60, runtime: 100 }, faultAt, faultAt + 20), inOutage: says({ testing: true }, faultAt, faultAt + 20), named: /self-test/, by: clean },
    { name: "a self-test told of for ever, also long before", fault: stuckTest, named: /self-test on mains for \d+ s: a report that got stuck, ignored/, by: clean },
    { name: "a self-test that is never done", fault: says({ testing: true }), inOutage: says({ testing: true }), named: /self-test/, by: byFloor },
    { name: "bypass", fault: says(flags("BYPASS")), named: /bypass/, by: byFloor },

    { name: "wall clock one hour ahead", fault: shifts(3600), named: /36\d\d s without a reading, or a clock that jumped/, by: clean },
    { name: "wall clock set back by one hour", fault: shifts(-3600), named: /the clock of the source was set back by 35\d\d s|the clock of the source was set back by 3600 s/, by: clean },
    { name: "wall clock one hour ahead and back again", fault: shifts(3600, faultAt, faultAt + 60), named: /or a clock that jumped/, by: clean },
    { name: "one reading from the future", fault: shifts(3600, faultAt, faultAt + 1), named: /older than the newest reading: ignored/, by: clean },
    { name: "two minutes of suspend", fault: sleeps(faultAt, faultAt + 120), named: /12\d s without a reading, or a clock that jumped/, by: clean },
    { name: "two minutes of suspend, in which the threshold is passed", fault: sleeps(400, 520), named: /12\d s without a reading, or a clock that jumped/, by: 520 - transferAt + 2 },
    { name: "every reading twice, and old ones in between", fault: twice, named: /7 s older than the newest reading: ignored/, by: clean },
];

/** All that the verdicts say, each text once. */
function log(steps: readonly TriggerStep[]): string {
    return [...new Set(steps.flatMap(({ verdict: { text, notes = [], findings } }) => [text, ...notes, ...findings.map(({ why }) => why)]))].join("\n");
}

function saysOf(words: RegExp, steps: readonly TriggerStep[]): void {
    const said = log(steps);
    assert.ok(words.test(said), `${String(words)} in:\n${said.slice(0, 3000)}`);
}

function play(heard: readonly Heard[]): { steps: TriggerStep[]; decision: { seconds: number; rule: string } | undefined } {
    const steps = judgeAll(heard.map(({ input }) => input));
    const place = steps.findIndex(({ verdict }) => verdict.decision === "shutdown");
    const second = heard[place]?.second;
    return { steps, decision: second === undefined ? undefined : { seconds: second - transferAt, rule: steps[place]?.verdict.rule ?? "" } };
}

describe("faults of the evidence", () => {
    const matrix: string[] = [];
    after(() => console.log(["", `fault${" ".repeat(60)}`.slice(0, 60) + "on mains   in an outage: s after the transfer, at most, why", ...matrix].join("\n")));

    it("are many", () => assert.ok(cases.length > 40 && new Set(cases.map(({ name }) => name)).size === cases.length));

    for (const { name, fault, inOutage = fault, named, namedInOutage = named, by } of cases) {
        describe(name, () => {
            const mains = play(fault(day(false)));
            const outage = play(inOutage(day(true)));
            before(() => void matrix.push(`${name.padEnd(60)}${mains.decision === undefined ? "nothing " : "SHUTDOWN"}   ${outage.decision === undefined ? "MISSED" : `${outage.decision.seconds} of ${by}, ${outage.decision.rule}`}`));

            it("with mains present throughout: no shutdown", () => assert.equal(mains.decision, undefined));
            if (named) it("with mains present throughout: is named", () => saysOf(named, mains.steps));
            it(`in an outage: shut down within ${by} s`, () => {
                assert.ok(outage.decision !== undefined && outage.decision.seconds <= by, JSON.stringify(outage.decision));
                assert.ok(by < emptyAfter && outage.decision.seconds >= 30);
            });
            if (namedInOutage) it("in an outage: is named", () => saysOf(namedInOutage, outage.steps));
        });
    }

    it("the outage is one: without the fault the runtime decides, and without the runtime the charge would", () => {
        assert.deepEqual(play(day(true)).decision, { seconds: pastRuntime, rule: "low-runtime" });
        assert.equal(truth(transferAt + pastCharge, true).charge, 19);
    });
});
