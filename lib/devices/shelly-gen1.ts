import { parseJsonReply } from "../kit/http";
import type { Quantity } from "../power/reading";
import { valueAt, type Channel } from "./channels";
import { checkStatus, type ShellyGet } from "./shelly-http";

/** Reads a first-generation Shelly by `/status`. @throws Trouble */
export async function readShellyGen1(get: ShellyGet, subject: string, { user, password }: { user: string; password: string }): Promise<Channel[]> {
    const basic = `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
    const reply = await get("/status", password === "" ? {} : { Authorization: basic });
    checkStatus(reply, subject, password);
    return gen1Channels(parseJsonReply(reply, subject));
}

/**
 * The channels in a `/status`. EM and 3EM have `emeters`, which count Wh; the others have `meters`, which count
 * watt-minutes. The three phases of a 3EM are a, b and c, and their sum is the device itself.
 */
export function gen1Channels(status: unknown): Channel[] {
    const temperature = valueAt(status, "temperature");
    const emeters = listAt(status, "emeters");
    if (emeters.length === 3) return threePhases(status, emeters);
    const clamps = emeters.map((meter) => ({ meter, values: emeterValues(meter) }));
    // A "meter" without a total does not measure: Shelly 1 reports there the constant that its owner has typed in.
    const plugs = listAt(status, "meters").filter((meter) => valueAt(meter, "total") !== undefined)
        .map((meter) => ({ meter, values: { watts: valueAt(meter, "power"), energyWh: scaled(valueAt(meter, "total"), 1 / 60), temperature } }));
    const found = clamps.length > 0 ? clamps : plugs;
    return found.map(({ meter, values }, index) => ({
        id: found.length === 1 ? "" : String(index),
        names: [String(index)],
        ...(clamps.length === 0 && relayFlags(listAt(status, "relays")[index])),
        ...unlessInvalid(meter, values),
    }));
}

function threePhases(status: unknown, emeters: readonly unknown[]): Channel[] {
    const phases = emeters.map((meter, index): Channel => ({ id: "abc".charAt(index), names: [String(index)], ...unlessInvalid(meter, emeterValues(meter)) }));
    const broken = phases.find((phase) => phase.error !== undefined);
    if (broken !== undefined) return [...phases, { id: "", names: ["total"], values: {}, error: `phase ${broken.id}: ${broken.error}` }];
    const energies = phases.map((phase) => phase.values.energyWh);
    const energyWh = energies.every((energy) => typeof energy === "number") ? energies.reduce((sum, energy) => sum + energy, 0) : undefined;
    return [...phases, { id: "", names: ["total"], values: { watts: valueAt(status, "total_power"), energyWh } }];
}

function emeterValues(meter: unknown): Channel["values"] {
    return { watts: valueAt(meter, "power"), volts: valueAt(meter, "voltage"), amps: valueAt(meter, "current"), energyWh: valueAt(meter, "total") };
}

/** A measurement that the device itself calls invalid is missing, whatever numbers stand beside it. */
function unlessInvalid(meter: unknown, values: Partial<Record<Quantity, unknown>>): Pick<Channel, "values" | "error"> {
    return valueAt(meter, "is_valid") === false ? { values: {}, error: "the Shelly says that its measurement is not valid" } : { values };
}

function relayFlags(relay: unknown): { flags?: string[] } {
    const on = valueAt(relay, "ison");
    return typeof on === "boolean" ? { flags: [on ? "relay_on" : "relay_off"] } : {};
}

function scaled(value: unknown, factor: number): number | undefined {
    return typeof value === "number" ? value * factor : undefined;
}

function listAt(status: unknown, key: string): readonly unknown[] {
    const list = valueAt(status, key);
    return Array.isArray(list) ? list : [];
}
