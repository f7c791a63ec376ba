import assert from "node:assert/strict";
import type { Reading } from "../../../lib/power/reading";
import { defaultTriggerConfig, type TriggerConfig } from "../../../lib/power/trigger-config";
import type { TriggerInput } from "../../../lib/power/trigger-input";
import { shutdownRules, type Finding, type ShutdownRule } from "../../../lib/power/verdict";
import { draining, judgeAll, missed, onBattery, online, poll, polls, told } from "../../support/trigger-story";

const before = polls(0, 20, online, 5);
const { rules } = defaultTriggerConfig;
const without = (...off: ShutdownRule[]): Partial<TriggerConfig> => ({ rules: { ...rules, ...Object.fromEntries(off.map((rule) => [rule, false])) } });
const thrice = (readings: Reading[]): Reading[] => readings.flatMap((reading) => [0, 200, 400].map((ms) => ({ ...reading, at: reading.at + ms })));
const flags = (...names: string[]): Partial<Reading> => ({ ...onBattery, flags: names });

describe("decide", () => {
    const stories: [story: string, readings: Reading[], told: string[], config?: Partial<TriggerConfig>][] = [
        ["nothing happens on mains", polls(0, 600, online, 5), []],
        ["a blip is cancelled when mains has been back for 30 s", [...before, ...polls(20, 24, onBattery), ...polls(24, 80, online)], ["20 on-battery", "24 on-mains", "54 cancelled"]],
        ["nor does mains that was seen before data were lost and after: what was in between nobody knows", [...before, ...polls(20, 60, onBattery), poll(60, online), ...polls(65, 100, missed, 5), poll(100, online), ...polls(105, 110, onBattery), ...polls(110, 145, online, 5)], ["20 on-battery", "60 on-mains", "105 on-battery", "110 on-mains", "140 cancelled"]],
        ["a poll or two that fail while mains is back put off nothing", [...before, ...polls(20, 60, onBattery), poll(60, online), ...polls(65, 75, missed, 5), ...polls(75, 100, online, 5)], ["20 on-battery", "60 on-mains", "90 cancelled"]],
        ["mains that comes and goes within 30 s ends nothing", [...before, ...polls(20, 60, onBattery), ...polls(60, 80, online), ...polls(80, 90, onBattery), ...polls(90, 130, online)], ["20 on-battery", "60 on-mains", "80 on-battery", "90 on-mains", "120 cancelled"]],
        ["OB, mains, OB: each outage decides, and each is restored (34a)", [
            ...before, ...polls(20, 60, { ...onBattery, charge: 15 }), ...polls(60, 100, online, 5), ...polls(100, 140, { ...onBattery, charge: 15 }), ...polls(140, 180, online, 5),
        ], ["20 on-battery", "50 shutdown low-charge", "60 on-mains", "90 restored", "100 on-battery", "130 shutdown low-charge", "140 on-mains", "170 restored"]],

        ["FSD decides at once, also on mains", [...before, ...polls(20, 25, { ...online, flags: ["OL", "FSD"] })], ["20 shutdown forced-shutdown"]],
        ["FSD bypasses stabilization", [...before, ...polls(20, 25, flags("OB", "FSD"))], ["20 shutdown forced-shutdown"]],
        ["FSD stays latched in upsd while mains returns: nothing follows until it is gone", [
            ...before, ...polls(20, 30, flags("FSD", "OB")), ...polls(30, 300, { ...online, flags: ["FSD", "OL"] }, 5), ...polls(300, 320, missed, 5), ...polls(320, 360, online, 5),
        ], ["20 shutdown forced-shutdown", "30 on-mains", "350 restored"]],
        ["an FSD that comes after another decision is not a second one", [
            ...before, ...polls(20, 60, { ...onBattery, charge: 15 }), ...polls(60, 70, { ...flags("FSD", "OB"), charge: 15 }), ...polls(70, 130, { ...online, flags: ["FSD", "OL"] }, 5), ...polls(130, 140, online, 5),
        ], ["20 on-battery", "50 shutdown low-charge", "70 on-mains", "130 restored"]],

        ["charge below 20 % after stabilization", [...before, ...polls(20, 60, { ...onBattery, charge: 19 })], ["20 on-battery", "50 shutdown low-charge"]],
        ["charge of 20 % is not below 20 %", [...before, ...polls(20, 300, { ...onBattery, charge: 20, runtime: 1300 })], ["20 on-battery"]],
        ["runtime below 600 s after stabilization", [...before, ...polls(20, 60, { ...onBattery, runtime: 599 })], ["20 on-battery", "50 shutdown low-runtime"]],
        ["runtime of 600 s is not below 600 s", [...before, ...polls(20, 300, { ...onBattery, runtime: 600 })], ["20 on-battery"]],
        ["OB with runtime 300 for 10 s is stabilization (39)", [...before, ...polls(20, 30, { ...onBattery, runtime: 300 }), ...polls(30, 70, online)], ["20 on-battery", "30 on-mains", "60 cancelled"]],
        ["junk that is over when the transfer has settled", [...before, ...polls(20, 45, { ...onBattery, charge: 3, runtime: 30 }), ...polls(45, 120, onBattery)], ["20 on-battery"]],
        ["a cliff is believed with the second reading", [...before, ...polls(20, 100, onBattery), ...polls(100, 110, { ...onBattery, charge: 8 })], ["20 on-battery", "101 shutdown low-charge"]],
        ["a single wild charge is not", [...before, ...polls(20, 100, onBattery), poll(100, { ...onBattery, charge: 3 }), ...polls(101, 200, onBattery)], ["20 on-battery"]],
        ["a single wild runtime is not", [...before, ...polls(20, 100, onBattery), poll(100, { ...onBattery, runtime: 12 }), ...polls(101, 200, onBattery)], ["20 on-battery"]],
        ["runtime 0 is none (nut#2765)", [...before, ...polls(20, 300, { ...onBattery, runtime: 0 })], ["20 on-battery"]],
        ["runtime 65535 is none (nut#731)", [...before, ...polls(20, 300, { ...onBattery, runtime: 65535 })], ["20 on-battery"]],
        ["a runtime that grows on battery is none", [...before, ...polls(20, 300, (second) => ({ ...onBattery, runtime: 100 + second }))], ["20 on-battery"]],
        ["a charge of 255 % is none", [...before, ...polls(20, 300, { ...onBattery, charge: 255, runtime: 2400 })], ["20 on-battery"]],

        ["LB borne out by the charge, 3 s after stabilization", [...before, ...polls(20, 80, { ...flags("OB", "LB"), charge: 45 })], ["20 on-battery", "53 shutdown low-battery-flag"]],
        ["LB borne out by the runtime", [...before, ...polls(20, 100, onBattery), ...polls(100, 120, { ...flags("OB", "LB"), runtime: 1100 })], ["20 on-battery", "103 shutdown low-battery-flag"]],
        ["OB LB alone, the charge still high, after 60 s", [...before, ...polls(20, 100, onBattery), ...polls(100, 200, { ...flags("OB", "LB"), charge: 97 })], ["20 on-battery", "160 shutdown low-battery-flag"]],
        ["LB alone without any number, after 60 s", [...before, ...polls(20, 200, { mains: "absent", flags: ["OB", "LB"] })], ["20 on-battery", "110 shutdown low-battery-flag"]],
        ["LB at the moment of transfer, gone when settled (nut#1942)", [...before, ...polls(20, 40, { ...flags("OB", "LB"), charge: 45 }), ...polls(40, 120, { ...onBattery, charge: 45 })], ["20 on-battery"]],
        ["LB for 2 s before data were lost and for 2 s after (nut#2347)", [...before, ...polls(20, 100, onBattery), ...polls(100, 102, { ...flags("OB", "LB"), charge: 45 }), ...polls(102, 120, missed, 2), ...polls(120, 122, { ...flags("OB", "LB"), charge: 45 }), ...polls(122, 200, { ...onBattery, charge: 45 })], ["20 on-battery"]],
        ["LB for 2 s (nut#2347)", [...before, ...polls(20, 100, onBattery), ...polls(100, 102, { ...flags("OB", "LB"), charge: 45 }), ...polls(102, 200, { ...onBattery, charge: 45 })], ["20 on-battery"]],
        ["LB because the device calls everything low (nut#2652)", [...before, ...polls(20, 400, { ...flags("OB", "LB"), charge: 98, lowCharge: 100 })], ["20 on-battery"]],
        ["LB on mains, now and then (ZimaOS#588)", polls(0, 600, (second) => ({ ...online, flags: second % 60 < 2 ? ["OL", "LB", "RB"] : ["OL"] })), []],
        ["LB on mains for good", polls(0, 1000, { ...online, flags: ["OL", "LB"], charge: 3, runtime: 10 }), ["1 not-ready"]],

        ["depletion above 15 %/min, after 90 s of grace", [...before, ...polls(20, 150, draining(20, 30, 100, { runtime: 3000 }))], ["20 on-battery", "110 shutdown depletion"], without("low-charge")],
        ["depletion of 10 %/min", [...before, ...polls(20, 400, draining(20, 10, 100, { runtime: 3000 }))], ["20 on-battery"]],
        ["depletion at slow polls (Eneru 6.0.0)", [...before, ...polls(20, 200, draining(20, 25, 100, { runtime: 3000 }), 30)], ["20 on-battery", "140 shutdown depletion"], without("low-charge")],
        ["longer than 900 s on battery", [...before, ...polls(20, 1000, onBattery)], ["20 on-battery", "921 shutdown time-on-battery"]],
        ["a transfer settles anew, but the time on battery goes on", [...before, ...polls(20, 900, onBattery), ...polls(900, 920, online), ...polls(920, 1000, onBattery)], ["20 on-battery", "900 on-mains", "920 on-battery", "950 shutdown time-on-battery"]],
        ["an outage that had begun before anybody looked has half of the time (nut#1533)", polls(0, 500, onBattery), ["0 on-battery", "451 shutdown time-on-battery"]],

        ["OFF for 30 s", [...before, ...polls(20, 60, { flags: ["OFF"] })], ["50 shutdown output-off"]],
        ["OFF on mains for 30 s", [...before, ...polls(20, 60, { ...online, flags: ["OL", "OFF"] }, 5)], ["50 shutdown output-off"]],
        ["an output that is on again stays on for 30 s before it is restored", [...before, ...polls(20, 60, { ...online, flags: ["OL", "OFF"] }, 5), ...polls(60, 100, online, 5)], ["50 shutdown output-off", "90 restored"]],
        ["OFF for 20 s", [...before, ...polls(20, 40, { ...online, flags: ["OL", "OFF"] }), ...polls(40, 100, online)], []],
        ["OFF in a self-test (nut#2104)", [...before, ...polls(20, 120, { ...flags("OB", "OFF"), testing: true }), ...polls(120, 200, online)], []],
        ["OFF that outlasts a self-test lasts from its end", [...before, ...polls(20, 60, { ...flags("OB", "OFF"), testing: true }), ...polls(60, 120, { ...online, flags: ["OL", "OFF"] })], ["90 shutdown output-off"]],

        ["calibration drains the battery (nut#2794)", [...before, ...polls(20, 1200, draining(20, 3, 70, { flags: ["OB", "CAL", "LB"] })), ...polls(1200, 1300, online)], []],
        ["calibration below the hard floor", [...before, ...polls(20, 60, { ...flags("OB", "CAL"), charge: 9, runtime: 60 })], ["21 shutdown low-charge"]],
        ["a self-test on battery", [...before, ...polls(20, 80, { ...onBattery, testing: true, charge: 60, runtime: 100 }), ...polls(80, 120, online)], []],
        ["a self-test told of on mains for half an hour is a report that got stuck (nut#2416)", [...polls(0, 1900, { ...online, flags: ["OL", "TEST"] }, 5), ...polls(1900, 1960, { ...flags("OB", "TEST"), charge: 15 })], ["1900 on-battery", "1930 shutdown low-charge"]],
        ["a stuck self-test excuses no loss of data either", [...polls(0, 1900, { ...online, testing: true }, 5), ...polls(1900, 1960, { ...onBattery, testing: true, runtime: 620 }), ...polls(1960, 2060, missed, 5)], ["1900 on-battery", "2020 shutdown failsafe"]],
        ["a stuck self-test stays stuck through a restart into an outage", [...polls(0, 1900, { ...online, testing: true }, 5), ...polls(2200, 2260, { ...onBattery, testing: true, charge: 15 })], ["2200 on-battery", "2230 shutdown low-charge"]],
        ["a clock that jumps makes no self-test stuck", [...polls(0, 20, { ...online, testing: true }, 5), ...polls(3620, 3800, { ...onBattery, testing: true, charge: 15 })], []],
        ["a self-test that takes the UPS to battery is believed for as long as it takes", [...polls(0, 60, { ...online, testing: true }, 5), ...polls(60, 4000, { ...onBattery, testing: true, charge: 60 }, 5)], []],
        ["bypass", [...before, ...polls(20, 1200, { ...flags("OB", "BYPASS"), runtime: 10 })], []],
        ["BYPASS without OL or OB is no loss of data, whatever its battery holds (snmp-ups)", [...before, ...polls(20, 60, { ...onBattery, runtime: 620 }), ...polls(60, 1000, { flags: ["BYPASS"], charge: 3, runtime: 20 }, 5)], ["20 on-battery"]],
        ["and an outage after it settles first", [...before, poll(20, onBattery), ...polls(25, 100, { flags: ["BYPASS"] }, 5), ...polls(100, 140, { ...onBattery, charge: 15 })], ["20 on-battery", "100 on-battery", "130 shutdown low-charge"]],
        ["calibration that turns into an outage settles first", [...before, ...polls(20, 100, { ...flags("OB", "CAL"), charge: 15 }), ...polls(100, 140, { ...onBattery, charge: 15 })], ["100 on-battery", "130 shutdown low-charge"]],

        ["data lost on mains never decides", [...before, ...polls(20, 4000, missed, 5)], []],
        ["data lost on battery for 2 polls", [...before, ...polls(20, 60, onBattery), ...polls(60, 70, missed, 5), ...polls(70, 100, onBattery)], ["20 on-battery"]],
        ["a few seconds without network (nut#2454)", [...before, ...polls(20, 60, { ...onBattery, runtime: 610, charge: 21 }), ...polls(60, 64, missed), ...polls(64, 90, { ...onBattery, runtime: 610, charge: 21 })], ["20 on-battery"]],
        ["gone on battery: half of the runtime above its limit later", [...before, ...polls(20, 60, { ...onBattery, runtime: 1000 }), ...polls(60, 400, missed, 5)], ["20 on-battery", "260 shutdown failsafe"]],
        ["gone on battery with little left: the least wait", [...before, ...polls(20, 60, { ...onBattery, runtime: 620 }), ...polls(60, 400, missed, 5)], ["20 on-battery", "120 shutdown failsafe"]],
        ["gone on battery with nothing ever known", [...before.map((reading) => ({ ...reading, charge: 100 })), ...polls(20, 60, { mains: "absent" }), ...polls(60, 400, missed, 5)].map(({ charge, runtime, ...reading }) => (void charge, void runtime, reading)), ["20 on-battery", "120 shutdown failsafe"]],
        ["gone with a charge that leaves less than the runtime that was claimed on mains", [...before, ...polls(20, 621, draining(20, 6, 85, { runtime: 65_535 })), ...polls(625, 1000, missed, 5)], ["20 on-battery", "680 shutdown failsafe"], { ...without("time-on-battery", "depletion") }],
        ["gone right after the transfer", [...before, poll(20, onBattery), ...polls(25, 1000, missed, 5)], ["20 on-battery", "920 shutdown failsafe"]],
        ["stale, then back", [...before, ...polls(20, 60, onBattery), ...polls(60, 120, { ...onBattery, quality: "stale", charge: 3 }, 5), ...polls(120, 200, onBattery)], ["20 on-battery"]],
        ["garbage for flags counts as data that is gone", [...before, ...polls(20, 60, { ...onBattery, runtime: 620 }), ...polls(60, 400, { charge: 90, flags: ["%%", ""] }, 5)], ["20 on-battery", "120 shutdown failsafe"]],
        ["gone after a calibration (nut#2794)", [...before, ...polls(20, 60, flags("OB", "CAL")), ...polls(60, 4000, missed, 5)], []],
        ["gone after bypass", [...before, ...polls(20, 60, flags("BYPASS", "OB")), ...polls(60, 4000, missed, 5)], []],
        ["gone after a self-test", [...before, ...polls(20, 60, { ...onBattery, testing: true }), ...polls(60, 4000, missed, 5)], []],
        ["gone after an alarm on mains", [...polls(0, 20, { ...online, flags: ["ALARM", "OL"] }), ...polls(20, 4000, missed, 5)], []],
        ["frozen numbers: the runtime that they claim runs down all the same", [...before, ...polls(20, 1500, { ...onBattery, runtime: 1300, load: 12 })], ["20 on-battery", "721 shutdown failsafe"]],

        ["a clock that jumps forward by an hour on battery changes nothing", [...before, ...polls(20, 60, onBattery), ...polls(3660, 3700, onBattery), ...polls(3700, 3800, online)], ["20 on-battery", "3700 on-mains", "3730 cancelled"]],
        ["a jump settles no transfer: junk stays junk", [...before, ...polls(20, 22, { ...onBattery, charge: 3, runtime: 30 }), ...polls(3622, 3630, { ...onBattery, charge: 3, runtime: 30 }), ...polls(3630, 3700, onBattery)], ["20 on-battery"]],
        ["a jump makes no LB last", [...before, ...polls(20, 100, onBattery), poll(100, { ...flags("OB", "LB"), charge: 97 }), poll(3700, { ...flags("OB", "LB"), charge: 97 }), ...polls(3701, 3760, onBattery)], ["20 on-battery"]],
        ["a jump freezes no numbers", [...before, ...polls(20, 60, { ...onBattery, load: 12 }), ...polls(3660, 3700, { ...onBattery, load: 12 })], ["20 on-battery"]],
        ["a clock that is set back by an hour on battery changes nothing", [...polls(10_000, 10_020, online, 5), ...polls(10_020, 10_060, onBattery), ...polls(6460, 6500, onBattery), ...polls(6500, 6600, online)], ["10020 on-battery", "6500 on-mains", "6530 cancelled"]],
        ["a clock that jumps skews no depletion (Eneru 6.1.7)", [...before, ...polls(20, 140, draining(20, 10, 100, { runtime: 3000 })), ...polls(3740, 3940, draining(3620, 10, 100, { runtime: 3000 }))], ["20 on-battery"]],
        ["nor one that is set back", [...polls(10_000, 10_020, online, 5), ...polls(10_020, 10_140, draining(10_020, 10, 100, { runtime: 3000 })), ...polls(6540, 6740, draining(6420, 10, 100, { runtime: 3000 }))], ["10020 on-battery"]],
        ["and it hides none: the rate is measured anew", [...before, ...polls(20, 80, draining(20, 30, 100, { runtime: 3000 })), ...polls(3680, 3780, draining(3620, 30, 100, { runtime: 3000 }))], ["20 on-battery", "3733 shutdown depletion"], without("low-charge")],
        ["a single reading from the future", [...before, ...polls(20, 60, onBattery), poll(3660, onBattery), ...polls(61, 300, onBattery), ...polls(300, 400, online)], ["20 on-battery", "300 on-mains", "330 cancelled"]],
        ["a slow source that says everything three times is no machine that sleeps: its outage settles and lasts as any other", thrice(polls(0, 9000, (second) => (second < 3000 ? online : { ...onBattery, charge: second < 4000 ? 90 : 15 }), 300)), ["3000 on-battery", "3900.2 shutdown time-on-battery"]],
        ["and its low charge counts", thrice(polls(0, 9000, (second) => (second < 3000 ? online : { ...onBattery, charge: 15 }), 300)), ["3000 on-battery", "3300 shutdown low-charge"]],
        ["two minutes of suspend on battery", [...before, ...polls(20, 60, onBattery), ...polls(180, 185, missed), ...polls(185, 300, onBattery)], ["20 on-battery"]],
        ["after a long suspend, data that is not back at once", [...before, ...polls(20, 60, { ...onBattery, runtime: 620 }), ...polls(4000, 4040, missed, 5), ...polls(4040, 4100, { ...onBattery, runtime: 620 })], ["20 on-battery"]],

        ["a claim that stands still, believed by nobody", [...before, ...polls(20, 300, draining(20, 6, 80, { runtime: 3000 }))], ["20 on-battery"], { measuredRuntime: false }],
        ["and what is measured instead", [...before, ...polls(20, 400, draining(20, 6, 80, { runtime: 3000 }))], ["20 on-battery", "227 shutdown low-runtime"], { measuredRuntime: true }],
        ["a claim that is too hopeful, beside what is measured", [...before, ...polls(20, 400, (second) => ({ ...draining(20, 6, 80, {})(second), runtime: 3000 - second }))], ["20 on-battery", "227 shutdown low-runtime"], { measuredRuntime: true }],
        ["a measured runtime beside a claim that leaves less", [...before, ...polls(20, 60, draining(20, 0.1, 80, { runtime: 500 }))], ["20 on-battery", "50 shutdown low-runtime"], { measuredRuntime: true }],
        ["one low charge measures no runtime", [...before, ...polls(20, 200, draining(20, 1, 80, { runtime: 3000 })), poll(200, { ...onBattery, charge: 1 }), ...polls(201, 400, draining(20, 1, 80, { runtime: 3000 }))], ["20 on-battery"], { measuredRuntime: true }],
    ];
    for (const [story, readings, expected, config] of stories) it(story, () => assert.deepEqual(told(judgeAll(readings, config)), expected));

    it("mains that comes and goes while the battery empties: below the hard floor no transfer is waited for any more", () => {
        const flicker = polls(20, 620, (second) => ({ ...(second % 30 < 20 ? onBattery : online), runtime: 900, charge: Math.round(60 - (second - 20) / 10) }));
        assert.deepEqual(told(judgeAll([...before, ...flicker])).filter((change) => change.includes("shutdown")), ["526 shutdown low-charge"]);
    });

    it("mains that comes and goes for ever, with a battery that says nothing: the time on battery decides all the same", () => {
        const flicker = polls(20, 2000, (second) => ({ mains: (second - 20) % 30 < 20 ? "absent" : "present" }));
        assert.deepEqual(told(judgeAll([...before, ...flicker])).filter((change) => change.includes("shutdown")), ["1479 shutdown time-on-battery"]);
    });

    describe("every rule can be switched off", () => {
        const holding: [rule: ShutdownRule, readings: Reading[]][] = [
            ["forced-shutdown", polls(0, 60, { ...online, flags: ["FSD", "OL"] })],
            ["failsafe", [...before, ...polls(20, 60, { ...onBattery, runtime: 620 }), ...polls(60, 900, missed, 5)]],
            ["low-charge", [...before, ...polls(20, 80, { ...onBattery, charge: 3 })]],
            ["low-runtime", [...before, ...polls(20, 80, { ...onBattery, runtime: 3 })]],
            ["low-battery-flag", [...before, ...polls(20, 80, { ...flags("OB", "LB"), charge: 45 })]],
            ["depletion", [...before, ...polls(20, 150, draining(20, 30, 100, { runtime: 3000 }))]],
            ["time-on-battery", [...before, ...polls(20, 1000, onBattery)]],
            ["output-off", polls(0, 60, { ...online, flags: ["OL", "OFF"] })],
        ];
        for (const [rule, readings] of holding) {
            it(rule, () => {
                const decided = (config?: Partial<TriggerConfig>): string[] => told(judgeAll(readings, config)).filter((text) => text.includes("shutdown"));
                assert.match(decided(without(...shutdownRules.filter((other) => other !== rule)))[0] ?? "", new RegExp(`shutdown ${rule}$`));
                assert.deepEqual(decided(without(...shutdownRules.filter((other) => other === rule || other === "low-charge" || other === "time-on-battery"))), []);
            });
        }
    });

    describe("power state", () => {
        const judged = (from: number, to: number, state: "HEALTHY" | "CRITICAL" | "DEAD" | "WARNING", conclusive: boolean, more: Partial<Reading> = {}): TriggerInput[] =>
            polls(from, to, { source: "kasa", watts: state === "HEALTHY" ? 400 : 3, ...more }, 5).map((reading) => ({ reading, power: { state, since: from * 1000, conclusive } }));
        const cases: [rule: string, inputs: TriggerInput[], told: string[]][] = [
            ["conclusive and lasting", [...judged(0, 320, "HEALTHY", true), ...judged(320, 360, "CRITICAL", true)], ["350 shutdown power-state"]],
            ["a jump to DEAD counts as CRITICAL does", [...judged(0, 320, "HEALTHY", true), ...judged(320, 360, "DEAD", true)], ["350 shutdown power-state"]],
            ["not while machines may still boot: not in the first 300 s of a source", judged(0, 400, "CRITICAL", true), ["300 shutdown power-state"]],
            ["nor in those after a gap, as a start of this machine makes one", [...judged(0, 320, "HEALTHY", true), ...judged(1000, 1400, "CRITICAL", true)], ["1300 shutdown power-state"]],
            ["at once where the source says that mains is gone", judged(0, 100, "CRITICAL", true, { mains: "absent" }), ["0 on-battery", "30 shutdown power-state"]],
            ["not conclusive: the load may have been switched off", [...judged(0, 20, "HEALTHY", false), ...judged(20, 900, "CRITICAL", false)], []],
            ["mains is present all the same", [...judged(0, 900, "DEAD", true, { mains: "present" })], []],
            ["restored by HEALTHY for 30 s, not by WARNING", [...judged(0, 360, "CRITICAL", true), ...judged(360, 420, "WARNING", true), ...judged(420, 460, "HEALTHY", true)], ["300 shutdown power-state", "450 restored"]],
            ["calibration at a small load", judged(0, 900, "CRITICAL", true, { mains: "absent", flags: ["OB", "CAL"] }), []],
        ];
        for (const [rule, inputs, expected] of cases) it(rule, () => assert.deepEqual(told(judgeAll(inputs)), expected));
    });

    describe("says of a decision that stands that power is seen again", () => {
        const returning = (inputs: (Reading | TriggerInput)[]): number[] => judgeAll(inputs).flatMap(({ verdict: { at, returning: seen } }) => (seen ? [at / 1000] : []));
        const watts = (at: number, state: "DEAD" | "HEALTHY", conclusive: boolean): TriggerInput => ({ reading: { device: "plug", source: "kasa", at: at * 1000, quality: "good", watts: 400 }, power: { state, since: 0, conclusive } });
        const dead = Array.from({ length: 31 }, (_, place) => watts(place * 10, "DEAD", true));

        it("until mains is back for good, also while data are lost, and not while it fails again", () => {
            const low = { ...onBattery, charge: 15 };
            assert.deepEqual(returning([...before, ...polls(20, 60, low, 5), ...polls(60, 70, online, 5), poll(70, missed), ...polls(75, 85, low, 5), ...polls(85, 130, online, 5)]), [60, 65, 70, 85, 90, 95, 100, 105, 110]);
        });
        it("not while an FSD is still there", () => assert.deepEqual(returning([...before, ...polls(20, 60, { ...online, flags: ["OL", "FSD"] }, 5)]), []));
        it("from the first reading on that proves the state no more, of a source that knows nothing of mains", () => {
            assert.deepEqual(returning([...dead, watts(310, "DEAD", false), watts(320, "HEALTHY", false), watts(330, "DEAD", true)]), [310, 320]);
        });
    });

    describe("explains itself", () => {
        const last = (readings: Reading[], config?: Partial<TriggerConfig>) => judgeAll(readings, config).at(-1)!.verdict;
        const finding = (readings: Reading[], rule: ShutdownRule): Finding | undefined => last(readings).findings.find((found) => found.rule === rule);

        it("with a finding for every rule, in their order", () => {
            assert.deepEqual(last(before).findings.map(({ rule }) => rule), [...shutdownRules]);
        });
        it("a decision names rule, value, limit and age, and makes a command", () => {
            const { verdict, command } = judgeAll([...before, ...polls(20, 51, { ...onBattery, charge: 18 })]).at(-1)!;
            assert.deepEqual(verdict.findings.find(({ rule }) => rule === "low-charge"), { rule: "low-charge", outcome: "holds", value: 18, limit: 20, ageSeconds: 0, why: "charge 18 % is below 20 %" });
            assert.deepEqual([verdict.text, verdict.decision, verdict.rule, verdict.health, verdict.supply, verdict.onBatterySeconds], ["ups1: shutdown: charge 18 % is below 20 % (age 0 s), 30 s on battery", "shutdown", "low-charge", "critical", "battery", 30]);
            assert.deepEqual(command, { action: "shutdown", reason: verdict.text, at: 50_000, stream: "ups1", conclusive: true });
        });
        const whys: [about: string, readings: Reading[], rule: ShutdownRule, why: RegExp][] = [
            ["65535 s", [...before, ...polls(20, 90, { ...onBattery, runtime: 65535 })], "low-runtime", /^runtime 65535 s is no runtime: ignored$/],
            ["a frozen runtime", [...before, ...polls(20, 400, (second) => ({ ...onBattery, charge: 90 - second / 100 }))], "low-runtime", /^runtime 2400 s has not moved for \d+ s on battery: ignored$/],
            ["stabilization", [...before, ...polls(20, 31, { ...onBattery, charge: 5 })], "low-charge", /^charge 5 % is below 20 %; stabilization, 20 s to go$/],
            ["calibration", [...before, poll(20, flags("OB", "CAL"))], "time-on-battery", /^calibration$/],
            ["a wrong setting of the device", [...before, ...polls(20, 100, { ...flags("OB", "LB"), charge: 98, lowCharge: 100 })], "low-battery-flag", /every charge up to 100 % low, and it is 98 %$/],
            ["the countdown", [...before, ...polls(20, 60, { ...onBattery, runtime: 1000 }), ...polls(60, 110, missed, 5)], "failsafe", /^no data for 46 s, last known on battery, last known runtime 1000 s: 154 s to go$/],
            ["a gap", [...before, ...polls(20, 921, onBattery), poll(4000, onBattery)], "time-on-battery", /read again first$/],
        ];
        for (const [about, readings, rule, why] of whys) it(`names ${about}`, () => assert.match(finding(readings, rule)?.why ?? "", why));

        const notes: [about: string, readings: Reading[], note: RegExp][] = [
            ["a jump of the clock", [...before, poll(3620, online)], /^3605 s without a reading, or a clock that jumped$/],
            ["LB on mains", [...before, poll(20, { ...online, flags: ["OL", "LB", "RB"] })], /^LB while mains is present: ignored$/],
            ["garbage flags", [...before, poll(20, { ...online, mains: "unknown", flags: ["WAIT"] })], /^neither OL nor OB in "WAIT"/],
            ["frozen numbers", [...before, ...polls(20, 330, { ...onBattery, load: 12 })], /^no number has moved for 309 s: frozen$/],
        ];
        for (const [about, readings, note] of notes) it(`notes ${about}`, () => assert.match(last(readings).notes?.join() ?? "", note));

        it("a reading that cannot be had says why, and for how long it can be waited for", () => {
            assert.equal(last([...before, ...polls(20, 60, { ...onBattery, runtime: 1000 }), ...polls(60, 110, missed, 5)]).text, "ups1: no data; no data for 46 s, last known on battery, last known runtime 1000 s: 154 s to go; ups1: upsd says DATA-STALE");
        });
        it("health: healthy, degraded, critical, unknown", () => {
            const health = (...readings: Reading[]): string => last([...before, ...readings]).health;
            assert.deepEqual([health(), health(poll(20, onBattery)), health(...polls(20, 60, { ...onBattery, charge: 3 })), health(...polls(20, 25, missed, 5)), health(...polls(20, 35, missed, 5))], ["healthy", "degraded", "critical", "degraded", "unknown"]);
        });
    });

    describe("order", () => {
        it("a late reading changes nothing, and says so", () => {
            const steps = judgeAll([...before, poll(3, { ...onBattery, charge: 3 })]);
            assert.deepEqual([steps.at(-1)?.verdict.text, steps.at(-1)?.verdict.health, steps.at(-1)?.verdict.findings], ["ups1: 12 s older than the newest reading: ignored", "healthy", []]);
        });
        it("a reading that comes twice is judged once", () => {
            const story = [...before, ...polls(20, 120, { ...onBattery, charge: 15 })];
            assert.deepEqual(told(judgeAll(story.flatMap((reading) => [reading, { ...reading }]))), told(judgeAll(story)));
        });
        it("a reading directly and through a classifier counts with its power state, whichever comes first", () => {
            const power = { state: "CRITICAL", since: 0, conclusive: true } as const;
            const story = polls(0, 360, { source: "kasa", watts: 3 }, 5);
            for (const order of [0, 1]) {
                assert.deepEqual(told(judgeAll(story.flatMap((reading): TriggerInput[] => (order === 0 ? [{ reading }, { reading, power }] : [{ reading, power }, { reading }])))), ["300 shutdown power-state"]);
            }
        });
    });

    it("a simulated decision is tainted, and belongs to a stream of its own", () => {
        const { verdict, command } = judgeAll([...before, ...polls(20, 51, { ...onBattery, charge: 3 })].map((reading) => ({ ...reading, simulated: true as const }))).at(-1)!;
        assert.deepEqual([verdict.simulated, verdict.stream, command?.simulated, command?.stream], [true, "ups1 (simulated)", true, "ups1 (simulated)"]);
    });
    it("a tape that begins anew gives the same verdicts, and whoever rehearsed is told", () => {
        const tape = [...before, ...polls(20, 51, { ...onBattery, charge: 3 })].map((reading, place) => ({ ...reading, simulated: true as const, ...(place === 0 && { begins: true as const }) }));
        const again = tape.map((reading) => ({ ...reading, at: reading.at + 100_000 }));
        const steps = judgeAll([...tape, ...again]);
        const relative = (from: number, byMs: number) => steps.slice(from, from + tape.length).map(({ verdict }) => ({ ...verdict, at: verdict.at - byMs }));
        assert.deepEqual(relative(tape.length, 100_000), relative(0, 0));
        assert.equal(steps[tape.length]?.command?.action, "restored");
    });
});
