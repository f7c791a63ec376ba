import type { FieldMap, FieldRule, PartRule } from "./anker-values";

/**
 * What the fields of each model's messages mean. Facts: thomluther/anker-solix-api (MIT), mqttmap.py at 980d7c2, checked
 * against its public captures. No capture of an F3800 is public: its wire types are by analogy with the C1000.
 */

const named = (name: string, more: Omit<FieldRule, "name"> = {}): FieldRule => ({ name, ...more });
const part = (at: number, kind: PartRule["kind"], name: string, more: Partial<PartRule> = {}): PartRule => ({ at, kind, name, ...more });
/** Fields that follow each other, each named by its entry. */
const fields = (names: Readonly<Record<string, string>>): FieldMap => Object.fromEntries(Object.entries(names).map(([key, name]) => [key, named(name)]));

const version = { version: true } as const;
const hours = named("remaining_time_hours", { factor: 0.1, signed: false });

/** F3800 and F3800 Plus: the state, 0405 and, with the same layout, 0840. */
const f3800State: FieldMap = {
    ...fields({
        a2: "ac_output_timeout_seconds", a3: "dc_output_timeout_seconds", a5: "ac_input_power", a6: "ac_output_power",
        a7: "usbc_1_power", a8: "usbc_2_power", a9: "usbc_3_power", aa: "usba_1_power", ab: "usba_2_power", ac: "dc_12v_1_power",
        ad: "battery_soc", ae: "photovoltaic_power", af: "pv_1_power", b0: "pv_2_power", b1: "bat_charge_power",
        b2: "output_power_total", b4: "bat_discharge_power?", bc: "ac_output_power_switch", bd: "charging_status", bf: "display_status",
        c0: "main_battery_soc", c1: "battery_soh", c2: "usbc_1_status", c3: "usbc_2_status", c4: "usbc_3_status", c5: "usba_1_status",
        c6: "usba_2_status", c7: "dc_12v_1_status", cc: "device_sn", cd: "ac_input_limit", ce: "device_timeout_minutes",
        cf: "display_timeout_seconds", d3: "ac_output_power_switch_dup?", d4: "dc_output_power_switch", d5: "display_mode",
        d6: "ac_frequency", d8: "temp_unit_fahrenheit", d9: "light_mode", e6: "ac_input_limit_max", f7: "port_memory_switch",
        fd: "exp_1_type", fe: "msg_timestamp",
    }),
    a4: hours,
    b5: named("sw_version", version), ba: named("sw_expansion", version), bb: named("sw_controller", version),
    be: named("temperature", { signed: true }),
    f6: named("country_code", { letters: true }),
};

const pack = (number: number): PartRule[] => [
    part(0, "text", `exp_${number}_sn`, { length: 16 }),
    part(19, "byte", `exp_${number}_temperature`, { signed: true }),
    part(21, "byte", `exp_${number}_soc`),
    part(22, "byte", `exp_${number}_soh`),
    part(28, "text", `exp_${number}_type`, { length: 10 }),
];

/** F3800: its expansion packs, up to six. */
const f3800Packs: FieldMap = {
    ...fields({ a2: "expansion_packs", a3: "expansion_soc", fe: "msg_timestamp" }),
    a4: pack(1), a5: pack(2), a6: pack(3), a7: pack(4), a8: pack(5), a9: pack(6),
};

const network: FieldMap = fields({ a2: "device_sn", a3: "wifi_name", a4: "wifi_signal" });
const stationNetwork: FieldMap = { ...network, ...fields({ a6: "ac_input_limit" }) };
const versions: FieldMap = fields({ a1: "hw_version", a2: "sw_version" });

/** C1000 and C1000X. */
const c1000State: FieldMap = {
    ...fields({
        a2: "ac_output_timeout_seconds", a3: "dc_output_timeout_seconds", a5: "ac_input_power", a6: "ac_output_power",
        a7: "usbc_1_power", a8: "usbc_2_power", a9: "usba_1_power", aa: "usba_2_power", ae: "dc_input_power", af: "photovoltaic_power",
        b0: "output_power_total", bb: "ac_output_status", bc: "charging_status", c1: "main_battery_soc", c2: "exp_1_soc",
        c3: "battery_soh", c4: "exp_1_soh", c5: "expansion_packs", c6: "usbc_1_status", c7: "usbc_2_status", c8: "usba_1_status",
        c9: "usba_2_status", cc: "dc_12v_1_status", d0: "device_sn", d1: "ac_input_limit", d2: "device_timeout_minutes",
        d3: "display_timeout_seconds", d7: "ac_output_power_switch", d8: "dc_output_power_switch", d9: "display_mode", da: "ac_frequency",
        dc: "light_mode", dd: "temp_unit_fahrenheit", de: "display_switch", e5: "ac_fast_charge_switch", fd: "exp_1_type", fe: "msg_timestamp",
    }),
    a4: hours,
    b3: named("sw_version", version), b9: named("sw_expansion", version), ba: named("sw_controller", version),
    bd: named("temperature", { signed: true }), be: named("exp_1_temperature", { signed: true }),
    f8: [part(0, "byte", "dc_12v_output_mode"), part(1, "byte", "ac_output_mode")],
};

/** C1000 Gen 2: the same in packed fields, 0421 and, as the answer to a request, 0900. */
const c1000Gen2State: FieldMap = {
    a2: [part(1, "counted text", "device_sn"), part(20, "counted text", "device_pn")],
    a3: [part(4, "word", "ac_input_limit_max")],
    a4: [
        part(0, "long", "ac_output_timeout_seconds"), part(4, "word", "ac_input_limit"), part(6, "byte", "ac_frequency"), part(7, "byte", "ac_output_mode"),
        part(8, "long", "dc_output_timeout_seconds"), part(12, "byte", "dc_12v_output_mode"), part(13, "word", "device_timeout_minutes"),
        part(15, "word", "display_timeout_seconds"), part(17, "byte", "display_mode"), part(19, "byte", "temp_unit_fahrenheit"),
        part(20, "byte", "ac_fast_charge_switch"), part(21, "byte", "display_switch"), part(22, "byte", "port_memory_switch"),
    ],
    a5: [part(0, "byte", "temperature", { signed: true }), part(2, "byte", "battery_soc"), part(3, "byte", "battery_soh")],
    a6: [
        part(0, "word", "output_power_total"), part(2, "word", "ac_input_power_total"), part(4, "word", "dc_input_power_total"),
        part(6, "word", "remaining_time_hours", { factor: 0.1, signed: false }), part(8, "byte", "main_battery_soc"),
    ],
    a7: [part(0, "byte", "ac_output_power_switch"), part(1, "word", "ac_output_power"), part(3, "byte", "ac_input_power_switch"), part(4, "word", "ac_input_power")],
    a8: [part(0, "byte", "dc_input_power_switch"), part(1, "word", "dc_input_power_total")],
    aa: [part(0, "byte", "usbc_1_status"), part(1, "word", "usbc_1_power")],
    ab: [part(0, "byte", "usbc_2_status"), part(1, "word", "usbc_2_power")],
    ac: [part(0, "byte", "usbc_3_status"), part(1, "word", "usbc_3_power")],
    ae: [part(0, "byte", "usba_1_status"), part(1, "word", "usba_1_power")],
    b2: [part(0, "byte", "dc_output_power_switch"), part(1, "word", "dc_output_power_total")],
    d9: [part(3, "byte", "max_soc"), part(4, "byte", "min_soc")],
    fd: named("utc_timestamp", { milliseconds: true }),
    fe: named("msg_timestamp"),
};

/** Solarbank E1600. */
const solarbankState: FieldMap = {
    ...fields({
        a2: "device_sn", a3: "battery_soc", a5: "error_code", a9: "temp_unit_fahrenheit", ab: "photovoltaic_power", ac: "output_power",
        ad: "charging_status?", b0: "bat_charge_power", b4: "output_cutoff_data", b5: "lowpower_input_data", b6: "input_cutoff_data",
        b7: "inverter_brand", b8: "inverter_model", b9: "min_load", c0: "0w_switch_sn", c1: "0w_switch_bt_mac", fe: "msg_timestamp",
    }),
    a6: named("sw_version", version), a7: named("sw_controller", version), a8: named("hw_version", version),
    aa: named("temperature", { signed: true }),
    b1: named("pv_yield", { factor: 0.0001 }), b2: named("charged_energy", { factor: 0.0001 }), b3: named("output_energy", { factor: 0.0001 }),
};

const f3800 = { "0405": f3800State, "0840": f3800State, "040a": f3800Packs, "0407": stationNetwork, "0830": versions };
const c1000 = { "0405": c1000State, "0407": stationNetwork, "0830": versions };
const c1000Gen2 = { "0421": c1000Gen2State, "0900": c1000Gen2State };
const solarbank = { "0405": solarbankState, "0407": { ...network, ...fields({ a5: "charging_status" }) } };

/** Model (product code) to message type to the meaning of its fields. */
export const fieldMaps: Readonly<Record<string, Readonly<Record<string, FieldMap>>>> = {
    A1790: f3800, A1790P: f3800, A1761: c1000, A1763: c1000Gen2, A17C0: solarbank,
};
