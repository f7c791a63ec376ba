import assert from "node:assert/strict";
import { backingOf, type LowBatteryBacking } from "../../../lib/power/low-battery-flag";
import { defaultTriggerConfig } from "../../../lib/power/trigger-config";

describe("backingOf", () => {
    const cases: [rule: string, charge: number | undefined, runtime: number | undefined, deviceLow: number | undefined, kind: LowBatteryBacking["kind"]][] = [
        ["a low charge bears an LB out", 49, 5000, undefined, "borne-out"],
        ["50 % does not", 50, 5000, undefined, "alone"],
        ["a runtime below twice the limit does", 90, 1199, undefined, "borne-out"],
        ["1200 s does not", 90, 1200, undefined, "alone"],
        ["without any number it stands alone", undefined, undefined, undefined, "alone"],
        ["a device that calls everything low explains it away (nut#2652)", 98, 5000, 100, "explained-away"],
        ["whatever the numbers say: they have rules of their own", 40, 1100, 100, "explained-away"],
        ["from a limit of 90 % on, which itself counts as low", 90, 5000, 90, "explained-away"],
        ["one of 89 % may be meant", 89, 5000, 89, "alone"],
        ["a limit that somebody set on purpose explains nothing away", 60, 5000, 70, "alone"],
        ["nor does a limit below the charge: the device has another reason", 97, 5000, 95, "alone"],
    ];
    for (const [rule, charge, runtime, deviceLow, kind] of cases) it(`${rule}: ${kind}`, () => assert.equal(backingOf(defaultTriggerConfig, charge, runtime, deviceLow).kind, kind));
});
