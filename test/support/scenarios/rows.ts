import type { RigVariables } from "../nut-rig";

/** What a UPS says: status, charge in %, runtime in s, input in V and load in %, as in Eneru's scenario files (ups.md §2.2). */
function row(status: string, charge: number, runtime: number, volts: number, load: number, more: RigVariables = {}): RigVariables {
    return { ...more, "battery.charge": String(charge), "battery.runtime": String(runtime), "input.voltage": String(volts), "ups.load": String(load), "ups.status": status };
}

const on120 = { "input.voltage.nominal": "120" };
/** It claims the voltage of another continent. */
const on230 = { "input.voltage.nominal": "230" };

/** Eneru's scenario files by their names. */
export const rows = {
    "online-charging": row("OL CHRG", 100, 1800, 230.5, 25),
    "on-battery": row("OB DISCHRG", 85, 1200, 0, 30),
    "low-battery": row("OB DISCHRG LB", 14, 900, 0, 35),
    "critical-runtime": row("OB DISCHRG", 25, 300, 0, 40),
    "fsd": row("OB FSD", 10, 60, 0, 45),
    "brownout": row("OL", 100, 1800, 165, 25, on230),
    "avr-boost": row("OL BOOST", 100, 1800, 195, 25),
    "overload": row("OL OVER", 100, 1800, 230, 110),
    "us-grid-hot": row("OL CHRG", 100, 1800, 122.4, 25, on120),
    "us-grid-brownout": row("OL", 100, 1800, 107, 25, on120),
    "us-grid-misreport": row("OL CHRG", 100, 1800, 120.5, 25, on230),
    "self-test-passed": row("OL CHRG", 100, 1800, 230.5, 25, { "ups.test.result": "done and passed", "ups.test.date": "2026-06-02" }),
} as const satisfies Record<string, RigVariables>;
