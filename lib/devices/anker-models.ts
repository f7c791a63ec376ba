import type { Frame } from "./anker-frame";
import { fieldMaps } from "./anker-maps";
import { panelValues } from "./anker-panel";
import { frameValues, type FieldValue } from "./anker-values";

/** What we know of a model. */
export interface AnkerModel {
    /** For people. */
    name: string;
    /** Wh of the device without expansion packs; absent where it has no battery of its own. */
    capacityWh?: number;
    /** W: the most that charges it, from grid and sun together. */
    inflowWatts?: number;
    /** It sends telemetry only while a realtime trigger is active. */
    needsTrigger: boolean;
}

/** Models by product code. Capacities: thomluther/anker-solix-api (MIT), SolixDeviceCapacity. */
export const models: Readonly<Record<string, AnkerModel>> = {
    A1790: { name: "F3800", capacityWh: 3840, inflowWatts: 4200, needsTrigger: true },
    A1790P: { name: "F3800 Plus", capacityWh: 3840, inflowWatts: 6600, needsTrigger: true },
    A1761: { name: "C1000", capacityWh: 1056, inflowWatts: 1900, needsTrigger: true },
    A1763: { name: "C1000 Gen 2", capacityWh: 1024, inflowWatts: 2200, needsTrigger: true },
    A17C0: { name: "Solarbank E1600", capacityWh: 1600, inflowWatts: 800, needsTrigger: true },
    A17B1: { name: "Home Power Panel", needsTrigger: true },
};

/** The named values of one message of a model; none when the model or the message is unknown. */
export function valuesOf(model: string, frame: Frame): Record<string, FieldValue> {
    if (model === "A17B1") return panelValues(frame);
    const map = fieldMaps[model]?.[frame.type];
    return map === undefined ? {} : frameValues(frame, map);
}

/** Whether a message carries the device's state, rather than packs, network or versions. */
export function isState(values: Readonly<Record<string, FieldValue>>): boolean {
    return ["battery_soc", "main_battery_soc", "grid_status"].some((name) => name in values);
}
