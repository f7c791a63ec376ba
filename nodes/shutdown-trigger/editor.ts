import type { EditorNodeProperties, EditorRED } from "node-red";
import { category, colours, nameFields, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

const day = 86_400;
const seconds = (value: string, min = 0) => ({ value, validate: numberBetween(min, 30 * day, { required: false }) });
const percent = (value: string) => ({ value, validate: numberBetween(0, 100, { required: false }) });
const count = (value: string) => ({ value, validate: numberBetween(1, 1000, { required: false }) });
const on = { value: true };

/** The defaults are those of lib/power/trigger-config.ts; a test compares them. */
const defaults = {
    name: { value: "" },
    onForcedShutdown: on,
    onFailsafe: on,
    onLowCharge: on,
    onLowRuntime: on,
    onLowBatteryFlag: on,
    onDepletion: on,
    onTimeOnBattery: on,
    onPowerState: on,
    onOutputOff: on,
    stabilization: seconds("30"),
    mainsStable: seconds("30"),
    lowCharge: percent("20"),
    lowRuntime: seconds("600"),
    measuredRuntime: { value: false },
    lowBatterySamples: count("2"),
    lowBatteryFor: seconds("3"),
    lowBatteryAlone: seconds("60"),
    lowBatteryCharge: percent("50"),
    depletionRate: { value: "15", validate: numberBetween(0.01, 100, { required: false }) },
    depletionWindow: seconds("300", 10),
    depletionGrace: seconds("90"),
    timeOnBattery: seconds("900"),
    outputOff: seconds("30"),
    missedPolls: count("3"),
    missedFor: seconds("15"),
    blindLeast: seconds("60"),
    blindMost: seconds("900"),
    hardFloor: percent("10"),
    frozen: seconds("300", 10),
    gap: seconds("90", 1),
    powerGrace: seconds("300"),
    readyCharge: percent("30"),
    chargeStill: { value: "6", validate: numberBetween(0, 720, { required: false }) },
    witness: seconds("120", 1),
    agreement: { value: "each" },
    version: { value: 1 },
};

type Properties = EditorNodeProperties & { [Name in keyof typeof defaults]: (typeof defaults)[Name]["value"] };

RED.nodes.registerType<Properties>("shutdown-trigger", {
    category,
    color: colours.decider,
    icon: "shutdown-trigger.svg",
    defaults,
    inputs: 1,
    outputs: 3,
    paletteLabel: "shutdown trigger",
    label() {
        return this.name || this._("shutdown-trigger.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("shutdown-trigger.port.reading");
    },
    outputLabels(index) {
        return this._(`shutdown-trigger.port.${["shutdown", "restored", "verdict"][index] ?? "verdict"}`);
    },
    oneditprepare() {
        nameFields($("#dialog-form"));
        const agreement = $("#node-input-agreement");
        const show = (): void => void $("#node-input-witness").closest(".form-row").toggle(agreement.val() === "two-kinds");
        agreement.on("change", show);
        show();
    },
});
