import { valueAt } from "./channels";
import type { Frame } from "./anker-frame";
import type { FieldValue } from "./anker-values";

/**
 * What a Home Power Panel (A17B1) says: JSON in field a2 of messages 0500, 0502, 0503 and 0505. F3800s behind a panel do not
 * speak to the cloud themselves. Facts: ha-anker-solix (MIT); `gs` was checked there by throwing the breaker.
 */
const names: Readonly<Record<string, string>> = {
    soc: "battery_soc",
    /** 0 on grid, 1 outage. */
    gs: "grid_status",
    /** 1 standby, 2 charging, 3 discharging. */
    bs: "battery_status",
    /** W; negative while charging. */
    bp: "battery_power",
    gp: "grid_power",
    lp: "home_load_power",
    pp: "photovoltaic_power",
    cp: "backup_reserve",
    b1t: "temperature",
    dps: "backup_plan_active",
    m: "operation_mode",
    "90asn": "device_1_sn", "90asoc": "device_1_soc", "90bsn": "device_2_sn", "90bsoc": "device_2_soc",
};
const types = ["0500", "0502", "0503", "0505"];

/** The named values of a panel's message; none for a message of another type, or one without JSON. */
export function panelValues(frame: Frame): Record<string, FieldValue> {
    const json = types.includes(frame.type) ? frame.fields.find(({ name }) => name === "a2")?.value.toString("utf8") : undefined;
    if (json === undefined) return {};
    const data = valueAt(parsed(json), "data");
    const values: Record<string, FieldValue> = {};
    for (const [key, name] of Object.entries(names)) {
        const value = valueAt(data, key);
        if (typeof value === "string" || (typeof value === "number" && Number.isFinite(value))) values[name] = value;
    }
    return values;
}

function parsed(json: string): unknown {
    try {
        return JSON.parse(json);
    } catch {
        return undefined;
    }
}
