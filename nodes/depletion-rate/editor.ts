import type { EditorNodeProperties, EditorRED } from "node-red";
import { category, colours, isEnvironment, numberBetween } from "../shared/editor-fields";

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
    source: string;
    batteryWh: string;
    startCharge: string;
    efficiency: string;
    window: string;
    grace: string;
    threshold: string;
    version: number;
}

const percent = numberBetween(0, 100, { required: false });
const capacity = numberBetween(0, Infinity, { required: false });

/** Whether a capacity is given, as reckoning from watts needs it. */
function isGiven(value: unknown): boolean {
    return isEnvironment(value) || Number(value) > 0;
}

RED.nodes.registerType<Properties>("depletion-rate", {
    category,
    color: colours.decider,
    icon: "depletion-rate.svg",
    defaults: {
        name: { value: "" },
        source: { value: "auto" },
        batteryWh: {
            value: "",
            validate(value) {
                const open = $("#depletion-rate-battery").length > 0;
                const source = open ? $("#node-input-source").val() : this.source;
                return capacity(value) && (source !== "watts" || isGiven(value));
            },
        },
        startCharge: { value: "100", validate: percent },
        efficiency: { value: "90", validate: numberBetween(1, 100, { required: false }) },
        window: { value: "300", validate: numberBetween(10, 86_400, { required: false }) },
        grace: { value: "90", validate: numberBetween(0, 86_400, { required: false }) },
        threshold: { value: "20", validate: percent },
        version: { value: 1 },
    },
    inputs: 1,
    outputs: 1,
    paletteLabel: "depletion rate",
    label() {
        return this.name || this._("depletion-rate.label.node");
    },
    labelStyle() {
        return this.name ? "node_label_italic" : "";
    },
    inputLabels() {
        return this._("depletion-rate.port.reading");
    },
    outputLabels() {
        return this._("depletion-rate.port.depletion");
    },
    oneditprepare() {
        const source = $("#node-input-source");
        const show = (): void => {
            $("#depletion-rate-battery").toggle(source.val() !== "charge");
            $("#node-input-batteryWh").trigger("change");
        };
        source.on("change", show);
        show();
    },
});
