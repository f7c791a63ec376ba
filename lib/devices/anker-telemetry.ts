import type { Flows, Reading } from "../power/reading";
import type { FieldValue } from "./anker-values";
import { isState, models } from "./anker-models";

/** A value and when it was measured: event time in ms. */
export interface Aged {
    value: FieldValue;
    at: number;
}

/** All that a device has said, each field with its own age, since its messages carry different fields. */
export interface Telemetry {
    fields: Readonly<Record<string, Aged>>;
    /** When the charge was last measured: event time in ms. */
    stateAt?: number;
    /** ms by which the device's clock and ours differ, at the least delay seen. */
    offsetMs?: number;
    /** Messages in a row that seemed late: by how many ms, and the device's time in s. */
    late: readonly { delayMs: number; stamp: number }[];
}

export const noTelemetry: Telemetry = { fields: {}, late: [] };

export interface Arrival {
    telemetry: Telemetry;
    /** It brought a newly measured charge. */
    fresh: boolean;
    /** Why the message was not believed. */
    doubt?: string;
}

/** A message that is this late in a row so often, by the same time, is not late: the device's clock was set back. */
const relearnAfter = 3;
const lateMs = 30_000;
/** A device may spread its state over messages that follow each other: what is older than this is not of one moment. */
const togetherMs = 20_000;
const steadyMs = 5_000;

/**
 * Takes the values of one message. The device stamps it by its own clock, which may be wrong; the difference to ours is
 * learnt, so that a message which the cloud held back counts as old, and a wrong clock does not.
 * @param now event time in ms of its arrival
 */
export function takeValues(before: Telemetry, values: Readonly<Record<string, FieldValue>>, now: number): Arrival {
    const wild = Object.entries(values).find(([name, value]) => isWild(name, value));
    if (wild !== undefined) {
        const rest = Object.fromEntries(Object.entries(values).filter(([name, value]) => !isWild(name, value)));
        return { ...takeValues(before, rest, now), doubt: `${wild[0]} is ${wild[1]}: not believed` };
    }
    if (Object.keys(values).length === 0) return { telemetry: before, fresh: false };
    if (isBlank(values)) return { telemetry: before, fresh: false, doubt: "a message in which everything is 0: not believed" };
    const { at, offsetMs, late } = measuredAt(before, values.msg_timestamp, now);
    const fields = { ...before.fields };
    for (const [name, value] of Object.entries(values)) if ((fields[name]?.at ?? -Infinity) <= at) fields[name] = { value, at };
    const fresh = isState(values) && at > (before.stateAt ?? -Infinity);
    const stateAt = fresh ? at : before.stateAt;
    return { fresh, telemetry: { fields, late, ...(stateAt !== undefined && { stateAt }), ...(offsetMs !== undefined && { offsetMs }) } };
}

function measuredAt(before: Telemetry, stamp: FieldValue | undefined, now: number): { at: number; offsetMs: number | undefined; late: Telemetry["late"] } {
    if (typeof stamp !== "number" || stamp <= 0) return { at: now, offsetMs: before.offsetMs, late: before.late };
    const offset = now - stamp * 1000;
    const delay = offset - (before.offsetMs ?? offset);
    if (delay <= 0) return { at: now, offsetMs: offset, late: [] };
    // The same message once more says nothing about the clock.
    const repeated = before.late.some((other) => other.stamp >= stamp);
    const late = delay <= lateMs || repeated ? [] : [...before.late, { delayMs: delay, stamp }].slice(-relearnAfter);
    const delays = late.map(({ delayMs }) => delayMs);
    if (late.length === relearnAfter && Math.max(...delays) - Math.min(...delays) <= steadyMs) return { at: now, offsetMs: offset, late: [] };
    return { at: now - delay, offsetMs: before.offsetMs, late };
}

/** The same, so many ms older: the machine was suspended, and event time stood still. The device's clock did not. */
export function olderTelemetry({ fields, stateAt, offsetMs, late }: Telemetry, ms: number): Telemetry {
    const older = Object.fromEntries(Object.entries(fields).map(([name, { value, at }]) => [name, { value, at: at - ms }]));
    return { fields: older, late, ...(stateAt !== undefined && { stateAt: stateAt - ms }), ...(offsetMs !== undefined && { offsetMs: offsetMs - ms }) };
}

/** A charge that no battery has: what a device writes when it does not know. */
function isWild(name: string, value: FieldValue): boolean {
    return name.endsWith("_soc") && typeof value === "number" && !(value >= 0 && value <= 100);
}

/** Devices are known to send a message of zeros now and then (ha-anker-solix issues 60 and 561). */
function isBlank(values: Readonly<Record<string, FieldValue>>): boolean {
    if (!("battery_soc" in values) && !("main_battery_soc" in values)) return false;
    return Object.entries(values).every(([name, value]) => value === 0 || !/soc|power|temperature|remaining_time/.test(name));
}

/**
 * The reading of what a device has said. Its `watts` are those of the loads. `mains` is said only where the device
 * proves it: a panel knows; an F3800 that takes AC power has it; one that takes none may also be full.
 * @param device the slug of the readings
 */
export function readingOf({ fields, stateAt }: Telemetry, { device, now }: { device: string; now: number }): Reading {
    const recent = (field: Aged | undefined): field is Aged & { value: number } => typeof field?.value === "number" && stateAt !== undefined && field.at >= stateAt - togetherMs;
    const number = (...names: string[]): number | undefined => names.map((name) => fields[name]).find(recent)?.value;
    const reading: Reading = { device, source: "anker", at: stateAt ?? now, quality: stateAt === undefined ? "missing" : "good" };
    const put = <Name extends "watts" | "charge" | "temperature" | "runtime">(name: Name, value: number | undefined): void => {
        if (value !== undefined) reading[name] = value;
    };
    const flows = flowsOf(number);
    put("charge", chargeOf(fields, number));
    put("watts", flows.output);
    put("temperature", number("temperature"));
    const charging = (flows.battery ?? 0) < 0 || (flows.input ?? 0) > (flows.output ?? 0);
    const hours = number("remaining_time_hours");
    // From 999 h on it means "unknown"; while charging it is the time until full.
    if (hours !== undefined && hours < 999 && !charging) put("runtime", Math.round(hours * 3600));
    if (Object.keys(flows).length > 0) reading.flows = flows;
    const grid = number("grid_status");
    if (grid === 0 || (number("ac_input_power", "ac_input_power_total") ?? 0) > 0) reading.mains = "present";
    else if (grid === 1) reading.mains = "absent";
    else if (stateAt !== undefined) reading.mains = "unknown";
    const flags = [charging ? "CHRG" : (flows.output ?? 0) > (flows.input ?? 0) ? "DISCHRG" : "", (number("device_timeout_minutes") ?? 0) > 0 ? "AUTO-OFF" : ""].filter((flag) => flag !== "");
    if (flags.length > 0) reading.flags = flags;
    return reading;
}

function flowsOf(number: (...names: string[]) => number | undefined): Flows {
    const grid = number("grid_power", "ac_input_power", "ac_input_power_total");
    const solar = number("photovoltaic_power", "dc_input_power_total", "dc_input_power");
    const charging = number("bat_charge_power");
    const battery = number("battery_power") ?? (charging !== undefined && charging > 0 ? -charging : number("bat_discharge_power?"));
    const output = number("output_power_total", "output_power", "home_load_power");
    const input = grid === undefined && solar === undefined ? undefined : Math.max(0, grid ?? 0) + Math.max(0, solar ?? 0);
    return { ...(input !== undefined && { input }), ...(output !== undefined && { output }), ...(grid !== undefined && { grid }), ...(solar !== undefined && { solar }), ...(battery !== undefined && { battery }) };
}

/** Of the whole system: a C1000 reports its own battery and that of its pack, of the same size, apart. */
function chargeOf(fields: Telemetry["fields"], number: (...names: string[]) => number | undefined): number | undefined {
    const whole = number("battery_soc");
    if (whole !== undefined) return whole;
    const main = number("main_battery_soc");
    const all = [main, ...Array.from({ length: packsOf(fields) }, (_, place) => number(`exp_${place + 1}_soc`))].filter((charge): charge is number => charge !== undefined);
    return main === undefined ? undefined : Math.round((all.reduce((sum, charge) => sum + charge, 0) / all.length) * 10) / 10;
}

/** Wh of a device with its expansion packs; undefined where the model has none, or is unknown. */
export function capacityOf(model: string, { fields }: Telemetry): number | undefined {
    const own = models[model]?.capacityWh;
    return own === undefined ? undefined : own * (1 + packsOf(fields));
}

function packsOf({ expansion_packs }: Telemetry["fields"]): number {
    const packs = expansion_packs?.value;
    return typeof packs === "number" ? Math.min(6, Math.max(0, Math.floor(packs))) : 0;
}

/** What identifies a home or a device is left out of what goes to a log. */
const privateNames = /_sn$|wifi_name|_mac$|timestamp/;

/** The fields for people, with the age of each in s: what a model reports is found out on its first message. */
export function fieldList({ fields }: Telemetry, now: number): Record<string, { value: FieldValue; ageSeconds: number }> {
    return Object.fromEntries(Object.entries(fields)
        .filter(([name]) => !privateNames.test(name))
        .map(([name, { value, at }]) => [name, { value, ageSeconds: Math.round((now - at) / 100) / 10 }]));
}
