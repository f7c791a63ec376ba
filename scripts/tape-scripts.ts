import type { ShutdownRule } from "../lib/power/verdict";

/** A value that stays, or that goes evenly from one to another over a phase. */
export type Course = number | readonly [from: number, to: number];

/** A stretch of an outage, as NUT would tell it. */
export interface Phase {
    /** s */
    lasts: number;
    /** s between two polls: 5 on mains and 1 on battery, as ups-reader asks, unless the tape is about something slow. */
    every: number;
    /** ups.status, or what made the poll fail. */
    status: string | { stale: string } | { missing: string };
    charge?: Course;
    /** `undefined` over a default: the UPS does not report it. */
    runtime?: Course | undefined;
    load?: Course;
    volts?: Course;
    /** The device says that it is testing its battery. */
    testing?: true;
    /** s by which the source's clock is wrong. */
    clock?: number;
}

/** A decision that must come: from `at` on, not more than `within` later; s since the tape began. */
export interface Wanted {
    change: "shutdown" | "restored" | "cancelled";
    at: number;
    within: number;
    rule?: ShutdownRule;
}

export interface Script {
    name: string;
    about: string;
    phases: readonly Phase[];
    expect: readonly Wanted[];
    /** Settings of the trigger, as its editor stores them. */
    trigger?: Readonly<Record<string, string | boolean>>;
}

const full = { charge: 100, runtime: 2400, load: 30 };
const onMains = (lasts: number, more: Partial<Phase> = {}): Phase => ({ lasts, every: 5, status: "OL", volts: 230, ...full, ...more });
const onBattery = (lasts: number, more: Partial<Phase> = {}): Phase => ({ lasts, every: 1, status: "OB DISCHRG", volts: 0, load: 30, ...more });
const charging = (lasts: number, more: Partial<Phase> = {}): Phase => onMains(lasts, { status: "OL CHRG", ...more });

const shutdown = (at: number, rule: ShutdownRule, within = 1): Wanted => ({ change: "shutdown", at, within, rule });
/** Mains is back for good when it has stayed for 30 s; polls on mains come every 5 s. */
const restored = (mainsBackAt: number): Wanted => ({ change: "restored", at: mainsBackAt + 30, within: 5 });
const cancelled = (mainsBackAt: number): Wanted => ({ change: "cancelled", at: mainsBackAt + 30, within: 5 });

/**
 * The library. What each tape must lead to is worked out from the trigger's documented defaults (20 %, 600 s, 30 s of
 * stabilization, 15 %/min over 300 s after 90 s, 900 s on battery, OFF for 30 s) and from what happened in the house, never from
 * what the engine said. Sources: bug reports of NUT, Eneru and others.
 */
export const scripts: readonly Script[] = [
    {
        name: "blip",
        about: "Four seconds on battery. Nobody should be woken.",
        phases: [onMains(60), onBattery(4, { charge: [100, 99], runtime: 1500 }), charging(60, { charge: [99, 100] })],
        expect: [cancelled(64)],
    },
    {
        name: "brownout",
        about: "165 V for two minutes, boosted by the UPS, which never goes to battery. Voltage alone shuts nothing down.",
        phases: [onMains(60), onMains(120, { status: "OL BOOST", volts: [190, 165] }), onMains(60, { volts: [195, 230] })],
        expect: [],
    },
    {
        name: "slow-drain",
        about: "An ordinary outage: a battery for 20 minutes. With 10 of them left it is time; then mains returns.",
        phases: [onMains(30), onBattery(660, { charge: [100, 45], runtime: [1200, 540] }), charging(90, { charge: [45, 47], runtime: [545, 580] })],
        // 1200 s of runtime falling by a second each second: the first 599 s show after 601 s.
        expect: [shutdown(631, "low-runtime"), restored(690)],
    },
    {
        name: "long-outage",
        about: "A large battery under a small load. Nothing is low after 15 minutes, but that is long enough.",
        phases: [onMains(30), onBattery(930, { every: 5, charge: [100, 82], runtime: [5400, 4500], load: 12 }), charging(60, { charge: 82, runtime: 4510, load: 12 })],
        // The first poll after more than 900 s.
        expect: [shutdown(935, "time-on-battery", 0), restored(960)],
    },
    {
        name: "low-charge",
        about: "A UPS that reports its charge and no runtime, from 60 % down past 20 %.",
        phases: [onMains(30, { charge: 60, runtime: undefined }), onBattery(300, { charge: [60, 16], runtime: undefined }), charging(60, { charge: [16, 17], runtime: undefined })],
        // 44 % in 300 s, in whole percents: below 19.5 %, and so 19 %, after 277 s.
        expect: [shutdown(307, "low-charge"), restored(330)],
    },
    {
        name: "cliff",
        about: "A worn battery: it claims to be nearly full for a minute, then falls off a cliff, and the UPS is gone.",
        phases: [
            onMains(30), onBattery(60, { charge: [100, 92], runtime: [1300, 1200] }),
            onBattery(15, { status: "OB DISCHRG LB", charge: [14, 4], runtime: [90, 20] }),
            { lasts: 30, every: 1, status: { missing: "upsd: driver not connected" } },
        ],
        expect: [shutdown(90, "low-charge", 2)],
    },
    {
        name: "worn-battery",
        about: "20 % a minute: with charge still at 70 % the battery is known to fail. The UPS claims half an hour all the time.",
        phases: [onMains(30), onBattery(120, { charge: [100, 60], runtime: [1900, 1780] }), charging(60, { charge: 60, runtime: 1800 })],
        // The rate counts from 90 s on battery.
        expect: [shutdown(120, "depletion", 2), restored(150)],
    },
    {
        name: "apc-bx-lb-glitch",
        about: "APC BX: every minute two seconds of OL LB RB, on mains, with a full battery (networkupstools/nut#2347).",
        phases: Array.from({ length: 5 }, () => [onMains(30, { every: 1 }), onMains(2, { every: 1, status: "OL LB RB" })]).flat().concat(onMains(30)),
        expect: [],
    },
    {
        name: "lb-at-transfer",
        about: "LB and a runtime of 0 for the first seconds on battery (networkupstools/nut#1942), then a healthy battery for five minutes.",
        phases: [
            onMains(30), onBattery(4, { status: "OB DISCHRG LB", charge: 100, runtime: 0 }),
            onBattery(296, { charge: [100, 88], runtime: [2300, 2000] }), charging(60, { charge: [88, 89], runtime: 2010 }),
        ],
        expect: [cancelled(330)],
    },
    {
        name: "lb-alone",
        about: "The UPS calls its battery low at 62 % and 19 minutes, and stays with it. It knows its battery best.",
        phases: [
            onMains(30, { charge: 80, runtime: 1400 }), onBattery(120, { charge: [80, 62], runtime: [1400, 1150] }),
            onBattery(60, { status: "OB DISCHRG LB", charge: [62, 54], runtime: [1150, 1040] }), charging(60, { charge: 54, runtime: 1050 }),
        ],
        // Borne out by a runtime below 1200 s: it must last for 3 s.
        expect: [shutdown(153, "low-battery-flag"), restored(210)],
    },
    {
        name: "calibration",
        about: "A runtime calibration: on battery on purpose, down to 12 %. Mains was there all the time.",
        phases: [onMains(30, { status: "OL CAL" }), onBattery(600, { every: 5, status: "OB DISCHRG CAL", charge: [100, 12], runtime: [2400, 200] }), charging(60, { charge: [12, 13], runtime: 240 })],
        expect: [],
    },
    {
        name: "self-test-off",
        about: "Two self-tests of an APC that says OFF meanwhile (networkupstools/nut#2104): one that tells of itself, and one that does not.",
        phases: [
            onMains(30), onMains(40, { every: 1, status: "OFF DISCHRG", testing: true, charge: [100, 97], runtime: 2300 }), onMains(60),
            onMains(12, { every: 1, status: "OFF" }), onMains(60),
        ],
        expect: [],
    },
    {
        name: "output-off",
        about: "Somebody presses the UPS's button: its output is off, and stays off.",
        phases: [onMains(30), onMains(60, { every: 1, status: "OL OFF", load: 0 }), onMains(60)],
        expect: [shutdown(60, "output-off"), restored(90)],
    },
    {
        name: "frozen-values",
        about: "A driver that hangs: on battery, and every number stands still. Numbers that don't move are no numbers; the clock goes on.",
        phases: [onMains(30), onBattery(930, { every: 5, charge: 100, runtime: 2400 }), charging(60, { charge: 55, runtime: 1300 })],
        expect: [shutdown(935, "time-on-battery", 0), restored(960)],
    },
    {
        name: "stale-then-back",
        about: "On battery, and the data are stale for ten seconds (networkupstools/nut#2454). A hiccup is no outage.",
        phases: [
            onMains(30), onBattery(60, { charge: [100, 95], runtime: [2000, 1940] }), { lasts: 10, every: 1, status: { stale: "upsd: DATA-STALE" } },
            onBattery(60, { charge: [94, 90], runtime: [1930, 1870] }), charging(60, { charge: 90, runtime: 1880 }),
        ],
        expect: [cancelled(160)],
    },
    {
        name: "stale-then-gone",
        about: "On battery with little left, and then no data any more. What can't be seen is assumed to get worse.",
        phases: [onMains(30, { charge: 60, runtime: 900 }), onBattery(120, { charge: [60, 48], runtime: [780, 660] }), { lasts: 240, every: 1, status: { stale: "upsd: DATA-STALE" } }],
        // 660 s less 600 s of threshold leave 60 s from the last good reading, at 149 s.
        expect: [shutdown(209, "failsafe", 2)],
    },
    {
        name: "lost-on-mains",
        about: "On mains, and the server is away for three minutes. Without a UPS to see there is nothing to decide.",
        phases: [onMains(60), { lasts: 180, every: 5, status: { missing: "upsd: connection refused" } }, onMains(60)],
        expect: [],
    },
    {
        name: "ntp-jump",
        about: "In a three-minute outage the source's clock is set an hour ahead, and back again. Nobody was on battery for an hour.",
        phases: [
            onMains(60), onBattery(60, { charge: [100, 97], runtime: [2000, 1940] }), onBattery(60, { charge: [97, 94], runtime: [1940, 1880], clock: 3600 }),
            onBattery(60, { charge: [94, 91], runtime: [1880, 1820] }), charging(60, { charge: 91, runtime: 1830 }),
        ],
        expect: [cancelled(240)],
    },
    {
        name: "two-outages",
        about: "Two outages in ten minutes. The second finds a battery that is not full again, and a clock that starts anew.",
        phases: [
            onMains(30), onBattery(240, { charge: [100, 78], runtime: [1300, 1060] }), charging(120, { charge: [78, 80], runtime: [1060, 1080] }),
            onBattery(240, { charge: [79, 55], runtime: [780, 540] }), charging(60, { charge: 55, runtime: 550 }),
        ],
        // The second begins at 390 s with 780 s: the first 599 s show 181 s later.
        expect: [cancelled(270), shutdown(571, "low-runtime"), restored(630)],
    },
    {
        name: "fsd-from-primary",
        about: "The primary declares a forced shutdown five seconds into an outage. It stays said until the server starts anew: that is one shutdown, not two.",
        phases: [
            onMains(30), onBattery(5, { charge: 100, runtime: 1500 }), onBattery(40, { status: "FSD OB DISCHRG", charge: [100, 96], runtime: 1400 }),
            charging(60, { status: "FSD OL CHRG", charge: 96, runtime: 1400 }), { lasts: 20, every: 5, status: { missing: "upsd: connection refused" } }, charging(90, { charge: 97, runtime: 1450 }),
        ],
        // Mains is back for good at 105 s; the word of it may wait until the FSD is gone, at 155 s, and 30 s more.
        expect: [shutdown(35, "forced-shutdown", 0), { change: "restored", at: 105, within: 85 }],
    },
    {
        name: "runtime-65535",
        about: "Next to no load: the UPS claims 65535 s, then 0 s (networkupstools/nut#731). Neither is a runtime.",
        phases: [
            onMains(30, { runtime: 65535, load: 2 }), onBattery(150, { charge: [100, 98], runtime: 65535, load: 2 }), onBattery(150, { charge: [98, 96], runtime: 0, load: 2 }),
            charging(60, { charge: 96, runtime: 65535, load: 2 }),
        ],
        expect: [cancelled(330)],
    },
    {
        name: "jumping-charge",
        about: "A gauge that jumps: single readings of 3 % and of no runtime between good ones (networkupstools/nut#813).",
        phases: [
            onMains(30), onBattery(60, { charge: [100, 97], runtime: [2000, 1940] }), onBattery(1, { charge: 3, runtime: 10 }), onBattery(60, { charge: [97, 94], runtime: [1940, 1880] }),
            onBattery(1, { charge: 5, runtime: 0 }), onBattery(60, { charge: [94, 91], runtime: [1880, 1820] }), charging(60, { charge: 91, runtime: 1830 }),
        ],
        expect: [cancelled(212)],
    },
];
