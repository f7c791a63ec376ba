import { valueAt } from "./channels";

/** A device of the account. */
export interface AnkerDevice {
    serial: string;
    /** Product code: "A1790P". */
    model: string;
    name: string;
    /** All that REST knows of a power station. */
    online: boolean;
    /** User id of its owner. */
    owner?: string;
}

/** A device as the cloud lists it; undefined for one without a serial number or product code that can be part of a topic. */
export function parseDevice(value: unknown): AnkerDevice | undefined {
    const text = (key: string): string => {
        const found = valueAt(value, key);
        return typeof found === "string" ? found.trim() : "";
    };
    const [serial, model] = [text("device_sn"), text("product_code")];
    if (![serial, model].every((part) => /^[A-Za-z0-9_-]{1,64}$/.test(part))) return undefined;
    const owner = text("owner_user_id");
    return { serial, model, name: text("alias_name") || text("device_name") || model, online: valueAt(value, "wifi_online") === true, ...(owner !== "" && { owner }) };
}

/** The same in the cloud's words, to be remembered. */
export function listedDevice({ serial, model, name, online, owner }: AnkerDevice): Record<string, unknown> {
    return { device_sn: serial, product_code: model, alias_name: name, wifi_online: online, ...(owner !== undefined && { owner_user_id: owner }) };
}
